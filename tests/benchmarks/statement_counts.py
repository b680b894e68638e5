"""How many statements a query takes for projections of growing depth over growing numbers of rows.

``python -m tests.benchmarks.statement_counts`` prints a table: statements, and the milliseconds of the whole query.
"""

from __future__ import annotations

import pathlib
import tempfile
import time
from typing import Any, Dict, List, Tuple

from tests.query_site import Site

ROWS = (1, 100, 10_000)

#: Projections by the number of steps that lead away from a version.
DEPTHS: Tuple[Tuple[int, str], ...] = (
    (1, "asset.name"),
    (1, "components.name"),
    (2, "asset.parent.name"),
    (2, "components.component_locations.resource_identifier"),
    (3, "asset.parent.parent.name"),
    (3, "notes.replies.author.username"),
    (4, "asset.parent.project.project_schema.name"),
    (4, "components.component_locations.component.version.comment"),
    (4, "asset.parent.parent.name, task.status.state.short, user.username, metadata"),
)


def fill(site: Site, versions: int) -> None:
    """Write *versions* versions below a project, each with a component, a note, a reply and metadata."""
    schema = site.query("ProjectSchema limit 1")[0]["id"]
    statuses = [record["id"] for record in site.query("Status")]
    shots = max(1, versions // 40)
    below = {"project_id": "p"}
    site.add("User", [{"id": f"u{i}", "username": f"user{i}"} for i in range(20)])
    site.add("Project", [{"id": "p", "name": "p", "project_schema_id": schema}])
    site.add("Sequence", [{**below, "id": f"q{i}", "name": f"q{i}", "parent_id": "p"} for i in range(10)])
    site.add(
        "Shot", [{**below, "id": f"s{i}", "name": f"s{i}", "parent_id": f"q{i % 10}"} for i in range(shots)]
    )
    site.add(
        "Task",
        [
            {
                **below,
                "id": f"t{i}",
                "name": f"t{i}",
                "parent_id": f"s{i}",
                "status_id": statuses[i % len(statuses)],
            }
            for i in range(shots)
        ],
    )
    site.add(
        "Asset", [{"id": f"a{i}", "name": f"a{i}", "context_id": f"s{i % shots}"} for i in range(shots * 4)]
    )
    version: List[Dict[str, Any]] = [
        {
            "id": f"v{i}",
            "asset_id": f"a{i % (shots * 4)}",
            "task_id": f"t{i % shots}",
            "user_id": f"u{i % 20}",
            "version": i // (shots * 4) + 1,
        }
        for i in range(versions)
    ]
    site.add("AssetVersion", version)
    every = range(versions)
    site.add("FileComponent", [{"id": f"c{i}", "name": "main", "version_id": f"v{i}"} for i in every])
    location = {"location_id": "3a372bde-05bc-11e4-8908-20c9d081909b"}
    site.add("ComponentLocation", [{**location, "id": f"l{i}", "component_id": f"c{i}"} for i in every])
    note = {"parent_type": "AssetVersion"}
    site.add("Note", [{**note, "id": f"n{i}", "parent_id": f"v{i}", "in_reply_to_id": None} for i in every])
    reply = {**note, "user_id": "u1"}
    site.add(
        "Note", [{**reply, "id": f"r{i}", "parent_id": f"v{i}", "in_reply_to_id": f"n{i}"} for i in every]
    )
    site.add("Metadata", [{**note, "parent_id": f"v{i}", "key": "k", "value": "x"} for i in every])


def measure(site: Site, paths: str, rows: int) -> Tuple[int, int, float]:
    """Return the number of records, of statements and the milliseconds of a query."""
    started = time.perf_counter()
    with site.store.recorded() as statements:
        records, _ = site.page(f"select {paths} from AssetVersion limit {rows}")
    return len(records), len(statements), (time.perf_counter() - started) * 1000


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        site = Site(pathlib.Path(folder))
        fill(site, max(ROWS))
        print(f"{'depth':5}  {'rows: statements (milliseconds)':56} projection")
        for depth, paths in DEPTHS:
            measure(site, paths, 1)  # Compiled once, as for any later query.
            cells = []
            for rows in ROWS:
                found, statements, milliseconds = measure(site, paths, rows)
                assert found == rows
                cells.append(f"{rows}: {statements} ({milliseconds:.1f})")
            print(f"{depth:5}  {'  '.join(f'{cell:17}' for cell in cells)}  {paths}")
        site.close()


if __name__ == "__main__":
    main()
