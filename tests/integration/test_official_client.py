"""The unmodified official Python client does a review on our server, from a process of its own."""

import json
import os
import pathlib
import subprocess
import urllib.request

import pytest

from tests.media_files import make_movie

SCRIPT = pathlib.Path(__file__).with_name("official_review.py")


@pytest.fixture(scope="module")
def official_python():
    path = os.environ.get("FTRACK_REVIEW_OFFICIAL_PYTHON")
    if not path:
        pytest.fail(
            "FTRACK_REVIEW_OFFICIAL_PYTHON names no Python with the official client: use tests/run.py"
        )
    return path


@pytest.fixture(scope="module")
def found(official_python, server_process, tmp_path_factory):
    movie = tmp_path_factory.mktemp("media") / "shot.mov"
    make_movie(movie, frames=12, fps="24000/1001", size=(320, 180))
    result = subprocess.run(
        [official_python, str(SCRIPT), str(server_process.ready_file), str(movie)],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-4000:]
    return json.loads(result.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def worked(official_python, server_process):
    result = subprocess.run(
        [official_python, str(SCRIPT.with_name("official_work.py")), str(server_process.ready_file)],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-4000:]
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.official
class TestWork:
    """Everything beside reviews: every kind of write, read and error."""

    def test_creates_updates_and_deletes(self, worked):
        assert worked["made"] == [True] * 3
        assert worked["rolled_back"] == 'It\'s "grüße" {0}'
        assert worked["deleted"] == []
        assert len(set(worked["ensured"])) == 1
        assert worked["left"] == [0, 0, 0]

    def test_numbers_versions(self, worked):
        assert worked["versions"] == [[1, False], [2, True]]

    def test_sets_collections(self, worked):
        assert worked["items"] == [2, 1]
        assert (worked["assigned"], worked["links"]) == (["admin"], ["sh020"])

    def test_sets_metadata_and_custom_attributes(self, worked):
        assert worked["metadata"] == {"camera": "B"}
        assert worked["lenses"] == [35, 50.5, 35, 85]

    def test_writes_notes_and_time(self, worked):
        assert worked["notes"] == [["Too dark", ["Brighter now"]]]
        assert (
            "DuplicateEntryError" in worked["second_timer"][1]
            or worked["second_timer"][0] == "NotUniqueError"
        )
        assert worked["timelog"] is True
        assert worked["dates"].startswith("2024-05-01T12:30:45")

    def test_queries_in_every_way(self, worked):
        first, rest = ["sh010"], ["sh020", "sh030", "sh040"]
        assert worked["queries"] == {
            "like": first,
            "not_like": rest,
            "in": ["sh010", "sh030"],
            "not_in": ["sh020", "sh030"],
            "or": first,
            "path": ["sh020"],
            "has": ["sh020"],
            "any": first,
            "none": rest,
            "after": ["comp"],
            "cast": [*first, *rest],
            "subquery": first,
            "metadata": first,
            "custom": ["sh020", "sh040"],
            "assigned": ["comp"],
            "descending": ["sh030", "sh020"],
            "paged": 4,
            "polymorphic": ["Shot", "Task"],
        }
        assert worked["counted"] == 4

    def test_uploads_and_removes(self, worked):
        assert worked["upload"] == [True, True, 100.0]
        assert worked["removed"] == 0.0
        assert worked["sequence"] == ["SequenceComponent", 3, 100.0]

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("attribute", "nonsense"),
            ("syntax", "character 12"),
            ("credentials", "not valid"),
            ("action", "Invalid action u'dance'"),
            ("batch", "nobody"),
            ("permission", "Only an administrator"),
        ],
    )
    def test_reads_every_error(self, worked, name, words):
        error, text = worked["errors"][name]
        assert error.startswith("Server")
        assert words in text

    def test_makes_nothing_of_a_batch_that_fails(self, worked):
        assert worked["not_made"] == []


@pytest.mark.official
class TestOfficialClient:
    def test_creates_a_review_session_with_objects_and_invitees(self, found):
        assert found["version_number"] == 1
        assert found["link"][:2] == ["official", "sh010"]
        assert found["is_open"] is True
        assert found["objects"] == ["shot"]
        assert found["invitees"] == ["Ada", "Bob"]
        assert "Weekly" in found["sessions"]

    def test_sends_invitations_and_removes_an_invitee(self, found):
        assert found["left"] == ["Ada"]
        assert found["sent"] is True

    def test_uploads_to_the_server_location(self, found):
        assert found["availability"] == 100.0
        with urllib.request.urlopen(found["url"], timeout=10) as response:
            assert response.read(12)[4:8] == b"ftyp"

    def test_encodes(self, found):
        assert found["job"] == "done", found["job_details"]
        assert {"keep_original", "output", "source_component_id"} <= set(found["job_data"])
        assert "ftrackreview-mp4" in found["components"]
        assert "ftrackreview-mp4" in found["outputs"]
        assert found["ftr_meta"]["frameOut"] - found["ftr_meta"]["frameIn"] in (11, 12)
        assert found["ftr_meta"]["frameRate"] == pytest.approx(24000 / 1001)
        assert found["thumbnail"] is True

    def test_votes_and_comments(self, found):
        assert found["notes"] == ["Nice work"]
        assert found["votes"] == ["approved"]
        assert found["deleted"] == 0

    def test_reads_our_errors(self, found):
        assert "nonsense" in found["error"]
