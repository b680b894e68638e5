"""The upload of one large file to the server's location."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.benchmarks.child import Bench


def upload(bench: Bench) -> None:
    """Create a component of *size* megabytes in the location of the server."""
    path = os.path.join(bench.folder, f"movie_{bench.size}.mov")
    if not os.path.exists(path):
        with open(path, "wb") as file:
            file.truncate(bench.size << 20)
    session = bench.open_session()
    location = session.query('select name from Location where name is "ftrack.server"').one()
    with bench.measuring():
        component = session.create_component(path, {"name": "movie"}, location=location)
        session.commit()
    bench.result["rows"] = component["size"]
