"""Results of queries against a filter in Python over the same rows.

Criteria are made at random, written as text, parsed and compiled by the server, and told apart from what is found
by a plain evaluation of the tree: three-valued for attributes, two-valued for whatever is asked over a relation.
"""

from __future__ import annotations

import datetime as dt
import operator
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftrack_review.protocol import grammar
from ftrack_review.protocol.tree import (
    And,
    Comparison,
    Membership,
    Not,
    Or,
    Order,
    Path,
    Relation,
    Segment,
    Statement,
    Value,
)
from tests.query_site import Site

TEXTS = [
    "",
    "a",
    "A",
    "ab",
    "a_b",
    "a%b",
    "50%",
    "none",
    "4",
    "Ünï",
    "ünï",
    'q"q',
    "q'q",
    "b\\c",
    "axb",
    " a ",
]
NUMBERS = [-1, 0, 1, 2, 2.5, 10]
TIMES = ["2024-01-01T00:00:00", "2024-01-31T12:30:00", "2024-02-29T23:59:59"]

# Attributes by entity type: kind, and the type behind a relation.
SCHEMA = {
    "AssetVersion": {
        "comment": "text",
        "version": "number",
        "date": "time",
        "is_published": "boolean",
        "asset": ("has", "Asset"),
        "task": ("has", "Task"),
        "metadata": ("any", "Metadata"),
        "components": ("any", "Component"),
    },
    "Asset": {"name": "text", "versions": ("any", "AssetVersion"), "parent": ("has", "Context")},
    "Task": {"name": "text", "bid": "number", "end_date": "time", "parent": ("has", "Context")},
    "Context": {"name": "text", "children": ("any", "Context")},
    "Metadata": {"key": "text", "value": "text"},
    "Component": {"name": "text", "size": "number"},
}


class Rows:
    """The rows of a site as plain objects that know each other."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.by_id = {}
        self.versions = []


@pytest.fixture(scope="module")
def rows(tmp_path_factory, new_database):
    made = Rows(Site(tmp_path_factory.mktemp("property-site"), new_database()))
    _fill(made, random.Random(20240501))
    yield made
    made.site.close()


def _fill(rows: Rows, chance: random.Random) -> None:
    def text():
        return chance.choice([None, *TEXTS])

    def add(entity_type, entries, table=None):
        rows.site.add(entity_type, [dict(entry) for entry in entries])
        for entry in entries:
            entry["__type__"] = table or entity_type
            if "id" in entry:
                rows.by_id[entry["id"]] = entry

    shots = [{"id": f"s{i}", "name": text()} for i in range(6)]
    for i, shot in enumerate(shots):
        shot["parent_id"] = f"s{i // 2 - 1}" if i > 3 else None
    tasks = [
        {
            "id": f"t{i}",
            "name": text(),
            "parent_id": chance.choice([None, "s0", "s1", "s2", "s4"]),
            "bid": chance.choice([None, *NUMBERS]),
            "end_date": chance.choice([None, *TIMES]),
        }
        for i in range(12)
    ]
    assets = [
        {"id": f"a{i}", "name": text(), "context_id": chance.choice(["s0", "s3", "t1"])} for i in range(6)
    ]
    versions = [
        {
            "id": f"v{i:02d}",
            "asset_id": chance.choice([None, "a0", "a1", "a2", "a3"]),
            "task_id": chance.choice([None, *[task["id"] for task in tasks]]),
            "comment": text(),
            "version": chance.choice([None, -1, 0, 1, 2, 10]),
            "date": chance.choice([None, *TIMES]),
            "is_published": chance.choice([None, True, False]),
        }
        for i in range(40)
    ]
    metadata = [
        {"parent_id": version["id"], "parent_type": "AssetVersion", "key": key, "value": text()}
        for version in versions
        for key in ("a", "ab", "4")
        if chance.random() < 0.4
    ]
    components = [
        {
            "id": f"c{i}",
            "name": text(),
            "size": chance.choice([None, 0, 1, 10]),
            "version_id": f"v{i % 25:02d}",
        }
        for i in range(30)
    ]
    add("Shot", shots, "Context")
    add("Task", tasks)
    add("Asset", assets)
    add("AssetVersion", versions)
    add("Metadata", metadata)
    add("FileComponent", components, "Component")
    rows.versions = versions
    for entry in [*shots, *tasks]:
        entry["children"] = [other for other in [*shots, *tasks] if other.get("parent_id") == entry["id"]]
        entry["parent"] = rows.by_id.get(entry["parent_id"])
    for asset in assets:
        asset["parent"] = rows.by_id[asset["context_id"]]
        asset["versions"] = [version for version in versions if version["asset_id"] == asset["id"]]
    for version in versions:
        version["asset"] = rows.by_id.get(version["asset_id"])
        version["task"] = rows.by_id.get(version["task_id"])
        version["metadata"] = [entry for entry in metadata if entry["parent_id"] == version["id"]]
        version["components"] = [entry for entry in components if entry["version_id"] == version["id"]]


# The filter.

COMPARE = {"is": operator.eq, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


def holds(entry, criteria):
    """Return True, False, or None for unknown."""
    if isinstance(criteria, Not):
        inner = holds(entry, criteria.item)
        return None if inner is None else not inner
    if isinstance(criteria, (And, Or)):
        results = [holds(entry, item) for item in criteria.items]
        decisive = isinstance(criteria, Or)
        if decisive in results:
            return decisive
        return None if None in results else not decisive
    segments = criteria.path.segments
    is_relation = isinstance(criteria, Relation)
    if len(segments) > 1 or is_relation:
        targets = entry[segments[0].name]
        targets = targets if isinstance(targets, list) else [targets] if targets is not None else []
        if len(segments) > 1:
            rest = _shorten(criteria)
            return any(holds(target, rest) is True for target in targets)
        if criteria.criteria is None:
            return bool(targets)
        return any(holds(target, criteria.criteria) is True for target in targets)
    kind = SCHEMA[entry["__type__"]][segments[0].name]
    return compare(kind, entry[segments[0].name], criteria)


def _shorten(criteria):
    path = Path(criteria.path.segments[1:])
    if isinstance(criteria, Comparison):
        return Comparison(path, criteria.operator, criteria.value)
    if isinstance(criteria, Membership):
        return Membership(path, criteria.values, criteria.negated)
    return Relation(path, criteria.quantifier, criteria.criteria)


def compare(kind, value, criteria):
    if isinstance(criteria, Membership):
        if value is None:
            return None
        found = value in [literal(kind, item) for item in criteria.values if not item.is_null]
        return found != criteria.negated
    name = criteria.operator
    if criteria.value.is_null:
        if name not in ("is", "is_not"):
            return None
        return (value is None) == (name == "is")
    if value is None:
        return None
    if name in ("like", "not_like"):
        return matches(criteria.value.text, as_text(kind, value)) == (name == "like")
    wanted = literal(kind, criteria.value)
    if name == "is_not":
        return value != wanted
    return COMPARE[name](value, wanted)


def literal(kind, value):
    if kind == "number":
        return float(value.text)
    if kind == "boolean":
        return value.text.lower() in ("true", "1")
    if kind == "time":
        moment = dt.datetime.fromisoformat(value.text.replace("Z", "+00:00"))
        if moment.tzinfo is not None:
            moment = moment.astimezone(dt.timezone.utc).replace(tzinfo=None)
        return moment.replace(microsecond=0).isoformat()
    return value.text.replace("\\%", "%")


def as_text(kind, value):
    if kind == "text" or kind == "time":
        return value
    return str(int(value)) if kind == "boolean" else str(value)


def matches(pattern, text):
    """Match without regular expressions: what stands between the percent signs must follow in order."""
    parts = [part.replace("\0", "%").lower() for part in pattern.replace("\\%", "\0").split("%")]
    text = text.lower()
    if len(parts) == 1:
        return text == parts[0]
    if not text.startswith(parts[0]) or len(text) < len(parts[0]) + len(parts[-1]):
        return False
    end = len(text) - len(parts[-1])
    if text[end:] != parts[-1]:
        return False
    place = len(parts[0])
    for part in parts[1:-1]:
        place = text.find(part, place, end)
        if place < 0:
            return False
        place += len(part)
    return True


# Criteria.


def literals(kind):
    if kind == "number":
        return st.sampled_from(NUMBERS).flatmap(
            lambda number: st.booleans().map(lambda quoted: Value(str(number), quoted))
        )
    if kind == "boolean":
        return st.sampled_from(
            [Value(text, quoted) for text in ("True", "false", "1", "0") for quoted in (0, 1)]
        )
    if kind == "time":
        forms = ["", "Z", ".123456", "+00:00"]
        return st.builds(
            lambda time, form: Value(time + form, True), st.sampled_from(TIMES), st.sampled_from(forms)
        )
    return st.sampled_from(TEXTS).map(lambda text: Value(text, True))


PATTERNS = st.lists(
    st.sampled_from(["%", "\\%", "_", "a", "A", "b", "ü", "Ü", "N", "4", "none", "q", "'", " "]), max_size=4
).map(lambda parts: Value("".join(parts), True))

NULL = Value("none")


@st.composite
def leaves(draw, entity_type, prefix=()):
    name = draw(
        st.sampled_from([name for name, kind in SCHEMA[entity_type].items() if isinstance(kind, str)])
    )
    kind = SCHEMA[entity_type][name]
    path = Path((*prefix, Segment(name)))
    values = st.one_of(literals(kind), literals(kind), st.just(NULL))
    shape = draw(st.sampled_from(["compare", "compare", "in", "like"]))
    if shape == "in":
        return Membership(path, tuple(draw(st.lists(values, max_size=3))), draw(st.booleans()))
    if shape == "like" and kind == "text":
        return Comparison(path, draw(st.sampled_from(["like", "not_like"])), draw(PATTERNS))
    operators = ["is", "is_not"] if kind == "boolean" else ["is", "is_not", ">", ">=", "<", "<="]
    return Comparison(path, draw(st.sampled_from(operators)), draw(values))


@st.composite
def related(draw, entity_type, depth):
    relations = [(name, kind) for name, kind in SCHEMA[entity_type].items() if not isinstance(kind, str)]
    if not relations:
        return draw(leaves(entity_type))
    name, (quantifier, target) = draw(st.sampled_from(relations))
    path = Path((Segment(name),))
    shape = draw(st.sampled_from(["path", "path", "longer", "exists", "criteria"]))
    if shape == "exists":
        return Relation(path, quantifier)
    if shape == "criteria" and depth > 0:
        return Relation(path, quantifier, draw(criteria(target, depth - 1)))
    further = [(other, kind[1]) for other, kind in SCHEMA[target].items() if not isinstance(kind, str)]
    if shape == "longer" and further:
        other, last = draw(st.sampled_from(further))
        return draw(leaves(last, (Segment(name), Segment(other))))
    return draw(leaves(target, (Segment(name),)))


@st.composite
def criteria(draw, entity_type="AssetVersion", depth=3):
    if depth == 0:
        return draw(leaves(entity_type))
    shape = draw(st.sampled_from(["leaf", "related", "related", "and", "or", "not"]))
    if shape == "leaf":
        return draw(leaves(entity_type))
    if shape == "related":
        return draw(related(entity_type, depth))
    if shape == "not":
        return Not(draw(criteria(entity_type, depth - 1)))
    items = draw(st.lists(criteria(entity_type, depth - 1), min_size=2, max_size=3))
    return And(tuple(items)) if shape == "and" else Or(tuple(items))


RELAXED = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@RELAXED
@given(found=criteria())
def test_criteria_find_what_a_filter_finds(rows, found):
    expected = [version["id"] for version in rows.versions if holds(version, found) is True]
    statement = Statement("AssetVersion", criteria=found)
    assert [record["id"] for record in rows.site.query(grammar.format(statement))] == expected
    assert [record["id"] for record in rows.site.query(statement)] == expected


ORDERS = {
    "version": lambda version: version["version"],
    "comment": lambda version: version["comment"],
    "date": lambda version: version["date"],
    "is_published": lambda version: version["is_published"],
    "task.bid": lambda version: version["task"] and version["task"]["bid"],
    "asset.name": lambda version: version["asset"] and version["asset"]["name"],
}


@RELAXED
@given(
    orders=st.lists(st.tuples(st.sampled_from(sorted(ORDERS)), st.booleans()), max_size=3),
    offset=st.one_of(st.none(), st.integers(0, 45)),
    limit=st.one_of(st.none(), st.integers(0, 45)),
)
def test_order_and_pages_are_those_of_a_sort(rows, orders, offset, limit):
    expected = list(rows.versions)
    for path, descending in reversed(orders):
        key = ORDERS[path]
        # Nulls are smallest. A reversed sort keeps the order of equals, as the database does.
        expected.sort(
            key=lambda version, key=key: (
                key(version) is not None,
                key(version) if key(version) is not None else 0,
            ),
            reverse=descending,
        )
    statement = Statement(
        "AssetVersion",
        order_by=tuple(
            Order(Path(tuple(Segment(name) for name in path.split("."))), descending)
            for path, descending in orders
        ),
        offset=offset,
        limit=limit,
    )
    start = offset or 0
    end = len(expected) if limit is None else start + limit
    records, following = rows.site.page(grammar.format(statement))
    assert [record["id"] for record in records] == [version["id"] for version in expected[start:end]]
    assert following == (end if limit and end < len(expected) else None)
