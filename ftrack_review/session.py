"""The session: a connection to one ftrack server and everything that a program does with it.

This is the reference page for users. The bodies only delegate: queries to :mod:`ftrack_review.query`, what is
sent to the unit of work, files to the storage functions.
"""

from __future__ import annotations

import atexit
import collections.abc
import functools
import itertools
import json
import logging
import os
import re
import sys
import threading
import weakref
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    MutableMapping,
    Optional,
    Sequence,
    Tuple,
    Type,
    Union,
)

import ftrack_review.cache as cache_
import ftrack_review.exception as exception
from ftrack_review import _loading, _schema_cache, transport
from ftrack_review._identity import IdentityMap
from ftrack_review._recorded_operations import RecordedOperations
from ftrack_review.entity.base import Entity
from ftrack_review.operation import DeleteEntityOperation, Operations
from ftrack_review.protocol import action
from ftrack_review.protocol.schema import Schema
from ftrack_review.query import QueryResult
from ftrack_review.symbol import CREATED, DELETED, MODIFIED, Symbol

if TYPE_CHECKING:
    from types import TracebackType

    import requests

    from ftrack_review._entity_cache import FurtherCache
    from ftrack_review._idioms import Idioms
    from ftrack_review._inheritance import InheritedValue
    from ftrack_review._unit_of_work import UnitOfWork
    from ftrack_review.event.hub import EventHub
    from ftrack_review.pending import PendingChanges
    from ftrack_review.protocol.tree import Statement

    #: The schema of a server: as it answers, or by name and decoded when it is needed.
    _Schemas = Union[List[Dict[str, Any]], _schema_cache.Documents]

__all__ = [
    "AutoPopulatingContext",
    "OperationPayload",
    "OperationRecordingContext",
    "Session",
    "SessionAuthentication",  # noqa: F822 - from __getattr__, as it needs requests.
]

_logger = logging.getLogger(__name__)

#: The oldest server version that this library works with.
_OLDEST_SERVER = (3, 3, 11)

_serials = itertools.count(1)


def __getattr__(name: str) -> Any:
    """Load what needs requests when it is asked for."""
    if name == "SessionAuthentication":
        from ftrack_review._http import SessionAuthentication

        return SessionAuthentication
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _Switches(threading.local):
    """What each thread can switch for itself."""

    def __init__(self, auto_populate: bool) -> None:
        self.auto_populate = auto_populate
        self.record_operations = True
        # The actions whose results are wanted as JSON gave them, while something stands in the place of call().
        self.raw: Optional[Sequence[Any]] = None


class _EntityTypes(MutableMapping[str, Any]):
    """The entity classes of a session by name, each made when it is first asked for."""

    def __init__(self, session: Session) -> None:
        self._session = weakref.ref(session)
        self._schema = session.schema
        # What was deleted is not made again.
        self._names = dict.fromkeys(session.schema)
        self._classes: Dict[str, Any] = {}
        # Name -> what is to follow the making of its class.
        self._following: Dict[str, Callable[[], None]] = {}

    def follow(self, name: str, function: Callable[[], None]) -> bool:
        """Have *function* called when the class *name* is made. Return False where it is made already."""
        if name in self._classes:
            return False
        self._following[name] = function
        return True

    def __getitem__(self, name: str) -> Any:
        cls = self._classes.get(name)
        if cls is None:
            session = self._session()
            if session is None or name not in self._names:
                return self._find_second_name(session, name)
            cls = self._classes[name] = session._build_entity_type_class(self._schema.documents[name])
            following = self._following.pop(name, None)
            if following is not None:
                following()
        return cls

    def _find_second_name(self, session: Optional[Session], name: str) -> Any:
        real = session.idioms.entity_type(name) if session is not None else None
        if real is not None and real != name:
            return self[real]
        raise _unrecognised_type(name, self._names)

    def __setitem__(self, name: str, cls: Any) -> None:
        if name in self._following:
            self[name]
        self._classes[name] = cls
        session = self._session()
        if session is not None:
            session._plans.pop(name, None)

    def __delitem__(self, name: str) -> None:
        self._names.pop(name, None)
        del self._classes[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names or name in self._classes

    def get(self, name: str, default: Any = None) -> Any:
        """Return the class called *name*, or *default*."""
        return self[name] if name in self else default  # noqa: SIM401 - this is what it would call.

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._names, *self._classes]))

    def __len__(self) -> int:
        return len({*self._names, *self._classes})


class Session:
    """A connection to one ftrack server, with the entities that came over it and the changes to send.

    It may be shared between threads. Use it as a context manager, or call :meth:`close` at the end::

        with ftrack_review.Session() as session:
            for project in session.query("Project"):
                print(project["name"])
    """

    def __init__(
        self,
        server_url: Optional[str] = None,
        api_key: Optional[str] = None,
        api_user: Optional[str] = None,
        auto_populate: bool = True,
        plugin_paths: Optional[Sequence[str]] = None,
        cache: Any = None,
        cache_key_maker: Optional[cache_.KeyMaker] = None,
        auto_connect_event_hub: bool = False,
        schema_cache_path: Union[str, bool, None] = None,
        plugin_arguments: Optional[Mapping[str, Any]] = None,
        timeout: Optional[float] = 60,
        cookies: Optional[Mapping[str, str]] = None,
        headers: Optional[Mapping[str, str]] = None,
        strict_api: bool = False,
        *,
        strict_attributes: bool = False,
        populate_siblings: bool = True,
    ) -> None:
        """Connect to *server_url* as *api_user* with *api_key*.

        Where they are not given they are read from the environment variables FTRACK_SERVER,
        FTRACK_API_USER (else the name of the logged in user) and FTRACK_API_KEY (or FTRACK_APIKEY). ``embedded://``
        is a server of this process's own.

        With *auto_populate* an attribute that is read and not known yet is fetched; with *populate_siblings* also for
        the entities that came with the same result. *plugin_paths* are folders with plugins, by default those in
        FTRACK_EVENT_PLUGIN_PATH; *plugin_arguments* are passed to them. *cache* is a further cache, or
        a callable that returns one for the session; *cache_key_maker* makes its keys. *auto_connect_event_hub* connects
        the event hub in the background. *schema_cache_path* is the folder for the schema of the server, False
        for none, by default the one in FTRACK_API_SCHEMA_CACHE_PATH or in the user's folder for
        caches. An answer may take *timeout* seconds. *cookies* and *headers* go with every request. With *strict_api*
        errors come with an HTTP status. With *strict_attributes* creating an entity with an unknown attribute is an
        error instead of a warning.

        Raise :exc:`~ftrack_review.exception.ConfigurationError`, a :exc:`TypeError`, where something is missing, and a
        :exc:`~ftrack_review.exception.ServerError` where the server cannot be used.
        """
        self.logger = _logger
        self._serial = next(_serials)
        self._closed = False
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._switches = _Switches(auto_populate)
        #: Whether no thread has ever switched recording off, so that none need be asked, which takes a while.
        self._always_records = True
        self.strict_attributes = strict_attributes
        self.populate_siblings = populate_siblings
        self.request_timeout = timeout
        self._cookies, self._headers, self._strict_api = cookies, headers, strict_api
        server_url, self._api_key, self._api_user = _read_settings(server_url, api_key, api_user)

        self._identities = IdentityMap()
        #: How many commits have deleted something: collections then look whether they held it.
        self._deletions = 0
        self._plans: Dict[str, Any] = {}
        #: The results of which something was fetched before it was asked for.
        self._fetched_ahead: weakref.WeakSet[_loading.Origin] = weakref.WeakSet()
        self._statements: Dict[str, Statement] = {}
        self._custom_attribute_configurations: Optional[List[Entity]] = None
        self._recorded_operations = RecordedOperations()
        self._work: Optional[UnitOfWork] = None
        self._idioms: Optional[Idioms] = None
        self._event_hub: Optional[EventHub] = None
        self._types: Optional[_EntityTypes] = None
        self._set_up_cache(cache, cache_key_maker)

        self._server_address = server_url
        self._transport = self._connect()
        # An embedded server knows its administrator; nobody else can.
        self._api_key = getattr(self._transport, "api_key", None) or self._api_key
        self._api_user = getattr(self._transport, "api_user", None) or self._api_user
        try:
            self._start(plugin_paths, plugin_arguments, schema_cache_path, auto_connect_event_hub)
        except BaseException:
            self.close()
            raise

    def _start(
        self,
        plugin_paths: Optional[Sequence[str]],
        plugin_arguments: Optional[Mapping[str, Any]],
        schema_cache_path: Union[str, bool, None],
        auto_connect_event_hub: bool,
    ) -> None:
        """Ask the server what it is, load plugins and the schema, and say that the session is ready."""
        self._exit_hook = _close_at_exit(self)
        self._server_information = self._fetch_server_information()
        self.check_server_compatibility()
        if auto_connect_event_hub:
            self.event_hub.init_connection()
            threading.Thread(target=self._connect_event_hub, name="ftrack-review-hub", daemon=True).start()
        if plugin_paths is None:
            plugin_paths = os.environ.get("FTRACK_EVENT_PLUGIN_PATH", "").split(os.pathsep)
        self._plugin_paths = list(plugin_paths)
        self._discover_plugins(plugin_arguments=plugin_arguments)
        self._types = self._build_entity_type_classes(self._load_schemas(schema_cache_path))
        if self._event_hub is not None:
            # Else when the hub is made, which most sessions do without.
            self._register_storage_scenario()
        self._configure_locations()
        self._publish_locally("ftrack.api.session.ready", {"session": self})

    def _connect_event_hub(self) -> None:
        """Connect the event hub, in a thread of its own."""
        try:
            self.event_hub.connect()
        except exception.EventHubError:
            _logger.exception("The event hub could not be connected.")

    def _set_up_cache(self, cache: Any, key_maker: Optional[cache_.KeyMaker]) -> None:
        """Put the *cache* that was given behind the identity map."""
        self.cache_key_maker = key_maker if key_maker is not None else cache_.StringKeyMaker()
        self._further_cache: Optional[FurtherCache] = None
        self._find_elsewhere: Optional[Callable[[str, Any], Optional[Entity]]] = None
        if cache is not None:
            from ftrack_review._entity_cache import FurtherCache

            if callable(cache):
                cache = cache(self)
            self.cache.caches.append(cache)
            self._further_cache = FurtherCache(self, cache)
            self._find_elsewhere = self._further_cache.find

    def _connect(self) -> transport.Transport:
        return transport.connect(
            self._server_address,
            api_key=self._api_key,
            api_user=self._api_user,
            timeout=self.request_timeout,
            cookies=self._cookies,
            headers=self._headers,
            strict_api=self._strict_api,
        )

    def __enter__(self) -> Session:
        """Return the session itself."""
        return self

    def __exit__(
        self,
        exception_type: Optional[Type[BaseException]],
        exception_value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        """Close the session."""
        self.close()

    def __repr__(self) -> str:
        """Return the type and the server, and no credentials."""
        return f"<{type(self).__module__}.{type(self).__name__} {self._shown_address}>"

    @property
    def _shown_address(self) -> str:
        """The address for messages, without a password."""
        address = self._server_address
        return address if address.startswith("embedded") else transport.display_url(address)

    # --- What the session is connected to. ---

    @property
    def transport(self) -> transport.Transport:
        """What carries requests. After a fork the new process gets connections of its own."""
        if self._pid != os.getpid():
            self._start_after_fork()
        return self._transport

    def _start_after_fork(self) -> None:
        """Make locks anew, which may be held in the parent. The transport makes its connections anew itself."""
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._work = None

    @property
    def _request(self) -> requests.Session:
        """The pool of HTTP connections to the server, with its authentication."""
        return self.transport.http

    @_request.setter
    def _request(self, value: requests.Session) -> None:
        self.transport.http = value  # type: ignore[misc]

    @property
    def timeout(self) -> Optional[float]:
        """How long an answer may take, in seconds."""
        return self.request_timeout

    @property
    def server_information(self) -> Dict[str, Any]:
        """What the server said about itself."""
        return dict(self._server_information)

    @property
    def server_url(self) -> str:
        """The address of the server."""
        return self._server_url

    @property
    def _server_url(self) -> str:
        # The transport knows it without the password that an address may hold. An embedded server opens a port.
        return self.transport.server_url

    @property
    def api_user(self) -> str:
        """The name of the user."""
        return self._api_user or ""

    @property
    def api_key(self) -> str:
        """The key of the user."""
        return self._api_key or ""

    @property
    def event_hub(self) -> EventHub:
        """The event hub, made on first use. It is not connected unless asked to."""
        if self._event_hub is None:
            from ftrack_review._session_hub import SessionHub

            with self._lock:
                if self._event_hub is None:
                    self._event_hub = SessionHub(self)
                    if self._types is not None:
                        self._register_storage_scenario()
        return self._event_hub

    @property
    def types(self) -> MutableMapping[str, Any]:
        """The entity classes by name."""
        assert self._types is not None
        return self._types

    @property
    def idioms(self) -> Idioms:
        """The names that the schema does not have and scripts use all the same."""
        if self._idioms is None:
            from ftrack_review._idioms import Idioms

            self._idioms = Idioms(self)
        return self._idioms

    @functools.cached_property
    def _local_cache(self) -> cache_.Cache:
        """The entities of this session as a cache."""
        from ftrack_review._entity_cache import IdentityCache

        return IdentityCache(self)

    @functools.cached_property
    def cache(self) -> cache_.LayeredCache:
        """The entities of this session, and behind them the cache that was given."""
        return cache_.LayeredCache([self._local_cache])

    def check_server_compatibility(self) -> None:
        """Raise :exc:`~ftrack_review.exception.ServerCompatibilityError` for a server that is too old."""
        version = self._server_information.get("version")
        if version is None:
            raise exception.ServerCompatibilityError(
                f"The server at {self._shown_address} does not tell its version. "
                f"It is too old, or not an ftrack server."
            )
        found = re.match(r"(\d+)\.(\d+)\.(\d+)", str(version))
        if found and tuple(map(int, found.groups())) < _OLDEST_SERVER:
            oldest = ".".join(map(str, _OLDEST_SERVER))
            raise exception.ServerCompatibilityError(
                f"Server version {version} incompatible with this version of the API which requires a server "
                f"version >= {oldest}"
            )

    # --- Switches of the current thread. ---

    @property
    def auto_populate(self) -> bool:
        """Whether attributes that are not known are fetched when read. Each thread has its own switch."""
        return self._switches.auto_populate

    @auto_populate.setter
    def auto_populate(self, value: bool) -> None:
        self._switches.auto_populate = value

    @property
    def record_operations(self) -> bool:
        """Whether changes are recorded, to be committed. Each thread has its own switch."""
        return self._switches.record_operations

    @record_operations.setter
    def record_operations(self, value: bool) -> None:
        if not value:
            self._always_records = False
        self._switches.record_operations = value

    def auto_populating(self, auto_populate: bool) -> AutoPopulatingContext:
        """Return a context in which the current thread has *auto_populate* set so.

        Example::

            with session.auto_populating(False):
                print(task["name"])

        """
        return AutoPopulatingContext(self, auto_populate)

    def operation_recording(self, record_operations: bool) -> OperationRecordingContext:
        """Return a context in which the current thread has *record_operations* set so."""
        return OperationRecordingContext(self, record_operations)

    # --- The end and the beginning. ---

    @property
    def closed(self) -> bool:
        """Whether the session was closed."""
        return self._closed

    def close(self) -> None:
        """Close the session: the event hub and all connections. Closing twice is fine.

        Operations that were not committed are lost, which is logged. Afterwards requests raise
        :exc:`~ftrack_review.exception.ConnectionClosedError`.
        """
        if self._closed:
            return
        self._closed = True
        if len(self.recorded_operations):
            _logger.warning("The session closes with operations that were never committed.")
        hook = getattr(self, "_exit_hook", None)
        if hook is not None:
            atexit.unregister(hook)
        if self._pid != os.getpid():
            return
        try:
            if self._event_hub is not None:
                self._event_hub.close()
        finally:
            self._transport.close()

    def reset(self) -> None:
        """Bring the session back to what it was at its start: no entities and no operations.

        Operations that were not committed are lost, which is logged. Entities that a program still holds must not be
        used any more. Locations are configured anew, and the event ``ftrack.api.session.reset`` is published.
        """
        if len(self.recorded_operations):
            _logger.warning("The session is reset with operations that were never committed.")
        with self._lock:
            self._identities.clear()
            self.recorded_operations.clear()
            self._custom_attribute_configurations = None
        if self._further_cache is not None:
            self.cache.clear()
        self._configure_locations()
        self._publish_locally("ftrack.api.session.reset", {"session": self})

    # --- Changes. ---

    @property
    def recorded_operations(self) -> RecordedOperations:
        """The operations that the next commit sends.

        Others can be put in their place, to commit something else first; what was there is put back the same way::

            kept, session.recorded_operations = session.recorded_operations, operation.Operations()
        """
        return self._recorded_operations

    @recorded_operations.setter
    def recorded_operations(self, operations: Operations) -> None:
        with self._lock:
            self._recorded_operations = RecordedOperations.of(operations)

    @property
    def schemas(self) -> List[Dict[str, Any]]:
        """The schema of the server as it answers ``query_schemas``, a document for each entity type."""
        return self.schema.document

    @schemas.setter
    def schemas(self, schemas: _Schemas) -> None:
        #: The schema of the server, read.
        self.schema = Schema(schemas)

    @property
    def _unit_of_work(self) -> UnitOfWork:
        """What sends changes and undoes them. A program that only reads does not load it."""
        work = self._work
        if work is None:
            from ftrack_review._unit_of_work import UnitOfWork

            with self._lock:
                work = self._work = self._work or UnitOfWork(self)
        return work

    @property
    def created(self) -> List[Entity]:
        """The new entities that are not committed yet."""
        return self._in_state(CREATED)

    @property
    def modified(self) -> List[Entity]:
        """The entities with changes that are not committed yet."""
        return self._in_state(MODIFIED)

    @property
    def deleted(self) -> List[Entity]:
        """The entities whose deletion is not committed yet."""
        return self._in_state(DELETED)

    def _in_state(self, state: Symbol) -> List[Entity]:
        with self._lock:
            found = [
                self._identities.find(entity_type, key)
                for (entity_type, key), current in self.recorded_operations.states.items()
                if current is state
            ]
        return [entity for entity in found if entity is not None]

    def _is_created(self, entity: Entity) -> bool:
        """Return whether *entity* is new and the server does not know it."""
        operations = self.recorded_operations
        if not len(operations):
            return False
        return operations.states.get((entity.entity_type, entity._key())) is CREATED

    def create(
        self, entity_type: str, data: Optional[Mapping[str, Any]] = None, reconstructing: bool = False
    ) -> Any:
        """Return a new entity of *entity_type* with the values in *data*, to be created at the next commit.

        It has its key at once, so that other entities can refer to it. With *reconstructing* it stands for
        one that the server holds, *data* is what is known of it, and nothing is recorded.

        An attribute that the type does not have is left out with a warning that names the nearest one, or
        raises :exc:`~ftrack_review.exception.UnrecognisedAttributeError` in a session with
        ``strict_attributes``. Raise :exc:`~ftrack_review.exception.UnrecognisedEntityTypeError` for an
        unknown type.
        """
        if data is not None and type(data) is not dict and not isinstance(data, collections.abc.Mapping):
            raise TypeError(
                f"data holds the values by the names of attributes, and is no {type(data).__name__}."
            )
        if not reconstructing:
            meant = self.idioms.create(entity_type, data or {})
            if meant is not None:
                return meant
        return self._create(entity_type, data, reconstructing)

    def _create(self, entity_type: str, data: Optional[Mapping[str, Any]], reconstructing: bool) -> Any:
        """Return an attached entity; see :meth:`create`. Names are those of the schema."""
        cls = self.types[entity_type]
        return self._attach(cls(self, data=data, reconstructing=reconstructing))

    def _attach(self, entity: Entity) -> Entity:
        """Return the one entity of the session with the identity of *entity*, which it becomes if there is none."""
        key = entity._key()
        with self._lock:
            existing = self._identities.find(entity.entity_type, key)
            if existing is None:
                self._identities.of_type(entity.entity_type)[key] = entity
                attached = entity
            elif existing is not entity:
                if entity._remote is not None and self._is_deleted_before(entity):
                    existing._begin_anew()
                existing.merge(entity)
                self._identities.changed.pop(id(entity), None)
                attached = existing
            else:
                return entity
        if self._further_cache is not None:
            self._further_cache.store([attached])
        return attached

    def _is_deleted_before(self, entity: Entity) -> bool:
        """Return whether the deletion of what had the identity of *entity*, which is new, is not committed yet."""
        key = entity._primary_key()
        return any(
            isinstance(operation, DeleteEntityOperation)
            and operation.entity_type == entity.entity_type
            and operation.entity_key == key
            for operation in self.recorded_operations
        )

    def ensure(
        self,
        entity_type: str,
        data: Mapping[str, Any],
        identifying_keys: Optional[Sequence[str]] = None,
    ) -> Any:
        """Return the entity of *entity_type* with the values in *data*, creating or updating it as needed.

        It is looked for by the attributes *identifying_keys*, by all in *data* unless given. What
        differs is set. Changes are committed.

        Raise :exc:`ValueError` if there is nothing to look for, :exc:`KeyError` if one of *identifying_keys* is
        not in *data*, and :exc:`~ftrack_review.exception.MultipleResultsFoundError` if several match.
        """
        from ftrack_review import _ensuring

        return _ensuring.ensure(self, entity_type, data, identifying_keys)

    def delete(self, entity: Any) -> None:
        """Delete *entity*, or several of them, at the next commit.

        Several are a list, a query result or a collection of any types. Raise :exc:`TypeError`, before anything is
        recorded, where one is no entity.
        """
        entities = [entity] if isinstance(entity, Entity) else list(entity)
        for each in entities:
            if not isinstance(each, Entity):
                raise TypeError(f"{each!r} is no entity. Delete takes one entity, or several.")
        operations = [DeleteEntityOperation(each.entity_type, each._primary_key()) for each in entities]
        with self._lock:
            if self.record_operations:
                for operation in operations:
                    self.recorded_operations.push(operation)

    def commit(self, *, dry_run: bool = False) -> Optional[PendingChanges]:
        """Send all changes to the server, in one request and one transaction.

        Raise a :exc:`~ftrack_review.exception.ServerError` if the server does not take them. The session
        still holds every operation then, and another commit sends them again.

        With *dry_run* nothing is sent. What would be is made, so that a value which cannot be sent raises as it
        would, and returned as :meth:`pending` does.
        """
        if dry_run:
            from ftrack_review import pending

            return pending.find_pending(self, encode=True)
        self._unit_of_work.commit()
        return None

    def pending(self) -> PendingChanges:
        """Return what a commit would send, to be looked at: a sequence of changes that prints as a difference.

        Nothing is asked of the server, so that an old value which was never read is not known::

            print(session.pending())
            for change in session.pending():
                for attribute in change.attributes:
                    print(change.kind, change.entity, attribute.name, attribute.old, attribute.new)

        What may be a secret, by the name of its attribute or key, is not in the text.

        .. versionadded:: 3.1.0
        """
        from ftrack_review import pending

        return pending.find_pending(self)

    def rollback(self) -> None:
        """Forget all changes. Entities that were created are not part of the session any more."""
        self._unit_of_work.rollback()

    # --- Finding. ---

    def get(self, entity_type: str, entity_key: Any) -> Any:
        """Return the entity of *entity_type* with the primary key *entity_key*, or None if there is none.

        A key of several values is a list in the order of the schema, or a dictionary. The server is asked only for an
        entity that the session does not know.
        """
        known = self._identities.types.get(entity_type)
        if known is not None and type(entity_key) is str:
            entity = known.get(entity_key)
            if entity is not None:
                return entity
        return self._get(entity_type, entity_key)

    def _get(self, entity_type: str, entity_key: Any) -> Any:
        """Return an entity by type and key, from the session, its further cache or the server."""
        from ftrack_review import _ensuring

        return _ensuring.get(self, entity_type, entity_key)

    def query(self, expression: str, page_size: int = 500) -> QueryResult:
        """Return the entities that *expression* finds, fetched in pages of *page_size* when looked at.

        For example ``select name from Task where status.name is "Done"``; an expression without ``select``
        fetches the default projections of the type. Raise :exc:`~ftrack_review.exception.QueryError` for a
        text that is no query, and :exc:`~ftrack_review.exception.UnrecognisedEntityTypeError` for an unknown type.
        """
        return QueryResult(self, expression, page_size=page_size)

    def search(
        self,
        entity_type: str,
        terms: Union[str, Iterable[str]],
        *,
        expression: Optional[str] = None,
        context: Any = None,
        object_types: Any = None,
    ) -> QueryResult:
        """Return the entities of *entity_type* that have all *terms* in their names or in those above them.

        *terms* are several words, or a text that is split at blanks. *expression* is a query that says what to select
        and narrows the search further. *context* is an entity or id below which to search, *object_types*
        limits typed contexts to those of these types, given by name, id or as entities. The result is fetched
        when looked at, as that of :meth:`query` is. Matching and order are the server's::

            session.search("Shot", "film sh010", context=project)

        Reading the result raises :exc:`~ftrack_review.exception.ServerCompatibilityError` where the server has no
        search.

        .. versionadded:: 3.1.0
        """
        from ftrack_review import _search

        return _search.search(
            self, entity_type, terms, expression=expression, context=context, object_types=object_types
        )

    def _query(self, expression: str) -> Tuple[List[Entity], Dict[str, Any]]:
        """Return the entities of one page and the metadata of the answer."""
        answer = self._call_raw([action.query(expression)])[0]
        return _loading.load(self, answer["data"]), answer["metadata"]

    def populate(self, entities: Any, projections: str) -> None:
        """Fetch the comma-separated *projections* for *entities*, one or several, of any types.

        There is one request per type and 500 entities. Of several types, one that has not all the attributes gets those
        that it has. Values that were set locally stay. New entities are left out.
        """
        from ftrack_review import _population

        items = [entities] if isinstance(entities, Entity) else list(entities)
        _population.populate(self, items, projections)

    def refresh(self, entities: Any) -> List[Entity]:
        """Read again what is loaded of *entities*, one or several, and return those that the server does not hold.

        Values that were set locally stay; their remote values are renewed. What was never loaded is not fetched, new
        entities are left out, and what an entity refers to is read with its default projections only. There is one
        request per type and 500 entities.

        .. versionadded:: 3.1.0
        """
        from ftrack_review import _refreshing

        items = [entities] if isinstance(entities, Entity) else list(entities)
        return _refreshing.refresh(self, items)

    def get_inherited_custom_attributes(
        self, entities: Iterable[Any], keys: Optional[Iterable[str]] = None
    ) -> List[Dict[str, InheritedValue]]:
        """Return, for each of *entities*, the values of its custom attributes that count, by key.

        Each is a pair of the value and the entity that it is set on: the entity itself or the nearest above it; None,
        and the configured default, where it is set on none. A value that is null or the configured default counts as
        not set. *keys* are those to read, by default all hierarchical ones; a key that does not apply to an entity is
        not in its dictionary. Changes that are not committed count. However many entities there are, a handful of
        requests is sent::

            for shot, values in zip(shots, session.get_inherited_custom_attributes(shots, ["fps"])):
                fps, origin = values["fps"]

        .. versionadded:: 3.1.0
        """
        from ftrack_review import _inheritance

        return _inheritance.find_inherited(self, entities, keys)

    def merge(self, value: Any, merged: Optional[Dict[Any, Any]] = None) -> Any:
        """Return *value* with every entity in it replaced by the one of this session.

        *value* is an entity, also of another session, or a list, tuple or dictionary of values. Local and remote
        values are taken over. *merged* holds what was merged in the same run.
        """
        return self._merge(value, {} if merged is None else merged)

    def _merge(self, value: Any, merged: Dict[Any, Any]) -> Any:
        if isinstance(value, Entity):
            return self._merge_entity(value, merged)
        if isinstance(value, (list, tuple)):
            return type(value)([self._merge(item, merged) for item in value])
        if isinstance(value, dict):
            return {key: self._merge(item, merged) for key, item in value.items()}
        if isinstance(value, (QueryResult, collections.abc.Set)) or hasattr(value, "_refill"):
            items = getattr(value, "collection", value)
            return [self._merge(item, merged) for item in items]
        return value

    def _merge_recursive(self, entity: Entity, merged: Optional[Dict[Any, Any]] = None) -> Entity:
        return self._merge_entity(entity, {} if merged is None else merged)

    def _merge_entity(self, entity: Entity, merged: Optional[Dict[Any, Any]] = None) -> Entity:
        merged = {} if merged is None else merged
        key = entity._key()
        identity = (entity.entity_type, key)
        attached: Optional[Entity] = merged.get(identity)
        if attached is not None:
            return attached
        if entity.session is self:
            merged[identity] = attached = self._attach(entity)
            return attached
        attached = self._identities.find(entity.entity_type, key)
        if attached is None and self._find_elsewhere is not None:
            attached = self._find_elsewhere(entity.entity_type, key)
        if attached is None:
            attached = self._create(entity.entity_type, entity._primary_key(), reconstructing=True)
        merged[identity] = attached
        attached.merge(entity, merged)
        return attached

    # --- Talking to the server. ---

    def call(self, data: Any) -> Any:
        """Send *data*, a list of actions, in one request and return the list of their results.

        Entities in the results are attached to this session. Raise a
        :exc:`~ftrack_review.exception.ServerError` for an error that the server reports, with its class and code, and
        where there is no answer.
        """
        actions = [data] if isinstance(data, collections.abc.Mapping) else list(data)
        answer = self._read_answer(self._send(self.encode(actions)), actions)
        self._forget_ahead(actions)
        if data is self._switches.raw:
            return answer
        results = _loading.load_value(self, answer)
        return results[0] if isinstance(data, collections.abc.Mapping) else results

    _call = call

    def _forget_ahead(self, actions: Sequence[Any]) -> None:
        """Forget what was fetched before it was asked for and what *actions*, done by now, may have changed."""
        if self._fetched_ahead:
            from ftrack_review import _population

            written = [each for each in actions if not str(each.get("action")).startswith("query")]
            if written:
                _population.forget_ahead(self, written)

    def _call_raw(self, actions: List[Dict[str, Any]]) -> List[Any]:
        """Send *actions*, which JSON can write, and return their results as JSON gave them.

        Where a program has put something in the place of :meth:`call`, the results are what that returns.
        """
        replacement = self._call_replacement()
        if replacement is not None:
            return replacement(actions)  # type: ignore[no-any-return]
        return self._read_answer(self._send(json.dumps(actions, sort_keys=True)), actions)

    def _call_text(self, body: str, actions: Sequence[Any]) -> List[Any]:
        """Send the text of *actions* and return their results as JSON gave them."""
        replacement = self._call_replacement()
        if replacement is None:
            return self._read_answer(self._send(body), actions)
        # Entities would be told of the new values before their old ones are forgotten.
        self._switches.raw = actions
        try:
            return replacement(actions)  # type: ignore[no-any-return]
        finally:
            self._switches.raw = None

    def _call_replacement(self) -> Optional[Callable[[Any], Any]]:
        """Return what stands in the place of :meth:`call`, None where nothing does.

        Programs override it, or patch it in a session or in the class, to see, count, repeat or answer what is sent.
        """
        for name in ("call", "_call"):
            if name in self.__dict__ or getattr(type(self), name) is not _CALL:
                return getattr(self, name)  # type: ignore[no-any-return]
        return None

    def _send(self, body: str) -> bytes:
        """Send the text of a batch and return the text of its answer."""
        if self._closed:
            raise exception.ConnectionClosedError(
                "Connection closed. The session was closed and cannot be used any more."
            )
        return self.transport.call(body, self.request_timeout or transport.DEFAULT_TIMEOUT_S)

    def _read_answer(self, answer: bytes, actions: Sequence[Any]) -> List[Any]:
        """Return the results of *actions* in the text *answer*. Raise the error where it is one."""
        try:
            results = json.loads(answer)
        except ValueError as error:
            raise transport._response_error(self._server_address, answer) from error
        if isinstance(results, dict) and results.get("exception"):
            only = actions[0].get("action") if len(actions) == 1 else None
            raise transport._server_error(results, action=only)
        if not isinstance(results, list):
            raise transport._response_error(self._server_address, answer)
        if len(results) != len(actions):
            raise exception.ServerResponseError(
                f"The server at {self._shown_address} answered {len(actions)} actions with {len(results)} "
                f"results. Check that the address is that of an ftrack server."
            )
        return results

    def encode(self, data: Any, entity_attribute_strategy: str = "set_only") -> str:
        """Return *data*, with entities, times and collections in it, as JSON text.

        *entity_attribute_strategy* says what of an entity to write: ``all`` (fetching what is missing),
        ``set_only`` (what has a value), ``modified_only`` (what was set locally) or ``persisted_only`` (what the server
        holds). Entities within an entity are written as references. Raise :exc:`ValueError` for another
        strategy and :exc:`TypeError` for what cannot be written.
        """
        from ftrack_review import _encoding

        return _encoding.encode_data(data, entity_attribute_strategy)

    def entity_reference(self, entity: Entity) -> Dict[str, Any]:
        """Return the type and primary key of *entity* as a dictionary."""
        from ftrack_review import _encoding

        return _encoding.reference(entity)

    _entity_reference = entity_reference

    def decode(self, string: Union[str, bytes]) -> Any:
        """Return the value of a JSON text, with entities, attached to this session, and times in it."""
        return _loading.load_value(self, json.loads(string), gather=True)

    def _fetch_server_information(self) -> Dict[str, Any]:
        """Return what the server says about itself. This is where wrong credentials show."""
        information = self._call_raw([action.query_server_information()])[0]
        if not isinstance(information, dict):
            raise exception.ServerResponseError(
                f"The server at {self._shown_address} does not answer as an ftrack server does."
            )
        return information

    def reset_remote(self, reset_type: str, entity: Optional[Entity] = None) -> Any:
        """Reset something on the server, such as the ``api_key`` of a user *entity*, and return what is new."""
        payload: Dict[str, Any] = {"action": "reset_remote", "reset_type": reset_type}
        if entity is not None:
            payload.update(entity_type=entity.entity_type, entity_key=entity._key())
        result = self.call([payload])
        return result[0]["data"]

    # --- Set-up. ---

    def _publish_locally(self, topic: str, data: Dict[str, Any]) -> List[Any]:
        """Publish an event to the subscribers in this process and return what they answer."""
        if self._event_hub is None:
            # Nobody can have subscribed.
            return []
        from ftrack_review.event.base import Event

        results: List[Any] = self.event_hub.publish(Event(topic=topic, data=data), synchronous=True) or []
        return results

    def _discover_plugins(self, plugin_arguments: Optional[Mapping[str, Any]] = None) -> None:
        """Load the plugins in the plugin paths and let them register with this session."""
        paths = [path for path in self._plugin_paths if path]
        # Without paths there is nothing to find, unless a program has put a discovery of its own in place.
        if paths or "ftrack_review.plugin" in sys.modules:
            from ftrack_review import plugin

            plugin.discover(paths, [self], plugin_arguments)

    def _load_schemas(self, schema_cache_path: Union[str, bool, None]) -> _Schemas:
        """Return the schema document of the server, from its file where that is up to date."""
        announced = self._server_information.get("schema_hash")
        folder = _schema_cache.folder_for(schema_cache_path) if announced else None
        path: Optional[str] = None
        if folder is not None:
            path = _schema_cache.path_for(folder, self._server_address, str(announced))
            kept = self._read_schemas_from_cache(path)
            if kept is not None:
                return kept
        document = self._call_raw([action.query_schemas()])[0]
        if not _schema_cache.is_document(document):
            raise exception.ServerResponseError("The server's answer to query_schemas is not a schema.")
        if path is not None:
            self._write_schemas_to_cache(document, path)
        return document  # type: ignore[no-any-return]

    def _read_schemas_from_cache(self, schema_cache_path: str) -> Optional[_Schemas]:
        """Return the document in the file at *schema_cache_path*, by name, None where there is none."""
        return _schema_cache.read(schema_cache_path)

    def _write_schemas_to_cache(self, schemas: List[Dict[str, Any]], schema_cache_path: str) -> None:
        """Put *schemas* in the file at *schema_cache_path*. A folder that cannot be written to is logged."""
        try:
            _schema_cache.write(schema_cache_path, schemas)
        except OSError as error:
            _logger.warning("The schema could not be kept in %s: %s", schema_cache_path, error)

    def _build_entity_type_classes(self, schemas: _Schemas) -> _EntityTypes:
        """Return the entity classes. They are made on first use, unless somebody wants to make them."""
        self.schemas = schemas
        types = _EntityTypes(self)
        if self._event_hub is not None:
            # Somebody may listen to their making.
            for name in list(types):
                types[name]
        return types

    def _build_entity_type_class(self, document: Dict[str, Any]) -> Any:
        """Return the class for one entity type: a plugin's, or the standard one."""
        from ftrack_review.entity.factory import StandardFactory

        classes: List[Any] = []
        if self._event_hub is not None:
            answers = self._publish_locally(
                "ftrack.api.session.construct-entity-type", {"schema": document, "schemas": self.schemas}
            )
            classes = [answer for answer in answers if answer is not None]
        if len(classes) > 1:
            _logger.warning(
                "Several plugins made a class for the entity type %s. The last one is used.", document["id"]
            )
        return classes[-1] if classes else StandardFactory().create(document)

    def _check_entity_type(self, name: str) -> None:
        """Raise UnrecognisedEntityTypeError unless the schema has the type *name*."""
        if name not in self.schema:
            raise _unrecognised_type(name, self.schema)

    def _configure_locations(self) -> None:
        """Give the built-in locations, and those of plugins, what they work with.

        Where nobody listens it is done when the class of locations is made, which most programs never need.
        """
        if "Location" not in self.schema:
            return
        scenario = (self._server_information.get("storage_scenario") or {}).get("scenario")
        if self._event_hub is None and scenario != "ftrack.centralized-storage":
            assert self._types is not None
            if self._types.follow("Location", self._configure_built_in_locations):
                return
        from ftrack_review import _storage

        _storage.activate_storage_scenario(self)
        self._configure_built_in_locations()
        self._publish_locally("ftrack.api.session.configure-location", {"session": self})

    def _configure_built_in_locations(self) -> None:
        from ftrack_review import _storage

        with self._lock:
            _storage.configure_locations(self)

    def _register_storage_scenario(self) -> None:
        """Take part in setting up the storage that the server is configured for."""
        from ftrack_review import _centralized_storage_scenario

        _centralized_storage_scenario.register(self)

    def _store_elsewhere(self, entities: Iterable[Entity]) -> None:
        """Hand *entities* to the further cache, where there is one."""
        if self._further_cache is not None:
            self._further_cache.store(entities)

    def _forget_elsewhere(self, entity: Entity) -> None:
        """Remove *entity* from the further cache, where there is one."""
        if self._further_cache is not None:
            self._further_cache.forget(entity)

    # --- Components and locations. ---

    def _get_locations(self, filter_inaccessible: bool = True) -> List[Any]:
        """Return the locations, the preferred first."""
        from ftrack_review import _storage

        return _storage.get_locations(self, filter_inaccessible)

    def pick_location(self, component: Any = None) -> Any:
        """Return the preferred location that is accessible and, with *component*, holds it; None for none."""
        from ftrack_review import _storage

        return _storage.pick_location(self, component)

    def pick_locations(self, components: Iterable[Any]) -> List[Any]:
        """Return, for each of *components*, the preferred location that holds it, or None."""
        from ftrack_review import _storage

        return _storage.pick_locations(self, components)

    def create_component(
        self,
        path: Any,
        data: Optional[Mapping[str, Any]] = None,
        location: Any = "auto",
        *,
        progress: Any = None,
    ) -> Any:
        """Return a new component for the file or sequence at *path*.

        A sequence is written as ``/path/file.%04d.exr [1-5, 7, 8, 10-20]``. *data* are values of its attributes.
        The data is transferred to *location*: ``auto`` stands for the preferred one, None for none. *progress* is
        called with the bytes sent and their total.
        """
        from ftrack_review import _storage

        return _storage.create_component(self, path, data, location, progress=progress)

    def _create_component(self, entity_type: str, path: str, data: Dict[str, Any], location: Any) -> Any:
        """Return a new component of *entity_type* for the file at *path*, transferred to *location*."""
        component = self.create(entity_type, data=data)
        if location:
            origin = self.pick_location(component) or self.get("Location", _origin_location_id())
            location.add_component(component, path if origin is None else origin)
        return component

    def _get_filesystem_size(self, path: str) -> int:
        """Return the size of the file at *path* in bytes, 0 where there is none."""
        from ftrack_review import _storage

        return _storage.get_filesystem_size(path)

    def get_component_availability(
        self, component: Any, locations: Optional[Iterable[Any]] = None
    ) -> Dict[str, float]:
        """Return how much of *component* is in each of *locations*, in percent by location id."""
        from ftrack_review import _storage

        return _storage.get_component_availability(self, component, locations)

    def get_component_availabilities(
        self, components: Iterable[Any], locations: Optional[Iterable[Any]] = None
    ) -> List[Dict[str, float]]:
        """Return, for each of *components*, how much of it is in each of *locations*."""
        from ftrack_review import _storage

        return _storage.get_component_availabilities(self, components, locations)

    def get_widget_url(self, name: str, entity: Any = None, theme: Optional[str] = None) -> str:
        """Return an address that shows the widget *name*, for *entity* where it needs one, in *theme*."""
        from ftrack_review import _storage

        return _storage.get_widget_url(self, name, entity, theme)

    def encode_media(
        self, media: Any, version_id: Optional[str] = None, keep_original: Union[bool, str] = "auto"
    ) -> Any:
        """Return a job that encodes *media*, a path or a component, so that browsers can play it."""
        from ftrack_review import _storage

        return _storage.encode_media(self, media, version_id, keep_original)

    def get_upload_metadata(
        self,
        component_id: str,
        file_name: str,
        file_size: int,
        checksum: Optional[str] = None,
        *,
        parts: Optional[int] = None,
    ) -> Dict[str, Any]:
        """Return where and with which headers to upload the data of a component of *file_size* bytes.

        With *parts* the answer of a server that takes parts holds an ``upload_id`` and the ``urls`` of that many.
        """
        from ftrack_review import _storage

        return _storage.get_upload_metadata(self, component_id, file_name, file_size, checksum, parts=parts)

    def send_user_invite(self, user: Any) -> None:
        """Send an invitation to *user*."""
        from ftrack_review import _storage

        _storage.send_user_invite(self, user)

    def send_user_invites(self, users: Iterable[Any]) -> None:
        """Send an invitation to each of *users*."""
        from ftrack_review import _storage

        _storage.send_user_invites(self, users)

    def send_review_session_invite(self, invitee: Any) -> None:
        """Send *invitee*, which must be committed, the invitation to the review session."""
        from ftrack_review import _storage

        _storage.send_review_session_invite(self, invitee)

    def send_review_session_invites(self, invitees: Iterable[Any]) -> None:
        """Send each of *invitees*, which must be committed, the invitation to the review session."""
        from ftrack_review import _storage

        _storage.send_review_session_invites(self, invitees)


#: What a session calls, unless a program puts something in its place.
_CALL = Session.call


class AutoPopulatingContext:
    """Sets whether the current thread populates attributes, and sets it back."""

    def __init__(self, session: Session, auto_populate: bool) -> None:
        """Initialise for *session* with the value to set."""
        self._session = session
        self._auto_populate = auto_populate
        self._current: Optional[bool] = None

    def __enter__(self) -> None:
        """Set the value."""
        self._current = self._session.auto_populate
        self._session.auto_populate = self._auto_populate

    def __exit__(self, *_: object) -> None:
        """Set the former value."""
        assert self._current is not None
        self._session.auto_populate = self._current


class OperationRecordingContext:
    """Sets whether the changes of the current thread are recorded, and sets it back."""

    def __init__(self, session: Session, record_operations: bool) -> None:
        """Initialise for *session* with the value to set."""
        self._session = session
        self._record_operations = record_operations
        self._current: Optional[bool] = None

    def __enter__(self) -> None:
        """Set the value."""
        self._current = self._session.record_operations
        self._session.record_operations = self._record_operations

    def __exit__(self, *_: object) -> None:
        """Set the former value."""
        assert self._current is not None
        self._session.record_operations = self._current


class OperationPayload(collections.abc.MutableMapping):  # type: ignore[type-arg]
    """The data of an action: a mapping in which entities are written as references."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Initialise as a dictionary is."""
        self._data: Dict[str, Any] = dict(*args, **kwargs)

    def _references_only(self) -> Dict[str, Any]:
        from ftrack_review import _encoding

        return {
            name: _encoding.reference(value) if isinstance(value, Entity) else value
            for name, value in self._data.items()
        }

    def __repr__(self) -> str:
        """Return the type and content."""
        return f"<{type(self).__name__} {self._data!r}>"

    def __getitem__(self, key: str) -> Any:
        """Return the value of *key*."""
        return self._data[key]

    def __setitem__(self, key: str, value: Any) -> None:
        """Set *key* to *value*."""
        self._data[key] = value

    def __delitem__(self, key: str) -> None:
        """Remove *key*."""
        del self._data[key]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys."""
        return iter(self._data)

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._data)


def _read_settings(
    server_url: Optional[str], api_key: Optional[str], api_user: Optional[str]
) -> Tuple[str, Optional[str], Optional[str]]:
    """Return address, key and user, from the environment where they are not given."""
    if server_url is None:
        server_url = os.environ.get("FTRACK_SERVER")
    if not server_url:
        raise exception.ConfigurationError(
            "There is no server to connect to. Pass server_url, or set the environment variable FTRACK_SERVER."
        )
    server_url = transport.normalise_url(server_url)
    if server_url.startswith("embedded"):
        return server_url, None, None
    if api_key is None:
        api_key = os.environ.get("FTRACK_API_KEY", os.environ.get("FTRACK_APIKEY"))
    if not api_key:
        raise exception.ConfigurationError(
            "There is no API key. Pass api_key, or set the environment variable FTRACK_API_KEY."
        )
    if api_user is None:
        api_user = os.environ.get("FTRACK_API_USER")
    if not api_user:
        import getpass

        try:
            api_user = getpass.getuser()
        except (KeyError, ImportError, OSError):
            raise exception.ConfigurationError(
                "There is no user, and this machine does not tell who is logged in. Pass api_user, or set the "
                "environment variable FTRACK_API_USER."
            ) from None
    return server_url, api_key, api_user


def _unrecognised_type(name: str, names: Iterable[str]) -> exception.UnrecognisedEntityTypeError:
    from ftrack_review.protocol.schema import nearest

    proposal = nearest(str(name), names)
    hint = f' Did you mean "{proposal}"?' if proposal else ""
    return exception.UnrecognisedEntityTypeError(
        name, message=f'The server has no entity type "{name}".{hint}'
    )


def _origin_location_id() -> str:
    from ftrack_review.symbol import ORIGIN_LOCATION_ID

    return ORIGIN_LOCATION_ID


def _close_at_exit(session: Session) -> Callable[[], None]:
    """Register a hook that closes *session* when Python ends, if somebody still holds it."""
    reference = weakref.ref(session)

    def close() -> None:
        held = reference()
        if held is not None:
            held.close()

    atexit.register(close)
    return close
