"""Which versions a review shows: those under review, those they took the place of, and the one before each.

Called by ``review_state`` for what the page is told, and by ``pages`` to tell whether a component belongs to it.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional

from ftrack_review.protocol import succession
from ftrack_review.protocol.grammar import quote
from ftrack_review.server import review_media
from ftrack_review.server.review_media import list_of
from ftrack_review.server.review_visitor import Visitor, conventions_of, query

__all__ = ["History", "Versions", "is_shown"]

Record = Dict[str, Any]


def is_shown(server: Any, visitor: Visitor, component_id: str) -> bool:
    """Return whether the component belongs to what the visitor's review session shows.

    That is the components of its versions, and the source of a version whose encoding failed, which belongs to none.
    """
    sessions, objects, components, thumbnails = query(
        server,
        visitor,
        f"select project_id from ReviewSession where id is {quote(visitor.session_id)}",
        "select version_id, asset_version.version, asset_version.asset_id from ReviewSessionObject "
        f"where review_session_id is {quote(visitor.session_id)}",
        f"select version_id from Component where id is {quote(component_id)}",
        f"select id from AssetVersion where thumbnail_id is {quote(component_id)}",
    )
    if not components or not sessions:
        return False
    # A thumbnail may belong to no version, or another one, and still be shown for this.
    candidates = {version["id"] for version in thumbnails}
    if components[0]["version_id"]:
        candidates.add(components[0]["version_id"])
    if candidates & {item["version_id"] for item in objects}:
        return True
    is_loose = components[0]["version_id"] is None
    if not candidates and not is_loose:
        return False
    history = History(conventions_of(server, visitor, sessions[0]["project_id"]), objects)
    shown = Versions(server, visitor, objects, history, media=False).ids
    if candidates & shown:
        return True
    return is_loose and review_media.read(server, visitor, shown).offers(component_id)


class History:
    """The former versions of objects that the next one took the place of."""

    def __init__(self, kept: Mapping[str, str], objects: Iterable[Mapping[str, Any]]) -> None:
        self._entries = {
            record["id"]: succession.decode(kept.get(succession.key(record["id"]))) for record in objects
        }

    def of(self, object_id: str) -> List[Record]:
        """Return the former versions of an object, newest first."""
        return self._entries[object_id][::-1]

    def label_for(self, object_id: str, note_id: str, written: Optional[str]) -> Optional[str]:
        """Return the label of the former version that a note is about, None where it is the present one."""
        entry = succession.entry_at(self._entries.get(object_id, ()), note_id, written)
        return None if entry is None else str(entry["label"])


class Versions:
    """The versions that are shown beside the present ones, and the media of all."""

    def __init__(
        self,
        server: Any,
        visitor: Visitor,
        objects: List[Record],
        history: History,
        *,
        media: bool = True,
    ) -> None:
        pairs = (asset_and_number(record) for record in objects)
        self._history = history
        self._previous = review_media.previous_of(server, visitor, pairs)
        former = {entry["version_id"] for record in objects for entry in history.of(record["id"])}
        shown = {record["version_id"] for record in objects if record["version_id"]}
        #: The ids of all versions that are shown.
        self.ids = shown | former | {row["id"] for row in self._previous.values()}
        self._thumbnails = {row["id"]: row["thumbnail_id"] for row in self._previous.values()}
        if media:
            self.media = review_media.read(server, visitor, self.ids)
            if former:
                expression = f"select thumbnail_id from AssetVersion where id in {list_of(former)}"
                for row in query(server, visitor, expression)[0]:
                    self._thumbnails[row["id"]] = row["thumbnail_id"]

    def before(self, record: Mapping[str, Any]) -> List[Record]:
        """Return what to compare an object with, newest first."""
        found = {
            entry["version_id"]: entry["label"]
            for entry in self._history.of(record["id"])
            if entry["version_id"] in self._thumbnails
        }
        earlier = self._previous.get(asset_and_number(record))
        if earlier:
            found.setdefault(earlier["id"], f"Version {earlier['version']}")
        found.pop(record["version_id"], None)
        return [
            {"version_id": key, "label": label, "media": self.media.of(key, self._thumbnails.get(key))}
            for key, label in found.items()
        ]


def asset_and_number(record: Mapping[str, Any]) -> Any:
    version = record.get("asset_version") or {}
    return version.get("asset_id"), version.get("version")
