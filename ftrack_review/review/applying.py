"""Set the status of versions or tasks from what a review came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional, Tuple, Union

from ftrack_review.exception import ReviewError
from ftrack_review.protocol import role as roles
from ftrack_review.protocol.grammar import quote_list
from ftrack_review.protocol.schema import nearest
from ftrack_review.review import gathering

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["StatusChange", "apply"]

TARGETS = ("version", "task")

# Where several objects are about one version or task, the first of these that was said of any counts.
_WEIGHT = (roles.REQUIRE_CHANGES, roles.SEEN, roles.APPROVED)


@dataclass(frozen=True)
class StatusChange:
    """One status that was set, or would be: of a *target* (``version`` or ``task``), because of a *verdict*."""

    target: str
    entity_id: str
    name: str
    verdict: str
    before: str
    after: str

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.target} {self.name}: {self.before or 'no status'} -> {self.after} ({self.verdict})"


def apply(
    review_session: Entity,
    mapping: Mapping[str, str],
    *,
    to: Union[str, Iterable[str]] = "version",
    dry_run: bool = False,
) -> Tuple[StatusChange, ...]:
    """Set the status of what was reviewed from what the votes came to, and return what changes.

    *mapping* gives the name of a status for ``approved``, ``require_changes`` or ``seen``; objects that came to
    anything else stay as they are. *to* is ``version``, ``task`` or both. Where several objects are about one version
    or task, ``require_changes`` outweighs ``seen`` and that ``approved``. What has the status already is left alone.

    The changes are queued: :meth:`Session.commit` sends them. With *dry_run* nothing is queued.

    Raise :exc:`~ftrack_review.exception.ReviewError` for a vote there is not, and for a status that the project's
    schema does not offer for the version or task, also where nobody has voted so yet, with the nearest one; nothing
    is queued then.

    Example::

        review_session.apply({"approved": "Approved", "require_changes": "Revise"}, to=("version", "task"))
        session.commit()

    .. versionadded:: 3.1.0
    """
    targets = (to,) if isinstance(to, str) else tuple(to)
    _check(mapping, targets)
    shown = set()
    verdicts: Dict[str, str] = {}
    for item in gathering.feedback(review_session).objects:
        if item.version_id:
            shown.add(item.version_id)
            if item.status is not None and item.status in mapping:
                verdicts[item.version_id] = _worse(item.status, verdicts.get(item.version_id))
    if not shown:
        return ()
    versions = _read_versions(review_session, sorted(shown))
    offered = _Offered(review_session["project"]["project_schema"])
    for target in targets:
        offered.require(target, versions, mapping.values())
    planned: List[Tuple[Entity, Entity, StatusChange]] = []
    for target in targets:
        for entity, verdict in _of(target, versions, verdicts):
            status = offered.find(target, entity, mapping[verdict])
            before = entity["status"]
            if before is None or before["id"] != status["id"]:
                change = StatusChange(
                    target=target,
                    entity_id=entity["id"],
                    name=gathering.name_of(entity),
                    verdict=verdict,
                    before=before["name"] if before else "",
                    after=status["name"],
                )
                planned.append((entity, status, change))
    if not dry_run:
        for entity, status, _ in planned:
            entity["status"] = status
    return tuple(change for _, _, change in planned)


def _check(mapping: Mapping[str, str], targets: Iterable[str]) -> None:
    for verdict in mapping:
        if verdict not in roles.STATUSES:
            close = nearest(str(verdict), roles.STATUSES)
            hint = f" Did you mean {close}?" if close else ""
            raise ReviewError(f"A vote is one of {', '.join(roles.STATUSES)}, not {verdict!r}.{hint}")
    for target in targets:
        if target not in TARGETS:
            raise ReviewError(f"A status is set on {' or '.join(TARGETS)}, not on {target!r}.")


def _read_versions(review_session: Entity, ids: Iterable[str]) -> List[Entity]:
    return list(
        review_session.session.query(
            "select version, asset.name, status.name, task.name, task.type_id, task.status.name, task.parent.name "
            f"from AssetVersion where id in {quote_list(ids)}"
        ).all()
    )


def _of(target: str, versions: Iterable[Entity], verdicts: Mapping[str, str]) -> Iterable[Tuple[Entity, str]]:
    if target == "version":
        return [(version, verdicts[version["id"]]) for version in versions if version["id"] in verdicts]
    found: Dict[str, Tuple[Entity, str]] = {}
    for version in versions:
        task, verdict = version["task"], verdicts.get(version["id"])
        if task is None or verdict is None:
            continue
        former = found.get(task["id"])
        found[task["id"]] = (task, _worse(verdict, former and former[1]))
    return list(found.values())


def _worse(verdict: str, other: Optional[str]) -> str:
    return verdict if other is None else min(verdict, other, key=_WEIGHT.index)


class _Offered:
    """The statuses that the project's schema offers, asked for once for each type of task."""

    def __init__(self, project_schema: Any) -> None:
        self._schema = project_schema
        self._found: Dict[Tuple[str, Optional[str]], Dict[str, Any]] = {}

    def require(self, target: str, versions: Iterable[Entity], names: Iterable[str]) -> None:
        """Raise ReviewError for the first of *names* that is offered for nothing in the review."""
        found = [version["task"] if target == "task" else version for version in versions]
        entities = [entity for entity in found if entity is not None]
        for name in names:
            if not any(name.strip().lower() in self._statuses(target, entity) for entity in entities):
                for entity in entities:
                    self.find(target, entity, name)

    def find(self, target: str, entity: Entity, name: str) -> Entity:
        """Return the status called *name* for an entity. Raise ReviewError where it is not offered."""
        statuses = self._statuses(target, entity)
        found = statuses.get(name.strip().lower())
        if found is None:
            names = [status["name"] for status in statuses.values()]
            close = nearest(name, names)
            hint = f"Did you mean {close!r}? " if close else ""
            raise ReviewError(
                f"The project schema {self._schema['name']!r} has no status {name!r} for a {target}. {hint}It has "
                f"{', '.join(names) or 'none'}."
            )
        return found  # type: ignore[no-any-return]

    def _statuses(self, target: str, entity: Entity) -> Dict[str, Any]:
        kind = (target, entity["type_id"] if target == "task" else None)
        if kind not in self._found:
            statuses = (
                self._schema.get_statuses("Task", kind[1])
                if target == "task"
                else self._schema.get_statuses("AssetVersion")
            )
            self._found[kind] = {status["name"].lower(): status for status in statuses}
        return self._found[kind]
