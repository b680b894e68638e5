"""Order, pages and groups."""

from __future__ import annotations

import pytest


def ids(records):
    return [record["id"] for record in records]


def test_without_an_order_rows_come_as_they_were_written(site):
    assert ids(site.query("AssetVersion")) == ["v1", "v2", "v3", "v4"]
    # Whatever index helps to find them.
    assert ids(site.query("AssetVersion where asset_id in (a3, a2, a1)")) == ["v1", "v2", "v3", "v4"]
    assert ids(site.query("TypedContext where project_id is p1")) == ["sq1", "sh1", "sh2", "t1", "t2", "t3"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("version", "v1 v3 v2 v4"),
        ("version asc", "v1 v3 v2 v4"),
        ("version ascending", "v1 v3 v2 v4"),
        ("version desc", "v4 v2 v1 v3"),
        ("version descending, id desc", "v4 v2 v3 v1"),
        ("date", "v3 v1 v4 v2"),
        ("date desc", "v2 v4 v1 v3"),
        ("asset.name, version desc", "v3 v4 v2 v1"),
        ("asset.parent.name desc, id", "v1 v2 v3 v4"),
        ("task.bid", "v3 v4 v2 v1".replace("v2 v1", "v1 v2")),
        ("user.username desc, id", "v2 v1 v4 v3"),
        ("user", "v3 v1 v4 v2"),
        ("is_latest_version desc", "v2 v3 v4 v1"),
        ("metadata.value", "v3 v4 v1 v2"),
        ("metadata.value desc", "v1 v2 v3 v4"),
        ("task.parent[Shot].name desc, id", "v1 v2 v3 v4"),
        ("__entity_type__, id desc", "v4 v3 v2 v1"),
    ],
)
def test_order(site, order, expected):
    assert ids(site.query(f"AssetVersion order by {order}")) == expected.split()


def test_order_by_an_attribute_of_a_subtype(site):
    assert ids(site.query("Resource where id in (u1, u2, u3, g1) order by username desc")) == [
        "u3",
        "u2",
        "u1",
        "g1",
    ]


@pytest.mark.parametrize(
    ("page", "expected", "following"),
    [
        ("limit 2", "v1 v2", 2),
        ("limit 3", "v1 v2 v3", 3),
        ("limit 4", "v1 v2 v3 v4", None),  # A full last page.
        ("limit 5", "v1 v2 v3 v4", None),
        ("offset 1 limit 2", "v2 v3", 3),
        ("limit 2 offset 1", "v2 v3", 3),
        ("offset 2 limit 2", "v3 v4", None),
        ("offset 3", "v4", None),
        ("offset 4 limit 2", "", None),
        ("offset 100", "", None),
        ("limit 0", "", None),
        ("offset 99999999999999999 limit 99999999999999999", "", None),
        ("limit 99999999999999999", "v1 v2 v3 v4", None),
        ("", "v1 v2 v3 v4", None),
    ],
)
def test_pages(site, page, expected, following):
    records, offset = site.page(f"AssetVersion {page}")
    assert ids(records) == expected.split()
    assert offset == following


def test_pages_put_together_are_the_whole(site):
    whole = site.query("Status order by state.name desc")
    pages, offset = [], 0
    while offset is not None:
        records, following = site.page(f"Status order by state.name desc offset {offset} limit 2")
        pages.extend(records)
        assert following is None or following == offset + 2
        offset = following
    assert ids(pages) == ids(whole)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("select count(id) from AssetVersion", [{"count_id": 4}]),
        ("select count(task_id), count(id) from AssetVersion", [{"count_task_id": 3, "count_id": 4}]),
        (
            "select count(id), asset_id from AssetVersion group by asset_id order by asset_id",
            [
                {"count_id": 2, "asset_id": "a1"},
                {"count_id": 1, "asset_id": "a2"},
                {"count_id": 1, "asset_id": "a3"},
            ],
        ),
        (
            """
            select asset.name, max(version), min(version), sum(version), avg(version) from AssetVersion
                group by asset.name order by asset.name desc limit 1
            """,
            [
                {
                    "asset.name": "main",
                    "max_version": 10,
                    "min_version": 1,
                    "sum_version": 13,
                    "avg_version": 13 / 3,
                }
            ],
        ),
        (
            "select max(date), user from AssetVersion where user is u1 group by user",
            [{"max_date": {"__type__": "datetime", "value": "2024-03-02T00:00:00"}, "user": "u1"}],
        ),
        ("select count(id) from Task where name is nothing", [{"count_id": 0}]),
        ("select count(id), name from Task where name is nothing group by name", []),
        (
            "select __entity_type__, count(id) from Resource where id in (u1, u2, g1) group by __entity_type__",
            None,
        ),
        ("AssetVersion group by version order by version offset 1", [{"version": 2}, {"version": 10}]),
    ],
)
def test_groups(site, expression, expected):
    found = site.query(expression)
    if expected is None:
        expected = [{"__entity_type__": "Group", "count_id": 1}, {"__entity_type__": "User", "count_id": 2}]
        found.sort(key=lambda row: row["__entity_type__"])
    assert found == expected


def test_pages_of_groups(site):
    text = "select count(id), version from AssetVersion group by version order by version"
    records, offset = site.page(f"{text} limit 2")
    assert [record["version"] for record in records] == [1, 2]
    assert offset == 2
    assert site.page(f"{text} offset 2 limit 2") == ([{"count_id": 1, "version": 10}], None)
