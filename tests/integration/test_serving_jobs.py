"""Encoding on the server, from a component to what a browser plays."""

import csv
import io
import json

import pytest

from ftrack_review.server.application import Server
from tests.integration.api import SERVER_LOCATION_ID, wait_for
from tests.media_files import make_movie


@pytest.fixture(scope="module")
def movie(tmp_path_factory):
    path = tmp_path_factory.mktemp("movie") / "shot.mov"
    make_movie(path, frames=12, fps="24000/1001", size=(321 // 2 * 2, 181 // 2 * 2), audio=True)
    return path.read_bytes()


def picture(kind="PNG"):
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (641, 361), (200, 30, 30)).save(stream, kind)
    return stream.getvalue()


def outputs(api, job_id):
    return api.query(
        "select component.id, component.name, component.file_type, component.size, component.version_id, "
        "component.metadata.key, component.metadata.value, component.component_locations.location_id, "
        f'component.component_locations.resource_identifier from JobComponent where job_id is "{job_id}"'
    )


def encode(api, component_id, version_id=None, keep_original=True):
    """Start the job; return its id and data as they are at once."""
    action = {"action": "encode_media", "component_id": component_id, "version_id": version_id}
    job_id = api.call({**action, "keep_original": keep_original})[0]["job_id"]
    return job_id, api.query(f'select status, data, type, user.username from Job where id is "{job_id}"')[0]


def finished(api, job_id):
    def done():
        job = api.query(f'select status, data, finished_at from Job where id is "{job_id}"')[0]
        return job if job["status"] in ("done", "failed") else None

    return wait_for(done, 60)


@pytest.fixture(scope="module")
def encoded(api, movie):
    """The version, source, job, first sight and last sight of one encoding."""
    version_id = api.version(api.project())
    source = api.component(movie, version_id=version_id)
    job_id, first = encode(api, source, version_id)
    job = finished(api, job_id)
    assert job["status"] == "done", job["data"]
    return version_id, source, job_id, first, job


class TestMovie:
    def test_a_job_names_its_outputs_at_once(self, encoded):
        _, source, _, first, _ = encoded
        data = json.loads(first["data"])
        assert first["status"] in ("queued", "running", "done")
        assert (first["type"], first["user"]["username"]) == ("api_job", "admin")
        assert [output["format"] for output in data["output"]] == ["video/mp4", "image/jpeg"]
        assert data["source_component_id"] == source
        assert data["keep_original"] is True

    def test_the_outputs_are_where_they_were_announced(self, api, encoded):
        version_id, _, job_id, first, job = encoded
        announced = {output["component_id"] for output in json.loads(first["data"])["output"]}
        made = outputs(api, job_id)
        assert {row["component"]["id"] for row in made} == announced
        assert json.loads(job["data"])["progress"] == 100
        assert job["finished_at"]
        for row in made:
            component = row["component"]
            assert component["version_id"] == version_id
            location = component["component_locations"][0]
            assert location["location_id"] == SERVER_LOCATION_ID
            assert location["resource_identifier"] == component["id"]
            assert len(api.get(component["id"]).content) == component["size"]

    def test_the_movie_keeps_rate_frames_and_size(self, api, encoded):
        made = {row["component"]["name"]: row["component"] for row in outputs(api, encoded[2])}
        component = made["ftrackreview-mp4"]
        kept = {row["key"]: row["value"] for row in component["metadata"]}
        assert kept["ftrack_review.has_audio"] == "true"
        meta = json.loads(kept["ftr_meta"])
        assert meta == {
            "frameIn": 0,
            "frameOut": 11,
            "frameRate": pytest.approx(24000 / 1001),
            "width": 320,
            "height": 180,
        }
        import av

        with av.open(io.BytesIO(api.get(component["id"]).content)) as container:
            assert container.streams.video[0].average_rate == pytest.approx(24000 / 1001)
            assert sum(1 for _ in container.decode(video=0)) == 12

    def test_the_version_has_a_thumbnail(self, api, encoded):
        version = api.query(
            f'select thumbnail_id, thumbnail_url from AssetVersion where id is "{encoded[0]}"'
        )[0]
        made = {row["component"]["name"]: row["component"]["id"] for row in outputs(api, encoded[2])}
        assert version["thumbnail_id"] == made["thumbnail"]
        response = api.http.get(version["thumbnail_url"]["url"])
        assert response.headers["content-type"] == "image/jpeg"

    def test_the_original_is_kept_or_not(self, api, movie, encoded):
        assert api.get(encoded[1]).content == movie
        source = api.component(movie)
        job_id, _ = encode(api, source, keep_original=False)
        assert finished(api, job_id)["status"] == "done"
        assert api.query(f'select id from Component where id is "{source}"') == []
        assert api.get(source).status_code == 404


class TestStill:
    def test_becomes_a_picture_for_the_web(self, api):
        version_id = api.version(api.project())
        source = api.component(picture(), file_type=".png", version_id=version_id)
        job_id, first = encode(api, source, version_id)
        assert [output["format"] for output in json.loads(first["data"])["output"]] == ["image/jpeg"] * 2
        assert finished(api, job_id)["status"] == "done"
        made = {row["component"]["name"]: row["component"] for row in outputs(api, job_id)}
        assert set(made) == {"ftrackreview-image", "thumbnail"}
        meta = json.loads(made["ftrackreview-image"]["metadata"][0]["value"])
        assert meta == {"format": "image", "width": 641, "height": 361}

    def test_is_recognised_without_an_extension(self, api):
        source = api.component(picture("JPEG"), file_type="", name="still")
        job_id, _ = encode(api, source)
        job = finished(api, job_id)
        assert job["status"] == "done", job["data"]
        assert {row["component"]["name"] for row in outputs(api, job_id)} == {
            "ftrackreview-image",
            "thumbnail",
        }


class TestFailure:
    @pytest.mark.parametrize(
        ("content", "reason"), [(b"", "empty"), (b"not a movie at all", "shot.mov"), ("cut", "shot.mov")]
    )
    def test_says_why_and_leaves_nothing(self, api, movie, listening, content, reason):
        content = movie[:800] if content == "cut" else content
        version_id = api.version(api.project())
        source = api.component(content, version_id=version_id)
        job_id, first = encode(api, source, version_id, keep_original=False)
        job = finished(api, job_id)
        data = json.loads(job["data"])
        assert job["status"] == "failed"
        assert reason in data["error"]
        assert data["error"] in data["description"]
        assert listening.files.folder not in data["error"]
        assert outputs(api, job_id) == []
        assert api.get(source).content == content
        for output in json.loads(first["data"])["output"]:
            assert not listening.files.has(output["component_id"])

    def test_a_component_without_a_file_fails(self, api):
        source = api.create("FileComponent", name="main", file_type=".mov")
        job = finished(api, encode(api, source)[0])
        assert job["status"] == "failed"
        assert "ftrack.server" in json.loads(job["data"])["error"]

    @pytest.mark.parametrize(
        ("values", "status"),
        [
            ({"component_id": "nothing"}, 404),
            ({"component_id": None}, 422),
            ({"version_id": "nothing"}, 404),
            ({"version_id": 3}, 422),
        ],
    )
    def test_what_does_not_exist_is_refused(self, api, values, status):
        source = api.create("FileComponent", name="main", file_type=".mov")
        action = {"action": "encode_media", "component_id": source, "version_id": None, "keep_original": True}
        assert api.refused({**action, **values})[0] == status

    def test_a_batch_that_fails_encodes_nothing(self, api, movie):
        source = api.component(movie)
        before = api.query("select id from Job")
        action = {"action": "encode_media", "component_id": source, "version_id": None, "keep_original": True}
        api.refused(action, {"action": "query", "expression": "nonsense where"})
        assert api.query("select id from Job") == before


def test_a_job_that_makes_no_sense_fails(tmp_path):
    """Its data is an attribute like others, which any client writes."""
    data = {"job_type": "EXPORT_REVIEW_SESSION_FEEDBACK", "output": []}
    values = {
        "__entity_type__": "Job",
        "id": "job",
        "type": "api_job",
        "status": "queued",
        "data": json.dumps(data),
    }
    with Server(data=str(tmp_path)) as server:
        values["user_id"] = server.administrator().user_id
        server.perform({"action": "create", "entity_type": "Job", "entity_data": values})
        server.start()
        query = {"action": "query", "expression": "select status, data from Job where id is job"}
        job = wait_for(
            lambda: [job for job in server.perform(query)[0]["data"] if job["status"] == "failed"], 60
        )[0]
        assert "its log says why" in json.loads(job["data"])["error"]


def test_an_interrupted_job_is_resumed_at_the_next_start(tmp_path, movie):
    def jobs(server):
        result = server.perform({"action": "query", "expression": "select status, data from Job"})
        return result[0]["data"]

    with Server(data=str(tmp_path)) as server:
        # A server that was not started has workers, too; here its queue is closed as if it died.
        server.jobs.close(0)
        component = {"__entity_type__": "FileComponent", "id": "source", "name": "shot", "file_type": ".mov"}
        server.perform({"action": "create", "entity_type": "FileComponent", "entity_data": component})
        with server.files.receive("source") as incoming:
            incoming.write(movie)
            incoming.finish()
        server.perform(
            {"action": "encode_media", "component_id": "source", "version_id": None, "keep_original": True}
        )
        assert [job["status"] for job in jobs(server)] == ["queued"]
    with Server(data=str(tmp_path)) as server:
        server.start()
        job = wait_for(lambda: [job for job in jobs(server) if job["status"] in ("done", "failed")], 60)[0]
        assert job["status"] == "done", job["data"]


class TestDelayedJobs:
    def test_the_feedback_of_a_review_becomes_a_table(self, api):
        session_id, object_id = api.review()
        invitee_id = api.invitee(session_id)
        api.create(
            "ReviewSessionObjectStatus",
            review_session_object_id=object_id,
            review_session_invitee_id=invitee_id,
            status="approved",
        )
        about = {"parent_id": object_id, "parent_type": "ReviewSessionObject"}
        note_id = api.create("Note", content="=1+1, too “dark”", frame_number=12, **about)
        api.create("Note", content="Fixed", in_reply_to_id=note_id, **about)
        asked = {"action": "delayed_job", "job_type": "export review session feedback"}
        job = api.call({**asked, "data": {"review_session_id": session_id}})[0]["data"]
        assert (job["__entity_type__"], job["status"]) == ("Job", "queued")
        wait_for(lambda: api.query(f'Job where id is "{job["id"]}" and status is "done"'))
        (link,) = api.query(
            f'select component.name, component.file_type from JobComponent where job_id is "{job["id"]}"'
        )
        assert link["component"]["name"] + link["component"]["file_type"] == "feedback.csv"
        assert json.loads(job["data"])["output"][0]["component_id"] == link["component_id"]
        rows = list(csv.DictReader(io.StringIO(api.get(link["component_id"]).content.decode("utf-8-sig"))))
        assert [(row["kind"], row["person"], row["frame"], row["text"]) for row in rows] == [
            ("vote", "Ada", "", "approved"),
            ("note", "Administrator", "12", "'=1+1, too “dark”"),
            ("reply", "Administrator", "", "Fixed"),
        ]

    @pytest.mark.parametrize(
        ("values", "status"),
        [
            ({}, 422),
            ({"job_type": "SYNC_USERS_LDAP"}, 422),
            ({"job_type": "EXPORT_REVIEW_SESSION_FEEDBACK"}, 422),
            ({"job_type": "EXPORT_REVIEW_SESSION_FEEDBACK", "data": {"review_session_id": "x"}}, 404),
            ({"job_type": "EXPORT_REVIEW_SESSION_FEEDBACK", "data": [1]}, 422),
        ],
    )
    def test_what_cannot_be_done_is_refused(self, api, values, status):
        assert api.refused({"action": "delayed_job", **values})[0] == status
