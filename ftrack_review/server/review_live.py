"""What happens in a review, told to all open pages at once."""

from __future__ import annotations

import uuid
from typing import Any, Dict

__all__ = ["TOPIC", "announce"]

#: The topic of the events by which the servers of one site tell each other of pages. Nothing secret is in them.
TOPIC = "ftrack.review.live"


def announce(server: Any, session_id: str, kind: str = "check", **values: Any) -> None:
    """Tell the pages of a review session, at all servers of the site, what no change of an entity tells."""
    data: Dict[str, Any] = {**values, "session_id": session_id, "kind": kind}
    server.relay.publish(
        {
            "id": uuid.uuid4().hex,
            "topic": TOPIC,
            "target": "",
            "sent": None,
            "in_reply_to_event": None,
            "source": {"applicationId": "ftrack.review"},
            "data": data,
        }
    )
