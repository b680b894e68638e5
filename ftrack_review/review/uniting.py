"""Make one note of two that are the same: what was answered to the one that ends, its state and files go to the other.

Called by :mod:`~ftrack_review.review.transferring`, where notes move to where copies of them are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, Mapping, Set

from ftrack_review.protocol.grammar import quote_list
from ftrack_review.review import tracing

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.session import Session

__all__ = ["Uniting"]


class Uniting:
    """Notes that end, and the notes that stay in their place. *origins* has the first note of each by its id."""

    def __init__(self, session: Session, origins: Mapping[str, str]) -> None:
        self._session = session
        self._origins = origins
        self._ends: Dict[str, Entity] = {}
        self._stays: Dict[str, Entity] = {}

    def add(self, ends: Entity, stays: Entity) -> None:
        """Let the note *ends* end in favour of *stays*, once all are known."""
        self._ends[ends["id"]] = ends
        self._stays[ends["id"]] = stays

    def finish(self) -> None:
        """Queue everything."""
        if not self._ends:
            return
        keys = quote_list(self._ends)
        for reply in self._session.query(
            f"select in_reply_to_id from Note where in_reply_to_id in {keys}"
        ).all():
            if reply["id"] not in self._ends:
                reply["in_reply_to_id"] = self._taking(reply["in_reply_to_id"])["id"]
        tracing.point_at_origins(self._session, {key: self._origins[key] for key in self._ends})
        for note in self._ends.values():
            self._hand_over(note, self._taking(note["id"]))
        # Replies before what they answer, as they would go with it.
        last_first = list(self._ends.values())[::-1]
        for note in sorted(last_first, key=lambda note: not note["in_reply_to_id"]):
            self._session.delete(note)

    def _taking(self, key: str) -> Entity:
        """Return the note that stays for one that ends, perhaps by way of others that end."""
        while key in self._stays:
            note = self._stays[key]
            key = note["id"]
        return note

    def _hand_over(self, note: Entity, taking: Entity) -> None:
        for name in ("is_todo", "completed_at"):
            if note[name] and not taking[name]:
                taking[name] = note[name]
        known: Set[str] = {link["component_id"] for link in taking["note_components"]}
        for link in note["note_components"]:
            if link["component_id"] not in known:
                known.add(link["component_id"])
                data = {"note_id": taking["id"], "component_id": link["component_id"]}
                self._session.create(link.entity_type, data)
        if "note_label_links" in note:
            labels = {link["label_id"] for link in taking["note_label_links"]}
            for link in note["note_label_links"]:
                if link["label_id"] not in labels:
                    labels.add(link["label_id"])
                    data = {"note_id": taking["id"], "label_id": link["label_id"]}
                    self._session.create("NoteLabelLink", data)
