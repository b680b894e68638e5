"""Names that ftrack's schema does not have, translated to those it has.

Guides and scripts speak of ``review_session['status']``, of ``ReviewSessionObjectComment`` and more. A server
cannot be taught new names, so the client translates them before anything is sent, and the same script
works on every server. One table (:mod:`ftrack_review._idioms.table`) says what each name means; reading, creating and
querying each have a module.

A name that the server's schema has always wins: the idiom is off then. Idioms are no attributes: they are not
in ``keys()``, in projections or in recorded operations. The session asks here only when its schema has no
answer, so that nothing else becomes slower.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

if TYPE_CHECKING:
    from ftrack_review._idioms.table import Idiom
    from ftrack_review.entity.base import Entity
    from ftrack_review.protocol.tree import Statement
    from ftrack_review.session import Session

__all__ = ["IdiomAttribute", "Idioms"]

#: Without one of these in it, in lower case, a query holds no idiom, and the table is not loaded.
_HINTS = ("review", "version", "note", "repl", "invit", "is_public", "file_path")


class IdiomAttribute:
    """One idiom of an entity type, to be read and written like an attribute."""

    __slots__ = ("idiom", "name")

    def __init__(self, name: str, idiom: Idiom) -> None:
        """Initialise with the *name* that scripts use and what it means."""
        self.name = name
        self.idiom = idiom

    def get(self, entity: Entity) -> Any:
        """Return the value on *entity*."""
        return self.idiom.get(entity)

    def set(self, entity: Entity, value: Any) -> None:
        """Set the *value* on *entity*. Raise OperationError for a value it cannot take."""
        self.idiom.set(entity, value)


class Idioms:
    """The idioms that apply with the schema of one session."""

    def __init__(self, session: Session) -> None:
        """Initialise for *session*, whose schema decides which idioms are on."""
        self.session = session
        self._create: Any = None

    def entity_type(self, name: str) -> Optional[str]:
        """Return the entity type that *name* is a second name of, None where it is none."""
        if name in self.session.schema:
            return None
        from ftrack_review._idioms.table import SECOND_NAMES

        return SECOND_NAMES.get(name)

    def attribute(self, entity_type: str, name: str) -> Optional[IdiomAttribute]:
        """Return what *name* means on *entity_type*, None where it is no idiom or a real attribute."""
        idiom = self.idiom(entity_type, name)
        return IdiomAttribute(name, idiom) if idiom is not None else None

    def idiom(self, entity_type: str, name: str) -> Optional[Idiom]:
        """Return the entry of the table for *name* on *entity_type*, None where it is off."""
        from ftrack_review._idioms.table import IDIOMS

        idiom = IDIOMS.get(entity_type, {}).get(name)
        if idiom is None:
            return None
        real = self.session.schema.get(entity_type)
        return None if real is not None and name in real.attributes else idiom

    def create(self, entity_type: str, data: Mapping[str, Any]) -> Optional[Entity]:
        """Create what *entity_type* and *data* mean and return it, None where no idiom is in them."""
        if self._create is None:
            from ftrack_review._idioms.creating import create

            self._create = create
        made: Optional[Entity] = self._create(self, entity_type, data)
        return made

    def concerns(self, expression: str) -> bool:
        """Return whether the query *expression* may hold an idiom, so that it has to be rewritten."""
        lowered = expression.lower()
        if not any(hint in lowered for hint in _HINTS):
            return False
        from ftrack_review._idioms.table import CONCERNED

        return CONCERNED.search(expression) is not None

    def rewrite(self, statement: Statement) -> Statement:
        """Return *statement* in the names that the schema has."""
        from ftrack_review._idioms import querying

        return querying.rewrite(self, statement)
