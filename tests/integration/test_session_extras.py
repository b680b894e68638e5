"""What our session has beyond the official one, against the embedded server."""

import gc

import pytest

from ftrack_review import exception, inspection, symbol


@pytest.fixture
def shots(session, project):
    """Twelve shots in two sequences, with tasks."""
    made = []
    for sequence_number in range(2):
        sequence = session.create("Sequence", {"name": f"sq{sequence_number}", "parent": project})
        for number in range(6):
            shot = session.create("Shot", {"name": f"sh{sequence_number}{number}", "parent": sequence})
            session.create("Task", {"name": f"anim{number}", "parent": shot})
            made.append(shot)
    session.commit()
    return made


# Searching.


def test_a_search_finds_by_names_above(session, shots, project):
    found = session.search("Task", "anim3 sq1", expression="select name, parent.name from Task")
    assert [(task["name"], task["parent"]["name"]) for task in found] == [("anim3", "sh13")]


def test_a_search_stays_below_its_context_and_within_its_types(session, shots):
    below = session.search("TypedContext", "sh", context=shots[0]["parent"], object_types=["Shot"])
    assert sorted(shot["name"] for shot in below) == [f"sh0{number}" for number in range(6)]
    assert len(session.search("TypedContext", [], context=shots[0], object_types=["Task"])) == 1


# Streaming.


def test_a_stream_of_many_pages_holds_one(session, shots):
    session.reset()
    gc.collect()
    most = 0
    names = []
    for task in session.query("select name, parent.name from Task order by parent.name").stream(page_size=2):
        names.append(task["parent"]["name"])
        most = max(most, len(session._identities))
    assert names == sorted(f"sh{i}{j}" for i in range(2) for j in range(6))
    assert most <= 4 + 4  # The locations, and a page of tasks with their shots.
    assert len(session._identities) == 4
