"""Components and where their data lies: what a session does about them.

The methods of :class:`~ftrack_review.session.Session` of the same names delegate to the functions here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Union

import ftrack_review.exception as exception
import ftrack_review.symbol as symbol

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.session import Session

__all__ = [
    "activate_storage_scenario",
    "configure_locations",
    "create_component",
    "encode_media",
    "get_component_availabilities",
    "get_component_availability",
    "get_filesystem_size",
    "get_locations",
    "get_upload_metadata",
    "get_widget_url",
    "pick_location",
    "pick_locations",
    "send_review_session_invite",
    "send_review_session_invites",
    "send_user_invite",
    "send_user_invites",
]

Progress = Callable[[int, int], None]

# Lower is preferred (protocol.md 7.1).
_PRIORITIES = {
    symbol.UNMANAGED_LOCATION_ID: 90,
    symbol.ORIGIN_LOCATION_ID: 100,
    symbol.REVIEW_LOCATION_ID: 110,
    symbol.SERVER_LOCATION_ID: 150,
}


# Locations


def configure_locations(session: Session) -> None:
    """Give the built-in locations what they work with.

    Nothing is asked of the server, as their names and keys are the same everywhere.
    """
    from ftrack_review.accessor.disk import DiskAccessor
    from ftrack_review.accessor.server import _ServerAccessor
    from ftrack_review.entity.factory import mixin
    from ftrack_review.entity.location import OriginLocationMixin, ServerLocationMixin, UnmanagedLocationMixin
    from ftrack_review.structure.entity_id import EntityIdStructure
    from ftrack_review.structure.origin import OriginStructure

    for key, name, mixin_class, class_name in (
        (symbol.ORIGIN_LOCATION_ID, "ftrack.origin", OriginLocationMixin, "OriginLocation"),
        (symbol.UNMANAGED_LOCATION_ID, "ftrack.unmanaged", UnmanagedLocationMixin, "UnmanagedLocation"),
        (symbol.REVIEW_LOCATION_ID, "ftrack.review", UnmanagedLocationMixin, "UnmanagedLocation"),
        (symbol.SERVER_LOCATION_ID, "ftrack.server", ServerLocationMixin, "ServerLocation"),
    ):
        location = session.create("Location", {"id": key, "name": name}, reconstructing=True)
        mixin(location, mixin_class, name=class_name)
        if key == symbol.SERVER_LOCATION_ID:
            location.accessor = _ServerAccessor(session=session)
            location.structure = EntityIdStructure()
        else:
            location.accessor = DiskAccessor(prefix="")
            location.structure = OriginStructure()
        location.priority = _PRIORITIES[key]


def activate_storage_scenario(session: Session) -> None:
    """Let plugins, and the scenarios that are ours, set up the storage that the server is configured for."""
    scenario = session.server_information.get("storage_scenario")
    if not scenario or not scenario.get("scenario"):
        return
    if scenario["scenario"] == "ftrack.centralized-storage":
        # Ours subscribes when the hub is made. For any other, nobody can have subscribed without one.
        assert session.event_hub is not None
    session._publish_locally("ftrack.storage-scenario.activate", {"storage_scenario": scenario})


def get_locations(session: Session, filter_inaccessible: bool = True) -> List[Any]:
    """Return all locations in order of their priority.

    With *filter_inaccessible* only those that have an accessor in this process.
    """
    # Held while they are collected, as a location that nobody holds would lose its accessor.
    locations: List[Any] = list(session.query("select id from Location"))
    if filter_inaccessible:
        locations = [location for location in locations if location.accessor]
    return sorted(locations, key=lambda location: location.priority)


def pick_location(session: Session, component: Optional[Entity] = None) -> Any:
    """Return the preferred accessible location that all of *component* is in, None where there is none.

    Without *component* return the preferred accessible location.
    """
    if component is None:
        return next(iter(get_locations(session)), None)
    return pick_locations(session, [component])[0]


def pick_locations(session: Session, components: Iterable[Entity]) -> List[Any]:
    """Return for each of *components* what :func:`pick_location` returns for it."""
    candidates = get_locations(session)
    availabilities = get_component_availabilities(session, list(components), locations=candidates)
    return [
        next((location for location in candidates if availability[location["id"]] == 100.0), None)
        for availability in availabilities
    ]


def get_component_availability(
    session: Session, component: Entity, locations: Optional[Iterable[Any]] = None
) -> Dict[str, float]:
    """Return how much of *component* is in each of *locations*, in percent by key of the location.

    All locations are asked where none are given.
    """
    return get_component_availabilities(session, [component], locations=locations)[0]


def get_component_availabilities(
    session: Session, components: Iterable[Entity], locations: Optional[Iterable[Any]] = None
) -> List[Dict[str, float]]:
    """Return for each of *components* what :func:`get_component_availability` returns for it.

    A file is in a location or not. Of a container it counts how much of its members is; its own record
    counts where it has none. The server is asked anew, once for all components.
    """
    components = list(components)
    if locations is None:
        locations = session.query("select id from Location")
    location_ids = [location["id"] for location in locations]
    files = _find_files(session, components)
    places: Dict[str, set[str]] = {key: set() for key in files}
    keys = [key for key, component in files.items() if not _is_created(component)]
    if keys:
        records = session.query(
            f"select component_id, location_id from ComponentLocation where component_id in ({', '.join(keys)})"
        )
        for record in records:
            places[record["component_id"]].add(record["location_id"])
    return [
        {key: _measure_availability(component, key, places) for key in location_ids}
        for component in components
    ]


def _find_files(session: Session, components: Sequence[Entity]) -> Dict[str, Entity]:
    """Return *components* and all that they contain, by key."""
    files: Dict[str, Entity] = {}
    waiting = list(components)
    while waiting:
        containers = [each for each in waiting if _is_container(each) and not _is_created(each)]
        if containers:
            session.populate(containers, "members")
        files.update((component["id"], component) for component in waiting)
        waiting = [
            member
            for component in waiting
            if _is_container(component)
            for member in component["members"]
            if member["id"] not in files
        ]
    return files


def _measure_availability(component: Entity, location_id: str, places: Mapping[str, set[str]]) -> float:
    members = list(component["members"]) if _is_container(component) else []
    if members:
        return sum(_measure_availability(member, location_id, places) for member in members) / len(members)
    return 100.0 if location_id in places[component["id"]] else 0.0


# Components


def create_component(
    session: Session,
    path: Union[str, os.PathLike[str]],
    data: Optional[Mapping[str, Any]] = None,
    location: Any = "auto",
    *,
    progress: Optional[Progress] = None,
) -> Entity:
    """Return a new component for the data at *path*, a file or a sequence of files.

    A sequence is given as ``/path/file.%04d.exr [1-5, 7, 8, 10-20]`` and becomes a container with a member
    for each file. *data* holds further values of the component; its name is ``main`` where it does not say,
    its size and file type are found out.

    Unless *location* is None the data is added to it and the session committed; ``"auto"`` picks the
    preferred location that is accessible. *progress* is called during uploads with the number of bytes that
    were sent and the number there are, for each file.

    If the data cannot be transferred, raise :exc:`~ftrack_review.exception.LocationError`; the component is
    then gone again, here and on the server.
    """
    path = os.fspath(path)
    if not isinstance(path, str):
        raise TypeError(f"path must be text, not {type(path).__name__}.")
    if location not in (None, "auto") and not hasattr(location, "add_component"):
        raise ValueError(f"location must be a location, None or 'auto', not {location!r}.")
    values = dict(data or {})
    created: List[Entity] = []
    try:
        component = _create(session, path, values, created)
        if location == "auto":
            # Any accessible location will do, as the new component is in none of them yet.
            location = pick_location(session)
        if location:
            origin = session.get("Location", symbol.ORIGIN_LOCATION_ID)
            with _reporting(location, progress):
                location.add_component(component, origin)
    except Exception:
        # After the transfer only the commit is left, whose work has to stay for another try.
        if not _is_recorded(session, created):
            _undo(session, created)
        raise
    return component


def _create(session: Session, path: str, values: Dict[str, Any], created: List[Entity]) -> Entity:
    """Return the component for *path*; it and its members are added to *created* as they come to be."""
    sequence = _parse_sequence(path)
    if sequence is None:
        values.setdefault("size", get_filesystem_size(path))
        return _create_one(session, "FileComponent", path, values, created)
    paths = list(sequence)
    if "size" in values:
        size = values["size"] // len(paths) if paths else 0
        sizes = [size] * len(paths)
    else:
        sizes = [get_filesystem_size(each) for each in paths]
        values["size"] = sum(sizes)
    values.setdefault("padding", sequence.padding)
    expression = sequence.format("{head}{padding}{tail}")
    file_type = get_file_type(session, expression)
    values.setdefault("file_type", file_type)
    container = _create_one(session, "SequenceComponent", expression, values, created)
    members = []
    for member_path, member_size in zip(paths, sizes):
        member_values = {
            "name": sequence.match(member_path).group("index"),
            "container": container,
            "size": member_size,
            "file_type": file_type,
        }
        members.append(_create_one(session, "FileComponent", member_path, member_values, created))
    container["members"] = members
    return container


def _create_one(
    session: Session, entity_type: str, path: str, values: Dict[str, Any], created: List[Entity]
) -> Entity:
    if "file_type" not in values:
        values["file_type"] = get_file_type(session, path)
    component: Entity = session.create(entity_type, values)
    created.append(component)
    origin = session.get("Location", symbol.ORIGIN_LOCATION_ID)
    origin.add_component(component, path, recursive=False)
    return component


def _parse_sequence(path: str) -> Any:
    """Return the collection of files that *path* stands for, None if it stands for one file."""
    # Looked at before clique is imported, as most paths are those of one file.
    if not path.endswith("]"):
        return None
    import clique

    try:
        return clique.parse(path)
    except ValueError:
        return None


def get_file_type(session: Session, path: str) -> str:
    """Return the file type of *path*, such as ``.mov``; empty where it has none.

    Plugins can decide it by answering ``ftrack.api.session.get-file-type-from-string``, whose data holds
    the path as *file_path*.
    """
    from ftrack_review.event.base import Event

    event = Event(topic="ftrack.api.session.get-file-type-from-string", data={"file_path": path})
    for answer in session.event_hub.publish(event, synchronous=True) or ():
        if answer:
            return str(answer)
    suffix = os.path.splitext(path)[1]
    # The frame number of a sequence without a type is none either.
    return "" if "%" in suffix else suffix


def get_filesystem_size(path: str) -> int:
    """Return the size of the file at *path* in bytes, 0 where it cannot be told."""
    try:
        return os.path.getsize(path)
    except (OSError, ValueError):
        return 0


def _reporting(location: Any, progress: Optional[Progress]) -> Any:
    import contextlib

    reporting = getattr(location.accessor, "reporting", None)
    return contextlib.nullcontext() if progress is None or reporting is None else reporting(progress)


def _is_recorded(session: Session, created: Sequence[Entity]) -> bool:
    """Return whether it is recorded in this session, not yet on the server, where *created* are."""
    keys = {component["id"] for component in created}
    with session.auto_populating(False):
        for entity in session.created:
            if entity.entity_type == "ComponentLocation":
                component = entity["component"]
                if (component["id"] if component else entity["component_id"]) in keys:
                    return True
    return False


def _undo(session: Session, created: Sequence[Entity]) -> None:
    """Take back that *created* were created: nothing of it is sent."""
    origin = session.get("Location", symbol.ORIGIN_LOCATION_ID)
    keys = {component["id"] for component in created if _is_created(component)}
    for entity in session.created:
        # Metadata among the values was created with the component.
        if entity.entity_type == "Metadata" and entity["parent_id"] in keys:
            session.delete(entity)
    for component in reversed(created):
        if _is_created(component):
            origin._deregister_component_in_location(component)
            session.delete(component)


def _is_container(component: Entity) -> bool:
    return component.attributes.get("members") is not None


def _is_created(entity: Entity) -> bool:
    """Return whether *entity* is new in its session and not committed."""
    from ftrack_review import inspection

    return inspection.state(entity) is symbol.CREATED


# Requests to the server


def encode_media(
    session: Session,
    media: Any,
    version_id: Optional[str] = None,
    keep_original: Union[bool, str] = "auto",
) -> Entity:
    """Return the job that encodes *media*, a path or a file component, for the web.

    A path is uploaded first. The results, and the original with *keep_original*, become components of the
    version *version_id* where it is given. ``"auto"`` keeps the original of a component and not that of a
    path. Raise ValueError for media of another kind.
    """
    if isinstance(media, (str, os.PathLike)):
        if keep_original == "auto":
            keep_original = False
        location = session.get("Location", symbol.SERVER_LOCATION_ID)
        component = create_component(session, media, data=None, location=location)
    elif getattr(media, "entity_type", None) == "FileComponent":
        if keep_original == "auto":
            keep_original = True
        component = media
        _require_committed([component], "encode_media")
    else:
        raise ValueError(f"Only the path of a file or a FileComponent can be encoded, not {media!r:.100}.")
    answer = _call_supported(
        session,
        [
            {
                "action": "encode_media",
                "component_id": component["id"],
                "version_id": version_id,
                "keep_original": keep_original,
            }
        ],
    )
    job: Entity = session.get("Job", answer[0]["job_id"])
    return job


def get_upload_metadata(
    session: Session,
    component_id: str,
    file_name: str,
    file_size: int,
    checksum: Optional[str] = None,
    *,
    parts: Optional[int] = None,
) -> Dict[str, Any]:
    """Return where and how to upload the data of a component: ``url``, ``headers`` and ``component_id``.

    *file_size* is in bytes, *checksum* the MD5 of the data in base64. With *parts* a server that takes parts answers
    with an ``upload_id`` and the ``urls`` of that many.
    """
    action: Dict[str, Any] = {
        "action": "get_upload_metadata",
        "component_id": component_id,
        "file_name": file_name,
        "file_size": file_size,
        "checksum": checksum,
    }
    if parts is not None:
        action["parts"] = parts
    metadata: Dict[str, Any] = _call_supported(session, [action])[0]
    return metadata


def get_widget_url(
    session: Session, name: str, entity: Optional[Entity] = None, theme: Optional[str] = None
) -> str:
    """Return the URL of the web page *name*: ``info``, ``tasks`` or ``tasks_browser``.

    *entity* is what the page is about, where it needs one, and *theme* is ``light`` or ``dark``. The URL
    lets its bearer in, and for a few minutes only.
    """
    action: Dict[str, Any] = {"action": "get_widget_url", "name": name, "theme": theme}
    if entity is not None:
        from ftrack_review import inspection

        action["entity_type"] = entity.entity_type
        action["entity_key"] = list(inspection.primary_key(entity).values())
    return str(_call_supported(session, [action])[0]["widget_url"])


def send_user_invite(session: Session, user: Entity) -> None:
    """Send *user* an invitation to the server by mail. It has to be committed."""
    send_user_invites(session, [user])


def send_user_invites(session: Session, users: Iterable[Entity]) -> None:
    """Send each of *users* an invitation to the server by mail, in one request. They have to be committed."""
    users = list(users)
    _require_committed(users, "send_user_invite")
    _call_supported(session, [{"action": "send_user_invite", "user_id": user["id"]} for user in users])


def send_review_session_invite(session: Session, invitee: Entity) -> None:
    """Send *invitee* the link to the review session by mail. It has to be committed."""
    send_review_session_invites(session, [invitee])


def send_review_session_invites(session: Session, invitees: Iterable[Entity]) -> None:
    """Send each of *invitees* the link to the review session by mail, in one request.

    Raise :exc:`~ftrack_review.exception.InvalidStateError`, before any mail, if one is not committed.
    """
    invitees = list(invitees)
    _require_committed(invitees, "send_review_session_invite")
    _call_supported(
        session,
        [
            {"action": "send_review_session_invite", "review_session_invitee_id": invitee["id"]}
            for invitee in invitees
        ],
    )


def _require_committed(entities: Iterable[Entity], action: str) -> None:
    new = [str(entity) for entity in entities if _is_created(entity)]
    if new:
        raise exception.InvalidStateError(
            f"The server does not know {', '.join(new)} yet, which {action} needs. Call session.commit() first."
        )


def _call_supported(session: Session, actions: List[Dict[str, Any]]) -> List[Any]:
    """Return the answers to *actions*; tell if the server is too old for them."""
    if not actions:
        return []
    try:
        answers: List[Any] = session.call(actions)
    except exception.ServerError as error:
        name = actions[0]["action"]
        is_told = isinstance(error, exception.ServerCompatibilityError)
        # What stands in the place of call() may raise a plain ServerError, with the words that servers have for it.
        if not is_told and f"Invalid action u'{name}'" not in str(error):
            raise
        version = session.server_information.get("version")
        raise exception.ServerCompatibilityError(
            f'Server version {version!r} does not support "{name}", please update server and try again.',
            error_class=error.error_class,
            error_code=error.error_code,
            action=name,
        ) from error
    return answers
