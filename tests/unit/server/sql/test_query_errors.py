"""What is refused: with the place, what was expected there, and the nearest name."""

from __future__ import annotations

import pytest

from ftrack_review.server.errors import ServerFault

CASES = [
    # expression, where, words of the message
    ("Version", "Version", ["'Version'", "AssetVersion"]),
    ("select name from Shots", "Shots", ["Shot?"]),
    ("Task where nam is x", "nam", ["Task", "'nam'", "name?"]),
    ("select nam from Task", "nam", ["'nam'", "name?"]),
    ("Task order by nam", "nam", ["name?"]),
    ("ReviewSessionObject where asset_version_id is x", "asset_version_id", ["version_id?"]),
    ("select asset_version_id from ReviewSessionObject", "asset_version_id", ["version_id?"]),
    ('Task where status.type.name in ("Done")', "type", ["Status", "state?"]),
    ("select status.type.name from Task", "type", ["state?"]),
    ("Task where parent.nothing is x", "nothing", ["Context"]),
    ("Task where assignments any (usernam is x)", "usernam", ["Appointment"]),
    ("Task where assignments.resource.usernam is x", "usernam", ["username?"]),
    ("Task where name.length is 3", "name", ["plain value"]),
    ("select name.length from Task", "name", ["plain value"]),
    ("Task where children has (name is x)", "children", ["collection", "any"]),
    ("Task where parent any (name is x)", "parent", ["one entity", "has"]),
    ("Task where name has ()", "name", ["plain value"]),
    ("AssetVersion where version is abc", "abc", ["'abc'", "whole number"]),
    ("Task where bid > abc", "abc", ["number"]),
    ("Task where bid is nan", "nan", ["number"]),
    ("AssetVersion where is_published is maybe", "maybe", ["true or false"]),
    ("AssetVersion where is_published > true", "is_published", ["true or false"]),
    ("AssetVersion where date > yesterday", "yesterday", ["time"]),
    ("AssetVersion where date in (2024-01-01, soon)", "soon", ["time"]),
    ("Task where id in (select version from AssetVersion)", "id", ["nested query", "kinds"]),
    ("AssetVersion where version not_in (select id from Task)", "version", ["kinds"]),
    ("AssetVersion where is_published in (select version from AssetVersion)", "is_published", ["kinds"]),
    ("Task where bid in (select name from Task)", "bid", ["kinds"]),
    ("Task where assignments in (select version from AssetVersion)", "assignments", ["kinds"]),
    ("Event where id in (select id from Task)", "id", ["kinds"]),
    ("select count(id), url from ComponentLocation group by url", "url", ["worked out after reading"]),
    ("select max(thumbnail_url) from Task group by name", "thumbnail_url", ["no max"]),
    ("Task where parent[Shto] has ()", "parent", ["Shot?"]),
    ("Task where parent[User].username is x", "parent", ["never", "User", "Context"]),
    ("select parent[User].username from Task", "parent", ["never"]),
    ("select name[Shot] from Task", "name", ["plain value"]),
    ("Task where link is x", "link", ["worked out after reading"]),
    ("Task order by ancestors.name", "ancestors", ["many values"]),
    ("Task order by custom_attributes.value", "custom_attributes", ["many values"]),
    ("Task where id in (select id, name from Task)", "Task)", ["one projection"]),
    ("Task where id in (select count(id) from Task)", "Task)", ["one projection"]),
    ("Task where id in (select ancestors.id from Task)", "ancestors", ["nested"]),
    ("Task where id in (select id from Tsk)", "Tsk", ["Task?"]),
    ("select count(id), name from Task", "name", ["group by"]),
    ("select count(children.id) from Task", "children", ["many values"]),
    ("select count(id), name from Task group by name order by bid", "bid", ["name"]),
    ("Task where", None, []),
    ("Task where name is", None, []),
    ("Task where name is x and", None, []),
    ("Task where (name is x", None, []),
    ("select from Task", None, []),
    ("", None, []),
    ("(" * 200 + "name is x" + ")" * 200, None, []),
    ("Task where " + "(" * 200 + "name is x" + ")" * 200, None, ["100"]),
]


@pytest.mark.parametrize(
    ("expression", "place", "words"), CASES, ids=[case[0][:60] or "empty" for case in CASES]
)
def test_refusals(site, expression, place, words):
    with pytest.raises(ServerFault) as raised:
        site.query(expression)
    fault = raised.value
    assert fault.exception_class == "ValidationError"
    assert fault.status == 422
    for word in words:
        assert word in fault.content
    if place is not None:
        assert f"position {expression.index(place)}" in fault.content
    assert "{" not in fault.content


def test_position_is_that_of_the_expression_at_hand(site):
    """Two expressions of one shape differ in where their literals stand."""
    for expression in ("Task where bid is  abc", "Task where   bid is abc"):
        with pytest.raises(ServerFault) as raised:
            site.query(expression)
        assert f"position {expression.index('abc')}" in raised.value.content


def test_text_that_is_not_unicode(site):
    with pytest.raises(ServerFault) as raised:
        site.query('Task where name is "\ud800"')
    assert raised.value.exception_class == "ValidationError"


@pytest.mark.parametrize(
    "text",
    ["'; drop table context; --", "\x00", "a\x00b", "%", "_", "\\", "\\\\", "{}", "{0}", "%s", ":v0", "?"],
)
def test_strange_text_is_only_text(site, text):
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert site.query(f'Task where name is "{quoted}"') == []
    assert site.query(f'Task where name in ("{quoted}", "x")') == []
    assert len(site.query(f'Task where name like "{quoted}"')) == (4 if text == "%" else 0)
    assert len(site.query("Task")) == 4


def test_more_comparisons_than_a_statement_takes_are_refused(site):
    chain = " or ".join(f"name like 'x{index}%'" for index in range(31_000))
    with pytest.raises(ServerFault, match="at most 30000"):
        site.query(f"Task where {chain}")
    lists = " or ".join(f"name in ({','.join(['x'] * 150)})" for _ in range(300))
    assert site.query(f"Task where {lists}") == []


def test_a_pattern_too_long_is_refused(site):
    with pytest.raises(ServerFault, match="pattern"):
        site.query(f'Task where name like "{"a" * 30_000}"')
