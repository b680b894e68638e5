"""Query expressions at random: some right, most of them nearly so, some beyond recognition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Tuple

if TYPE_CHECKING:
    import random

_VALUES = (
    "x",
    '"a b"',
    "1",
    "-3",
    "2.5",
    "1e400",
    "99999999999999999999999",
    "9" * 400,
    "nan",
    "true",
    "none",
    '"none"',
    "2024-01-01",
    '"2024-01-01T10:00:00Z"',
    '"0000-00-00"',
    "'%a%'",
    '"\\%"',
    '""',
    "t1",
    "v1",
    "AssetVersion",
    '"\x00"',
    '"\ud800"',
    '"\U0001f600"',
    '"\'; DROP TABLE context; --"',
    '"\\" or 1=1 --"',
    '"' + "y" * 3_000 + '"',
)
_OPERATORS = ("is", "is_not", "like", "not_like", ">", ">=", "<", "<=", "=", "!=", "after", "before")
_NOISE = (
    "(",
    ")",
    '"',
    "'",
    ",",
    ".",
    "[",
    "]",
    "\\",
    ";",
    "--",
    "/*",
    "\x00",
    "\ud800",
    "ß",
    " and ",
    " or ",
    " not ",
)
_MORE_NOISE = (
    " in (",
    " any (",
    " has ()",
    "select ",
    " from ",
    " where ",
    " limit 1",
    " order by ",
    "%",
    "{",
    "}",
    "\n",
)


class Expressions:
    """Makes expressions about the types of a *catalogue*, out of *chance* and of *known* good ones."""

    def __init__(self, chance: random.Random, catalogue: Any, known: List[str]) -> None:
        self._chance = chance
        self._types = catalogue.types
        self._names = list(catalogue.types)
        self._known = known
        self._attributes = sorted({name for t in self._types.values() for name in t.schema.attributes})

    def make(self) -> str:
        """Return one expression."""
        kind = self._chance.random()
        if kind < 0.3:
            return self._chance.choice(self._known)
        if kind < 0.6:
            return self._damage(self._chance.choice(self._known))
        if kind < 0.9:
            return self.statement()
        if kind < 0.95:
            return self._damage(self.statement())
        return self._deep()

    def statement(self, depth: int = 3) -> str:
        """Return a statement whose names are those of the schema, most of them in their places."""
        chance = self._chance
        name = chance.choice(self._names)
        text = ""
        if chance.random() < 0.5:
            text += f"select {', '.join(self._path(name)[0] for _ in range(chance.randint(1, 3)))} from "
        text += name
        if chance.random() < 0.8:
            text += f" where {self._criteria(name, depth)}"
        if chance.random() < 0.1:
            path = self._path(name)[0]
            text = f"select count(id), {path} from {name} group by {path}"
        if chance.random() < 0.3:
            text += f" order by {self._path(name)[0]}{chance.choice(('', ' desc', ' ascending'))}"
        if chance.random() < 0.5:
            text += chance.choice((" limit 5", " offset 1 limit 2", " limit 0", " limit 999999999999999999"))
        return text

    def _path(self, name: str, wrong: float = 0.05) -> Tuple[str, str, Any]:
        """Return a path from the type *name*, the type where it ends and the kind of its last attribute."""
        chance, entity, segments, kind = self._chance, self._types[name], [], None
        for _ in range(chance.randint(1, 3)):
            owners = [entity, *(self._types[concrete] for concrete in entity.concrete_types)]
            owner = chance.choice(owners)
            attribute = chance.choice(list(owner.schema.attributes) or ["id"])
            if chance.random() < wrong:
                attribute = chance.choice(self._attributes)
            found = owner.schema.attributes.get(attribute)
            kind = None if found is None else found.kind
            is_relation = found is not None and found.is_relation and found.target in self._types
            cast = f"[{chance.choice(self._names)}]" if chance.random() < 0.05 else ""
            segments.append(attribute + cast)
            if not is_relation:
                break
            entity = self._types[found.target]
        return ".".join(segments), entity.name, kind

    def _criteria(self, name: str, depth: int) -> str:
        chance = self._chance
        kind = chance.random()
        if depth and kind < 0.2:
            joint = chance.choice(("and", "or"))
            return f"({self._criteria(name, depth - 1)}) {joint} ({self._criteria(name, depth - 1)})"
        if depth and kind < 0.3:
            return f"not ({self._criteria(name, depth - 1)})"
        path, end, attribute_kind = self._path(name)
        if kind < 0.5:
            quantifier = "has" if (attribute_kind == "reference") != (chance.random() < 0.1) else "any"
            inner = self._criteria(end, depth - 1) if depth and chance.random() < 0.6 else ""
            return f"{path} {quantifier} ({inner})"
        if kind < 0.6:
            values = ",".join(chance.choice(_VALUES) for _ in range(chance.randint(0, 3)))
            return f"{path} {chance.choice(('in', 'not_in'))} ({values})"
        if kind < 0.66:
            return f"{path} in ({self.statement(0)})"
        return f"{path} {chance.choice(_OPERATORS)} {chance.choice(_VALUES)}"

    def _damage(self, text: str) -> str:
        chance = self._chance
        for _ in range(chance.randint(1, 4)):
            place = chance.randint(0, len(text))
            kind = chance.randint(0, 4)
            if kind == 0:
                text = text[:place] + text[place + chance.randint(1, 8) :]
            elif kind == 1:
                text = text[:place] + chance.choice(_NOISE + _MORE_NOISE) + text[place:]
            elif kind == 2:
                end = min(len(text), place + chance.randint(1, 20))
                text = text[:end] + text[place:end] * chance.randint(1, 3) + text[end:]
            elif kind == 3:
                text = text[:place]
            else:
                text = (
                    text[:place]
                    + chr(chance.choice((0, 9, 34, 39, 40, 0xA0, 0x130, 0x2028, 0xD800, 0xFFFF)))
                    + text[place:]
                )
        return text

    def _deep(self) -> str:
        chance = self._chance
        count = chance.choice((90, 99, 101, 150, 2_000, 20_000))
        kind = chance.randint(0, 7)
        if kind == 0:
            return f"Task where {'(' * count}name is x{')' * count}"
        if kind == 1:
            return f"Task where {'(' * count}name is x"
        if kind == 2:
            return f"Task where {'not ' * count}name is x"
        if kind == 3:
            count = min(count, 2_000)
            return f"Task where {'children any (' * count}{')' * count}"
        if kind == 4:
            count = min(count, 2_000)
            return "Task where id in (select id from " * count + "Task" + ")" * count
        if kind == 5:
            return f"Task where parent{'.parent' * min(count, 2_000)}.name is x"
        if kind == 6:
            return f"select children{'.children' * min(count, 150)}.name from Project"
        return "Task where " + " or ".join(f'name is "{place}"' for place in range(min(count, 2_000)))
