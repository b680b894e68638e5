"""Place components by the names of what they belong to."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, List, Mapping, Optional

import ftrack_review.exception as exception
from ftrack_review.structure.base import Structure
from ftrack_review.symbol import NOT_SET

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["StandardStructure"]


class StandardStructure(Structure):
    """Make readable paths: ``project/parents/asset/v001/name.type``.

    A version that hangs directly below its project gets the folder *project_versions_prefix* in between.
    *illegal_character_substitute* takes the place of each character that file systems may not take; with
    None names are left as they are.
    """

    def __init__(
        self, project_versions_prefix: Optional[str] = None, illegal_character_substitute: Optional[str] = "_"
    ) -> None:
        """Initialise with the folder for versions of projects and the substitute for illegal characters."""
        super().__init__()
        self.project_versions_prefix = project_versions_prefix
        self.illegal_character_substitute = illegal_character_substitute

    def get_resource_identifier(self, entity: Entity, context: Optional[Mapping[str, Any]] = None) -> str:  # noqa: ARG002
        """Return the path of *entity*.

        Raise :exc:`~ftrack_review.exception.StructureError` if its version is missing or not committed yet,
        and NotImplementedError if it is no component.
        """
        kind = entity.entity_type
        if kind == "FileComponent":
            container = entity["container"]
            if container:
                return self._place_member(entity, container)
            parts = self._get_parts(entity)
            parts.append(self.sanitise_for_filesystem(entity["name"] + (entity["file_type"] or "")))
        elif kind == "SequenceComponent":
            parts = self._get_parts(entity)
            name = self.sanitise_for_filesystem(entity["name"])
            suffix = self.sanitise_for_filesystem(entity["file_type"] or "")
            parts.append(f"{name}.{self._get_sequence_expression(entity)}{suffix}")
        elif kind == "ContainerComponent":
            parts = self._get_parts(entity)
            parts.append(self.sanitise_for_filesystem(entity["name"]))
        else:
            raise NotImplementedError(
                f"Cannot generate resource identifier for unsupported entity {entity!r}"
            )
        return self.path_separator.join(parts)

    def sanitise_for_filesystem(self, value: str) -> str:
        """Return *value* in lower case, without accents and with illegal characters replaced.

        Letters without a counterpart in ASCII are dropped.

        Example::

            >>> StandardStructure().sanitise_for_filesystem("Åre: Take 2")
            'are__take_2'

        """
        if self.illegal_character_substitute is None:
            return value
        plain = unicodedata.normalize("NFKD", str(value)).encode("ascii", "ignore").decode("ascii")
        substitute = self.illegal_character_substitute
        return re.sub(r"[^\w.-]", lambda _: substitute, plain).lower()

    def _place_member(self, entity: Entity, container: Entity) -> str:
        path = self.get_resource_identifier(container)
        suffix = entity["file_type"] or ""
        if container.entity_type == "SequenceComponent":
            # The member's name is its frame number, which takes the place of the pattern.
            head = path.rpartition(self._get_sequence_expression(container))[0]
            return head + self.sanitise_for_filesystem(entity["name"] + suffix)
        return self.path_separator.join((path, self.sanitise_for_filesystem(entity["name"] + suffix)))

    def _get_parts(self, entity: Entity) -> List[str]:
        """Return the folders that *entity*, a component of a version, lies in."""
        version = entity["version"]
        asset = version["asset"] if version else None
        link = version["link"] if version else None
        if not asset or link is None or link is NOT_SET or len(link) < 2:
            raise exception.StructureError(
                f"Component {entity!r} must be attached to a committed version and a committed asset with a "
                "parent context. Set its version and commit first."
            )
        session = entity.session
        # The names in the link are those that people read; a project's folder is its short name.
        project = session.get("Project", link[0]["id"])
        parts = [project["name"]]
        # The last part is the version itself.
        parents = [part["name"] for part in link[1:-1]]
        if parents:
            parts.extend(parents)
        elif self.project_versions_prefix:
            parts.append(self.project_versions_prefix)
        parts.extend((asset["name"], self._format_version(version["version"])))
        return [self.sanitise_for_filesystem(part) for part in parts]

    def _format_version(self, number: int) -> str:
        """Return *number* as the name of a folder, such as ``v001``."""
        return f"v{number:03d}"
