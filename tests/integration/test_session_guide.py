"""The examples of the guide to the session run as they stand there."""

import json
import pathlib
import re
import textwrap

import pytest

import ftrack_review
from ftrack_review import symbol

GUIDE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "guides" / "session.rst"


def examples():
    text = GUIDE.read_text(encoding="utf-8")
    found = re.findall(r"\.\. code-block:: python\n\n((?: {4}.*\n|\n)+)", text)
    return [textwrap.dedent(each) for each in found]


@pytest.fixture
def names(session, project, tmp_path):
    """What the examples speak of."""
    session.create(
        "CustomAttributeConfiguration",
        {
            "key": "rate",
            "label": "rate",
            "entity_type": "show",
            "is_hierarchical": True,
            "default": 24,
            "type": session.query('CustomAttributeType where name is "number"').one(),
            "config": json.dumps({"isdecimal": True}),
        },
    )
    shots = [session.create("Shot", {"name": f"sh0{number}0", "parent": project}) for number in range(1, 4)]
    session.commit()
    path = tmp_path / "large.mov"
    path.write_bytes(bytes(17 * 1024 * 1024))
    return {
        "ftrack_review": ftrack_review,
        "session": session,
        "project": project,
        "shots": shots,
        "shot": shots[0],
        "done": session.query('Status where name is "Completed"').first(),
        "path": path,
        "server_location": session.get("Location", symbol.SERVER_LOCATION_ID),
    }


def test_the_examples_run_in_their_order(names, capsys):
    assert len(examples()) > 10
    for example in examples():
        exec(compile(example, str(GUIDE), "exec"), names)
    output = capsys.readouterr().out
    assert "description: " in output
    assert '-> "Ready for lighting"' in output
    assert "100%" in output
    assert "24.0 set on nothing" in output or "24 set on nothing" in output
    assert [shot["name"] for shot in names["found"]] == ["sh010"]
    assert names["gone"] == []
    names["session"].rollback()
