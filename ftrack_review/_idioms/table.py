"""The table of idioms: for each entity type, the names that its schema does not have and what they mean."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, Tuple

from ftrack_review._idioms import meaning
from ftrack_review.exception import OperationError
from ftrack_review.protocol._frozen import Frozen
from ftrack_review.protocol._pattern import late

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.protocol.tree import Criteria
    from ftrack_review.session import Session

__all__ = ["CONCERNED", "IDIOMS", "SECOND_NAMES", "Idiom"]


class Idiom(Frozen):
    """What one name means.

    *path* is the path it stands for, where it stands for one: queries put it in its place. Where the schema has
    no such path, *through* says how queries get to another type all the same: an attribute here, the type, and
    the attribute there that holds the same value. *needs* are the
    attributes that reading it needs, fetched where it is projected. *criterion* makes the criteria for a
    comparison with a text, where that is more than a comparison of *path*. *read* and *write* work on an
    entity; without them the value at *path* is read and written.
    """

    path: Tuple[str, ...] = ()
    cast: Optional[str] = None
    through: Optional[Tuple[str, str, str]] = None
    needs: Tuple[str, ...] = ()
    criterion: Optional[Callable[[Session, str], Optional[Criteria]]] = None
    read: Optional[Callable[[Entity], Any]] = None
    write: Optional[Callable[[Entity, Any], None]] = None

    def get(self, entity: Entity) -> Any:
        """Return the value on *entity*."""
        if self.read is not None:
            return self.read(entity)
        value: Any = entity
        for name in self.path:
            value = value[name] if value is not None else None
        return value

    def set(self, entity: Entity, value: Any) -> None:
        """Set the *value* on *entity*."""
        if self.write is not None:
            self.write(entity, value)
        elif len(self.path) == 1:
            entity[self.path[0]] = value
        else:
            raise OperationError(f"{'.'.join(self.path)} is what this stands for; set it there.")


#: Second names of entity types. What comes back carries the real one.
SECOND_NAMES: Mapping[str, str] = {
    "ReviewSessionObjectComment": "Note",
    "ReviewSessionObjectComponent": "FileComponent",
}

_COMMENT: Dict[str, Idiom] = {
    "text": Idiom(path=("content",)),
    "user": Idiom(path=("author",)),
    "review_session_object": Idiom(
        through=("parent_id", "ReviewSessionObject", "id"),
        needs=("parent_id", "parent_type"),
        read=meaning.get_note_object,
        write=meaning.set_note_object,
    ),
    "review_session_object_id": Idiom(path=("parent_id",)),
}

_COMPONENT: Dict[str, Idiom] = {
    "file_path": Idiom(path=("component_locations", "resource_identifier"), read=meaning.get_file_path),
    "review_session_object": Idiom(
        path=("version", "review_session_objects"), read=meaning.get_component_object
    ),
    "review_session_object_id": Idiom(
        path=("version", "review_session_objects", "id"), read=meaning.get_component_object_id
    ),
}

IDIOMS: Mapping[str, Mapping[str, Idiom]] = {
    "ReviewSession": {
        "status": Idiom(
            needs=("is_open",),
            criterion=meaning.match_status,
            read=meaning.get_status,
            write=meaning.set_status,
        ),
        "is_public": Idiom(path=("shareable_url_enabled",)),
    },
    "ReviewSessionObject": {"asset_version_id": Idiom(path=("version_id",))},
    "ReviewSessionInvitee": {
        "user": Idiom(
            path=("resource",),
            cast="User",
            through=("email", "User", "email"),  # On servers older than the resource of invitees.
            read=meaning.get_user,
            write=meaning.set_user,
        ),
        "user_id": Idiom(path=("resource_id",)),
        "invitation_status": Idiom(
            needs=("last_sent_at", "created_from_shared_url", "statuses"),
            criterion=meaning.match_invitation_status,
            read=meaning.get_invitation_status,
            write=meaning.set_invitation_status,
        ),
        "role": Idiom(
            needs=("review_session_id",),
            criterion=meaning.match_role,
            read=meaning.get_role,
            write=meaning.set_role,
        ),
    },
    "AssetVersion": {
        "name": Idiom(
            path=("asset", "name"),
            needs=("asset.name", "version"),
            criterion=meaning.match_version_name,
            read=meaning.get_version_name,
        ),
    },
    "Note": _COMMENT,
    "FileComponent": _COMPONENT,
    "ReviewSessionObjectComment": _COMMENT,
    "ReviewSessionObjectComponent": _COMPONENT,
}

#: Finds whether a query may hold an idiom. A query found in vain is only parsed in full.
CONCERNED = late(
    r"""
    ReviewSessionObjectCom(?:ment|ponent)
    | \b(?:is_public | invitation_status | asset_version_id | file_path)\b
    | \bReviewSession\b      (?=.*(?<![.\w])status\b) | (?<![.\w])status\b (?=.*\bReviewSession\b)
    | \breview_sessions?\.status\b
    | \bReviewSessionInvitee\b (?=.*\b(?:user|user_id|role)\b) | \b(?:user|role)\b (?=.*\bReviewSessionInvitee\b)
    | \binvitees?\.(?:user|role)
    | \bNote\b (?=.*\b(?:text|user|review_session_object)\b) | \b(?:text|user)\b (?=.*\bNote\b)
    | \b(?:notes|replies|in_reply_to)\.(?:text|user)\b
    | \bAssetVersion\b (?=.*(?<![.\w])name\b) | (?<![.\w])name\b (?=.*\bAssetVersion\b)
    | version(?:s|\[AssetVersion\])?\.name\b
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
