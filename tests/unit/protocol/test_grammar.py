"""The query language as scripts in the wild write it."""

import subprocess
import sys
import time
import uuid

import pytest

from ftrack_review.exception import ParseError, QueryError
from ftrack_review.protocol import grammar
from ftrack_review.protocol.tree import (
    And,
    Comparison,
    Membership,
    Not,
    Or,
    Order,
    Path,
    Projection,
    Relation,
    Segment,
    Statement,
    Value,
)


def path(text):
    return Path(tuple(Segment(name) for name in text.split(".")))


def quoted(text):
    return Value(text, quoted=True)


def is_(name, value, operator="is"):
    return Comparison(path(name), operator, value if isinstance(value, Value) else Value(value))


CRITERIA = {
    # The client's own.
    "id is 3a37-0b": is_("id", "3a37-0b"),
    "id in (a-1,b-2)": Membership(path("id"), (Value("a-1"), Value("b-2"))),
    '(parent_id is "x"and key is "y") or (key is k)': Or(
        (And((is_("parent_id", quoted("x")), is_("key", quoted("y")))), is_("key", "k"))
    ),
    # Operators.
    "a = b": is_("a", "b"),
    "a=b": is_("a", "b"),
    'a="b"': is_("a", quoted("b")),
    "a IS b": is_("a", "b"),
    "a != None": is_("a", "None", "is_not"),
    "a is_not none": is_("a", "none", "is_not"),
    "version>3": is_("version", "3", ">"),
    "a after 2018-05-25": is_("a", "2018-05-25", ">"),
    "a greater_than 1": is_("a", "1", ">"),
    "a before '2022-01-01T00:00:00.000Z'": is_("a", quoted("2022-01-01T00:00:00.000Z"), "<"),
    "a less_than 1": is_("a", "1", "<"),
    "a >= 1": is_("a", "1", ">="),
    "a <= 1": is_("a", "1", "<="),
    'a like "%sky%"': is_("a", quoted("%sky%"), "like"),
    'a not_like "x%"': is_("a", quoted("x%"), "not_like"),
    # Values without quotes.
    "username is jane.doe": is_("username", "jane.doe"),
    "username is jane@studio.com": is_("username", "jane@studio.com"),
    "created_at > 2022-10-10T10:12:09+00:00": is_("created_at", "2022-10-10T10:12:09+00:00", ">"),
    "state.short is NOT_STARTED": is_("state.short", "NOT_STARTED"),
    "is_latest_version is True": is_("is_latest_version", "True"),
    "bid is -1.5": is_("bid", "-1.5"),
    "name is Ärger": is_("name", "Ärger"),
    # Quotes and escapes.
    "a is 'it\\'s'": is_("a", quoted("it's")),
    'a is "say \\"hi\\""': is_("a", quoted('say "hi"')),
    'a is "it\'s"': is_("a", quoted("it's")),
    'a is "C:\\\\proj\\\\x"': is_("a", quoted("C:\\proj\\x")),
    'a is "C:\\proj\\x"': is_("a", quoted("C:\\proj\\x")),
    'a like "50\\%"': is_("a", quoted("50\\%"), "like"),
    'a is ""': is_("a", quoted("")),
    'a is "none"': is_("a", quoted("none")),
    'a is "x) and (y"': is_("a", quoted("x) and (y")),
    'a is "tab\there"': is_("a", quoted("tab\there")),
    # Lists.
    "a in(b,c)": Membership(path("a"), (Value("b"), Value("c"))),
    "a in ('b', 'c',)": Membership(path("a"), (quoted("b"), quoted("c"))),
    "a in ('b' , \"c\" )": Membership(path("a"), (quoted("b"), quoted("c"))),
    "a in ()": Membership(path("a"), ()),
    'a in ("")': Membership(path("a"), (quoted(""),)),
    "a in (none)": Membership(path("a"), (Value("none"),)),
    'a not_in ("x, y", "(z)")': Membership(path("a"), (quoted("x, y"), quoted("(z)")), negated=True),
    # Relations.
    "not in_reply_to has ()": Not(Relation(path("in_reply_to"), "has")),
    "timelogs any()": Relation(path("timelogs"), "any"),
    "notes ANY (content like a)": Relation(path("notes"), "any", is_("content", "a", "like")),
    "metadata any(key is k and value is v)": Relation(
        path("metadata"), "any", And((is_("key", "k"), is_("value", "v")))
    ),
    "parent[TypedContext].type.name is x": Comparison(
        Path((Segment("parent", "TypedContext"), Segment("type"), Segment("name"))), "is", Value("x")
    ),
    # Attributes named like keywords.
    "limit is 3 and order is 4": And((is_("limit", "3"), is_("order", "4"))),
    "group = a or key=b": Or((is_("group", "a"), is_("key", "b"))),
    "in in (in)": Membership(path("in"), (Value("in"),)),
    "any any (is is is)": Relation(path("any"), "any", is_("is", "is")),
    "not like like like": Not(is_("like", "like", "like")),
    "select is from": is_("select", "from"),
    # Structure.
    "a is 1 or b is 2 and c is 3": Or((is_("a", "1"), And((is_("b", "2"), is_("c", "3"))))),
    "(a is 1 or b is 2)and(c is 3)": And((Or((is_("a", "1"), is_("b", "2"))), is_("c", "3"))),
    "not(a is 1)": Not(is_("a", "1")),
    "NOT not a is 1": Not(Not(is_("a", "1"))),
    "((a is 1))": is_("a", "1"),
    "id in (select task_id from Timelog where user_id is u order by start limit 3) and a is 1": And(
        (
            Membership(
                path("id"),
                Statement(
                    "Timelog",
                    (Projection(path("task_id")),),
                    is_("user_id", "u"),
                    order_by=(Order(path("start")),),
                    limit=3,
                ),
            ),
            is_("a", "1"),
        )
    ),
    "id not_in (Asset where name is x)": Membership(
        path("id"), Statement("Asset", (), is_("name", "x")), negated=True
    ),
}


@pytest.mark.parametrize("text", CRITERIA)
def test_criteria(text):
    assert grammar.parse_criteria(text) == CRITERIA[text]
    assert grammar.parse(f"Task where {text}").criteria == CRITERIA[text]
    gap = "" if text[-1] in "\")'" else " "
    assert grammar.parse(f"Task where {text}{gap}order by name").criteria == CRITERIA[text]


STATEMENTS = {
    "Task": Statement("Task"),
    " \n\tTask \n": Statement("Task"),
    "select name from Task": Statement("Task", (Projection(path("name")),)),
    "SELECT name , status.name,\n  id FROM Task": Statement(
        "Task", (Projection(path("name")), Projection(path("status.name")), Projection(path("id")))
    ),
    "select id, id from Task": Statement("Task", (Projection(path("id")), Projection(path("id")))),
    "select __entity_type__, from, limit from Event": Statement(
        "Event", tuple(Projection(path(name)) for name in ("__entity_type__", "from", "limit"))
    ),
    "select * from Note": Statement("Note"),
    "select count(id), status_id from Task group by status_id, type_id": Statement(
        "Task",
        (Projection(path("id"), "count"), Projection(path("status_id"))),
        group_by=(path("status_id"), path("type_id")),
    ),
    "select count, sum (bid) from Task": Statement(
        "Task", (Projection(path("count")), Projection(path("bid"), "sum"))
    ),
    'Task where a is "main"order by a.b desc, c ascending,d': Statement(
        "Task",
        (),
        is_("a", quoted("main")),
        order_by=(Order(path("a.b"), descending=True), Order(path("c")), Order(path("d"))),
    ),
    "Task order by order desc, desc limit 3": Statement(
        "Task", order_by=(Order(path("order"), descending=True), Order(path("desc"))), limit=3
    ),
    "Task offset 5 limit 3": Statement("Task", offset=5, limit=3),
    "Task limit 3  offset 5": Statement("Task", offset=5, limit=3),
    "Task LIMIT 3 order by name": Statement("Task", order_by=(Order(path("name")),), limit=3),
    "Task limit 0": Statement("Task", limit=0),
    "Group group by group": Statement("Group", group_by=(path("group"),)),
}


@pytest.mark.parametrize("text", STATEMENTS)
def test_statements(text):
    assert grammar.parse(text) == STATEMENTS[text]


FAULTS = {
    "": (0, "an entity type"),
    "Task where": (10, "an attribute"),
    "Task where name": (15, "an operator"),
    "Task where name is": (18, "a value"),
    "Task where name is not none": (23, 'Write "is_not"'),
    'Task where name not in ("a")': (16, 'Write "not_in"'),
    "Task where (name is a": (21, "parenthesis at character 11"),
    "Task where name is a)": (20, "no parenthesis is open"),
    "Task where name is a name": (21, '"and"'),
    "Task where name is a and": (24, "an attribute"),
    "select a, from Task": (15, '"from"'),
    "select a Task": (9, '"from"'),
    'Task where name in ("a" "b")': (24, "a comma"),
    'Task where name in ("a",,"b")': (24, "a value"),
    'Task where name is "abc': (19, "a value"),
    "Task limit x": (11, "a number"),
    "Task limit -1": (11, "a number"),
    "Task limit 3 limit 4": (13, 'no second "limit"'),
    "Task where a == 3": (14, 'Write "="'),
    "Task where x is 1 limit 3 and y is 2": (26, "the end of the query"),
    "Task where (x is 1 limit 3)": (19, '")"'),
    "Task where a is 1 ; drop": (18, "the end"),
    "select sum(x from Task": (13, '")"'),
    "Task where id in (select a from)": (31, "an entity type"),
    "Task order by": (13, "an attribute"),
    "Task where a.b. is c": (19, "an operator"),
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_told_with_its_place(text):
    position, expected = FAULTS[text]
    with pytest.raises(QueryError) as caught:
        grammar.parse(text)
    assert caught.value.position == position
    assert caught.value.expression == text
    assert expected in str(caught.value)
    assert isinstance(caught.value, (ParseError, ValueError))


def test_a_clause_behind_criteria_alone_is_refused():
    with pytest.raises(QueryError) as caught:
        grammar.parse_criteria("a is 1 limit 3")
    assert caught.value.position == 7


def test_braces_in_a_query_can_be_told():
    with pytest.raises(QueryError) as caught:
        grammar.parse("Task where name is {name}")
    assert "{name}" in str(caught.value)


@pytest.mark.parametrize(
    ("opening", "closing", "position"),
    [("(", ")", 11 + 100), ("not ", "", 11 + 400), ("a any (", ")", 11 + 700 + 6)],
)
def test_deep_nesting_is_refused_at_once(opening, closing, position):
    def nested(depth):
        return "Task where " + opening * depth + "a is 1" + closing * depth

    assert grammar.parse(nested(grammar.MAXIMUM_DEPTH)).criteria is not None
    for depth in (grammar.MAXIMUM_DEPTH + 1, 20_000):
        with pytest.raises(QueryError) as caught:
            grammar.parse(nested(depth))
        assert caught.value.position == position


def test_nested_queries_count_too():
    text = "a is 1"
    for _ in range(grammar.MAXIMUM_DEPTH + 1):
        text = f"id in (select id from Task where {text})"
    with pytest.raises(QueryError, match="nests deeper"):
        grammar.parse(f"Task where {text}")


HOSTILE = {
    "a long bare word": "Task where a in (" + "a" * 50_000 + " b)",
    "escapes without end": 'Task where not a is "' + '\\"' * 50_000,
    "dots without end": "Task where " + "a." * 50_000 + "!",
    "blanks": "Task where a" + " " * 50_000 + "!",
    "many blanks": "select a" + (" " * 200 + ",b") * 500 + " from",
    "an open list": "Task where a in (" + '"x",' * 20_000,
    "closing": "Task where a is 1" + ")" * 5_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_length_only(name):
    """A pattern that goes back over the text takes minutes here, a linear one some milliseconds."""
    text = HOSTILE[name]
    started = time.perf_counter()
    with pytest.raises(QueryError):
        grammar.parse(text)
    assert time.perf_counter() - started < 10


def test_long_lists_are_read_whole():
    ids = [str(uuid.uuid4()) for _ in range(5_000)]
    for text in ('", "'.join(ids).join(['"', '"']), ",".join(ids), "', '".join(ids).join(["'", "',"])):
        criteria = grammar.parse(f"Task where id in ({text})").criteria
        assert [value.text for value in criteria.values] == ids


def test_common_queries_need_no_pyparsing():
    program = """
import sys
from ftrack_review.protocol import grammar
for text in (
    'Task', 'select id, name from Task where name is "x" and status.name in ("a", b) order by name desc limit 5',
    'Metadata where (parent_id is "x"and key is "y") or (parent_id is z and key is k)',
    'select name from Task where id is "x" offset 0 limit 500',
    'Note where metadata any (key is "k") and parent_id is y',
):
    grammar.parse(text)
assert "pyparsing" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_positions_tell_where_things_are():
    for text in (
        "Task where a is b and parent[Shot].x is_not 'c'",
        "Task where not a is b and parent[Shot].x is 'c'",
    ):
        first, second = grammar.parse(text).criteria.items
        first = getattr(first, "item", first)
        assert text[first.path.position] == "a"
        assert text[first.value.position] == "b"
        assert text[second.path.segments[1].position] == "x"
        assert text[second.value.position] == "'"


class TestFormat:
    def test_everything_in_its_order(self):
        statement = Statement(
            "Task",
            (Projection(path("id"), "count"), Projection(path("a.b"))),
            Or(
                (
                    And((is_("a", quoted("x")), Not(Or((is_("b", "1"), is_("c", "2")))))),
                    Relation(path("d"), "any"),
                )
            ),
            (path("a.b"),),
            (Order(path("e"), descending=True), Order(path("f"))),
            10,
            5,
        )
        assert grammar.format(statement) == (
            'select count(id), a.b from Task where a is "x" and not (b is 1 or c is 2) or d any () '
            "group by a.b order by e descending, f offset 10 limit 5"
        )

    def test_a_bare_value_that_is_no_word_is_quoted(self):
        assert grammar.format_criteria(is_("a", Value('x" or b is "y'))) == 'a is "x\\" or b is \\"y"'

    @pytest.mark.parametrize("name", ["", "a b", "a.b", "a)", "1a", "a\n"])
    def test_names_are_checked(self, name):
        with pytest.raises(QueryError):
            grammar.format(Statement("Task", (Projection(Path((Segment(name),))),)))
        with pytest.raises(QueryError):
            grammar.format(Statement("Task", (Projection(Path((Segment("a", name),))),)))

    def test_a_query_in_a_query_stays_one(self):
        criteria = Membership(path("id"), Statement("Task"))
        assert grammar.format_criteria(criteria) == "id in (select * from Task)"
        assert grammar.parse_criteria("id in (select * from Task)") == criteria


class TestRewriting:
    def test_projections_are_added_once(self):
        statement = grammar.parse("select name, id from Task where a is 1")
        added = grammar.with_projections(
            statement, ["id", path("status.name"), Projection(path("bid"), "sum")]
        )
        assert grammar.format(added) == "select name, id, status.name, sum(bid) from Task where a is 1"
        assert statement == grammar.parse("select name, id from Task where a is 1")

    def test_a_page_takes_the_place_of_the_former(self):
        statement = grammar.parse("Task limit 3 offset 1")
        assert grammar.format(grammar.with_page(statement, offset=0, limit=500)) == "Task offset 0 limit 500"
        assert grammar.format(grammar.with_page(statement)) == "Task"

    def test_criteria_are_added(self):
        one, two, three = is_("a", "1"), is_("b", "2"), Or((is_("c", "3"), is_("d", "4")))
        statement = grammar.with_criteria(Statement("Task"), one)
        statement = grammar.with_criteria(grammar.with_criteria(statement, two), three)
        assert grammar.format(statement) == "Task where a is 1 and b is 2 and (c is 3 or d is 4)"


def test_literals_of_python_values():
    import datetime as dt

    import arrow

    moment = dt.datetime(2024, 2, 29, 12, tzinfo=dt.timezone.utc)
    assert grammar.literal(None) == Value("none")
    assert grammar.literal(True) == Value("True")
    assert grammar.literal(3) == Value("3")
    assert grammar.literal(-1.5e-9) == Value("-1.5e-09")
    assert grammar.literal("none") == quoted("none")
    assert (
        grammar.literal(moment) == grammar.literal(arrow.get(moment)) == quoted("2024-02-29T12:00:00+00:00")
    )
    with pytest.raises(ValueError, match="nan"):
        grammar.literal(float("nan"))
    with pytest.raises(TypeError, match="object"):
        grammar.literal(object())


def test_paths():
    assert grammar.parse_path(" parent[Shot].name ") == Path((Segment("parent", "Shot"), Segment("name")))
    for text in ("", "a..b", "a b", "a[", "a is 1"):
        with pytest.raises(QueryError):
            grammar.parse_path(text)


@pytest.mark.parametrize(
    "texts", [["a"], ["b", "a"], ['say "hi"', "back\\slash", "(x), y"], iter(["a", "b"])]
)
def test_a_list_of_texts_reads_back_as_those(texts):
    texts = list(texts)
    tree = grammar.parse(f"Task where id in {grammar.quote_list(iter(texts))}")
    assert [value.text for value in tree.criteria.values] == texts


def test_a_list_of_none_is_legal_and_finds_nothing():
    assert grammar.quote_list([]) == '("")'
