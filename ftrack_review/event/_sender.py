"""Who sends an event: the hub, its user and the machine."""

from __future__ import annotations

from functools import lru_cache

from ftrack_review.event.base import Deferred, Event

__all__ = ["name_sender"]


def name_sender(event: Event, identifier: str, username: str) -> None:
    """Say in the source of *event*, where it does not itself, that the hub *identifier* of *username* sends it."""
    given = event["source"]
    if not given:
        sender = _defer(identifier, username)
        # Other classes may look at what is set.
        event["source"] = sender if type(event) is Event else sender.make()
        return
    source = event["source"] = dict(given)
    source.setdefault("id", identifier)
    if "user" not in source:
        source["user"] = {"username": username}
    if "host" not in source:
        source["host"] = _host_name()


@lru_cache(maxsize=16)
def _defer(identifier: str, username: str) -> Deferred:
    return Deferred(lambda: {"id": identifier, "user": {"username": username}, "host": _host_name()})


@lru_cache(maxsize=1)
def _host_name() -> str:
    """Return the name of this machine."""
    import platform

    return platform.node()
