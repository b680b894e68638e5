"""The comparison of our catalogue with a recorded one, which people run by hand."""

from __future__ import annotations

import copy
import json
import pathlib

from ftrack_review.server import standard_data
from ftrack_review.server.definition.document import standard_document
from tests.compare_catalogue import compare, main

_RECORDED = pathlib.Path(__file__).resolve().parents[4] / "shared" / "schema" / "query_schemas.json"


def _ours():
    return standard_document(standard_data.OBJECT_TYPES, standard_data.NO_PRIORITY_ID)


def test_a_catalogue_equals_itself():
    found = compare(_ours(), _ours())
    assert len(found.pop("equal type")) == 136
    assert len(found.pop("equal")) == 1637
    assert not found


def test_every_difference_is_told(tmp_path, capsys):
    other = {entry["id"]: entry for entry in copy.deepcopy(_ours())}
    del other["Trigger"]
    del other["Task"]["properties"]["bid"]
    other["Note"]["properties"]["content"]["description"] = "text"
    other["Campaign"] = {"id": "Campaign", "properties": {}}
    found = compare(list(other.values()), _ours())
    assert {kind: found[kind] for kind in found if not kind.startswith("equal")} == {
        "type added": ["Trigger"],
        "type missing": ["Campaign"],
        "attribute added": ["Task.bid"],
        "description": ["Note.content"],
    }
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(list(other.values())), encoding="utf-8")
    assert main(str(path)) == 0
    other["Note"]["properties"]["content"]["enum"] = ["a"]
    path.write_text(json.dumps([{"version": "dev"}, list(other.values())]), encoding="utf-8")
    assert main(str(path)) == 1
    assert "enum: 1, NOT EXPLAINED\n    Note.content" in capsys.readouterr().out


def test_differences_from_the_recorded_answer_have_a_reason(tmp_path):
    """With the answer of a real server where it is at hand, else with our own in its place."""
    path = _RECORDED
    if not path.exists():
        path = tmp_path / "answer.json"
        path.write_text(json.dumps(_ours()), encoding="utf-8")
    assert main(str(path)) == 0
