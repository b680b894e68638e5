"""What the idioms mean on entities: how each is read, written and compared.

The meanings follow ftrack's documentation of review sessions where there is one (closing by the end date,
sharing by link) and are conventions of ours where there is none (roles).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional

from ftrack_review import symbol
from ftrack_review.exception import Error, OperationError
from ftrack_review.protocol import role as roles
from ftrack_review.protocol.grammar import parse_criteria, quote, quote_list

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.protocol.tree import Criteria
    from ftrack_review.session import Session

#: How long a review session stays open when it is opened without an end, in days, as ftrack's own do.
OPEN_DAYS = 7

# The values of ReviewSession.availability whose meaning is known. Others leave it to the dates.
_ALWAYS_OPEN = "always_open"
_CLOSED = "closed"


# ReviewSession.status


def get_status(review_session: Entity) -> str:
    """Return ``Open`` or ``Closed``."""
    return "Open" if _is_open(review_session) else "Closed"


def set_status(review_session: Entity, value: Any) -> None:
    """Close the session by ending it now, or open it for another week unless it ends later anyway."""
    now = _now()
    if _read_status(value):
        if review_session["availability"] == _CLOSED:
            review_session["availability"] = _ALWAYS_OPEN
        start, end = review_session["start_date"], review_session["end_date"]
        if start is not None and start > now:
            review_session["start_date"] = now
        open_until = now.shift(days=OPEN_DAYS)
        if end is None or end < open_until:
            review_session["end_date"] = open_until
    else:
        if review_session["availability"] == _ALWAYS_OPEN:
            review_session["availability"] = _CLOSED
        if review_session["start_date"] is not None and review_session["start_date"] > now:
            # It ends no earlier than it starts.
            review_session["start_date"] = now
        review_session["end_date"] = now
    # The server decides; what it said before the change no longer holds.
    _forget(review_session, "is_open")


def match_status(_session: Session, text: str) -> Criteria:
    """Return the criteria for a status. Whether servers can filter by is_open is not known; dates they can."""
    now = _now().format("YYYY-MM-DDTHH:mm:ss")
    # Both are said positively: a comparison with nothing is neither true nor false, and so is its opposite.
    if _read_status(text):
        decisive, other, dates = _ALWAYS_OPEN, _CLOSED, f'start_date <= "{now}" and end_date > "{now}"'
    else:
        decisive, other, dates = _CLOSED, _ALWAYS_OPEN, f'(start_date > "{now}" or end_date <= "{now}")'
    return parse_criteria(
        f'availability is "{decisive}" or '
        f'((availability is none or availability not_in ("{decisive}", "{other}")) and {dates})'
    )


def creation_of_status(value: Any, start: Any = None) -> Dict[str, Any]:
    """Return the attributes that a new session with this status has, which was to start at *start*."""
    if _read_status(value):
        return {}
    now = _now()
    begins = _read_time(start)
    is_later = begins is not None and begins > now
    return {"end_date": now, **({"start_date": now} if is_later else {})}


def require_order(data: Mapping[str, Any]) -> None:
    """Raise OperationError for a new session that is to end before it starts."""
    start, end = data.get("start_date"), data.get("end_date")
    if start is None or end is None:
        return
    began, ended = _read_time(start), _read_time(end)
    if began is not None and ended is not None and ended < began:
        raise OperationError(
            f"The review session {data.get('name')!r} would end ({end}) before it starts ({start}), so that nobody "
            "could take part. Give an end_date that is later than the start_date, or leave it out for a week."
        )


def _read_status(value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in ("open", "closed"):
        raise OperationError(f"The status of a review session is 'open' or 'closed', not {value!r}.")
    return text == "open"


def _is_open(review_session: Entity) -> bool:
    pending = any(_is_modified(review_session, name) for name in ("end_date", "availability"))
    if not pending and review_session["is_open"] is not None:
        return bool(review_session["is_open"])
    # Changed here and not committed yet, so the server has not decided: its rule, applied here.
    availability = review_session["availability"]
    if availability in (_ALWAYS_OPEN, _CLOSED):
        return bool(availability == _ALWAYS_OPEN)
    now, start, end = _now(), review_session["start_date"], review_session["end_date"]
    return (start is None or start <= now) and (end is None or end > now)


# ReviewSessionInvitee.user, invitation_status and role


def get_user(invitee: Entity) -> Optional[Entity]:
    """Return the User that was invited, None for a guest."""
    if "resource" in invitee.session.schema["ReviewSessionInvitee"].attributes:
        resource = invitee["resource"]
        return resource if resource is not None and resource.entity_type == "User" else None
    email = invitee["email"]
    return invitee.session.query(f"User where email is {quote(email)}").first() if email else None


def set_user(invitee: Entity, user: Optional[Entity]) -> None:
    """Make *user* the one who is invited, under their name and e-mail address."""
    for name, value in creation_of_user(invitee.session, user).items():
        invitee[name] = value


def creation_of_user(session: Session, user: Optional[Entity]) -> Dict[str, Any]:
    """Return the attributes of an invitee who is *user*."""
    has_resource = "resource" in session.schema["ReviewSessionInvitee"].attributes
    if user is None:
        return {"resource": None} if has_resource else {}
    if getattr(user, "entity_type", None) != "User":
        raise OperationError(f"An invitee's user is a User, not {user!r}.")
    names = (user["first_name"], user["last_name"])
    found: Dict[str, Any] = {"name": " ".join(n for n in names if n) or user["username"]}
    if not user["email"]:
        raise OperationError(
            f"The user {user['username']} has no e-mail address to be invited by. Set one first."
        )
    found["email"] = user["email"]
    if has_resource:
        found["resource"] = user
    return found


def get_invitation_status(invitee: Entity) -> str:
    """Return ``responded``, ``joined``, ``sent`` or ``pending``."""
    if len(invitee["statuses"]):
        return "responded"
    if invitee["created_from_shared_url"]:
        return "joined"
    return "sent" if invitee["last_sent_at"] else "pending"


def set_invitation_status(invitee: Entity, value: Any) -> None:
    """Send the invitation for ``sent``; accept the present value; refuse anything else."""
    text = str(value).strip().lower()
    present = get_invitation_status(invitee)
    if text == present:
        return
    if text == "sent":
        invitee.session.send_review_session_invite(invitee)
        _forget(invitee, "last_sent_at")
        return
    raise OperationError(
        f"The invitation of {invitee['name']} is {present!r} and cannot be made {value!r}: it follows from what "
        "happened. 'sent' sends the mail; a vote makes it 'responded'."
    )


def match_invitation_status(_session: Session, text: str) -> Criteria:
    """Return the criteria for an invitation status."""
    silent = "not statuses any () and "
    guest = "created_from_shared_url is true"
    member = "(created_from_shared_url is none or created_from_shared_url is false)"
    known = {
        "responded": "statuses any ()",
        "joined": f"{silent}{guest}",
        "sent": f"{silent}{member} and last_sent_at is_not none",
        "pending": f"{silent}{member} and last_sent_at is none",
    }
    if text.lower() not in known:
        raise OperationError(f"An invitation is {', '.join(known)}, not {text!r}.")
    return parse_criteria(known[text.lower()])


def get_role(invitee: Entity) -> str:
    """Return ``reviewer``, ``approver`` or ``observer``."""
    metadata, key = _roles_of(invitee)
    mapping = roles.decode(metadata.get(key))
    return mapping.get(invitee["id"], roles.REVIEWER)


def set_role(invitee: Entity, value: Any) -> None:
    """Write the role where the convention keeps it (:mod:`ftrack_review.protocol.role`)."""
    role = str(value).strip().lower()
    if role not in roles.ROLES:
        raise OperationError(f"A role is one of {', '.join(roles.ROLES)}, not {value!r}.")
    metadata, key = _roles_of(invitee)
    mapping = dict(roles.decode(metadata.get(key)))
    if mapping.get(invitee["id"], roles.REVIEWER) != role:
        mapping[invitee["id"]] = role
        metadata[key] = roles.encode(mapping)


def match_role(session: Session, text: str) -> Criteria:
    """Return the criteria for a role: the ids that have it, or all but those that have another."""
    role = text.lower()
    if role not in roles.ROLES:
        raise OperationError(f"A role is one of {', '.join(roles.ROLES)}, not {text!r}.")
    prefix = roles.SESSION_KEY + "%"
    mapping: Dict[str, str] = {}
    for row in session.query(f"select value from Metadata where key like {quote(prefix)}"):
        mapping.update(roles.decode(row["value"]))
    if role == roles.REVIEWER:
        others = [key for key, found in mapping.items() if found != role]
        return parse_criteria(f"id not_in {quote_list(others)}")
    return parse_criteria(f"id in {quote_list(key for key, found in mapping.items() if found == role)}")


def _roles_of(invitee: Entity) -> tuple[Any, str]:
    review_session = invitee["review_session"]
    if review_session is None:
        raise OperationError("An invitee has a role only in a review session. Set its review_session first.")
    if "metadata" in invitee.session.schema["ReviewSession"].attributes:
        return review_session["metadata"], roles.SESSION_KEY
    return review_session["project"]["metadata"], roles.project_key(review_session["id"])


# AssetVersion.name


_NAME_AND_NUMBER = re.compile(r"^(?P<asset>.+?)[ _.-]v(?P<version>\d+)$", re.IGNORECASE)


def get_version_name(version: Entity) -> Optional[str]:
    """Return the asset's name and the number, ``comp v003``."""
    asset, number = version["asset"], version["version"]
    if asset is None:
        return None
    return f"{asset['name']} v{int(number):03d}" if number is not None else str(asset["name"])


def match_version_name(_session: Session, text: str) -> Optional[Criteria]:
    """Return the criteria for a name of the form ``comp v003``; any other is the asset's name."""
    named = f"asset.name is {quote(text)}"
    found = _NAME_AND_NUMBER.match(text)
    if found is None:
        return parse_criteria(named)
    asset, number = quote(found["asset"]), int(found["version"])
    return parse_criteria(f"{named} or (asset.name is {asset} and version is {number})")


# Notes and components of a review session object


def get_note_object(note: Entity) -> Optional[Entity]:
    """Return the review session object that a note is on, None where it is on something else."""
    if note["parent_type"] not in ("ReviewSessionObject", "review_session_object"):
        return None
    return note.session.get("ReviewSessionObject", note["parent_id"])


def set_note_object(note: Entity, item: Entity) -> None:
    """Put a note on a review session object."""
    for name, value in creation_of_parent(item).items():
        note[name] = value


def creation_of_parent(item: Any) -> Mapping[str, Any]:
    """Return the attributes of a note on the review session object *item*, an entity."""
    if getattr(item, "entity_type", None) != "ReviewSessionObject":
        raise OperationError(f"A review comment is on a ReviewSessionObject, not on {item!r}.")
    return {"parent_id": item["id"], "parent_type": "ReviewSessionObject"}


def get_component_object(component: Entity) -> Optional[Entity]:
    """Return the review session object that shows a component's version, None where there is none."""
    version = component["version"]
    objects: Any = version["review_session_objects"] if version is not None else ()
    return objects[0] if len(objects) else None


def get_component_object_id(component: Entity) -> Optional[str]:
    """Return the id of the review session object that shows a component's version."""
    item = get_component_object(component)
    return item["id"] if item is not None else None


def get_file_path(component: Entity) -> Optional[str]:
    """Return where a component's file is: its path, or its URL where it is on the server."""
    location = component.session.pick_location(component)
    if location is None:
        return None
    if location["id"] == symbol.SERVER_LOCATION_ID:
        return str(location.get_url(component))
    try:
        return str(location.get_filesystem_path(component))
    except Error:
        return str(location.get_resource_identifier(component))


def _forget(entity: Entity, name: str) -> None:
    """Drop what the server said of an attribute, so that the next reader asks again."""
    attribute = entity.attributes.get(name)
    if attribute is not None:
        attribute.set_remote_value(entity, symbol.NOT_SET)


def _is_modified(entity: Entity, name: str) -> bool:
    attribute = entity.attributes.get(name)
    return attribute is not None and attribute.is_modified(entity)


def _read_time(value: Any) -> Any:
    """Return a time as an arrow, None for what is none, of which the server says so."""
    import arrow

    try:
        return None if value is None else arrow.get(value)
    except (ValueError, TypeError, OverflowError, arrow.parser.ParserError):
        return None


def _now() -> Any:
    import arrow

    return arrow.utcnow().floor("second")
