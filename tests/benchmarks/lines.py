"""The lines of the table: what is measured, at which sizes, and what must be reached (issue 5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

__all__ = ["LINES", "Line"]

_BOTH = ("official", "ours")
_ALL = ("official", "ours", "limit")


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    name: str
    title: str
    #: Module and function below ``tasks``, or the name of a program in ``tasks.starting``.
    task: str
    sizes: tuple[int, ...] = (1,)
    clients: tuple[str, ...] = _BOTH
    #: What of a result counts: ``cpu`` or ``wall`` in seconds, ``rss`` in bytes per size, ``peak``, ``requests``, ...
    quantity: str = "cpu"
    #: Official / ours must be at least this; not at the first size of a ``flat`` line, where nothing is in the way.
    at_least: Optional[float] = None
    #: Ours / limit must be at most this.
    at_most: Optional[float] = None
    #: Ours itself must be at most this.
    ours_at_most: Optional[float] = None
    #: Ours at each size, divided by ours at the first one, must be at most this.
    flat: Optional[float] = None
    #: Whether the stub waits before each answer.
    slow: bool = False
    #: Whether sizes grow and shrink with the scale.
    scales: bool = True
    #: Beyond this size the official client would take minutes, and what it takes shows before.
    official_up_to: Optional[int] = None
    #: By size, what to tell the official client's task.
    official_options: dict[int, dict[str, Any]] = field(default_factory=dict)


LINES = (
    Line("import", "import", "IMPORT", scales=False, at_least=4),
    Line(
        "modules",
        "modules beyond a bare interpreter",
        "IMPORT",
        quantity="modules",
        scales=False,
        ours_at_most=60,
    ),
    Line(
        "process",
        "whole process: import, Session (warm), one query",
        "PROGRAM",
        clients=_ALL,
        scales=False,
        at_least=1.5,
        at_most=1.35,
    ),
    Line("session-warm", "Session(), warm cache, second", "starting:warm_session", scales=False, at_least=4),
    Line("session-cold", "Session(), cold cache, second", "starting:cold_session", scales=False, at_least=2),
    Line("first-flat", "flat query, first of its process", "querying:first_flat", (500,), _ALL),
    Line("first-nested", "nested query, first of its process", "querying:first_nested", (500,), _ALL),
    Line("flat", "flat query", "querying:flat", (5000,), _ALL, at_least=20, at_most=2.5),
    Line(
        "nested",
        "nested query",
        "querying:nested",
        (500, 5000, 20000),
        _ALL,
        at_least=40,
        at_most=2,
        official_up_to=20_000,
    ),
    Line(
        "again",
        "the same query again",
        "querying:again",
        (500, 5000, 20000),
        _ALL,
        at_least=40,
        at_most=2,
        official_up_to=20_000,
    ),
    Line(
        "collections",
        "query with collections",
        "querying:collections",
        (1000,),
        _ALL,
        at_least=20,
        at_most=2.5,
    ),
    Line(
        "memory",
        "memory per nested version",
        "querying:nested",
        (20000,),
        _ALL,
        "rss",
        at_least=5,
        at_most=1,
        official_up_to=20_000,
    ),
    Line(
        "loop-requests",
        "loop over versions, requests",
        "querying:loop",
        (200,),
        quantity="requests",
        ours_at_most=4,
    ),
    Line(
        "loop-latency", "the same at 20 ms", "querying:loop", (200,), quantity="wall", at_least=60, slow=True
    ),
    Line(
        "nested-latency",
        "nested query at 20 ms",
        "querying:nested",
        (5000,),
        quantity="wall",
        official_up_to=5000,
        at_least=20,
        slow=True,
    ),
    Line("create", "creates and one commit", "writing:create", (2000,), _ALL, at_least=12, at_most=3),
    Line(
        "update",
        "two attributes each and one commit",
        "writing:update",
        (2000,),
        _ALL,
        at_least=15,
        at_most=2,
    ),
    Line(
        "small-commits",
        "20 one-attribute commits with so many cached",
        "writing:small_commits",
        (0, 1000, 5000, 20000),
        flat=1.3,
        official_up_to=20_000,
        # The official client takes seconds for each; what two take says enough.
        official_options={1000: {"rounds": 4}, 5000: {"rounds": 2}, 20000: {"rounds": 1}},
    ),
    Line(
        "populate",
        "populate of 100 with so many pending changes",
        "writing:populate",
        (0, 2000),
        flat=1.3,
        at_least=10,
    ),
    Line("encode", "decode(encode(entities))", "reading:encode", (5000,), at_least=8),
    Line("read", "reads of entity['name']", "reading:read", (1_000_000,), at_least=6),
    Line("write", "writes of an attribute", "reading:write", (100_000,), at_least=6),
    Line("get", "session.get of cached", "reading:get", (100_000,), at_least=12),
    Line("publish", "local events past 20 subscribers", "events:publish", (10_000,), at_least=8),
    Line("publish-all", "local events to all of 20 subscribers", "events:publish_to_all", (10_000,)),
    Line("subscribe", "subscribe", "events:subscribe", (1000,), at_least=20),
    Line(
        "upload-memory",
        "upload of so many MB, memory over start (MB)",
        "uploading:upload",
        (1024,),
        quantity="peak",
        ours_at_most=64 * 2**20,
    ),
    Line(
        "upload-latency",
        "upload of so many MB at 20 ms",
        "uploading:upload",
        (1024,),
        quantity="wall",
        official_up_to=1024,
        at_least=3,
        slow=True,
    ),
    Line(
        "embedded-page",
        "embedded server: a page of 500 nested versions",
        "embedded:page",
        (500,),
        ("ours", "limit"),
        at_most=3,
        scales=False,
    ),
    Line(
        "embedded-list",
        "embedded server: parse a list of so many ids",
        "embedded:ids",
        (5000,),
        ("ours",),
        ours_at_most=0.01,
    ),
    Line(
        "embedded-start",
        "embedded server: start with a database at hand",
        "embedded:start",
        clients=("ours",),
        quantity="wall",
        ours_at_most=1.5,
        scales=False,
    ),
    Line(
        "embedded-create",
        "embedded server: a batch of creates",
        "embedded:create",
        (2000,),
        ("ours",),
        "wall",
        ours_at_most=1,
    ),
    Line(
        "embedded-growth",
        "embedded server: a query by an indexed criterion, of so many versions",
        "embedded:growth",
        (1000, 10_000, 100_000, 1_000_000),
        ("ours",),
        flat=1.3,
        scales=False,
    ),
)
