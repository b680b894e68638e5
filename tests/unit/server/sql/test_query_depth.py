"""Criteria that nest deeper than a database reads queries in queries: the same answers, or a refusal with the place."""

from __future__ import annotations

import pytest

from ftrack_review.server.errors import ServerFault

# To a child and back again, which leads to where one was.
THERE = "children any (parent has ("
BACK = "))"


@pytest.mark.parametrize("times", [1, 3, 8, 20])
@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        ("name is sh010", "sh1"),
        ("not name is sh010", "sh2 sh3"),
        ("children.assignments.resource.username is anna", "sh1"),
        ("not children.assignments.resource.username is anna", "sh2 sh3"),
        ('children any (custom_attributes any (key is "level" and value is 7))', "sh1"),
        ('not children any (custom_attributes any (key is "level" and value is 7))', "sh2 sh3"),
        ('parent_id in (select id from Sequence where name is "sq010")', "sh1 sh2"),
        ("ancestors any (name is sq010)", "sh1 sh2"),
        ("scopes any (name is Oslo)", "sh1"),
    ],
)
def test_what_leads_back_changes_nothing(site, criterion, expected, times):
    expression = f"Shot where {THERE * times}{criterion}{BACK * times}"
    assert site.ids(expression) == expected.split()


@pytest.mark.parametrize("times", [1, 6, 20])
def test_complements_on_the_way_change_nothing(site, times):
    """Not one child whose parent is not such: every shot here has children."""
    expression = f"Shot where {'not children any (not parent has (' * times}name is sh010{BACK * times}"
    assert site.ids(expression) == ["sh1"]


@pytest.mark.parametrize("times", [2, 10, 40])
def test_parentheses_of_either_kind(site, times):
    expression = "name is animation"
    for _ in range(times):
        expression = f"(({expression} and id is_not x) or (bid is 100 and id is t4))"
    assert site.ids(f"Task where {expression}") == ["t1", "t4"]
    assert site.ids(f"Shot where children any ({expression})") == ["sh1", "sh3"]


def test_nested_queries_in_nested_queries(site):
    expression = "name is sh010"
    for _ in range(15):
        expression = (
            f"id in (select parent_id from Task where parent.id in (select id from Shot where {expression}))"
        )
    assert site.ids(f"Shot where {expression}") == ["sh1"]


@pytest.mark.parametrize(
    ("expression", "place", "words"),
    [
        (f"Task where parent{'.parent' * 48}.name is x", None, None),
        (f"Task where parent{'.parent' * 49}.name is x", 11, "51 steps"),
        (f"select name{''.join(', parent' + '.parent' * n for n in (1, 60))} from Task", 28, "61 steps"),
        (f"Task order by parent{'.parent' * 12}.name", 14, "14 steps"),
        (f"select count(parent{'.parent' * 12}.name) from Task", 13, "14 steps"),
        (f"Task where {'children any (' * 30}parent{'.parent' * 30}.name is x{')' * 30}", 431, "62 steps"),
        (
            f"Task where custom_attributes any ({'key is x or (value is y and (' * 20}key is z{'))' * 20})",
            None,
            "nest too deeply",
        ),
        (f"Task where {'lists any (items any (' * 20}id is x{'))' * 20}", None, None),
        (
            f"Resource where {'memberships any (' * 1}{'group.children.parent.' * 17}name is x)",
            32,
            "53 steps",
        ),
    ],
)
def test_beyond_the_limit_is_refused_with_its_place(site, expression, place, words):
    if words is None:
        assert site.ids(expression) == []
        return
    with pytest.raises(ServerFault) as caught:
        site.query(expression)
    assert words in caught.value.content
    assert caught.value.status == 422
    if place is not None:
        assert f"(at position {place})" in caught.value.content
