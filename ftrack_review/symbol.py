"""Symbols, states and well-known identifiers that the whole library shares."""

from __future__ import annotations

__all__ = [
    "CHUNK_SIZE",
    "COMPONENT_ADDED_TO_LOCATION_TOPIC",
    "COMPONENT_REMOVED_FROM_LOCATION_TOPIC",
    "CONNECT_LOCATION_ID",
    "CREATED",
    "DELETED",
    "JOB_SYNC_USERS_LDAP",
    "MODIFIED",
    "NOT_SET",
    "ORIGIN_LOCATION_ID",
    "REVIEW_LOCATION_ID",
    "SERVER_LOCATION_ID",
    "UNMANAGED_LOCATION_ID",
    "Symbol",
]


class Symbol:
    """A named constant that is only equal to itself."""

    def __init__(self, name: str, value: object = True) -> None:
        """Initialise with *name*, for reading, and *value*, for truth."""
        self.name = name
        self.value = value

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    def __repr__(self) -> str:
        """Return the type and name."""
        return f"{type(self).__name__}({self.name})"

    def __bool__(self) -> bool:
        """Return whether the value is true."""
        return bool(self.value)

    def __copy__(self) -> Symbol:
        """Return the symbol itself, as there is only one."""
        return self

    def __deepcopy__(self, memo: object) -> Symbol:
        """Return the symbol itself, as there is only one."""
        return self

    def __reduce__(self) -> str | tuple[object, ...]:
        """Pickle a constant of this module by name, so that it stays the only one."""
        for name, value in globals().items():
            if value is self:
                return name
        return (Symbol, (self.name, self.value))


#: A value that nobody has set. It is false.
NOT_SET = Symbol("NOT_SET", False)

#: The entity was created in this session and is not committed yet.
CREATED = Symbol("CREATED")

#: The entity holds changes that are not committed yet.
MODIFIED = Symbol("MODIFIED")

#: The entity was deleted in this session.
DELETED = Symbol("DELETED")

# The identifiers of the locations that every server has.
CONNECT_LOCATION_ID = "07b82a97-8cf9-11e3-9383-20c9d081909b"
ORIGIN_LOCATION_ID = "ce9b348f-8809-11e3-821c-20c9d081909b"
REVIEW_LOCATION_ID = "cd41be70-8809-11e3-b98a-20c9d081909b"
SERVER_LOCATION_ID = "3a372bde-05bc-11e4-8908-20c9d081909b"
UNMANAGED_LOCATION_ID = "cb268ecc-8809-11e3-a7e2-20c9d081909b"

COMPONENT_ADDED_TO_LOCATION_TOPIC = "ftrack.location.component-added"
COMPONENT_REMOVED_FROM_LOCATION_TOPIC = "ftrack.location.component-removed"

#: How much of a file is read at a time, in bytes.
CHUNK_SIZE = 1024 * 1024

#: Job type of the LDAP synchronisation, for :meth:`Session.call`.
JOB_SYNC_USERS_LDAP = Symbol("SYNC_USERS_LDAP")
