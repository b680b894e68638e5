"""A project mirrored from one embedded server into another, through their API."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import ftrack_review
from ftrack_review.exception import NotFoundError
from ftrack_review.mirror import make_target, mirror
from ftrack_review.server import standard_data
from ftrack_review.server.application import Server
from ftrack_review.server.definition.document import standard_document

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Words that occur in no file by chance.
SECRETS = (
    "Bigfilm", "bigfilm", "Lovelace", "task-of-", "studio.org", "brilliant", "Indeed", "Hidden", "showreel",
    "plate.mov", "a sentence", "Cutlery",
)  # fmt: skip
COUNTED = (
    "TypedContext", "Appointment", "Asset", "AssetVersion", "Component", "Note", "ReviewSession", "ReviewSessionObject",
    "ReviewSessionInvitee", "ReviewSessionObjectStatus", "ReviewSessionObjectAnnotation", "Timelog", "List", "ListObject",
    "TypedContextLink", "AssetVersionLink", "CustomAttributeLink",
)  # fmt: skip


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """A site of its own shape, with a project that uses everything and another one."""
    folder = tmp_path_factory.mktemp("studio")
    document = standard_document(standard_data.OBJECT_TYPES, standard_data.NO_PRIORITY_ID)
    shape = [entry for entry in document if entry["id"] not in ("Episode", "Scene")]
    Server(data=str(folder / "data"), document=shape, is_temporary=True).close()
    with ftrack_review.Session(f"embedded://{folder.as_posix()}/data") as session:
        fill(session, folder)
        yield session


def fill(session, folder):
    done = session.query('State where short is "DONE"').one()
    session.create("Status", {"name": "Gone fishing", "state": done, "color": "#123456", "is_active": True})
    session.create("ObjectType", {"name": "Reel", "sort": 99})
    session.commit()
    schema = session.query('ProjectSchema where name is "VFX"').one()
    other = session.create("Project", {"name": "other", "full_name": "Cutlery", "project_schema": schema})
    session.create(
        "CustomAttributeConfiguration",
        {
            "key": "others",
            "label": "Others",
            "entity_type": "show",
            "type": session.query('CustomAttributeType where name is "text"').one(),
            "config": "{}",
            "default": "",
            "project_id": other["id"],
        },
    )
    project = session.create("Project", {"name": "bigfilm", "full_name": "Bigfilm", "project_schema": schema})
    ada = session.create(
        "User",
        {
            "username": "ada",
            "first_name": "Ada",
            "last_name": "Lovelace",
            "email": "ada@studio.org",
            "is_active": True,
        },
    )
    session.commit()
    sequence = session.create("Sequence", {"name": "sh01", "parent": project})
    shot = session.create("Shot", {"name": "sh010", "parent": sequence, "description": "brilliant"})
    task = session.create("Task", {"name": "task-of-Ada", "parent": shot, "bid": 3600})
    session.create("Appointment", {"context": task, "resource": ada, "type": "assignment"})
    shot["metadata"]["client"] = "showreel"
    session.commit()
    shot["custom_attributes"]["fstart"] = 1001
    kind = session.query("AssetType").first()
    asset = session.create("Asset", {"name": "Hidden asset", "parent": shot, "type": kind})
    session.create("AssetVersion", {"asset": asset, "comment": "brilliant"})
    session.commit()
    version = session.create("AssetVersion", {"asset": asset, "task": task, "user": ada})
    session.commit()
    path = folder / "plate.mov"
    path.write_bytes(b"plate" * 5000)
    server = session.query('Location where name is "ftrack.server"').one()
    component = version.create_component(str(path), {"name": "plate.mov"}, location=server)
    component["metadata"]["ftr_meta"] = json.dumps(
        {"frameIn": 1, "frameOut": 6, "frameRate": 25, "note": "Hidden"}
    )
    thumbnail = folder / "thumbnail.jpg"
    thumbnail.write_bytes(b"picture")
    picture = version.create_component(str(thumbnail), {"name": "thumbnail"}, location=server)
    session.commit()
    version["thumbnail_id"] = picture["id"]
    note = version.create_note("brilliant", ada)
    session.commit()
    note.create_reply("Indeed", ada)
    review = session.create("ReviewSession", {"name": "Monday", "project": project})
    item = session.create(
        "ReviewSessionObject",
        {
            "name": "Hidden",
            "version": "Version 2",
            "description": "",
            "review_session": review,
            "asset_version": version,
        },
    )
    grace = {"name": "Grace", "email": "grace@studio.org", "review_session": review}
    invitee = session.create("ReviewSessionInvitee", grace)
    session.commit()
    session.create(
        "ReviewSessionObjectStatus", {"review_session_object": item, "invitee": invitee, "status": "approved"}
    )
    remark = item.create_note("a sentence of Grace", ada)
    session.commit()
    connect(session, item, remark, folder)
    review["start_date"] = "2023-01-01T00:00:00"
    review["end_date"] = "2023-02-01T00:00:00"
    session.commit()


def connect(session, item, remark, folder):
    """Make what refers to two of what there is: links, lists, time, recipients, drawings, settings."""
    review, version = item["review_session"], item["asset_version"]
    shot, task, ada = (
        session.query("Shot").one(),
        session.query("Task").one(),
        session.query('User where username is "ada"').one(),
    )
    other = session.create("Task", {"name": "task-of-nobody", "parent": shot})
    session.create("TypedContextLink", {"from": task, "to": other})
    session.create("AssetVersionLink", {"from": version["asset"]["versions"][0], "to": version})
    session.create("Timelog", {"user": ada, "context": task, "duration": 1800, "comment": "brilliant"})
    session.create("Recipient", {"note_id": remark["id"], "resource_id": ada["id"]})
    category = session.query("ListCategory").first()
    values = {"name": "Hidden list", "project": shot["project"], "category": category, "owner": ada}
    session.commit()
    session.create("AssetVersionList", {**values, "items": [version]})
    session.create(
        "ReviewSessionObjectAnnotation",
        {
            "review_session_object": item,
            "frame_number": 4,
            "data": json.dumps([{"id": "1", "text": "brilliant"}]),
        },
    )
    session.create(
        "EntitySetting",
        {
            "parent_id": review["id"],
            "parent_type": "ReviewSession",
            "group": "review",
            "name": "download",
            "value": "true",
        },
    )
    kind = session.create(
        "CustomAttributeLinkConfiguration",
        {
            "key": "lead",
            "label": "Lead",
            "entity_type": "task",
            "entity_type_to": "user",
            "one_to_one": False,
        },
    )
    kind["object_type_id"] = shot["object_type_id"]
    session.commit()
    session.create(
        "UserCustomAttributeLink", {"configuration": kind, "from_id": shot["id"], "to_id": ada["id"]}
    )
    session.commit()


def test_a_project_arrives_whole_in_a_folder_made_for_it(studio, tmp_path):
    told = []
    with ftrack_review.Session(make_target(str(tmp_path / "copy"), studio)) as copy:
        assert copy.schemas == studio.schemas
        counts = mirror(
            studio, copy, "bigfilm", with_media=True, progress=lambda *report: told.append(report)
        )
        assert counts["skipped"] == 0
        assert counts["files"] == 2
        assert any(done == total > 0 for _, done, total in told)
        assert copy.query('Project where name is "other"').first() is None
        assert copy.query('CustomAttributeConfiguration where key is "others"').first() is None
        query = "select name, description, custom_attributes, metadata, link from Shot"
        ours, theirs = copy.query(query).one(), studio.query(query).one()
        assert [entry["name"] for entry in ours["link"]] == ["bigfilm", "sh01", "sh010"]
        assert (ours["id"], ours["description"]) == (theirs["id"], "brilliant")
        assert ours["custom_attributes"]["fstart"] == 1001
        assert ours["metadata"]["client"] == "showreel"
        assert copy.query('Status where name is "Gone fishing"').one()["state"]["short"] == "DONE"
        assert copy.query('ObjectType where name is "Reel"').one()
        for name in COUNTED:
            expected = {row["id"] for row in studio.query(f"select id from {name}")}
            assert {row["id"] for row in copy.query(f"select id from {name}")} == expected, name
        task = copy.query(
            'select bid, assignments.resource.username from Task where name is "task-of-Ada"'
        ).one()
        assert (task["bid"], task["assignments"][0]["resource"]["username"]) == (3600, "ada")
        first, second = copy.query(
            "select version, comment, is_latest_version, thumbnail_id from AssetVersion order by version"
        )
        assert (first["version"], first["comment"], second["version"]) == (1, "brilliant", 2)
        assert second["is_latest_version"] is True
        assert second["user"]["username"] == "ada"
        location = copy.query('Location where name is "ftrack.server"').one()
        component = copy.query('Component where name is "plate.mov"').one()
        assert second["thumbnail_id"] is not None
        assert location.get_component_availability(component) == 100.0
        content = copy._request.get(location.get_url(component), timeout=20).content
        assert content == b"plate" * 5000
        notes = copy.query(
            "select content, author.username, replies.content from Note where in_reply_to_id is none"
        )
        assert sorted(
            (note["content"], note["author"]["username"], len(note["replies"])) for note in notes
        ) == [
            ("a sentence of Grace", "ada", 0),
            ("brilliant", "ada", 1),
        ]
        review = copy.query("select name, is_open, end_date from ReviewSession").one()
        assert (review["name"], review["is_open"], review["end_date"].year) == ("Monday", False, 2023)
        vote = copy.query("select status, invitee.name from ReviewSessionObjectStatus").one()
        assert (vote["status"], vote["invitee"]["name"]) == ("approved", "Grace")
        check_connections(copy)


def check_connections(copy):
    drawing = copy.query("select frame_number, data from ReviewSessionObjectAnnotation").one()
    assert (drawing["frame_number"], json.loads(drawing["data"])[0]["text"]) == (4, "brilliant")
    setting = copy.query("select group, name, value from EntitySetting").one()
    assert (setting["group"], setting["name"], setting["value"]) == ("review", "download", "true")
    log = copy.query("select duration, comment, user.username from Timelog").one()
    assert (log["duration"], log["comment"], log["user"]["username"]) == (1800, "brilliant", "ada")
    listed = copy.query("select name, owner.username, items.version from AssetVersionList").one()
    assert (listed["name"], listed["owner"]["username"]) == ("Hidden list", "ada")
    assert [version["version"] for version in listed["items"]] == [2]
    sentence = copy.query(
        'select recipients.resource_id from Note where content is "a sentence of Grace"'
    ).one()
    ada = copy.query('User where username is "ada"').one()["id"]
    assert ada in [recipient["resource_id"] for recipient in sentence["recipients"]]
    lead = 'Shot where custom_attribute_links any (configuration.key is "lead" and user.username is "ada")'
    assert copy.query(lead).one()["name"] == "sh010"


def test_a_second_run_sends_the_differences_only(studio, tmp_path):
    address = make_target(str(tmp_path / "copy"), studio)
    with ftrack_review.Session(address) as copy:
        mirror(studio, copy, "Bigfilm", with_media=True)
    assert make_target(str(tmp_path / "copy"), studio) == address
    with ftrack_review.Session(address) as copy:
        again = mirror(studio, copy, "bigfilm", with_media=True)
        assert (again["created"], again["updated"], again["files"]) == (0, 0, 0)
        shot, review = studio.query("Shot").one(), studio.query("ReviewSession").one()
        before = shot["description"]
        shot["description"] = "changed"
        # Closed there too: what is new in it arrives all the same.
        review["end_date"] = "2100-01-01T00:00:00"
        studio.commit()
        invitee = studio.create(
            "ReviewSessionInvitee", {"name": "B", "email": "b@b.org", "review_session": review}
        )
        studio.commit()
        review["end_date"] = "2023-02-01T00:00:00"
        studio.commit()
        third = mirror(studio, copy, "bigfilm")
        # The invitee, the collaborator that stands for it, and the description.
        assert (third["created"], third["updated"]) == (2, 1)
        copy.reset()
        assert copy.query("select description from Shot").one()["description"] == "changed"
        assert copy.query("select is_open from ReviewSession").one()["is_open"] is False
        assert copy.query('ReviewSessionInvitee where name is "B"').one()["id"] == invitee["id"]
        shot["description"] = before
        studio.commit()


def test_a_run_that_was_cut_off_is_taken_up_by_the_next(studio, tmp_path):
    class CutOffError(Exception):
        pass

    def cut(what, done, total):
        # Between two batches: contexts are there, and nothing that belongs to them.
        if what == "Asset":
            raise CutOffError

    with ftrack_review.Session(make_target(str(tmp_path / "copy"), studio)) as copy:
        with pytest.raises(CutOffError):
            mirror(studio, copy, "bigfilm", progress=cut)
        assert copy.query("Shot").one()
        assert copy.query("AssetVersion").first() is None
        rest = mirror(studio, copy, "bigfilm")
        assert (rest["skipped"], rest["created"] > 0) == (0, True)
        assert len(copy.query("AssetVersion").all()) == len(studio.query("AssetVersion").all())
        again = mirror(studio, copy, "bigfilm")
        assert (again["created"], again["updated"]) == (0, 0)


def test_nothing_that_people_wrote_is_in_an_anonymised_copy(studio, tmp_path):
    address = make_target(str(tmp_path / "copy"), studio)
    with ftrack_review.Session(address) as copy:
        counts = mirror(studio, copy, "bigfilm", anonymise=True, with_media=True)
        assert (counts["skipped"], counts["files"]) == (0, 2)
        again = mirror(studio, copy, "bigfilm", anonymise=True)
        assert (again["created"], again["updated"]) == (0, 0)
        shot = copy.query("select name, link from Shot").one()
        assert shot["name"].startswith("shot-")
        assert shot["link"][-1]["name"] == shot["name"]
        assert len(copy.query("Note").all()) == len(studio.query("Note").all())
        vote = copy.query("select status, invitee.email from ReviewSessionObjectStatus").one()
        assert vote["status"] == "approved"
        assert vote["invitee"]["email"].endswith("@example.com")
        component = copy.query('select metadata from Component where file_type is ".mov"').one()
        assert json.loads(component["metadata"]["ftr_meta"]) == {"frameIn": 1, "frameOut": 6, "frameRate": 25}
    content = b"".join(path.read_bytes() for path in (tmp_path / "copy").rglob("*") if path.is_file())
    assert [word for word in SECRETS if word.encode() in content] == []


def test_notes_reviews_and_media_are_left_out_on_request(studio, session):
    counts = mirror(studio, session, "bigfilm", with_notes=False, with_reviews=False)
    assert counts["files"] == 0
    assert session.query("Note").first() is None
    assert session.query("ReviewSession").first() is None
    assert session.query('Component where name is "plate.mov"').one()
    # Into a server of another shape: the object type that it lacked is there now.
    assert session.query('ObjectType where name is "Reel"').one()


def test_a_project_that_is_not_there_is_named(studio, session):
    with pytest.raises(NotFoundError, match="nowhere"):
        mirror(studio, session, "nowhere")


def test_the_command_makes_the_folder_and_says_how_to_use_it(studio, tmp_path):
    environment = {**os.environ, "FTRACK_API_USER": studio.api_user, "FTRACK_API_KEY": studio.api_key}

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "ftrack_review", "mirror", "--from", studio.server_url, *arguments],
            capture_output=True,
            text=True,
            timeout=100,
            env=environment,
            cwd=ROOT,
            check=False,
        )

    target = tmp_path / "copy"
    result = run("--project", "bigfilm", "--to", str(target), "--anonymise")
    assert result.returncode == 0, result.stderr
    assert "ftrack-review serve" in result.stdout
    assert studio.api_key not in result.stdout + result.stderr
    with ftrack_review.Session(f"embedded://{target.as_posix()}") as copy:
        assert copy.query("Shot").one()["name"].startswith("shot-")
    again = run("--project", "bigfilm", "--to", str(target), "--anonymise")
    assert "0 created, 0 updated" in again.stdout
    wrong = run("--project", "nowhere", "--to", str(tmp_path / "other"))
    assert (wrong.returncode, "nowhere" in wrong.stderr, "Traceback" in wrong.stderr) == (1, True, False)
    assert not (tmp_path / "other").exists()
    # Without credentials of its own, a server as target would be shown those of the other.
    unnamed = run("--project", "bigfilm", "--to", "http://127.0.0.1:9")
    assert (unnamed.returncode, "FTRACK_TARGET_API_KEY" in unnamed.stderr) == (1, True)
