"""Place components by their keys, spread over folders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

from ftrack_review.structure.base import Structure

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["IdStructure"]


class IdStructure(Structure):
    """Make paths from keys: ``<prefix>/1/2/3/4/56...<file type>``.

    The first four characters become folders, so that no folder holds very many entries. A sequence is a
    folder with ``file.<number><file type>`` in it, any other container a folder with its members by key.
    """

    def get_resource_identifier(self, entity: Entity, context: Optional[Mapping[str, Any]] = None) -> str:  # noqa: ARG002
        """Return the path of *entity*. Raise NotImplementedError if it is no component."""
        kind = entity.entity_type
        if kind == "FileComponent":
            container = entity["container"]
            suffix = entity["file_type"] or ""
            if not container:
                return self._join(entity) + suffix
            if container.entity_type == "SequenceComponent":
                name = f"file.{entity['name']}{suffix}"
            else:
                name = f"{entity['id']}{suffix}"
            return self._join(container, name)
        if kind == "SequenceComponent":
            return self._join(
                entity, f"file.{self._get_sequence_expression(entity)}{entity['file_type'] or ''}"
            )
        if kind == "ContainerComponent":
            return self._join(entity)
        raise NotImplementedError(f"Cannot generate path for unsupported entity {entity}")

    def _join(self, entity: Entity, *names: str) -> str:
        key = entity["id"]
        parts = [self.prefix, *key[:4], key[4:], *names]
        return self.path_separator.join(part for part in parts if part).strip("/")
