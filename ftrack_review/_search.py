"""Find entities by words: the result of the ``search`` action, fetched as that of a query is.

Called by :meth:`ftrack_review.session.Session.search`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Optional, Union

import ftrack_review.exception as exception
from ftrack_review.entity.base import Entity
from ftrack_review.protocol import action
from ftrack_review.query import QueryResult

if TYPE_CHECKING:
    from ftrack_review._page import Page
    from ftrack_review.session import Session

__all__ = ["SearchResult", "search"]


def search(
    session: Session,
    entity_type: str,
    terms: Union[str, Iterable[str]],
    *,
    expression: Optional[str] = None,
    context: Union[Entity, str, None] = None,
    object_types: Optional[Iterable[Union[Entity, str]]] = None,
) -> SearchResult:
    """Return the entities that a search finds; see :meth:`ftrack_review.session.Session.search`."""
    name = session.types[entity_type].entity_type
    words = terms.split() if isinstance(terms, str) else list(terms)
    if not all(isinstance(word, str) for word in words):
        raise TypeError(f"The terms of a search are texts, not {words!r}.")
    if isinstance(object_types, (str, Entity)):
        object_types = [object_types]
    asked = {
        "entity_type": name,
        "terms": words,
        "context_id": context["id"] if isinstance(context, Entity) else context,
        "object_type_ids": (
            None if object_types is None else [_object_type_id(session, kind) for kind in object_types]
        ),
    }
    return SearchResult(session, name if expression is None else expression, asked)


def _object_type_id(session: Session, kind: Union[Entity, str]) -> str:
    """Return the id of an object type that is given as an entity, by its id or by its name, such as Shot."""
    if isinstance(kind, Entity):
        return str(kind["id"])
    if kind in session.schema:
        identifier = session.schema[kind].classifiers.get("object_typeid")
        if identifier is not None:
            return str(identifier)
    return str(kind)


class SearchResult(QueryResult):
    """The entities that a search finds. Everything that a query result can do, this can.

    .. versionadded:: 3.1.0
    """

    def __init__(self, session: Session, expression: str, asked: Dict[str, Any]) -> None:
        """Initialise for *expression* with the rest of the action in *asked*."""
        self._asked = asked
        super().__init__(session, expression)

    def __repr__(self) -> str:
        """Return the type, the terms and the query, without fetching anything."""
        return f"<{type(self).__module__}.{type(self).__name__} {self._asked['terms']!r} in {self._expression!r}>"

    def _make_action(self, expression: str) -> Dict[str, Any]:
        terms: List[str] = self._asked["terms"]
        return action.search(
            self._asked["entity_type"],
            terms,
            expression=expression,
            context_id=self._asked["context_id"],
            object_type_ids=self._asked["object_type_ids"],
        )

    def _request(self, expression: str, *, decoded: bool = True) -> Page:
        try:
            return super()._request(expression, decoded=decoded)
        except exception.ServerCompatibilityError as error:
            version = self._session.server_information.get("version")
            raise exception.ServerCompatibilityError(
                f"The server, version {version!r}, has no search. Use session.query, for example with "
                f'"{self._asked["entity_type"]} where name like \\"%term%\\"", or update the server.',
                error_class=error.error_class,
                error_code=error.error_code,
                action="search",
            ) from error
