"""The rows of docs/explanation/architecture: a row imports only from the rows above it."""

import ast
import pathlib
import re

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parents[2] / "ftrack_review"

ROWS = {
    "words": 0,
    "protocol": 1,
    "model": 2,
    "edges": 3,
    "session": 4,
    "review": 5,
    "server": "S",
    "tools": "T",
}

WHERE = {
    "_submodule": 0,
    "_terminal": 0,
    "symbol": 0,
    "exception": 0,
    "exceptions": 0,
    "logging": 0,
    "data": 0,
    "typing": 0,
    "operation": 1,
    "protocol": 1,
    "event": 1,
    "event.hub": 3,
    "event._connection": 3,
    "event._outbox": 3,
    "event._processor": 3,
    "event._sender": 3,
    "cache": 2,
    "inspection": 2,
    "collection": 2,
    "attribute": 2,
    "query": 2,
    "formatter": 2,
    "entity": 2,
    "_configuration": 2,
    "_identity": 2,
    "_schema_cache": 2,
    "_population": 2,
    "_entity_cache": 2,
    "_ensuring": 2,
    "_encoding": 2,
    "_loading": 2,
    "_page": 2,
    "_recorded_operations": 2,
    "_unit_of_work": 2,
    "pending": 2,
    "_inheritance": 2,
    "_refreshing": 2,
    "_streaming": 2,
    "_search": 2,
    "_idioms": 2,
    "transport": 3,
    "_http": 3,
    "_http_error": 3,
    "plugin": 3,
    "accessor": 3,
    "structure": 3,
    "resource_identifier_transformer": 3,
    "media": 3,
    "session": 4,
    "_session_hub": 4,
    "_storage": 4,
    "_centralized_storage_scenario": 4,
    "review": 5,
    "server": "S",
    "cli": "T",
    "review_commands": "T",
    "demo": "T",
    "mirror": "T",
    "testing": "T",
    "pytest_plugin": "T",
    "compat": "T",
    "__main__": "T",
}


def row_of(module: str):
    """Return the row of a dotted module name without the package's name."""
    parts = module.split(".")
    for end in range(len(parts), 0, -1):
        row = WHERE.get(".".join(parts[:end]))
        if row is not None:
            return row
    raise AssertionError(f"{module} has no place in the rows: add it to WHERE and to the architecture page")


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        if name:
            yield name, path


def imports_of(path: pathlib.Path):
    """Yield the modules of ours that are imported, at the top or later, but not for types only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            typing_only.update(id(inner) for inner in ast.walk(node))
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("ftrack_review."):
                    yield alias.name[len("ftrack_review.") :]
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "ftrack_review":
                yield from (alias.name for alias in node.names if alias.name in WHERE)
            elif node.module.startswith("ftrack_review."):
                base = node.module[len("ftrack_review.") :]
                for alias in node.names:
                    deeper = f"{base}.{alias.name}"
                    yield deeper if deeper in WHERE else base


@pytest.mark.parametrize(("name", "path"), list(modules()), ids=[name for name, _ in modules()])
def test_a_module_imports_only_from_the_rows_above(name, path):
    row = row_of(name)
    for imported in imports_of(path):
        other = row_of(imported)
        if row == "T":
            continue
        if row == "S":
            assert other in (0, 1, "S") or imported.split(".")[0] == "media", f"{name} imports {imported}"
        else:
            assert other not in ("S", "T"), f"{name} imports {imported}"
            assert other <= row, f"{name} (row {row}) imports {imported} (row {other})"


def test_the_architecture_page_shows_every_module():
    page = (PACKAGE.parent / "docs" / "explanation.rst").read_text(encoding="utf-8")
    top = {name.partition(".")[0] for name, _ in modules()} - {"__main__"}
    assert sorted(name for name in top if not re.search(rf"(?<!\w){name}(?!\w)", page)) == []
