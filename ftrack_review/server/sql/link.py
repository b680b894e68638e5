"""The attribute ``link``: type, id and name of everything above an entity, and of itself.

It begins with the project and ends with the entity (protocol.md 3.8). All links of a result are loaded together.

Called by ``fetching``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Dict, List, Sequence

import sqlalchemy as sa

from ftrack_review.server.sql.edge import IDS, ancestor_chain
from ftrack_review.server.sql.scope import Build, in_json_list, text_parameter

if TYPE_CHECKING:
    from sqlalchemy.sql.selectable import Select

    from ftrack_review.server.catalogue import Catalogue
    from ftrack_review.server.entity_type import EntityType

__all__ = ["load_links"]

Link = List[Dict[str, Any]]


def load_links(
    connection: Any, catalogue: Catalogue, entity: EntityType, ids: Sequence[str]
) -> Dict[str, Link]:
    """Return the links of the entities of the family of *entity* with these *ids*, by id."""
    if entity.root == "Context":
        return _context_links(connection, catalogue, ids)
    if entity.root == "AssetVersion":
        return _version_links(connection, catalogue, ids)
    return _own_links(connection, entity, ids)


def _context_links(connection: Any, catalogue: Catalogue, ids: Sequence[str]) -> Dict[str, Link]:
    links: Dict[str, Link] = {}
    parameters = {IDS: json.dumps(list(dict.fromkeys(ids)))}
    for start, kind, identifier, name in connection.run(_statement(catalogue, "Context"), parameters):
        # Every object type is shown as what all of them are.
        shown = "Project" if kind == "Project" else "TypedContext"
        links.setdefault(start, []).append({"type": shown, "id": identifier, "name": name})
    return links


def _version_links(connection: Any, catalogue: Catalogue, ids: Sequence[str]) -> Dict[str, Link]:
    rows = connection.run(_statement(catalogue, "AssetVersion"), {IDS: json.dumps(list(ids))})
    contexts = sorted({row[3] for row in rows if row[3] is not None})
    above = _context_links(connection, catalogue, contexts)
    return {
        identifier: [
            *above.get(context, ()),
            {"type": "AssetVersion", "id": identifier, "name": f"{asset or ''} v{version or 0:03d}"},
        ]
        for identifier, version, asset, context in rows
    }


def _own_links(connection: Any, entity: EntityType, ids: Sequence[str]) -> Dict[str, Link]:
    table = entity.table
    key = entity.key_columns[0]
    name = entity.columns.get("name", key)
    among = in_json_list(key, text_parameter(IDS))
    rows = connection.run(sa.select(key, table.c._type, name).where(among), {IDS: json.dumps(list(ids))})
    return {identifier: [{"type": kind, "id": identifier, "name": label}] for identifier, kind, label in rows}


def _statement(catalogue: Catalogue, family: str) -> Select[Any]:
    build = Build(catalogue)
    if family == "Context":
        context = catalogue.types["Context"].table.alias()
        chain = ancestor_chain(build)
        return (
            sa.select(chain.c.start, context.c._type, context.c.id, context.c.name)
            .select_from(context.join(chain, context.c.id == chain.c.id))
            .order_by(chain.c.depth.desc())
        )
    version = catalogue.types["AssetVersion"].table.alias()
    asset = catalogue.types["Asset"].table.alias()
    return (
        sa.select(version.c.id, version.c.version, asset.c.name, asset.c.context_id)
        .select_from(version.outerjoin(asset, asset.c.id == version.c.asset_id))
        .where(in_json_list(version.c.id, text_parameter(IDS)))
    )
