"""What happens in memory: encoding, reading and setting attributes, getting what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.tasks.querying import NESTED
from tests.benchmarks.tasks.writing import TASKS

if TYPE_CHECKING:
    from tests.benchmarks.child import Bench


def encode(bench: Bench) -> None:
    """Encode the result of the nested query and decode it again."""
    session = bench.open_session()
    versions = session.query(NESTED.format(bench.size)).all()
    with bench.measuring():
        decoded = session.decode(session.encode(versions))
    bench.result["rows"] = len(decoded)


def read(bench: Bench) -> None:
    session = bench.open_session()
    entity = session.query(TASKS.format(1)).one()
    repetitions = range(bench.size)
    with bench.measuring():
        for _ in repetitions:
            entity["name"]
    bench.result["rows"] = bench.size


def write(bench: Bench) -> None:
    """Set one attribute of a thousand entities, over and over, without a commit."""
    session = bench.open_session()
    entities = session.query(TASKS.format(1000)).all()
    rounds = range(max(1, bench.size // 1000))
    with bench.measuring():
        for number in rounds:
            text = f"description {number}"
            for entity in entities:
                entity["description"] = text
    bench.result["rows"] = len(rounds) * 1000


def get(bench: Bench) -> None:
    session = bench.open_session()
    keys = [entity["id"] for entity in session.query(TASKS.format(1000)).all()]
    rounds = range(max(1, bench.size // 1000))
    with bench.measuring():
        for _ in rounds:
            for key in keys:
                session.get("Task", key)
    bench.result["rows"] = len(rounds) * 1000
