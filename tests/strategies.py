"""What hypothesis makes for the property tests: trees of queries and their texts, values, operations, expressions."""

import datetime as dt

from hypothesis import strategies as st

from ftrack_review.protocol import tree

KEYWORDS = """select from where and or not is is_not like not_like in not_in has any order by group limit offset
    asc ascending desc descending count sum min max none after before""".split()  # noqa: SIM905 - to be read.


plain_names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
# Attributes are named like keywords in the wild; only "not" cannot be told from a negation.
names = st.one_of(plain_names, st.sampled_from([word for word in KEYWORDS if word != "not"])).filter(
    lambda name: name.lower() != "not"
)
types = plain_names.filter(lambda name: name.lower() not in ("select", "not"))
segments = st.builds(tree.Segment, names, st.none() | types)
paths = st.builds(tree.Path, st.lists(segments, min_size=1, max_size=3).map(tuple))
texts = st.one_of(st.text(max_size=8), st.text(alphabet="\"'\\%() ,=\n\tab", max_size=8))
bare_texts = st.one_of(
    st.from_regex(r"[A-Za-z0-9_\-.:+@/*%]{1,10}", fullmatch=True),
    st.sampled_from(["none", "NULL", "True", "NOT_STARTED", "3", "-1.5", "2018-05-25", *KEYWORDS]),
)
values = st.one_of(
    st.builds(tree.Value, texts, st.just(True)), st.builds(tree.Value, bare_texts, st.just(False))
)
operators = st.sampled_from(["is", "is_not", "like", "not_like", ">", ">=", "<", "<="])
comparisons = st.builds(tree.Comparison, paths, operators, values)
memberships = st.builds(tree.Membership, paths, st.lists(values, max_size=4).map(tuple), st.booleans())


def _deeper(inner):
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(tree.And, several),
        st.builds(tree.Or, several),
        st.builds(tree.Not, inner),
        st.builds(tree.Relation, paths, st.sampled_from(["has", "any"]), st.none() | inner),
        st.builds(tree.Membership, paths, statements_of(inner), st.booleans()),
    )


projections = st.builds(
    tree.Projection, paths, st.none() | st.sampled_from(["count", "sum", "avg", "min", "max"])
)
numbers = st.none() | st.integers(0, 10**6)


def statements_of(criteria):
    """Return statements whose criteria are drawn from *criteria*."""
    return st.builds(
        tree.Statement,
        types,
        st.lists(projections, max_size=3).map(tuple),
        st.none() | criteria,
        st.lists(paths, max_size=2).map(tuple),
        st.lists(st.builds(tree.Order, paths, st.booleans()), max_size=2).map(tuple),
        numbers,
        numbers,
    )


criteria = st.recursive(comparisons | memberships, _deeper, max_leaves=8)
statements = statements_of(criteria)

_ODD_SPELLINGS = {
    "is": ["is", "=", "IS"],
    "is_not": ["is_not", "!=", "Is_Not"],
    "like": ["like", "LIKE"],
    "not_like": ["not_like"],
    ">": [">", "after", "greater_than"],
    ">=": [">="],
    "<": ["<", "before", "less_than"],
    "<=": ["<="],
}


class Scribbler:
    """Writes trees as people do: odd blanks and cases, either quotes, several spellings."""

    def __init__(self, draw):
        self.draw = draw

    def pick(self, *choices):
        return self.draw(st.sampled_from(choices))

    def blank(self):
        return self.pick(" ", "  ", "\n", "\t", " \n ")

    def maybe_blank(self):
        return self.pick("", " ", "\n\t")

    def keyword(self, text):
        return self.pick(text, text.upper(), text.capitalize())

    def value(self, value):
        if not value.quoted:
            return value.text
        quote = self.pick('"', "'")
        return quote + value.text.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote

    def path(self, path):
        return str(path)

    def after(self, text):
        """Return blanks that may be left out behind a quote or parenthesis."""
        return self.maybe_blank() if text[-1] in "\"')" else self.blank()

    def joined(self, parts):
        return (self.maybe_blank() + "," + self.maybe_blank()).join(parts)

    def criteria(self, node):
        if isinstance(node, tree.Comparison):
            spelling = self.pick(*_ODD_SPELLINGS[node.operator])
            value = self.value(node.value)
            gap = self.blank() if spelling[0].isalpha() else self.maybe_blank()
            after = self.maybe_blank() if value[0] in "\"'" or not spelling[0].isalpha() else self.blank()
            return f"{self.path(node.path)}{gap}{spelling}{after}{value}"
        if isinstance(node, (tree.And, tree.Or)):
            parts = [self.enclosed(item) for item in node.items]
            text = parts[0]
            word = self.keyword("and" if isinstance(node, tree.And) else "or")
            for part in parts[1:]:
                gap = self.maybe_blank() if part[0] == "(" else self.blank()
                text += self.after(text) + word + gap + part
            return text
        if isinstance(node, tree.Not):
            return f"{self.keyword('not')}{self.maybe_blank()}({self.criteria(node.item)})"
        if isinstance(node, tree.Relation):
            inner = "" if node.criteria is None else self.criteria(node.criteria)
            word = self.keyword(node.quantifier)
            space = self.maybe_blank()
            return f"{self.path(node.path)}{self.blank()}{word}{self.maybe_blank()}({space}{inner}{space})"
        word = self.keyword("not_in" if node.negated else "in")
        if isinstance(node.values, tree.Statement):
            inner = self.statement(node.values, nested=True)
        else:
            inner = self.joined([self.value(value) for value in node.values])
            if node.values and self.draw(st.booleans()):
                inner += self.maybe_blank() + ","
        return f"{self.path(node.path)}{self.blank()}{word}{self.maybe_blank()}({inner})"

    def enclosed(self, node):
        if isinstance(node, (tree.And, tree.Or)) or self.draw(st.integers(0, 4)) == 0:
            space = self.maybe_blank()
            return f"({space}{self.criteria(node)}{space})"
        return self.criteria(node)

    def statement(self, node, *, nested=False):
        head = ""
        if node.projections:
            written = [
                str(p.path)
                if p.function is None
                else f"{self.keyword(p.function)}{self.maybe_blank()}({p.path})"
                for p in node.projections
            ]
            head = self.keyword("select") + self.blank() + self.joined(written)
            head += self.after(head) + self.keyword("from") + self.blank()
        elif nested or self.draw(st.integers(0, 9)) == 0:
            head = f"{self.keyword('select')} * {self.keyword('from')} "
        text = head + node.entity_type
        if node.criteria is not None:
            text += self.blank() + self.keyword("where") + self.blank() + self.criteria(node.criteria)
        clauses = []
        if node.group_by:
            clauses.append(self.keyword("group by") + " " + self.joined(map(str, node.group_by)))
        if node.order_by:
            keys = [
                str(o.path)
                + (
                    self.blank() + self.pick("desc", "DESCENDING")
                    if o.descending
                    else self.pick("", " asc", "\nascending")
                )
                for o in node.order_by
            ]
            clauses.append(self.keyword("order by") + self.blank() + self.joined(keys))
        for name in ("limit", "offset"):
            number = getattr(node, name)
            if number is not None:
                clauses.append(f"{self.keyword(name)}{self.blank()}{number}")
        for clause in self.draw(st.permutations(clauses)):
            text += self.after(text) + clause
        return text


@st.composite
def scribbled_statements(draw, of=statements):
    """Return a tree and a text that spells it in some odd way."""
    node = draw(of)
    text = Scribbler(draw).statement(node)
    return node, draw(st.sampled_from(["", " ", "\n  "])) + text + draw(st.sampled_from(["", " ", "\n"]))


#: Statements as the recogniser should know them: flat, or with parentheses one deep.
flat_paths = st.builds(
    tree.Path, st.lists(st.builds(tree.Segment, plain_names), min_size=1, max_size=3).map(tuple)
).filter(lambda path: path.segments[0].name.lower() not in KEYWORDS)
flat_criteria = st.lists(
    st.builds(tree.Comparison, flat_paths, operators, values)
    | st.builds(tree.Membership, flat_paths, st.lists(values, max_size=4).map(tuple), st.booleans()),
    min_size=1,
    max_size=4,
).map(lambda items: tree.And(tuple(items)) if len(items) > 1 else items[0])
common_statements = st.builds(
    tree.Statement,
    types,
    st.lists(st.builds(tree.Projection, flat_paths), max_size=3).map(tuple),
    st.none() | flat_criteria,
    st.just(()),
    st.lists(st.builds(tree.Order, flat_paths, st.booleans()), max_size=2).map(tuple),
    numbers,
    numbers,
)

#: Texts that are made of the right words in any order.
word_salads = st.lists(
    st.one_of(
        st.sampled_from([*KEYWORDS, "(", ")", ",", "=", "!=", "*", '"', "'", "\\", "[", "]", ".", "3", " "]),
        plain_names,
        values.map(lambda value: value.text),
    ),
    max_size=25,
).flatmap(lambda words: st.sampled_from([" ", ""]).map(lambda blank: blank.join(words)))


json_scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
json_values = st.recursive(
    json_scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text().filter(lambda key: key != "__type__"), inner, max_size=4)
    ),
    max_leaves=15,
)
datetimes = st.datetimes(
    min_value=dt.datetime(1900, 1, 1),
    max_value=dt.datetime(2200, 1, 1),
    timezones=st.one_of(
        st.none(),
        st.integers(-14 * 60, 14 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes))),
    ),
)


event_keys = st.sampled_from(["topic", "data.x", "data.y", "source.user.username", "missing", "not", "and"])
event_values = st.one_of(
    st.sampled_from(["ftrack.update", "ftrack.*", "1", "2", "and", "or", "not"]),
    st.from_regex(r"[\w\-,./*@+:]{1,6}", fullmatch=True),
    st.text(alphabet="ab \"'()*é", max_size=5).map(lambda text: '"' + text.replace('"', '\\"') + '"'),
)
event_conditions = st.tuples(
    event_keys, st.sampled_from(["=", "!=", ">", ">=", "<", "<="]), event_values
).map(lambda parts: ("condition", *parts))
event_trees = st.recursive(
    event_conditions,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.lists(inner, min_size=2, max_size=3).map(lambda items: ("and", *items)),
        st.lists(inner, min_size=2, max_size=3).map(lambda items: ("or", *items)),
    ),
    max_leaves=6,
)
