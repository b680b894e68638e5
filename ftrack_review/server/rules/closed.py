"""What a review shows, and every way by which something is part of it: none of it is written once the review is closed.

:data:`PARTS` is the one place that says so, as a table from entity type to what of it a review shows and how the
review is found from there. What is in no review by any of these ways is written as before, also by what leads away from
a review: the status of a version, feedback that is copied to it, other components of it, more versions of its asset.

What belongs to a review alone is looked at action by action, so that one batch may reopen a review and write
into it. Media and thumbnails are looked at once at the end of a request, as thousands of them are published
together and belong to no review; then a review counts as closed if it was at the beginning, too. What is deleted is
looked at with everything that would go along. A review session itself may be deleted at any time, and then nothing of
it has to stay.

Called by ``rules``, ``cascade``, ``jobs`` and ``transfer``.
"""

# ruff: noqa: ARG001 - all rules of a kind take the same arguments.

from __future__ import annotations

from typing import (
    TYPE_CHECKING,
    AbstractSet,
    Any,
    Callable,
    Dict,
    FrozenSet,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from ftrack_review.protocol import presentation, remark, role, succession
from ftrack_review.server.errors import ServerFault, describe
from ftrack_review.server.rules.reviews import FORMER_VOTE, is_open
from ftrack_review.symbol import SERVER_LOCATION_ID

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.rows import Row

__all__ = ["CHANGED", "FINISH", "GUARD", "PARTS", "Part", "refuse_media", "refuse_removal"]

Pairs = Iterator[Tuple["Row", "Row"]]
#: Gives, for some rows of one type, pairs of a row and what it is part of. The last argument is what is being deleted.
Way = Callable[["RequestContext", List["Row"], AbstractSet["Row"]], Pairs]

# The metadata that says who wrote a note, about which frame, with which drawing.
_SAID = (remark.INVITEE_KEY, remark.FRAME_KEY, remark.ANNOTATION_KEY, remark.DRAWING_KEY)

# The metadata that says how media is shown, by what it belongs to.
_ABOUT_MEDIA = {
    "ftr_meta": "Component",
    remark.HAS_AUDIO_KEY: "Component",
    remark.FIRST_FRAME_KEY: "AssetVersion",
}

# Texts are searched for this many keys at once; for more, the texts are read.
_MOST_LIKES = 20


class Part(NamedTuple):
    """How entities of a type are part of what a review shows.

    *attributes* are those that it shows, None where it shows all. *ways* are looked at when a row is written,
    *later* at the end of the request. With *is_early* nothing is written before the review begins, either.
    """

    ways: Tuple[Way, ...] = ()
    later: Tuple[Way, ...] = ()
    attributes: Optional[FrozenSet[str]] = None
    is_early: bool = False


# Ways


def _up(attribute: str, entity_type: str) -> Way:
    """Return the way from rows to what their *attribute* refers to, or did when the request began."""

    def find(context: RequestContext, rows: List[Row], gone: AbstractSet[Row]) -> Pairs:
        entity = context.catalogue.types[entity_type]
        for row, key in _referring(context, entity, rows, attribute):
            found = context.rows.get(entity, (key,))
            if found is not None and found.entity.is_a(entity_type):
                yield row, found

    return find


def _referring(
    context: RequestContext, entity: Any, rows: Iterable[Row], attribute: str
) -> List[Tuple[Row, Any]]:
    """Return each of *rows* with each key in its *attribute*, after reading what they refer to at once."""
    pairs: List[Tuple[Row, Any]] = []
    for row in rows:
        column = row.entity.columns.get(attribute)
        if column is not None:
            values = (row.values[column.name], row.before.get(column.name))
            pairs.extend((row, value) for value in dict.fromkeys(values) if value is not None)
    context.rows.load(entity, [(key,) for _, key in pairs])
    return pairs


def _down(entity_type: str, attribute: str) -> Way:
    """Return the way from rows to those of *entity_type* whose *attribute* refers to them.

    What is new is referred to by what is new as well, and what is deleted is deleted with what refers to it.
    """

    def find(context: RequestContext, rows: List[Row], gone: AbstractSet[Row]) -> Pairs:
        entity = context.catalogue.types.get(entity_type)
        old = {row.key[0]: row for row in rows if not row.added and row not in gone}
        if old and entity is not None and attribute in entity.columns:
            for found in context.rows.having(entity, entity.columns[attribute], old):
                yield old[found.get(attribute)], found

    return find


def _above_note(context: RequestContext, rows: List[Row], gone: AbstractSet[Row]) -> Pairs:
    """Give what a note is on: an object of a review, or another note that it answers."""
    for target in ("ReviewSessionObject", "Note"):
        fitting = []
        for row in rows:
            named = context.catalogue.type_named(row.get("parent_type") or "")
            column = row.entity.columns["parent_type"].name
            former = (
                context.catalogue.type_named(row.before.get(column) or "") if column in row.before else named
            )
            if {named, former} & {target, None}:
                fitting.append(row)
        yield from _up("parent_id", target)(context, fitting, gone)


def _told(context: RequestContext, rows: List[Row], gone: AbstractSet[Row]) -> Pairs:
    """Give what metadata tells of by the conventions that both sides read: a note, an object, a review."""
    types = context.catalogue.types
    for row in rows:
        key = str(row.get("key") or "")
        name, owner = None, None
        if key in _SAID or (key == remark.RELEASED_KEY and _takes_back(row, gone)):
            name, owner = "Note", row.get("parent_id")
        elif key.startswith(succession.PREFIX):
            name, owner = "ReviewSessionObject", key[len(succession.PREFIX) :]
        elif f"{key}.".startswith(f"{role.SESSION_KEY}.") and _changes_roles(context, row, row in gone):
            name, owner = "ReviewSession", key[len(role.SESSION_KEY) + 1 :] or row.get("parent_id")
        found = None if name is None or owner is None else context.rows.get(types[name], (owner,))
        if found is not None:
            yield row, found


def _takes_back(row: Row, gone: AbstractSet[Row]) -> bool:
    """Return whether a release is taken back. A release may be given at any time, as nobody saw the note before."""
    return row in gone or (not row.added and not row.get("value"))


def _changes_roles(context: RequestContext, row: Row, removing: bool) -> bool:
    """Return whether somebody who was invited before this request gets another role."""
    invitee = context.catalogue.types["ReviewSessionInvitee"]
    column = row.entity.columns["value"].name
    before = {} if row.added else role.decode(row.before.get(column, row.values[column]))
    after = {} if removing else role.decode(row.values[column])
    for key in {*before, *after}:
        if before.get(key, role.REVIEWER) != after.get(key, role.REVIEWER):
            known = context.rows.get(invitee, (key,))
            if known is not None and not known.added:
                return True
    return False


def _told_of_media(context: RequestContext, rows: List[Row], gone: AbstractSet[Row]) -> Pairs:
    types = context.catalogue.types
    for key, name in _ABOUT_MEDIA.items():
        members = [row for row in rows if row.get("key") == key]
        context.rows.load(types[name], [(row.get("parent_id"),) for row in members])
        for row in members:
            found = context.rows.get(types[name], (row.get("parent_id"),))
            if found is not None:
                yield row, found


def _former_vote(context: RequestContext, rows: List[Row], gone: AbstractSet[Row]) -> Pairs:
    """Give the object of a vote that is kept as an Event."""
    kept = [row for row in rows if row.get("action") == FORMER_VOTE]
    return _up("parent_id", "ReviewSessionObject")(context, kept, gone)


def _version_of_component(context: RequestContext, rows: List[Row], gone: AbstractSet[Row]) -> Pairs:
    """Give the version that a component is shown for: browsers can play it, or the server gives it away."""
    files = context.files
    shown = [
        row
        for row in rows
        if presentation.can_play(row.get("name") or "", row.get("file_type") or "")
        or (files is not None and files.has(row.key[0]))
    ]
    return _up("version_id", "AssetVersion")(context, shown, gone)


def _component_here(context: RequestContext, rows: List[Row], gone: AbstractSet[Row]) -> Pairs:
    """Give the component whose file the server keeps; where else it is, is nothing that a review shows."""
    column = "location_id"
    here = [
        row
        for row in rows
        if SERVER_LOCATION_ID in (row.get(column), row.before.get(row.entity.columns[column].name))
    ]
    return _up("component_id", "Component")(context, here, gone)


def _replaced(context: RequestContext, rows: List[Row], gone: AbstractSet[Row]) -> Pairs:
    """Give the objects on which another version of the same asset has taken the place of these."""
    types = context.catalogue.types
    version, shown, metadata = types["AssetVersion"], types["ReviewSessionObject"], types["Metadata"]
    asset = types["Asset"]
    old: Dict[Any, Row] = {}
    for row in rows:
        owner = row.get("asset_id")
        # Where the asset goes, its other versions and their objects go and are looked at themselves.
        if not row.added and owner is not None and context.rows.peek(asset, (owner,)) not in gone:
            old[row.key[0]] = row
    assets = {row.get("asset_id") for row in old.values()}
    siblings = [row.key[0] for row in context.rows.having(version, version.columns["asset_id"], assets)]
    objects = {
        succession.key(item.key[0]): item
        for item in context.rows.having(shown, shown.columns["version_id"], siblings)
        if item.get("version_id") not in old
    }
    for kept in context.rows.having(metadata, metadata.columns["key"], objects):
        for entry in succession.decode(kept.get("value")):
            if entry["version_id"] in old:
                yield old[entry["version_id"]], objects[kept.get("key")]


def _itself(context: RequestContext, rows: List[Row], gone: AbstractSet[Row]) -> Pairs:
    return ((row, row) for row in rows)


# The table

_TO_OBJECT = (_up("review_session_object_id", "ReviewSessionObject"),)
_TO_SESSION = (_up("review_session_id", "ReviewSession"),)
_TO_NOTE = (_up("note_id", "Note"),)

#: What of each entity type a review shows. What derives from a type is part of a review in the same way.
PARTS: Mapping[str, Part] = {
    "AssetVersion": Part(
        later=(_down("ReviewSessionObject", "version_id"), _replaced),
        attributes=frozenset({"asset_id", "thumbnail_id", "version"}),
    ),
    "Component": Part(
        later=(
            _down("NoteComponent", "component_id"),
            _down("ReviewSessionObjectAnnotationComponent", "component_id"),
            _down("AssetVersion", "thumbnail_id"),
            _version_of_component,
        )
    ),
    "ComponentLocation": Part(later=(_component_here,)),
    "Event": Part((_former_vote,)),
    "Metadata": Part((_told,), (_told_of_media,), is_early=True),
    "Note": Part((_up("in_reply_to_id", "Note"), _above_note), is_early=True),
    "NoteComponent": Part(_TO_NOTE, is_early=True),
    "NoteLabelLink": Part(_TO_NOTE, is_early=True),
    "Recipient": Part(_TO_NOTE, is_early=True),
    # When it is open and for whom may change, or it could not be reopened.
    "ReviewSession": Part(
        (_itself,),
        attributes=frozenset({"description", "is_moderated", "name", "project_id"}),
    ),
    # When the invitation was sent is noted whenever it is sent.
    "ReviewSessionInvitee": Part(
        _TO_SESSION,
        attributes=frozenset(
            {"created_from_shared_url", "email", "name", "resource_id", "review_session_id"}
        ),
    ),
    "ReviewSessionObject": Part(_TO_SESSION, is_early=True),
    "ReviewSessionObjectAnnotation": Part(_TO_OBJECT, is_early=True),
    "ReviewSessionObjectAnnotationComponent": Part(_TO_OBJECT, is_early=True),
    "ReviewSessionObjectStatus": Part(_TO_OBJECT, is_early=True),
}

# The first deletes what it belongs to, and may: a vote keeps who gave it by itself.
_MAY_GO = frozenset({"ReviewSession", "ReviewSessionInvitee"})

# Who does something by itself for the media of a review ends what was begun while it was open.
_MEDIA = frozenset({"AssetVersion", "Component", "ComponentLocation"})


def part_of(row: Row) -> Optional[Tuple[str, Part]]:
    """Return what *row* is in the table, None where no review shows it."""
    for name in row.entity.lineage:
        if name in PARTS:
            return name, PARTS[name]
    return None


# Asking


class _Refusal(NamedTuple):
    """What is to be done to which row, for the error."""

    verb: str = "written"
    asked: str = ""
    way_out: str = ""


_WRITING = _Refusal()


def _guard(context: RequestContext, row: Row, removing: bool) -> None:
    """Refuse to write what is part of a closed review. What is deleted is looked at with all that goes along."""
    if not removing:
        _refuse(context, [row], is_later=False)


def _guard_added(context: RequestContext, row: Row, removing: bool) -> None:
    if row.added and not removing:
        _refuse(context, [row], is_later=False)


def _follow_change(context: RequestContext, row: Row, old: Mapping[str, Any]) -> None:
    """Refuse a change of what a closed review shows where other attributes of the row may be changed."""
    found = part_of(row)
    if found is not None and found[1].attributes is not None and not found[1].attributes.isdisjoint(old):
        _refuse(context, [row], is_later=False)


def _finish_media(context: RequestContext, rows: List[Row]) -> None:
    """Refuse changes of media and thumbnails that a closed review shows."""
    if not getattr(context.caller, "is_system", False):
        _refuse(context, [row for row in rows if _is_changed(row)], is_later=True)


def _is_changed(row: Row) -> bool:
    found = part_of(row)
    attributes = None if found is None else found[1].attributes
    if row.added or attributes is None:
        return True
    return any(row.entity.columns[name].name in row.before for name in attributes if row.has(name))


def refuse_media(context: RequestContext, entity_type: str, key: str) -> None:
    """Raise the fault if the version or component *key* has media that a closed review shows, and is to get other."""
    found = context.rows.get(context.catalogue.types[entity_type], (key,))
    if found is None:
        return
    rows = [found]
    if entity_type == "Component":
        # Whatever it is, it is shown once the server has its file.
        rows.extend(row for _, row in _up("version_id", "AssetVersion")(context, rows, frozenset()))
    _refuse(context, rows, is_later=True, refusal=_Refusal("given other media"))


def refuse_removal(
    context: RequestContext,
    asked: Sequence[Row],
    gone: AbstractSet[Row],
    detached: Iterable[Tuple[Row, str]],
) -> None:
    """Raise the fault if a closed review, which stays, shows something of what would be *gone*.

    *asked* is what the caller wants to delete, *detached* the rows and the names of their columns that would lose
    a reference.
    """
    is_system = getattr(context.caller, "is_system", False)
    rows = [row for row in gone if row.name not in _MAY_GO]
    for row, column in detached:
        found = part_of(row)
        if found is None or row in gone:
            continue
        shown = found[1].attributes
        if shown is None or any(row.has(name) and row.entity.columns[name].name == column for name in shown):
            rows.append(row)
    if is_system:
        rows = [row for row in rows if row.entity.lineage and not _MEDIA.intersection(row.entity.lineage)]
    _refuse(context, rows, is_later=None, gone=gone, refusal=_refusal_of(asked, gone))


def _refusal_of(asked: Sequence[Row], gone: AbstractSet[Row]) -> _Refusal:
    way_out = " Or delete the review session."
    if any(row.entity.is_a("Resource") for row in asked):
        way_out += " Somebody who leaves can be made inactive: is_active = False."
    label = asked[0].label if len(asked) == 1 else ""
    return _Refusal("deleted", label, way_out)


def _refuse(
    context: RequestContext,
    rows: Iterable[Row],
    *,
    is_later: Optional[bool],
    gone: AbstractSet[Row] = frozenset(),
    refusal: _Refusal = _WRITING,
) -> None:
    """Go from *rows* by all ways, a type at a time, and raise the fault at a closed review.

    *is_later* chooses the ways, None takes all.
    """
    waiting: Dict[Row, Row] = {row: row for row in rows}
    seen: Set[Row] = set(waiting)
    while waiting:
        groups: Dict[str, List[Row]] = {}
        for row in waiting:
            found = part_of(row)
            if found is not None:
                groups.setdefault(found[0], []).append(row)
        reached: Dict[Row, Row] = {}
        for name, members in groups.items():
            part = PARTS[name]
            ways = (
                *(() if is_later and name == "Metadata" else part.ways),
                *(() if is_later is False else part.later),
            )
            for way in ways:
                for row, above in way(context, members, gone):
                    origin = waiting[row]
                    if above in gone:
                        continue  # It is looked at itself, and a review session that goes keeps nothing.
                    if above.name == "ReviewSession":
                        _check_session(context, above, origin, bool(is_later), refusal)
                    elif above not in seen:
                        seen.add(above)
                        reached[above] = origin
        waiting = reached


def _check_session(
    context: RequestContext, session: Row, origin: Row, is_later: bool, refusal: _Refusal
) -> None:
    # A session may arrive closed together with what was said in it: it is being copied.
    if session.added or is_open(session, context.now):
        return
    if (is_later or origin is session) and is_open(_former(session), context.now):
        return
    begins = session.get("start_date")
    attribute: Optional[str]
    if session.get("availability") != "closed" and begins is not None and begins > context.now:
        found = part_of(origin)
        if found is None or not found[1].is_early:
            return
        state, attribute = "has not begun", "start_date"
        hint = f"Let it begin first: set its start_date ({begins}) to a time before now."
    else:
        state, attribute = "is closed", None
        hint = f"Reopen it first: set its end_date ({session.get('end_date')}) to a time to come" + (
            " and its availability to null." if session.get("availability") == "closed" else "."
        )
    hint += refusal.way_out
    label = origin.label
    column = session.entity.columns["name"].name
    name = session.before.get(column, session.values[column])
    shows = f" and shows {label}" if refusal.asked not in ("", label) else ""
    raise ServerFault(
        "PermissionError",
        f"The review session {describe(name)} {state}{shows}, so that {refusal.asked or label} cannot "
        f"be {refusal.verb}. {hint}",
        403,
        error_code="review_session_closed",
        attribute=attribute,
        hint=hint,
    )


def _former(session: Row) -> Dict[str, Any]:
    """Return what *session* was when the request began, as far as it says whether it is open."""
    columns = {
        name: session.entity.columns[name].name
        for name in ("availability", "end_date", "start_date")
        if session.has(name)
    }
    return {name: session.before.get(column, session.values[column]) for name, column in columns.items()}


GUARD: Any = {
    **{name: _guard for name, part in PARTS.items() if part.ways and part.attributes is None},
    "ReviewSessionInvitee": _guard_added,
}
CHANGED: Any = {
    name: _follow_change for name, part in PARTS.items() if part.ways and part.attributes is not None
}
FINISH: Any = {name: _finish_media for name, part in PARTS.items() if part.later}
