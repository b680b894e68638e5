"""What is deleted takes along what depends on it, and nothing is left that refers to it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.query_studio import Studio

# From the smallest to what everything belongs to; all of one studio, one after the other.
DELETED = [
    ("Note", "n1", {"Note": 2, "Recipient": 4, "NoteLabelLink": 1, "NoteComponent": 1}),
    ("Job", "j1", {"Job": 1, "JobComponent": 1}),
    ("ReviewSessionInvitee", "i2", {"ReviewSessionInvitee": 1, "ReviewSessionObjectStatus": 1}),
    ("ReviewSessionObject", "o2", {"ReviewSessionObject": 1, "ReviewSessionObjectStatus": 1}),
    ("AssetVersionList", "l1", {"List": 1, "ListObject": 2}),
    ("CustomAttributeConfiguration", "ca-level", {"CustomAttributeConfiguration": 1}),
    ("SequenceComponent", "c5", {"Component": 3, "ComponentLocation": 1}),
    ("Task", "t2", {"Context": 1, "Appointment": 1, "Metadata": 1, "TypedContextLink": 1}),
    ("User", "ben", {"Resource": 1, "Timelog": 1, "Membership": 1, "Manager": 1}),
    ("Asset", "a1", {"Asset": 1, "AssetVersion": 3, "Component": 3, "ReviewSessionObject": 2}),
    ("Shot", "sh1", {"Context": 2, "Asset": 1, "Timer": 1, "CustomAttributeLink": 1}),
    ("Group", "crew", {"Resource": 1}),
    (
        "Project",
        "alpha",
        {"Project": 1, "ReviewSession": 2, "CalendarEvent": 1, "Asset": 3, "AssetVersion": 2},
    ),
]


@pytest.fixture(scope="module")
def studio(tmp_path_factory, new_database):
    made = Studio(tmp_path_factory.mktemp("studio"), database=new_database())
    yield made
    made.close()


def dangling(studio):
    """Return the references that lead to nothing, as texts."""
    found = []
    with studio.server.store.read() as connection:
        for name, entity in studio.server.catalogue.types.items():
            if not entity.concrete or entity.concrete_types != (name,):
                continue
            for relation in entity.relations.values():
                if relation.how != "reference" or len(relation.join) != 1:
                    continue
                (own, other) = relation.join[0]
                here, there = own.table.alias(), other.table.alias()
                target = sa.select(sa.literal_column("1")).where(there.c[other.name] == here.c[own.name])
                query = sa.select(here.c[own.name]).where(here.c[own.name].is_not(None), ~target.exists())
                if entity.type_column is not None:
                    query = query.where(here.c[entity.type_column.name] == name)
                found.extend(f"{name}.{relation.name} {row[0]}" for row in connection.run(query))
    return found


def count(studio, entity_type):
    return len(studio.query(entity_type))


def test_deleting_leaves_no_reference_to_nothing(studio):
    assert dangling(studio) == []
    # What a closed review shows stays.
    for review in studio.query("select id from ReviewSession"):
        studio.update("ReviewSession", review["id"], availability="always_open")
    for entity_type, key, losses in DELETED:
        before = {name: count(studio, name) for name in losses}
        studio.send({"action": "delete", "entity_type": entity_type, "entity_key": [key]})
        lost = {name: before[name] - count(studio, name) for name in losses}
        assert (entity_type, lost) == (entity_type, losses)
        assert dangling(studio) == []
        # What is gone already is no error.
        studio.send({"action": "delete", "entity_type": entity_type, "entity_key": [key]})
