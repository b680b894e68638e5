"""``ftrack-review serve --schema``: a server of the shape of another one, used by our client and by the official one."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import ftrack_review
from ftrack_review.server import standard_data
from ftrack_review.server.definition.document import standard_document
from tests.conftest import ServerProcess

ROOT = pathlib.Path(__file__).resolve().parents[2]
OFFICIAL = """
import json, sys
import ftrack_api
ready = json.load(open(sys.argv[1]))
with ftrack_api.Session(ready["url"], ready["api_key"], ready["api_user"], auto_connect_event_hub=False,
                        schema_cache_path=False) as session:
    schema = session.query('ProjectSchema where name is "VFX"').one()
    project = session.create("Project", {"name": "official", "full_name": "Official", "project_schema": schema})
    folder = session.create("Folder", {"name": "folder", "parent": project})
    session.commit()
    folder["metadata"]["key"] = "value"
    session.commit()
    found = session.query('select name, metadata from Folder where parent.name is "official"').one()
    print(len(session.schemas), found["name"], found["metadata"]["key"])
"""


@pytest.fixture(scope="module", params=["query_schemas", "query_schemas_newer", "query_schemas_2021"])
def shaped(request, tmp_path_factory):
    """A server made after a recorded answer, of our own where the recorded ones are not beside the checkout."""
    folder = tmp_path_factory.mktemp(request.param)
    path = ROOT.parent / "shared" / "schema" / f"{request.param}.json"
    if not path.is_file():
        document = standard_document(standard_data.OBJECT_TYPES, standard_data.NO_PRIORITY_ID)
        path = folder / "schema.json"
        path.write_text(json.dumps([entry for entry in document if entry["id"] != "Episode"]))
    process = ServerProcess(folder, "--schema", str(path))
    process.document = json.loads(path.read_text(encoding="utf-8"))
    yield process
    assert process.stop() == 0


def test_shapes_a_new_database_after_a_recorded_answer(shaped, tmp_path):
    ready = shaped.ready
    with ftrack_review.Session(ready["url"], ready["api_key"], ready["api_user"]) as session:
        assert session.schemas == shaped.document
        project_schema = session.query('ProjectSchema where name is "VFX"').one()
        project = session.create("Project", {"name": "f", "full_name": "F", "project_schema": project_schema})
        made = {
            entry["id"]: session.create(entry["id"], {"name": entry["id"], "parent": project})
            for entry in shaped.document
            if "object_typeid" in str(entry.get("alias_for"))
        }
        session.commit()
        assert {child.entity_type for child in session.query("TypedContext")} == set(made)
        kind = session.query("AssetType").first()
        asset = session.create("Asset", {"name": "comp", "parent": made["Folder"], "type": kind})
        version = session.create("AssetVersion", {"asset": asset})
        session.commit()
        review = session.create("ReviewSession", {"name": "Weekly", "project": project})
        item = session.create(
            "ReviewSessionObject",
            {
                "name": "comp",
                "version": "v1",
                "description": "",
                "review_session": review,
                "asset_version": version,
            },
        )
        invitee = session.create(
            "ReviewSessionInvitee", {"name": "A", "email": "a@b.org", "review_session": review}
        )
        session.commit()
        session.create(
            "ReviewSessionObjectStatus",
            {"review_session_object": item, "status": "approved", "invitee": invitee},
        )
        made["Folder"].create_note("Nice", session.query("User").first())
        made["Folder"]["metadata"]["key"] = "value"
        session.commit()
        found = session.query("select status, invitee.name from ReviewSessionObjectStatus").one()
        assert (found["status"], found["invitee"]["name"]) == ("approved", "A")
        path = tmp_path / "file.bin"
        path.write_bytes(b"abc")
        location = session.query('Location where name is "ftrack.server"').one()
        component = version.create_component(str(path), location=location)
        session.commit()
        assert location.get_component_availability(component) == 100.0


def test_a_database_keeps_the_shape_it_was_made_with(shaped, tmp_path):
    other = tmp_path / "other.json"
    other.write_text(json.dumps([entry for entry in shaped.document if entry["id"] != "Milestone"]))
    result = subprocess.run(
        [sys.executable, "-m", "ftrack_review", "serve", "--port", "0", "--schema", str(other), "--data"]
        + [str(shaped.folder / "data")],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )
    assert result.returncode == 1
    assert "shape of another schema" in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


@pytest.mark.official
def test_the_official_client_works_with_every_shape(shaped):
    result = subprocess.run(
        [os.environ["FTRACK_REVIEW_OFFICIAL_PYTHON"], "-c", OFFICIAL, str(shaped.ready_file)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert result.stdout.split() == [str(len(shaped.document)), "folder", "value"]


def test_a_file_that_is_no_schema_is_refused_before_anything_is_made(tmp_path):
    (tmp_path / "schema.json").write_text('{"id": 1}')
    result = subprocess.run(
        [sys.executable, "-m", "ftrack_review", "serve", "--port", "0", "--data", str(tmp_path / "data")]
        + ["--schema", str(tmp_path / "schema.json")],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )
    assert result.returncode == 1
    assert "query_schemas" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "data").exists()
