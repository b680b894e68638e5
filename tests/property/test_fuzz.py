"""Malformed requests at random. A long run of the same is ``python -m tests.fuzz 20000``."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.judging import Target

# So many are sent in an ordinary run; a failure names the case, which `python -m tests.fuzz` finds as well.
CASES = 600

JSON = st.dictionaries(
    st.sampled_from(
        ["action", "content", "entity_type", "id", "metadata", "name", "parent_id", "parent_type", "user"]
    ),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
        max_leaves=4,
    ),
    max_size=4,
)


@pytest.fixture(scope="module")
def target():
    made = Target()
    yield made
    made.close()


@pytest.mark.parametrize("part", range(4))
def test_whatever_is_sent_is_answered_or_refused(target, part):
    for number in range(part * CASES // 4, (part + 1) * CASES // 4):
        target.attack(random.Random(f"2024-{number}"))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(expression=st.text(max_size=60), values=JSON)
def test_whatever_hypothesis_chooses_is_answered_or_refused(target, expression, values):
    """Text and JSON of any kind in the places of an action, made smaller until the least that fails is left."""
    target.send([{"action": "query", "expression": expression}])
    target.send([{"action": "query", "expression": f"Task where name is {expression}"}])
    target.send([{"action": "create", "entity_type": "Task", "entity_data": {"name": "x", **values}}])
    target.send([{"action": "update", "entity_type": "Note", "entity_key": "n1", "entity_data": values}])
    target.send([{"action": "get_upload_metadata", "component_id": expression, **values}])
    target.send([values])
