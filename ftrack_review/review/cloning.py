"""The next round of a review: its objects, order, people and settings again, without the votes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple

from ftrack_review.exception import ReviewError
from ftrack_review.protocol.grammar import quote, quote_list
from ftrack_review.review import gathering
from ftrack_review.review.opinion import word_for

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.review.opinion import Feedback

__all__ = ["Clone", "ObjectChange", "clone"]

VERSIONS = ("same", "latest", "approved")

# What a review session may have that is the same in the next round. Dates begin anew.
_SETTINGS = (
    "description",
    "is_moderated",
    "passphrase",
    "passphrase_enabled",
    "shareable_url_enabled",
    "review_session_folder_id",
    "thumbnail_source_id",
)


@dataclass(frozen=True)
class ObjectChange:
    """An object of the last round and what became of it: labels of versions, what it came to, what was left open.

    *comment* is what the artist wrote about the new version, empty where the version is the same.
    """

    name: str
    before: str
    after: str
    status: Optional[str]
    open_comments: Tuple[str, ...]
    comment: str = ""

    @property
    def is_new_version(self) -> bool:
        """Whether another version is up than in the last round."""
        return self.before != self.after

    def __str__(self) -> str:
        """Return it as people read it."""
        version = f"{self.before} -> {self.after}" if self.is_new_version else f"{self.after}, unchanged"
        left = f", {len(self.open_comments)} open" if self.open_comments else ""
        said = f": {' '.join(self.comment.split())}" if self.comment else ""
        status = f"was {word_for(self.status)}" if self.status else "had no vote"
        return f"{self.name}: {version} ({status}{left}){said}"


@dataclass(frozen=True)
class Clone:
    """The next round: the new *review_session* and, object by object, what changed since the last."""

    review_session: Any
    changes: Tuple[ObjectChange, ...]

    def __str__(self) -> str:
        """Return it as people read it."""
        return "\n".join([f"{self.review_session['name']}:", *(f"  {change}" for change in self.changes)])


def clone(
    review_session: Entity,
    name: Optional[str] = None,
    *,
    versions: str = "same",
    invitees: bool = True,
) -> Clone:
    """Make another review session like *review_session*, without its votes and comments.

    It gets the objects in their order, the invited people with their roles, the folder, and the settings (moderation,
    shared link, passphrase, entity settings). It is open from now for a week. *name* is by default that of the old
    one with a number. *versions* tells what is shown: ``same``, ``latest`` (the newest version of each asset) or
    ``approved`` (the newest whose status is done, where there is one). *invitees* False leaves the people out.

    Nobody is mailed. Everything is queued: :meth:`Session.commit` sends it.

    Raise :exc:`~ftrack_review.exception.ReviewError` for a word that *versions* does not know.

    Example::

        round_2 = review_session.clone("Weekly review, round 2", versions="latest")
        session.commit()
        print(round_2)

    .. versionadded:: 3.1.0
    """
    if versions not in VERSIONS:
        raise ReviewError(f"The versions of a clone are one of {', '.join(VERSIONS)}, not {versions!r}.")
    session = review_session.session
    said = gathering.feedback(review_session)
    key = quote(review_session["id"])
    objects = session.query(
        "select name, description, version, version_id, sort_order, asset_version.asset_id, asset_version.version "
        f"from ReviewSessionObject where review_session_id is {key} order by sort_order"
    ).all()
    chosen = _choose(session, objects, versions)
    made = session.create(
        "ReviewSession", _settings(review_session, name or _next_name(session, review_session))
    )
    _copy_entity_settings(review_session, made)
    if invitees:
        _copy_invitees(review_session, made, said)
    changes = []
    for item in objects:
        version = chosen.get(_asset_of(item))
        before = gathering.label_of(item)
        swapped = version is not None and version["id"] != item["version_id"]
        after = f"Version {version['version'] or 1}" if version is not None and swapped else before
        session.create(
            "ReviewSessionObject",
            {
                "review_session": made,
                "version_id": version["id"] if version is not None and swapped else item["version_id"],
                "name": item["name"],
                "description": item["description"] or "",
                "version": after,
                "sort_order": item["sort_order"],
            },
        )
        comment = (version["comment"] or "") if version is not None and swapped else ""
        changes.append(_change(item, after, comment, said))
    return Clone(made, tuple(changes))


def _choose(session: Any, objects: List[Entity], versions: str) -> Dict[str, Entity]:
    """Return the version to show by asset id; what is not in it stays as it is."""
    assets = {_asset_of(item) for item in objects} - {""}
    if versions == "same" or not assets:
        return {}
    only = "is_latest_version is True" if versions == "latest" else 'status.state.short is "DONE"'
    rows = session.query(
        "select version, comment, asset_id from AssetVersion where asset_id in "
        f"{quote_list(sorted(assets))} and {only} order by version"
    )
    # The newest comes last.
    return {row["asset_id"]: row for row in rows}


def _asset_of(item: Entity) -> str:
    version = item["asset_version"]
    return str(version["asset_id"] or "") if version is not None else ""


def _settings(review_session: Entity, name: str) -> Dict[str, Any]:
    attributes = review_session.session.schema["ReviewSession"].attributes
    data: Dict[str, Any] = {"name": name, "project": review_session["project"]}
    for attribute in _SETTINGS:
        if attribute in attributes and review_session[attribute] is not None:
            data[attribute] = review_session[attribute]
    if review_session["availability"] not in (None, "closed"):
        data["availability"] = review_session["availability"]
    return data


def _copy_entity_settings(review_session: Entity, made: Entity) -> None:
    session = review_session.session
    if "EntitySetting" not in session.types:
        return
    rows = session.query(
        f"select group, name, value from EntitySetting where parent_id is {quote(review_session['id'])}"
    ).all()
    for row in rows:
        session.create(
            "EntitySetting",
            {
                "parent_id": made["id"],
                "parent_type": "ReviewSession",
                "group": row["group"],
                "name": row["name"],
                "value": row["value"],
            },
        )


def _copy_invitees(review_session: Entity, made: Entity, said: Feedback) -> None:
    session = review_session.session
    linked = "resource_id" in session.schema["ReviewSessionInvitee"].attributes
    resources: Mapping[str, Any] = {
        row["id"]: row["resource_id"] if linked else None
        for row in session.query(
            f"select {'resource_id' if linked else 'id'} from ReviewSessionInvitee "
            f"where review_session_id is {quote(review_session['id'])}"
        )
    }
    for invitee in said.invitees:
        # Other servers hold people without a name, and new ones have to have one.
        name = (invitee.name or "").strip() or invitee.email
        data: Dict[str, Any] = {"review_session": made, "name": name, "email": invitee.email}
        if resources.get(invitee.id):
            data["resource_id"] = resources[invitee.id]
        copy = session.create("ReviewSessionInvitee", data)
        if invitee.role != "reviewer":
            copy["role"] = invitee.role


def _change(item: Entity, after: str, comment: str, said: Feedback) -> ObjectChange:
    found = next((entry for entry in said.objects if entry.id == item["id"]), None)
    return ObjectChange(
        name=item["name"] or "",
        before=gathering.label_of(item),
        after=after,
        status=found.status if found else None,
        open_comments=tuple(remark.text for remark in found.open_comments) if found else (),
        comment=comment,
    )


def _next_name(session: Any, review_session: Entity) -> str:
    """Return the name of *review_session* with the next free number: Weekly review 2."""
    stem, _, number = review_session["name"].rpartition(" ")
    if not (stem and number.isdigit()):
        stem, number = review_session["name"], "1"
    rows = session.query(
        f"select name from ReviewSession where project_id is {quote(review_session['project_id'])} "
        f"and name like {quote(stem + '%')}"
    )
    taken = {row["name"] for row in rows}
    following = int(number) + 1
    while f"{stem} {following}" in taken:
        following += 1
    return f"{stem} {following}"
