"""How many statements a query takes: one, and one for each path, whatever the number of rows."""

from __future__ import annotations

import pytest

from tests.benchmarks.statement_counts import DEPTHS, ROWS, fill, measure
from tests.query_site import TASK_TYPE, Site, custom_attribute

# Paths of growing depth, and how many statements they take.
PATHS = [
    ("version", 1),
    ("asset.name", 2),
    ("asset.name, task.name, user.username", 4),
    ("asset.parent.name", 3),
    ("asset.parent.project.name", 4),
    ("asset.parent.project.project_schema.name", 5),
    ("components.name", 2),
    ("components.component_locations.resource_identifier", 3),
    ("notes.replies.recipients.resource_id", 4),
    ("asset.versions.components.component_locations.location.name", 6),
    ("metadata", 2),
    ("custom_attributes", 2),
    ("task.custom_attributes.configuration.key", 4),
    ("asset.ancestors.name", 3),
    ("link", 3),
    ("task.status.name, task.status.state.short, task.status.state.name", 4),
]


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """A thousand versions, each with company."""
    site = Site(tmp_path_factory.mktemp("crowd"))
    schema = site.query("ProjectSchema limit 1")[0]["id"]
    statuses = [record["id"] for record in site.query("Status")]
    count = 1_000
    site.add("CustomAttributeConfiguration", [custom_attribute("level", "task", 1, object_type_id=TASK_TYPE)])
    site.add("User", [{"id": f"u{i}", "username": f"user{i}"} for i in range(20)])
    site.add(
        "Project",
        [{"id": f"p{i}", "name": f"p{i}", "project_schema_id": schema} for i in range(3)],
    )
    site.add(
        "Shot",
        [
            {"id": f"sh{i}", "name": f"sh{i}", "parent_id": f"p{i % 3}", "project_id": f"p{i % 3}"}
            for i in range(50)
        ],
    )
    site.add(
        "Task",
        [
            {
                "id": f"t{i}",
                "name": f"t{i}",
                "parent_id": f"sh{i % 50}",
                "project_id": f"p{i % 50 % 3}",
                "status_id": statuses[i % len(statuses)],
            }
            for i in range(100)
        ],
    )
    site.add("Asset", [{"id": f"a{i}", "name": f"a{i}", "context_id": f"sh{i % 50}"} for i in range(200)])
    site.add(
        "AssetVersion",
        [
            {
                "id": f"v{i:04d}",
                "asset_id": f"a{i % 200}",
                "task_id": f"t{i % 100}",
                "user_id": f"u{i % 20}",
                "version": i // 200 + 1,
                "date": f"2024-01-{i % 28 + 1:02d}T00:00:00",
            }
            for i in range(count)
        ],
    )
    site.add(
        "FileComponent", [{"id": f"c{i}", "name": "main", "version_id": f"v{i:04d}"} for i in range(count)]
    )
    site.add(
        "ComponentLocation",
        [
            {"id": f"cl{i}", "component_id": f"c{i}", "location_id": "3a372bde-05bc-11e4-8908-20c9d081909b"}
            for i in range(count)
        ],
    )
    note = {"parent_type": "AssetVersion"}
    site.add("Note", [{**note, "id": f"n{i}", "parent_id": f"v{i:04d}"} for i in range(count)])
    site.add("Note", [{**note, "id": f"r{i}", "in_reply_to_id": f"n{i}"} for i in range(count)])
    site.add("Recipient", [{"note_id": f"r{i}", "resource_id": "u1"} for i in range(count)])
    site.add("Metadata", [{**note, "parent_id": f"v{i:04d}", "key": "k", "value": "x"} for i in range(count)])
    yield site
    site.close()


@pytest.mark.parametrize("denormalize", [False, True])
@pytest.mark.parametrize(("paths", "expected"), PATHS)
def test_statements_do_not_depend_on_the_number_of_rows(crowd, paths, expected, denormalize):
    for rows in (1, 100, 1_000):
        with crowd.store.recorded() as statements:
            records, _ = crowd.page(f"select {paths} from AssetVersion limit {rows}", denormalize=denormalize)
        assert len(records) == rows
        assert len(statements) == expected


def test_nothing_to_follow_takes_no_statement(crowd):
    with crowd.store.recorded() as statements:
        crowd.page("select asset.parent.project.name from AssetVersion where id is nothing")
    assert len(statements) == 1


def test_types_in_one_place_share_their_statements(crowd):
    """Shots and tasks have the same relations, which are loaded together."""
    with crowd.store.recorded() as statements:
        crowd.page("select project.name, status.state.name, assignments.resource.username from TypedContext")
    assert len(statements) == 5


def test_a_shape_is_compiled_once(crowd):
    from ftrack_review.server import sql

    plans = {
        sql.prepare(crowd.catalogue, f'select name from Task where name is "{name}" limit {limit}')[
            0
        ].statement
        for name, limit in (("a", 1), ("b", 2), ("c", 3))
    }
    assert len(plans) == 1


@pytest.mark.parametrize(
    ("expression", "index"),
    [
        ("AssetVersion where id is v0001", "id"),
        ("AssetVersion where asset_id is a1", "asset_id"),
        ("AssetVersion where asset.name is a1", "name"),
        ("AssetVersion where asset.parent.name is sh1", "name"),
        ("AssetVersion where metadata any (key is k and value is y)", "metadata"),
        ("Task where parent.parent.name is p1", "name"),
        ("User where username is user1", "username"),
        (
            "Metadata where " + " or ".join(f"(parent_id is v{n} and key is k)" for n in range(500)),
            "key_metadata",
        ),
        ("ContextCustomAttributeValue where configuration_id is x and entity_id is t1", "custom_attribute"),
    ],
)
def test_selective_criteria_are_answered_by_index(crowd, expression, index):
    """No table that grows is read from end to end."""
    import sqlalchemy as sa

    from ftrack_review.server import sql

    plan, parameters, _ = sql.prepare(crowd.catalogue, f"{expression} limit 10")
    with crowd.store.read() as connection:
        compiled = plan.statement.compile(
            dialect=connection._connection.dialect, compile_kwargs={"render_postcompile": True}
        )
        values = compiled.construct_params(parameters)
        text = sa.text("EXPLAIN QUERY PLAN " + _named(compiled))
        lines = [row[-1] for row in connection.run(text, values)]
    growing = [
        line
        for line in lines
        if line.startswith("SCAN") and "configuration" not in line and "VIRTUAL" not in line
    ]
    assert not growing, lines
    assert any(index in line for line in lines), lines


def _named(compiled):
    text = str(compiled)
    for name in compiled.positiontup or ():
        text = text.replace("?", f":{name}", 1)
    return text


@pytest.fixture(scope="module")
def multitude(tmp_path_factory):
    """Ten thousand versions, each with company, on the database of a laptop."""
    site = Site(tmp_path_factory.mktemp("multitude"))
    fill(site, max(ROWS))
    yield site
    site.close()


@pytest.mark.parametrize(("depth", "paths"), DEPTHS)
def test_ten_thousand_rows_take_the_statements_of_one(multitude, depth, paths):
    steps = {
        ".".join(path.split(".")[:end])
        for path in paths.split(", ")
        for end in range(1, len(path.split(".")) + (path == "metadata"))
    }
    assert depth <= len(steps)
    for rows in ROWS:
        found, statements, _ = measure(multitude, paths, rows)
        assert (found, statements) == (rows, 1 + len(steps))
