"""Creating entities from idioms: each entity type that has some has a function here."""

from __future__ import annotations

import logging
import os
import warnings
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional

from ftrack_review import symbol
from ftrack_review._idioms import meaning
from ftrack_review.exception import OperationError
from ftrack_review.protocol.grammar import quote

if TYPE_CHECKING:
    from ftrack_review._idioms import Idioms
    from ftrack_review.entity.base import Entity
    from ftrack_review.session import Session

_logger = logging.getLogger(__name__)

_Data = Dict[str, Any]


def create(idioms: Idioms, entity_type: str, data: Mapping[str, Any]) -> Optional[Entity]:
    """Create what *entity_type* and *data* mean, None where they hold no idiom."""
    creator = _CREATORS.get(entity_type)
    if creator is None or (entity_type not in idioms.session.schema and not idioms.entity_type(entity_type)):
        return None
    return creator(idioms, dict(data))


def _take(idioms: Idioms, entity_type: str, data: _Data, *names: str) -> _Data:
    """Remove and return those of *names* that are in *data* and are idioms of *entity_type*."""
    return {
        name: data.pop(name) for name in names if name in data and idioms.idiom(entity_type, name) is not None
    }


def _create_review_session(idioms: Idioms, data: _Data) -> Optional[Entity]:
    session = idioms.session
    meaning.require_order(data)
    taken = _take(idioms, "ReviewSession", data, "status", "is_public")
    has_project = data.get("project") is not None or data.get("project_id") is not None
    if not taken and has_project:
        return None
    if "status" in taken:
        data.update(meaning.creation_of_status(taken["status"], data.get("start_date")))
    if "is_public" in taken:
        data["shareable_url_enabled"] = bool(taken["is_public"])
    if not has_project:
        data.pop("project_id", None)
        data["project"] = _only_project(session, data.get("name"))
    return session.create("ReviewSession", data)


def _only_project(session: Session, name: Any) -> Entity:
    """Return the server's project where it has exactly one, and say that it was taken."""
    projects = session.query("select name from Project limit 2").all()
    if len(projects) != 1:
        there = "there is no project yet" if not projects else "there are several projects"
        raise OperationError(
            f"The review session {name!r} needs a project and {there}. Pass one: "
            "session.create('ReviewSession', {'project': session.query('Project where name is \"…\"').one(), …})."
        )
    warnings.warn(
        f"The review session {name!r} was created without a project, so it goes into the only one there is, "
        f"{projects[0]['name']!r}. Pass 'project' to choose it.",
        UserWarning,
        stacklevel=7,
    )
    return projects[0]


def _create_review_object(idioms: Idioms, data: _Data) -> Optional[Entity]:
    session = idioms.session
    taken = _take(idioms, "ReviewSessionObject", data, "asset_version_id")
    if "asset_version_id" in taken:
        data["version_id"] = taken["asset_version_id"]
    if data.get("asset_version") is not None or data.get("version_id") is not None:
        return session.create("ReviewSessionObject", data) if taken else None
    review_session = data.get("review_session")
    if review_session is None and data.get("review_session_id"):
        review_session = session.get("ReviewSession", data["review_session_id"])
    if review_session is None:
        return None  # The server says what is missing.
    data.pop("version_id", None)
    name = data.get("name") or "Upload"
    data["asset_version"] = session.create(
        "AssetVersion", {"asset": _find_or_create_asset(session, name, review_session["project"])}
    )
    return session.create("ReviewSessionObject", data)


def _find_or_create_asset(session: Session, name: str, parent: Entity) -> Any:
    key = parent["id"]
    for entity in session.created:
        # An asset that is queued under this parent and not committed yet cannot be queried.
        if entity.entity_type == "Asset" and entity["name"] == name and entity["parent"] is parent:
            return entity
    if parent.state is not symbol.CREATED:
        found = session.query(f"Asset where name is {quote(name)} and context_id is {quote(key)}").first()
        if found is not None:
            return found
    data: _Data = {"name": name, "parent": parent}
    kind = session.query('AssetType where name is "Upload"').first()
    if kind is not None:
        data["type"] = kind
    return session.create("Asset", data)


def _create_invitee(idioms: Idioms, data: _Data) -> Optional[Entity]:
    taken = _take(idioms, "ReviewSessionInvitee", data, "user", "user_id", "invitation_status", "role")
    if not taken:
        return None
    session = idioms.session
    user = taken.get("user")
    if user is None and taken.get("user_id"):
        user = session.get("User", taken["user_id"])
    if user is not None:
        for name, value in meaning.creation_of_user(session, user).items():
            data.setdefault(name, value)
    invitee = session.create("ReviewSessionInvitee", data)
    if taken.get("role") is not None:
        meaning.set_role(invitee, taken["role"])
    if taken.get("invitation_status") is not None:
        meaning.set_invitation_status(invitee, taken["invitation_status"])
    return invitee


def _create_comment(idioms: Idioms, data: _Data) -> Optional[Entity]:
    session = idioms.session
    taken = _take(
        idioms,
        "ReviewSessionObjectComment",
        data,
        "text",
        "user",
        "review_session_object",
        "review_session_object_id",
    )
    if taken.get("review_session_object") is not None:
        data.update(meaning.creation_of_parent(taken["review_session_object"]))
    elif taken.get("review_session_object_id"):
        data.update(parent_id=taken["review_session_object_id"], parent_type="ReviewSessionObject")
    else:
        raise OperationError("A ReviewSessionObjectComment needs its 'review_session_object'.")
    if "text" in taken:
        data["content"] = taken["text"]
    author = taken.get("user") or data.get("author")
    if author is not None:
        data["author"] = author
    elif not data.get("user_id"):
        user = session.query(f"select id from User where username is {quote(session.api_user)}").one()
        data["user_id"] = user["id"]
    return session.create("Note", data)


def _create_note(idioms: Idioms, data: _Data) -> Optional[Entity]:
    taken = _take(idioms, "Note", data, "text", "user", "review_session_object")
    if not taken:
        return None
    if "text" in taken:
        data["content"] = taken["text"]
    if "user" in taken:
        data["author"] = taken["user"]
    if taken.get("review_session_object") is not None:
        data.update(meaning.creation_of_parent(taken["review_session_object"]))
    return idioms.session.create("Note", data)


def _create_object_component(idioms: Idioms, data: _Data) -> Optional[Entity]:
    session = idioms.session
    item = data.pop("review_session_object", None)
    if item is None and data.get("review_session_object_id"):
        item = session.get("ReviewSessionObject", data.pop("review_session_object_id"))
    path = data.pop("file_path", None)
    if item is None or not path:
        raise OperationError(
            "A ReviewSessionObjectComponent needs its 'review_session_object' and the 'file_path' of its media."
        )
    _check_file(path)
    _drop_system_type(data)
    version = item["asset_version"]
    location = session.get("Location", symbol.SERVER_LOCATION_ID)
    component = version.create_component(path, data=data, location=location)
    session.commit()
    # It is there to be watched, and the uploaded file may be of any kind.
    session.encode_media(component, version_id=version["id"], keep_original=True)
    return component


def _create_file_component(idioms: Idioms, data: _Data) -> Optional[Entity]:
    taken = _take(idioms, "FileComponent", data, "file_path")
    container: Any = data.get("container")
    on_version = getattr(container, "entity_type", None) == "AssetVersion"
    if not taken and not on_version:
        return None
    if not taken.get("file_path"):
        if on_version:
            # A version is not a container; the component belongs to it all the same.
            data["version"] = data.pop("container")
        return idioms.session.create("FileComponent", data)
    path = taken["file_path"]
    _check_file(path)
    _drop_system_type(data)
    if on_version:
        data.pop("container")
        return container.create_component(path, data=data, location="auto")
    return idioms.session.create_component(path, data=data)


def _create_version(idioms: Idioms, data: _Data) -> Optional[Entity]:
    taken = _take(idioms, "AssetVersion", data, "name")
    if not taken:
        return None
    session = idioms.session
    if data.get("asset") is None and data.get("asset_id") is None:
        task = data.get("task")
        parent = data.pop("parent", None) or (
            task["parent"] if task is not None else data.pop("project", None)
        )
        if parent is None:
            raise OperationError(
                f"The version {taken['name']!r} needs an 'asset', or a 'task' or 'parent' under which an asset of "
                "that name is found or made."
            )
        data["asset"] = _find_or_create_asset(session, str(taken["name"]), parent)
    else:
        _logger.info("The name of a version follows from its asset; %r is not stored.", taken["name"])
    return session.create("AssetVersion", data)


def _check_file(path: str) -> None:
    if not os.path.isfile(path):
        raise OperationError(f"There is no file {path!r} to make a component of. Check the 'file_path'.")


def _drop_system_type(data: _Data) -> None:
    """Leave out a media kind: a component is a file, a sequence or a container."""
    system_type = data.get("system_type")
    if system_type is not None and system_type not in ("file", "sequence", "container"):
        warnings.warn(
            f"'system_type': {system_type!r} was left out: it tells file, sequence and container apart, never "
            "the kind of media.",
            UserWarning,
            stacklevel=6,
        )
        data.pop("system_type")


_CREATORS: Mapping[str, Callable[[Any, _Data], Optional[Any]]] = {
    "AssetVersion": _create_version,
    "FileComponent": _create_file_component,
    "Note": _create_note,
    "ReviewSession": _create_review_session,
    "ReviewSessionInvitee": _create_invitee,
    "ReviewSessionObject": _create_review_object,
    "ReviewSessionObjectComment": _create_comment,
    "ReviewSessionObjectComponent": _create_object_component,
}
