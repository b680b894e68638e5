"""Our catalogue against the recorded answer of a real server to ``query_schemas``: what is equal, and what differs and why.

``python -m tests.compare_catalogue FILE`` prints it; the recorded answers are not part of the project. What the tests hold
is in ``tests/unit/server/test_definition.py``, with digests in place of the answers.
"""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any, Dict, List

from ftrack_review.server import standard_data
from ftrack_review.server.definition.document import standard_document

#: Why ours differs, by what differs.
_REASONS = {
    "type added": "servers since 2024 have it (webhooks and task types of users)",
    "type missing": "an object type or a type of that site, which rows of ObjectType make",
    "attribute added": "servers since 2024 have it",
    "attribute missing": "an attribute of that server, which ours does not have",
    "alias_for": "an attribute that is its own alias has none",
    "description": "a foreign key names the attribute that exists, not a column",
    "type": "an attribute or a type without a kind has one",
    "format": "no foreign key to a type that does not exist",
    "required": "only attributes that exist; a base requires what all that derive from it do",
    "immutable": "only attributes that exist",
    "computed": "only attributes that exist",
    "default_projections": "a base gives what all that derive from it do",
    "system_projections": "only columns of attributes that exist",
    "$mixin": "hints, which no client reads",
}


def compare(recorded: List[Dict[str, Any]], ours: List[Dict[str, Any]]) -> Dict[str, List[str]]:
    """Return what is ``equal`` and what differs, by kind of difference."""
    found: Dict[str, List[str]] = {"equal": [], "equal type": []}
    own = {entry["id"]: entry for entry in ours}
    theirs = {entry["id"]: entry for entry in recorded}
    for name in own.keys() - theirs.keys():
        found.setdefault("type added", []).append(name)
    for name, entry in theirs.items():
        if name not in own:
            found.setdefault("type missing", []).append(name)
            continue
        before = sum(map(len, found.values()))
        _compare_type(name, entry, own[name], found)
        _compare_attributes(name, entry["properties"], own[name]["properties"], found)
        equal = sum(1 for item in found["equal"] if item.startswith(f"{name}."))
        if sum(map(len, found.values())) - before == equal:
            found["equal type"].append(name)
    return found


def _compare_type(
    name: str, theirs: Dict[str, Any], ours: Dict[str, Any], found: Dict[str, List[str]]
) -> None:
    for keyword in sorted((theirs.keys() | ours.keys()) - {"properties"}):
        if _plain(theirs.get(keyword)) != _plain(ours.get(keyword)):
            found.setdefault(keyword, []).append(name)


def _plain(value: Any) -> Any:
    """Return *value* without the order of what has none; nothing is the same as an empty list."""
    return sorted(value) if isinstance(value, list) else value or []


def _compare_attributes(
    name: str, theirs: Dict[str, Any], ours: Dict[str, Any], found: Dict[str, List[str]]
) -> None:
    for attribute in sorted(theirs.keys() | ours.keys()):
        label = f"{name}.{attribute}"
        if attribute not in theirs:
            found.setdefault("attribute added", []).append(label)
        elif attribute not in ours:
            found.setdefault("attribute missing", []).append(label)
        elif theirs[attribute] == ours[attribute]:
            found["equal"].append(label)
        else:
            one, other = theirs[attribute], ours[attribute]
            for keyword in sorted(one.keys() | other.keys()):
                if one.get(keyword) != other.get(keyword):
                    found.setdefault(keyword, []).append(label)


def main(path: str) -> int:
    """Print the comparison with the recorded answer in *path*. Return 1 where a difference has no reason."""
    recorded = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    # It may be the whole answer to a batch, in which the schema is the only list.
    recorded = next((item for item in recorded if isinstance(item, list)), recorded)
    ours = standard_document(standard_data.OBJECT_TYPES, standard_data.NO_PRIORITY_ID)
    found = compare(recorded, ours)
    attributes = sum(len(entry["properties"]) for entry in recorded)
    print(f"{len(found.pop('equal type'))} of {len(recorded)} types are equal in every keyword and attribute")
    print(f"{len(found.pop('equal'))} of {attributes} attributes are equal in every keyword")
    unexplained = 0
    for kind, names in sorted(found.items()):
        reason = _REASONS.get(kind)
        unexplained += reason is None
        print(f"\n{kind}: {len(names)}, {reason or 'NOT EXPLAINED'}")
        print(f"    {', '.join(sorted(names))}")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
