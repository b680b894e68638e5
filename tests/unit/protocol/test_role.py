"""Roles and what votes come to."""

import json

import arrow
import pytest

from ftrack_review.protocol import role
from ftrack_review.protocol.role import APPROVED, APPROVER, OBSERVER, REQUIRE_CHANGES, REVIEWER, SEEN


def test_roles_survive():
    mapping = {"i1": APPROVER, "i2": OBSERVER}
    assert role.decode(role.encode({**mapping, "i3": REVIEWER})) == mapping


def test_unknown_roles_are_not_written():
    with pytest.raises(ValueError, match="king"):
        role.encode({"i": "king"})


@pytest.mark.parametrize("text", [None, "", "{", "[]", "3", '"x"'])
def test_text_of_others_is_borne(text):
    assert role.decode(text) == {}


def test_unknown_roles_are_left_out():
    assert role.decode(json.dumps({"a": "king", "b": APPROVER, "c": ["x"], "d": None})) == {"b": APPROVER}


def test_the_keys_begin_alike():
    assert role.project_key("x").startswith(role.SESSION_KEY)
    assert role.project_key("x") != role.project_key("y")


def at(minute):
    return arrow.get(2024, 2, 29, 12, minute)


VOTES = [
    ([], None),
    ([(REVIEWER, None, None)], None),
    ([(REVIEWER, SEEN, at(1))], SEEN),
    ([(REVIEWER, APPROVED, at(1))], APPROVED),
    ([(REVIEWER, APPROVED, at(1)), (REVIEWER, SEEN, at(2))], SEEN),
    ([(REVIEWER, APPROVED, at(2)), (REVIEWER, REQUIRE_CHANGES, at(1))], REQUIRE_CHANGES),
    ([(REVIEWER, REQUIRE_CHANGES, at(1)), (APPROVER, APPROVED, at(0))], APPROVED),
    ([(REVIEWER, APPROVED, at(1)), (APPROVER, SEEN, at(2))], SEEN),
    ([(APPROVER, REQUIRE_CHANGES, at(1)), (APPROVER, APPROVED, at(2))], APPROVED),
    ([(APPROVER, APPROVED, at(1)), (APPROVER, REQUIRE_CHANGES, at(2)), (APPROVER, SEEN, at(3))], REQUIRE_CHANGES),
    ([(APPROVER, APPROVED, at(1)), (APPROVER, REQUIRE_CHANGES, None)], APPROVED),
    ([(APPROVER, APPROVED, None), (APPROVER, REQUIRE_CHANGES, None)], REQUIRE_CHANGES),
    ([(OBSERVER, REQUIRE_CHANGES, at(1)), (REVIEWER, APPROVED, at(1))], APPROVED),
    ([(OBSERVER, APPROVED, at(1))], SEEN),
    ([(REVIEWER, "custom", at(1))], SEEN),
]  # fmt: skip


@pytest.mark.parametrize(("votes", "status"), VOTES)
def test_what_votes_come_to(votes, status):
    assert role.overall_status(votes) == status
    assert role.overall_status(iter(votes)) == status
