"""Delete rows and what depends on them.

What refers to a deleted row goes along where it cannot be without it: where the key is part of its own key or
required, or where the table below says so. Any other reference becomes null. Metadata, custom attribute
values, memberships in lists and the like go with the entity they belong to.

Notes go with contexts and versions. Notes of a deleted review object stay, as they do on real servers. The
work is done by level, so that a project of thousands of tasks costs a number of statements that depends on
how deep it is and not on how large.

Called by ``writing`` and ``linking``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Tuple

from ftrack_review.server import rules, statements
from ftrack_review.server.forms import kept_with
from ftrack_review.server.statements import chunks

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.rows import Row

__all__ = ["remove"]

# Required, and yet not a reason to go: who made something may leave, a status may be given up.
_STAYS = frozenset(
    {
        ("AssetVersion", "status_id"),
        ("Context", "status_id"),
        ("List", "category_id"),
        ("Note", "user_id"),
        ("Project", "project_schema_id"),
        ("ReviewSession", "created_by_id"),
        ("ReviewSessionInvitee", "created_by_id"),
        ("TaskTemplateItem", "task_type_id"),
        ("TypedContext", "object_type_id"),
        ("TypedContext", "priority_id"),
        ("TypedContext", "status_id"),
        ("TypedContext", "type_id"),
    }
)

# Not required, and yet of no use alone.
_GOES_ALONG = frozenset(
    {
        ("ApiKey", "resource_id"),
        ("Asset", "context_id"),
        ("Asset", "project_id"),
        ("AssetVersion", "asset_id"),
        ("AssetVersion", "project_id"),
        ("CalendarEvent", "project_id"),
        ("Component", "container_id"),
        ("Component", "project_id"),
        ("Component", "version_id"),
        ("ComponentLocation", "component_id"),
        ("ComponentLocation", "location_id"),
        ("Context", "parent_id"),
        ("Context", "project_id"),
        ("DashboardWidget", "dashboard_id"),
        ("Event", "project_id"),
        ("Feed", "social_id"),
        ("Manager", "context_id"),
        ("Manager", "user_id"),
        ("Note", "in_reply_to_id"),
        ("Note", "project_id"),
        ("ProjectSchemaOverride", "project_schema_id"),
        ("ProjectSchemaOverride", "workflow_schema_id"),
        ("ReviewSessionFolder", "project_id"),
        ("ReviewSessionObjectAnnotation", "review_session_object_id"),
        ("ReviewSessionObjectStatus", "review_session_invitee_id"),
        ("ReviewSessionObjectStatus", "review_session_object_id"),
        ("Schema", "object_type_id"),
        ("Timelog", "context_id"),
        ("Timelog", "user_id"),
        ("Timer", "context_id"),
        ("Trigger", "automation_id"),
        ("UserSecurityRole", "security_role_id"),
        ("UserSecurityRole", "user_id"),
        ("UserSecurityRoleProject", "project_id"),
        ("UserSecurityRoleProject", "user_security_role_id"),
        ("UserSession", "user_id"),
        ("UserView", "user_id"),
    }
)

# Keys without a declared target whose rows outlive what they point to.
_OUTLIVES = frozenset({("ReviewSessionObject", "notes")})


@dataclass(frozen=True)
class _Dependents:
    """Rows of *entity* whose *column* holds a deleted key: they go, or lose the key."""

    entity: Any
    column: Any
    goes: bool


@dataclass(frozen=True)
class _Plan:
    dependents: Tuple[_Dependents, ...]
    links: Tuple[Any, ...]  # Columns of hidden link tables that hold a deleted key.


def remove(context: RequestContext, rows: Iterable[Row]) -> None:
    """Delete *rows* and what depends on them. Raise the fault where a rule forbids it."""
    level = [row for row in rows if not row.removed]
    for row in level:
        rules.guard(context, row, removing=True)
    asked = list(level)
    seen = set(level)
    order: List[List[Row]] = []
    detached: List[Tuple[Row, str]] = []
    while level:
        order.append(level)
        found: List[Row] = []
        for name, members in _by_type(level).items():
            found.extend(_dependents_of(context, name, members, seen, detached))
        level = found
    rules.guard_removal(context, asked, seen, detached)
    for row, column in detached:
        if row not in seen:
            context.rows.set_column(row, column, None)
    for name, members in _by_type(seen).items():
        for column in _plan_of(context.catalogue, name).links:
            for part in chunks([row.key[0] for row in members]):
                context.connection.change(statements.delete_links(column, part))
    # Children first, so that a reader of the change log never meets an orphan.
    for members in reversed(order):
        context.rows.remove(members)
        rules.removed(context, members)


def _by_type(rows: Iterable[Row]) -> Dict[str, List[Row]]:
    groups: Dict[str, List[Row]] = {}
    for row in rows:
        groups.setdefault(row.name, []).append(row)
    return groups


def _dependents_of(
    context: RequestContext, name: str, members: List[Row], seen: Any, detached: List[Tuple[Row, str]]
) -> List[Row]:
    """Return what goes along with *members*, and add to *detached* what loses a reference to them."""
    plan = _plan_of(context.catalogue, name)
    keys = [row.key[0] for row in members]
    found = []
    for dependents in plan.dependents:
        for row in context.rows.having(dependents.entity, dependents.column, keys):
            if row in seen:
                continue
            if dependents.goes:
                seen.add(row)
                found.append(row)
            else:
                detached.append((row, dependents.column.name))
    return found


def _plan_of(catalogue: Any, name: str) -> _Plan:
    plans: Dict[str, _Plan] = kept_with(catalogue, "_delete_plans")
    plan = plans.get(name)
    if plan is None:
        plan = plans[name] = _make_plan(catalogue, catalogue.types[name])
    return plan


def _make_plan(catalogue: Any, entity: Any) -> _Plan:
    found: Dict[Any, _Dependents] = {}
    if len(entity.primary_key) == 1:
        for child, attribute in catalogue.references_to(entity.name):
            target = child.foreign_keys[attribute]
            if entity.is_a(target) or (target == "Task" and entity.is_a("TypedContext")):
                column = child.columns[attribute]
                found[column] = _Dependents(child, column, _goes(child, attribute))
        for relation in entity.relations.values():
            _add_relation(catalogue, entity, relation, found)
    return _Plan(tuple(found.values()), tuple(_hidden_links(catalogue, entity)))


def _goes(child: Any, attribute: str) -> bool:
    if any((name, attribute) in _STAYS for name in child.lineage):
        return False
    if attribute in child.primary_key or child.schema.attributes[attribute].required:
        return True
    return any((name, attribute) in _GOES_ALONG for name in child.lineage)


def _add_relation(catalogue: Any, entity: Any, relation: Any, found: Dict[Any, _Dependents]) -> None:
    """Add what belongs to *entity* by a key that does not say what it points to."""
    if relation.how == "custom_attributes":
        target = catalogue.types[relation.target]
        column = target.columns["entity_id"]
        found.setdefault(column, _Dependents(target, column, goes=True))
    elif relation.how == "link" and relation.link_type is not None:
        found.setdefault(
            relation.link_local,
            _Dependents(catalogue.types[relation.link_type], relation.link_local, goes=True),
        )
    elif relation.how == "children" and (entity.name, relation.name) not in _OUTLIVES:
        column = relation.child_column
        undeclared = relation.type_column is not None or relation.target.startswith("CustomAttributeLink")
        if undeclared:
            found.setdefault(column, _Dependents(catalogue.types[relation.target], column, goes=True))


def _hidden_links(catalogue: Any, entity: Any) -> List[Any]:
    own = [relation.link_local for relation in _hidden_relations(entity)]
    others = [
        relation.link_remote
        for other in catalogue.types.values()
        for relation in _hidden_relations(other)
        if entity.is_a(relation.target)
    ]
    return list(dict.fromkeys([*own, *others]))


def _hidden_relations(entity: Any) -> List[Any]:
    return [
        relation
        for relation in entity.relations.values()
        if relation.how == "link" and relation.link_type is None
    ]
