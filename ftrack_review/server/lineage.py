"""Where entities are: the chain from an entity over its parents up to the project.

What a batch has changed or deleted is known from its changes; the rest is read from the database, one
statement for each table and level, however many entities there are.

Called by ``announcer``, which builds events from the answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Set, Tuple

from ftrack_review.server import statements

if TYPE_CHECKING:
    from ftrack_review.server.context import Change

__all__ = ["Found", "Lineage", "server_name"]

# The attributes that hold what an entity belongs to. The first that an entity type has, and that is set, counts.
_PARENT_ATTRIBUTES = (
    "parent_id",
    "review_session_object_id",
    "review_session_id",
    "note_id",
    "context_id",
    "asset_id",
    "version_id",
    "container_id",
    "job_id",
    "component_id",
    "list_id",
    "task_id",
    "calendar_event_id",
    "group_id",
    "project_id",
)

# Deeper than any site nests, and an end to circles.
_MAXIMUM_DEPTH = 100

Place = Tuple[str, str]


class Found(NamedTuple):
    """An entity: its own type, its id and its stored values by attribute."""

    entity_type: str
    identifier: str
    values: Mapping[str, Any]


def server_name(entity: Any) -> str:
    """Return what events call the table of *entity*, an entity type of the catalogue: ``show``, ``task``."""
    name = "Component" if entity.is_a("Component") else entity.schema.table
    return str(name).lower()


class Lineage:
    """The entities of a batch and everything above them."""

    def __init__(self, catalogue: Any, connection: Any, changes: Iterable[Change] = ()) -> None:
        """Initialise with what *changes* tell. The rest is read through *connection*."""
        self._types = catalogue.types
        self._catalogue = catalogue
        self._connection = connection
        # By the family and the id. None: there is no such entity any more.
        self._known: Dict[Place, Optional[Found]] = {}
        for change in changes:
            if change.entity_type in self._types and len(change.key) == 1:
                place = self._place(change.entity_type, change.key[0])
                self._known[place] = Found(change.entity_type, str(change.key[0]), change.row)

    def find(self, entity_type: str, identifier: str) -> Optional[Found]:
        """Return the entity with this id, None where there is none."""
        place = self._place(entity_type, identifier)
        self._load([place])
        return self._known[place]

    def load(self, found: Iterable[Found]) -> None:
        """Read everything above the entities *found*, level by level, so that :meth:`chain` need not ask."""
        level = {place for place in map(self._parent, found) if place is not None}
        seen: Set[Place] = set()
        while level:
            self._load(level)
            seen |= level
            entities = (self._known[place] for place in level)
            parents = {self._parent(entity) for entity in entities if entity is not None}
            level = {place for place in parents if place is not None and place not in seen}

    def load_all(self, wanted: Iterable[Place]) -> None:
        """Read the entities with these types and ids."""
        self._load([self._place(*pair) for pair in wanted])

    def chain(self, found: Found) -> List[Dict[str, Any]]:
        """Return *found* and all that it is in, up to the project, as events tell it."""
        result: List[Dict[str, Any]] = []
        seen: Set[Place] = set()
        current: Optional[Found] = found
        while current is not None and len(result) < _MAXIMUM_DEPTH:
            place = self._parent(current)
            parent = None
            if place is not None and place not in seen:
                seen.add(place)
                self._load([place])
                parent = self._known[place]
            result.append(
                {
                    "entityId": current.identifier,
                    "entityType": server_name(self._types[current.entity_type]),
                    "entity_type": current.entity_type,
                    "parentId": place[1] if place is not None else None,
                }
            )
            current = parent
        return result

    def _place(self, entity_type: str, identifier: Any) -> Place:
        return self._types[entity_type].root, str(identifier)

    def _parent(self, found: Found) -> Optional[Place]:
        """Return where the parent of *found* is, None where it has none."""
        entity = self._types[found.entity_type]
        if entity.is_a("Project"):
            return None
        for attribute in _PARENT_ATTRIBUTES:
            value = found.values.get(attribute)
            if value is None:
                continue
            if attribute == "parent_id" and found.values.get("parent_type"):
                target = self._catalogue.type_named(str(found.values["parent_type"]))
            else:
                target = entity.foreign_keys.get(attribute)
            if target in self._types:
                return self._place(target, value)
        return None

    def _load(self, places: Iterable[Place]) -> None:
        missing: Dict[str, List[Tuple[str]]] = {}
        for place in places:
            if place not in self._known:
                self._known[place] = None
                missing.setdefault(place[0], []).append((place[1],))
        for root, keys in missing.items():
            entity = self._types[root]
            if len(entity.key_columns) != 1:
                continue
            for part in statements.chunks(keys):
                for row in self._connection.run(
                    statements.rows_by_key(entity.table, entity.key_columns, part)
                ):
                    self._adopt(root, entity, row._mapping)

    def _adopt(self, root: str, entity: Any, record: Mapping[str, Any]) -> None:
        concrete = self._types.get(record["_type"], entity)
        values = {name: record[column.name] for name, column in concrete.columns.items()}
        identifier = str(record[entity.key_columns[0].name])
        self._known[root, identifier] = Found(concrete.name, identifier, values)
