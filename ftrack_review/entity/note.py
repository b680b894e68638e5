"""Notes, replies to them, and making them on whatever can have notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, Optional

from ftrack_review.entity.base import Entity

if TYPE_CHECKING:
    from ftrack_review.session import Session

__all__ = ["CreateNoteMixin", "Note"]


class Note(Entity):
    """A note."""

    def create_reply(self, content: str, author: Entity) -> Entity:
        """Return a new reply to this note, with *content* by *author*. The session is not committed."""
        reply: Entity = self.session.create("Note", {"author": author, "content": content})
        self["replies"].append(reply)
        return reply


class CreateNoteMixin:
    """Notes for every entity type that can have them."""

    if TYPE_CHECKING:
        session: Session

        def __getitem__(self, key: str) -> Any: ...  # noqa: D105

    def create_note(
        self,
        content: str,
        author: Entity,
        recipients: Optional[Iterable[Entity]] = None,
        category: Optional[Entity] = None,
        labels: Optional[Iterable[Entity]] = None,
    ) -> Entity:
        """Return a new note on this entity, with *content* by *author*. The session is not committed.

        *recipients* are the users and groups to tell. *labels* classify the note; *category* is the older
        word for a single label, and only one of the two can be given. Raise ValueError for both, and for
        labels where the server has none.
        """
        labels = list(labels or ())
        if category is not None and labels:
            raise ValueError("A note takes either a category or labels; leave one of them out.")
        has_labels = "NoteLabelLink" in self.session.types
        if labels and not has_labels:
            raise ValueError("This server has no note labels. Set a category instead.")
        data: Dict[str, Any] = {"content": content, "author": author}
        if category is not None and not has_labels:
            data["category_id"] = category["id"]
        note: Entity = self.session.create("Note", data)
        self["notes"].append(note)
        for resource in recipients or ():
            recipient = self.session.create(
                "Recipient", {"note_id": note["id"], "resource_id": resource["id"]}
            )
            note["recipients"].append(recipient)
        if category is not None and has_labels:
            labels = [category]
        for label in labels:
            self.session.create("NoteLabelLink", {"label_id": label["id"], "note_id": note["id"]})
        return note
