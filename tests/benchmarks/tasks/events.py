"""Events within one process: publishing them to many subscribers, and subscribing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.benchmarks.child import Bench


def publish(bench: Bench) -> None:
    """Publish local events past twenty subscribers of different topics; each event is for one of them."""
    _publish(bench, [f"benchmark.topic-{number}" for number in range(20)])


def publish_to_all(bench: Bench) -> None:
    """Publish local events that each of twenty subscribers gets."""
    _publish(bench, ["benchmark.topic-0"] * 20)


def _publish(bench: Bench, topics: list[str]) -> None:
    hub = bench.open_session().event_hub
    event_class = bench.load("event.base").Event
    received: list[Any] = []
    for topic in topics:
        hub.subscribe(f"topic={topic} and data.kind=preview", received.append)
    for topic in topics:
        hub.publish(event_class(topic=topic, data={"kind": "preview"}), synchronous=True)
    received.clear()
    with bench.measuring():
        for number in range(bench.size):
            event = event_class(topic=topics[number % 20], data={"kind": "preview", "frame": number})
            hub.publish(event, synchronous=True)
    bench.result["rows"] = len(received)


def subscribe(bench: Bench) -> None:
    hub = bench.open_session().event_hub
    hub.subscribe("topic=benchmark.first and source.user.username=jane", print)
    with bench.measuring():
        for number in range(bench.size):
            hub.subscribe(f"topic=benchmark.{number} and source.user.username=jane", print)
    bench.result["rows"] = bench.size
