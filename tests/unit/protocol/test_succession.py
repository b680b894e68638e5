"""What an object was before, and which of its versions a note is about."""

import json

import pytest

from ftrack_review.protocol import succession

ENTRIES = succession.decode(
    json.dumps(
        [
            {
                "version_id": "v1",
                "label": "Version 1",
                "replaced_at": "2026-01-01T10:00:00Z",
                "notes": ["late"],
            },
            {"version_id": "v2", "label": "Version 2", "replaced_at": "2026-01-01T11:00:00Z"},
        ]
    )
)


@pytest.mark.parametrize(
    ("note", "written", "label"),
    [
        ("a", "2026-01-01T09:59:59Z", "Version 1"),
        ("a", "2026-01-01T10:00:00Z", "Version 2"),
        ("a", "2026-01-01T10:59:59", "Version 2"),
        ("a", "2026-01-01T11:00:00Z", None),
        ("late", "2026-01-01T12:00:00Z", "Version 1"),
        ("late", None, "Version 1"),
        ("a", None, None),
    ],
)
def test_a_note_is_about_what_was_shown_when_it_was_written(note, written, label):
    found = succession.entry_at(ENTRIES, note, written)
    assert (found and found["label"]) == label


def test_what_is_kept_is_read_as_it_was_written():
    assert succession.decode(succession.encode(ENTRIES)) == ENTRIES


@pytest.mark.parametrize("text", [None, "", "{", "{}", "[1]", '[{"label": "x"}]'])
def test_what_is_no_history_is_none(text):
    assert succession.decode(text) == []


@pytest.mark.parametrize("notes", [None, "late", {"late": 1}, 7])
def test_notes_that_are_no_list_are_none(notes):
    text = json.dumps([{"version_id": "v1", "notes": notes}])
    assert succession.decode(text)[0]["notes"] == []
