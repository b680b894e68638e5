"""Expressions as scripts in the wild write them, and what the studio of ``tests.query_studio`` answers.

Each file holds entries of an expression, which may take several lines, and a line that begins with ``=>`` and has the
keys of the rows in their order (names for what is standard data, parts of a composite key with slashes between them),
``->`` and a row of a grouping query as JSON, one line for each, or ``!!`` and why it is refused.

``python -m tests.integration.query_table FILE...`` prints the entries of files with what is answered now.
"""

from __future__ import annotations

import json
import pathlib
import re
from typing import Any, Dict, Iterator, List, Tuple

from ftrack_review.server.errors import ServerFault

_FOLDER = pathlib.Path(__file__).parent
_ANSWER = re.compile(r"    (=>|->|!!)(?: (.*))?")
_NAMED = ("AssetType", "ListCategory", "Location", "NoteLabel", "ObjectType", "Priority", "SecurityRole")
_NAMED_TOO = (
    "CustomAttributeType",
    "ProjectSchema",
    "State",
    "Status",
    "TaskTypeSchema",
    "Type",
    "WorkflowSchema",
)


def read(path: pathlib.Path) -> Iterator[Tuple[str, List[str]]]:
    """Give the expressions in a file, each with the lines that answer it."""
    lines: List[str] = []
    answers: List[str] = []
    for line in [*path.read_text(encoding="utf-8").split("\n"), ""]:
        if _ANSWER.fullmatch(line):
            answers.append(line.strip())
            continue
        if answers:
            yield "\n".join(lines), answers
            lines, answers = [], []
        if line.strip() and (lines or not line.startswith("#")):
            lines.append(line)
    if lines:
        yield "\n".join(lines), []


def entries() -> List[Tuple[str, str, List[str]]]:
    """Return name of file, expression and answer of every entry."""
    paths = sorted(_FOLDER.glob("*.txt"))
    return [(path.stem, expression, answer) for path in paths for expression, answer in read(path)]


class Asker:
    """Asks a studio and writes its answers as the files have them."""

    def __init__(self, studio: Any) -> None:
        self._studio = studio
        self._names: Dict[str, str] = {}
        for entity_type in (*_NAMED, *_NAMED_TOO):
            for row in studio.query(f"select id, name from {entity_type}"):
                self._names[row["id"]] = row["name"]
        self._names[studio.caller.user_id] = studio.caller.username

    def ask(self, expression: str) -> List[str]:
        """Return the answer to *expression*."""
        try:
            rows = self._studio.query(expression)
        except ServerFault as fault:
            return [f"!! {fault.content}"]
        if rows and "__entity_type__" not in rows[0]:
            return [f"-> {json.dumps(row, sort_keys=True)}" for row in rows]
        return [" ".join(["=>", *map(self._label, rows)])]

    def _label(self, row: Dict[str, Any]) -> str:
        names = self._studio.server.catalogue.types[row["__entity_type__"]].primary_key
        return "/".join(self._names.get(row[name], row[name]).replace(" ", "_") for name in names)
