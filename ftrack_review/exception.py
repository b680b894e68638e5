"""Every error that the library raises.

::

    Error (also named ApiError)
     +-- AuthenticationError
     +-- ServerError
     |    +-- ServerCompatibilityError
     |    +-- ServerConnectionError         (ConnectionError)
     |    |    +-- ServerTimeoutError       (TimeoutError)
     |    +-- ServerResponseError
     |    +-- ServerAuthenticationError     (AuthenticationError)
     |    +-- ServerValidationError         (ValueError)
     |    |    +-- QueryError               (ParseError)
     |    +-- ServerPermissionDeniedError   (PermissionDeniedError)
     |    +-- ServerDuplicateError          (NotUniqueError)
     |    +-- ServerNotFoundError           (NotFoundError)
     +-- NotFoundError
     +-- NotUniqueError
     +-- IncorrectResultError
     |    +-- NoResultFoundError
     |    +-- MultipleResultsFoundError
     +-- EntityTypeError
     |    +-- UnrecognisedEntityTypeError   (KeyError)
     +-- OperationError
     +-- InvalidStateError
     |    +-- InvalidStateTransitionError
     +-- AttributeError
     |    +-- ImmutableAttributeError
     |    +-- UnrecognisedAttributeError    (KeyError)
     +-- CollectionError
     |    +-- ImmutableCollectionError
     |    +-- DuplicateItemInCollectionError
     +-- ParseError
     |    +-- TimeError                     (ValueError)
     +-- EventHubError
     |    +-- EventHubConnectionError
     |    +-- EventHubPacketError
     +-- PermissionDeniedError
     +-- LocationError
     |    +-- ComponentNotInAnyLocationError
     |    +-- ComponentNotInLocationError
     |    +-- ComponentInLocationError
     +-- AccessorError
     |    +-- AccessorOperationFailedError
     |    |    +-- AccessorUnsupportedOperationError
     |    |    +-- AccessorPermissionDeniedError
     |    +-- AccessorResourceIdentifierError
     |    |    +-- AccessorFilesystemPathError
     |    +-- AccessorResourceError
     |         +-- AccessorResourceNotFoundError
     |         +-- AccessorParentResourceNotFoundError
     |         +-- AccessorResourceInvalidError
     |         +-- AccessorContainerNotEmptyError
     +-- StructureError
     +-- ConnectionClosedError
     +-- ConfigurationError                 (TypeError)
     +-- MissingDependencyError             (ImportError)
     +-- MediaError
     |    +-- MissingFramesError
     +-- ReviewError
     |    +-- ReviewClosedError
     +-- DatabaseError
          +-- DatabaseBusyError             (TimeoutError)
          +-- DatabaseFullError
          +-- DatabaseDuplicateError
          +-- DatabaseValueError             (ValueError)
          +-- DatabaseVersionError

The names and parameters of ``ftrack_api.exception`` are all here and mean the same. This module imports
nothing of ours.
"""

from __future__ import annotations

import builtins
from typing import Any, Iterable, Mapping, Optional, Sequence, Tuple, Type

__all__ = [
    "AccessorContainerNotEmptyError",
    "AccessorError",
    "AccessorFilesystemPathError",
    "AccessorOperationFailedError",
    "AccessorParentResourceNotFoundError",
    "AccessorPermissionDeniedError",
    "AccessorResourceError",
    "AccessorResourceIdentifierError",
    "AccessorResourceInvalidError",
    "AccessorResourceNotFoundError",
    "AccessorUnsupportedOperationError",
    "ApiError",
    "AttributeError",
    "AuthenticationError",
    "CollectionError",
    "ComponentInLocationError",
    "ComponentNotInAnyLocationError",
    "ComponentNotInLocationError",
    "ConfigurationError",
    "ConnectionClosedError",
    "DatabaseBusyError",
    "DatabaseDuplicateError",
    "DatabaseError",
    "DatabaseFullError",
    "DatabaseValueError",
    "DatabaseVersionError",
    "DuplicateItemInCollectionError",
    "EntityTypeError",
    "Error",
    "EventHubConnectionError",
    "EventHubError",
    "EventHubPacketError",
    "ImmutableAttributeError",
    "ImmutableCollectionError",
    "IncorrectResultError",
    "InvalidStateError",
    "InvalidStateTransitionError",
    "LocationError",
    "MediaError",
    "MissingDependencyError",
    "MissingFramesError",
    "MultipleResultsFoundError",
    "NoResultFoundError",
    "NotFoundError",
    "NotUniqueError",
    "OperationError",
    "ParseError",
    "PermissionDeniedError",
    "QueryError",
    "ReviewClosedError",
    "ReviewError",
    "ServerAuthenticationError",
    "ServerCompatibilityError",
    "ServerConnectionError",
    "ServerDuplicateError",
    "ServerError",
    "ServerNotFoundError",
    "ServerPermissionDeniedError",
    "ServerResponseError",
    "ServerTimeoutError",
    "ServerValidationError",
    "StructureError",
    "TimeError",
    "UnrecognisedAttributeError",
    "UnrecognisedEntityTypeError",
]


class Error(Exception):
    """The root of all errors of this library."""

    default_message = "Something went wrong."

    def __init__(self, message: Optional[str] = None, details: Optional[Mapping[str, Any]] = None) -> None:
        """Initialise with *message* and the *details* that its fields, such as ``{name}``, are filled from.

        A message whose fields cannot be filled is shown as it is, so that text from outside, which may hold
        braces, can always be printed.
        """
        # What it was made with is in args already: BaseException.__new__ keeps it, whatever a sub-class takes.
        self.message = self.default_message if message is None else message
        self.details: Mapping[str, Any] = dict(details or {})

    def __str__(self) -> str:
        """Return the message with its details filled in."""
        message = str(self.message)
        if not self.details:
            return message
        try:
            return message.format(**self.details)
        except (LookupError, ValueError, builtins.AttributeError, TypeError):
            return message

    def __reduce__(self) -> Tuple[Any, ...]:
        """Return how to copy or unpickle it, which goes around the parameters of sub-classes."""
        return _restore, (type(self), self.args), self.__dict__

    @property
    def traceback(self) -> str:
        """The traceback as text, as far as it has been raised; empty for an error that was not."""
        import traceback

        if self.__traceback__ is None:
            return ""
        return "".join(traceback.format_exception(type(self), self, self.__traceback__))


def _restore(error_class: Type[Error], arguments: Tuple[Any, ...]) -> Error:
    """Return an error of *error_class* that was pickled, without its attributes yet."""
    error = error_class.__new__(error_class, *arguments)
    error.args = arguments
    return error


#: The root under the name that many guides use.
ApiError = Error


class AuthenticationError(Error):
    """The credentials were refused."""

    default_message = "The server did not accept the user and API key."


class ServerError(Error):
    """The server answered with an error, or not at all.

    *error_class* is the server's own name for the kind of error (``ValidationError``), *error_code* its
    code where it has one, *status* the HTTP status, *action* the name of the action that failed,
    *attribute* the attribute at fault and *hint* what to do about it, each None where nothing is known of it.
    """

    default_message = "The server could not process the request."

    def __init__(
        self,
        message: Optional[str] = None,
        details: Optional[Mapping[str, Any]] = None,
        *,
        error_class: Optional[str] = None,
        error_code: Optional[str] = None,
        status: Optional[int] = None,
        action: Optional[str] = None,
        attribute: Optional[str] = None,
        hint: Optional[str] = None,
    ) -> None:
        """Initialise with *message* and what is known of the error's origin."""
        super().__init__(message, details)
        self.error_class = error_class
        self.error_code = error_code
        self.status = status
        self.action = action
        self.attribute = attribute
        self.hint = hint


class ServerCompatibilityError(ServerError):
    """The server is too old or does not know what was asked of it."""

    default_message = "The server does not support this."


class ServerConnectionError(ServerError, ConnectionError):
    """The server could not be reached, or the connection was lost."""

    default_message = "The server could not be reached."


class ServerTimeoutError(ServerConnectionError, TimeoutError):
    """The server did not answer in time."""

    default_message = "The server did not answer in time."


class ServerResponseError(ServerError):
    """The server answered with something that is not an ftrack answer, such as a proxy's error page."""

    default_message = "The server's answer could not be understood."


class ServerAuthenticationError(ServerError, AuthenticationError):
    """The server refused the user and API key."""

    default_message = AuthenticationError.default_message


class ServerValidationError(ServerError, ValueError):
    """The server found a value, name or query that it does not accept."""

    default_message = "The server did not accept a value."


class PermissionDeniedError(Error):
    """The caller may not do this."""

    default_message = "Permission denied."


class ServerPermissionDeniedError(ServerError, PermissionDeniedError):
    """The server does not allow this to the caller."""

    default_message = "The server does not allow this."


class NotFoundError(Error):
    """What was asked for does not exist."""

    default_message = "Not found."


class NotUniqueError(Error):
    """A value that has to be unique is not."""

    default_message = "The value is not unique."


class ServerDuplicateError(ServerError, NotUniqueError):
    """The server already holds such an entity."""

    default_message = "The server already holds such an entity."


class ServerNotFoundError(ServerError, NotFoundError):
    """The server does not hold the entity."""

    default_message = "The server does not hold this entity."


class IncorrectResultError(Error):
    """A query gave another number of results than was asked for."""

    default_message = "The query gave an unexpected number of results."


class NoResultFoundError(IncorrectResultError):
    """A query that must give one result gave none."""

    default_message = "Expected one result and found none."


class MultipleResultsFoundError(IncorrectResultError):
    """A query that must give one result gave several."""

    default_message = "Expected one result and found several."


class EntityTypeError(Error):
    """Something is wrong with an entity type."""

    default_message = "The entity type cannot be used."


class UnrecognisedEntityTypeError(EntityTypeError, KeyError):
    """The server's schema has no entity type of this name."""

    default_message = 'The server has no entity type "{entity_type}".'

    __str__ = Error.__str__

    def __init__(self, entity_type: str, **kw: Any) -> None:
        """Initialise with the *entity_type* that is not known."""
        kw.setdefault("details", {})
        kw["details"] = {**kw["details"], "entity_type": entity_type}
        super().__init__(**kw)
        self.entity_type = entity_type


class OperationError(Error):
    """An operation cannot be recorded or expressed."""

    default_message = "The operation is not possible."


class InvalidStateError(Error):
    """Something is not in a state that allows this."""

    default_message = "The state does not allow this."


class InvalidStateTransitionError(InvalidStateError):
    """An entity cannot go from one state to another."""

    default_message = "{entity!r} cannot go from {current_state!r} to {target_state!r}."

    def __init__(self, current_state: Any, target_state: Any, entity: Any, **kw: Any) -> None:
        """Initialise with the *entity*, its *current_state* and the *target_state*."""
        details = {"current_state": current_state, "target_state": target_state, "entity": entity}
        kw["details"] = {**kw.get("details", {}), **details}
        super().__init__(**kw)


class AttributeError(Error):  # noqa: A001 - the name that ftrack_api has.
    """Something is wrong with an attribute."""

    default_message = "The attribute cannot be used."


class ImmutableAttributeError(AttributeError):
    """The attribute cannot be changed."""

    default_message = "The attribute {attribute.name!r} cannot be changed."

    def __init__(self, attribute: Any, **kw: Any) -> None:
        """Initialise with the *attribute*, an object with a name."""
        kw["details"] = {**kw.get("details", {}), "attribute": attribute}
        super().__init__(**kw)
        self.attribute = attribute


class UnrecognisedAttributeError(AttributeError, KeyError):
    """The entity type has no attribute of this name."""

    default_message = "There is no such attribute."

    # KeyError prints the repr of its argument; the message is what helps.
    __str__ = Error.__str__


class CollectionError(Error):
    """Something is wrong with a collection."""

    default_message = "The collection cannot be used so."

    def __init__(self, collection: Any, **kw: Any) -> None:
        """Initialise with the *collection*."""
        kw["details"] = {**kw.get("details", {}), "collection": collection}
        super().__init__(**kw)
        self.collection = collection


class ImmutableCollectionError(CollectionError):
    """The collection cannot be changed."""

    default_message = "The collection {collection!r} cannot be changed."


class DuplicateItemInCollectionError(CollectionError):
    """The collection already holds the item."""

    default_message = "{item!r} is already in {collection!r}."

    def __init__(self, item: Any, collection: Any, **kw: Any) -> None:
        """Initialise with the *item* that *collection* already holds."""
        kw["details"] = {**kw.get("details", {}), "item": item}
        super().__init__(collection, **kw)
        self.item = item


class ParseError(Error):
    """A text does not follow its grammar."""

    default_message = "The text cannot be parsed."


class QueryError(ParseError, ServerValidationError):
    """A query expression does not follow the query language.

    It is found out before anything is sent, and is an error of the server all the same, as programs expect that
    from a query that is wrong.

    *position* is the index of the character in *expression* where it stops making sense.
    """

    default_message = "The query cannot be parsed."

    def __init__(
        self, message: Optional[str] = None, *, expression: str = "", position: Optional[int] = None
    ) -> None:
        """Initialise with *message*, the whole *expression* and the *position* of the fault."""
        super().__init__(message)
        self.expression = expression
        self.position = position


class TimeError(ParseError, ValueError):
    """A text or value is not a point in time."""

    default_message = "This is not a time."


class EventHubError(Error):
    """Something went wrong in the event hub."""

    default_message = "The event hub failed."


class EventHubConnectionError(EventHubError):
    """The event hub is not connected or cannot connect."""

    default_message = "The event hub is not connected."


class EventHubPacketError(EventHubError):
    """A packet of the event socket cannot be read."""

    default_message = "The packet cannot be read."


class LocationError(Error):
    """Something is wrong with a location."""

    default_message = "The location failed."


class ComponentNotInAnyLocationError(LocationError):
    """The component is in no location."""

    default_message = "The component is in no location."


def _describe_components(components: Any) -> str:
    if isinstance(components, (list, tuple, set)):
        return ", ".join(str(component) for component in components)
    return str(components)


class _ComponentsError(LocationError):
    """Something is wrong with components in one location."""

    def __init__(self, components: Any, location: Any, **kw: Any) -> None:
        """Initialise with the *components*, one or several, and the *location*."""
        details = {
            "components": components,
            "formatted_components": _describe_components(components),
            "location": location,
        }
        kw["details"] = {**kw.get("details", {}), **details}
        super().__init__(**kw)


class ComponentNotInLocationError(_ComponentsError):
    """The component is not in the location."""

    default_message = "Not in location {location}: {formatted_components}."


class ComponentInLocationError(_ComponentsError):
    """The component already is in the location."""

    default_message = "Already in location {location}: {formatted_components}."


class AccessorError(Error):
    """Something went wrong in an accessor."""

    default_message = "The accessor failed."


class _ResourceError(AccessorError):
    """An operation on a resource went wrong."""

    def __init__(
        self, operation: str = "", resource_identifier: Any = None, error: Any = None, **kw: Any
    ) -> None:
        """Initialise with the *operation*, the *resource_identifier* it was for and the *error* behind."""
        details = {"operation": operation, "resource_identifier": resource_identifier, "error": error}
        kw["details"] = {**kw.get("details", {}), **details}
        super().__init__(**kw)


class AccessorOperationFailedError(_ResourceError):
    """An operation on a resource failed."""

    default_message = "{operation} failed: {error}"


class AccessorUnsupportedOperationError(AccessorOperationFailedError):
    """The accessor has no such operation."""

    default_message = "{operation} is not supported here."


class AccessorPermissionDeniedError(AccessorOperationFailedError):
    """The accessor may not do this."""

    default_message = "{operation} of {resource_identifier}: permission denied."


class AccessorResourceIdentifierError(AccessorError):
    """A resource identifier is not valid."""

    default_message = "The resource identifier is not valid: {resource_identifier}."

    def __init__(self, resource_identifier: Any, **kw: Any) -> None:
        """Initialise with the *resource_identifier*."""
        kw["details"] = {**kw.get("details", {}), "resource_identifier": resource_identifier}
        super().__init__(**kw)


class AccessorFilesystemPathError(AccessorResourceIdentifierError):
    """A resource identifier has no path in the file system."""

    default_message = "There is no file system path for {resource_identifier}."


class AccessorResourceError(_ResourceError):
    """Something is wrong with a resource."""

    default_message = "The resource cannot be used: {resource_identifier}."


class AccessorResourceNotFoundError(AccessorResourceError):
    """The resource does not exist."""

    default_message = "The resource does not exist: {resource_identifier}."


class AccessorParentResourceNotFoundError(AccessorResourceError):
    """What should hold the resource does not exist."""

    default_message = "The parent of the resource does not exist: {resource_identifier}."


class AccessorResourceInvalidError(AccessorResourceError):
    """The resource is not of the kind that the operation needs."""

    default_message = "The resource is of another kind: {resource_identifier}."


class AccessorContainerNotEmptyError(AccessorResourceError):
    """The container still holds something."""

    default_message = "The container is not empty: {resource_identifier}."


class StructureError(Error):
    """A structure could not make a resource identifier."""

    default_message = "The structure cannot place this."


class ConnectionClosedError(Error):
    """The session or event hub is closed."""

    default_message = "The connection is closed."


class ConfigurationError(Error, TypeError):
    """A server address, user, key or setting is missing or malformed."""

    default_message = "The configuration is not complete."


class MissingDependencyError(Error, ImportError):
    """A package is needed that is not installed."""

    default_message = "A package is missing."


class MediaError(Error):
    """A media file cannot be read, converted or encoded."""

    default_message = "The media cannot be used."


class MissingFramesError(MediaError):
    """A sequence lacks frames. *frames* holds their numbers."""

    default_message = "The sequence lacks frames."

    def __init__(
        self,
        message: Optional[str] = None,
        details: Optional[Mapping[str, Any]] = None,
        *,
        frames: Iterable[int] = (),
    ) -> None:
        """Initialise with *message* and the numbers of the missing *frames*."""
        super().__init__(message, details)
        self.frames: Sequence[int] = tuple(frames)


class ReviewError(Error):
    """A review session does not allow this."""

    default_message = "The review session does not allow this."


class ReviewClosedError(ReviewError):
    """The review session is closed."""

    default_message = "The review session is closed."


class DatabaseError(Error):
    """The database of the embedded server cannot be used."""

    default_message = "The database cannot be used."


class DatabaseBusyError(DatabaseError, TimeoutError):
    """Somebody else has been writing to the database for longer than the server waits."""

    default_message = "The database is locked by another process."


class DatabaseFullError(DatabaseError):
    """There is no room left where the database is."""

    default_message = "The disk of the database is full."


class DatabaseDuplicateError(DatabaseError):
    """A row with this key exists. *table* and *columns* tell what has to be unique."""

    default_message = "There is a row with this key already."

    def __init__(
        self,
        message: Optional[str] = None,
        details: Optional[Mapping[str, Any]] = None,
        *,
        table: str = "",
        columns: Iterable[str] = (),
    ) -> None:
        """Initialise with *message*, the name of the *table* and those of its unique *columns*."""
        super().__init__(message, details)
        self.table = table
        self.columns: Sequence[str] = tuple(columns)


class DatabaseValueError(DatabaseError, ValueError):
    """A value does not fit into the database, or a statement is beyond its limits."""

    default_message = "The database cannot hold a value."


class DatabaseVersionError(DatabaseError):
    """The database was made by a newer version of this library, or is not one of it."""

    default_message = "The database was made by another version."
