"""Locations: where the data of components lies, and how it gets there and away."""

from __future__ import annotations

import logging
from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    Iterable,
    List,
    Mapping,
    MutableMapping,
    Optional,
    Sequence,
    Tuple,
)

import ftrack_review.exception as exception
import ftrack_review.symbol as symbol
from ftrack_review.entity._transfer import asked_ahead, copy, is_container, key_of, locate, match, pair
from ftrack_review.entity.base import DynamicEntityTypeMetaclass, Entity, _EntityBase

if TYPE_CHECKING:
    from ftrack_review.accessor.base import Accessor
    from ftrack_review.session import Session
    from ftrack_review.structure.base import Structure

__all__ = [
    "Location",
    "MemoryLocationMixin",
    "OriginLocationMixin",
    "ServerLocationMixin",
    "UnmanagedLocationMixin",
]

_logger = logging.getLogger(__name__)

_DEFAULT_PRIORITY = 95

Components = Sequence[Entity]


class Location(Entity):
    """A place for the data of components.

    The *accessor* reads and writes the data, the *structure* says where in the location each component
    goes, and the *resource_identifier_transformer* may change what is recorded of that on the server. Of
    several locations the one with the lowest *priority* is preferred. These four are set in the process
    that uses the location and are not kept on the server.
    """

    accessor: Accessor
    structure: Structure

    def __init__(
        self, session: Session, data: Optional[Mapping[str, Any]] = None, reconstructing: bool = False
    ) -> None:
        """Initialise the entity; see :class:`~ftrack_review.entity.base.Entity`."""
        self.accessor = symbol.NOT_SET  # type: ignore[assignment]
        self.structure = symbol.NOT_SET  # type: ignore[assignment]
        self.resource_identifier_transformer: Any = symbol.NOT_SET
        self.priority = _DEFAULT_PRIORITY
        super().__init__(session, data=data, reconstructing=reconstructing)

    def __str__(self) -> str:
        """Return the name and key, as far as they are known without asking the server."""
        with self.session.auto_populating(False):
            return f'<{type(self).__name__}("{self["name"]}", {self["id"]})>'

    # Adding

    def add_component(self, component: Entity, source: Any, recursive: bool = True) -> None:
        """Add *component* and its data to this location. See :meth:`add_components`."""
        self.add_components([component], [source], recursive=recursive)

    def add_components(
        self, components: Components, sources: Any, recursive: bool = True, _depth: int = 0
    ) -> None:
        """Copy the data of *components* from *sources* to this location and record that it is here.

        *sources* is one location for all or a sequence with a location for each. With *recursive* the
        members of containers are added too. The session is committed at the end, and
        ``ftrack.location.component-added`` is published for each component.

        Raise :exc:`~ftrack_review.exception.ComponentInLocationError` if a component is here already and
        :exc:`~ftrack_review.exception.LocationError` if its data could not be transferred. Data that was
        transferred before the error is removed again; what could not be is named in the error's details
        as ``transferred``.
        """
        pairs = pair(components, sources)
        if not pairs:
            return
        planned = self._plan(pairs, recursive)
        self._refuse_present([component for component, _ in planned])
        if not self.structure:
            raise exception.LocationError(
                "The location {location} has no structure. Set its structure attribute.",
                details={"location": self},
            )
        identifiers = self._transfer(planned)
        added = [component for component, _ in planned]
        self._register_components_in_location(added, identifiers)
        for component in added:
            self._publish(symbol.COMPONENT_ADDED_TO_LOCATION_TOPIC, component)

    def _transfer(self, planned: List[Tuple[Entity, Any]]) -> List[str]:
        """Copy the data of what is *planned*, and return where it is, as it is to be recorded."""
        identifiers: List[str] = []
        transferred: List[Tuple[Entity, str]] = []
        with asked_ahead(planned):
            for component, source in planned:
                try:
                    context = self._get_context(component, source)
                    identifier = self.structure.get_resource_identifier(component, context)
                    self._add_data(component, identifier, source)
                except Exception as error:
                    raise self._describe_failure(component, error, self._undo(transferred)) from error
                transferred.append((component, identifier))
                identifiers.append(self._encode(component, identifier))
        return identifiers

    def _describe_failure(
        self, component: Entity, error: Exception, left: List[Tuple[Entity, str]]
    ) -> exception.LocationError:
        message = "The data of {component} could not be brought to {location}: {error}"
        if left:
            message += " Transferred component data that may require cleanup: {transferred}"
        return exception.LocationError(
            message,
            details={"component": component, "location": self, "error": error, "transferred": left},
        )

    def _plan(self, pairs: Iterable[Tuple[Entity, Any]], recursive: bool) -> List[Tuple[Entity, Any]]:
        """Return what there is to add and from where: members come before what contains them."""
        planned: List[Tuple[Entity, Any]] = []
        for component, source in pairs:
            if recursive and is_container(component):
                planned.extend(self._plan([(member, source) for member in component["members"]], recursive))
            planned.append((component, source))
        return planned

    def _refuse_present(self, components: Components) -> None:
        try:
            self._get_resource_identifiers(components)
        except exception.ComponentNotInLocationError as error:
            absent = {key_of(component) for component in error.details["components"]}
            components = [component for component in components if key_of(component) not in absent]
        if components:
            raise exception.ComponentInLocationError(components, self)

    def _get_context(self, component: Entity, source: Any) -> Dict[str, Any]:
        """Return what the structure may need to place *component*, which comes from *source*."""
        try:
            identifier = locate(component, source)
        except exception.LocationError:
            identifier = None
        except AttributeError as error:
            if hasattr(source, "get_resource_identifier"):
                raise
            raise exception.LocationError(
                "{source!r} is not a location to take data from.", details={"source": source}
            ) from error
        return {"source_resource_identifier": identifier}

    def _add_data(self, component: Entity, resource_identifier: str, source: Any) -> None:
        """Copy the data of *component* from *source* to *resource_identifier* in this location."""
        if not self.accessor:
            raise exception.LocationError(
                "The location {location} has no accessor, so nothing can be written to it. Set its accessor attribute.",
                details={"location": self},
            )
        if is_container(component):
            # Its members hold the data.
            return
        source_identifier = locate(component, source)
        if not source.accessor:
            raise exception.LocationError(
                "The location {location} has no accessor, so nothing can be read from it. Set its accessor attribute.",
                details={"location": source},
            )
        if self.accessor.exists(resource_identifier):
            raise exception.LocationError(
                "There is data at {target} already, which is not overwritten. Remove it, or use a structure that "
                "gives each component a place of its own.",
                details={"target": resource_identifier},
            )
        source_data = source.accessor.open(source_identifier, "rb")
        try:
            container = self.accessor.get_container(resource_identifier)
            if container:
                self.accessor.make_container(container)
            target_data = self.accessor.open(resource_identifier, "wb")
            try:
                copy(source_data, target_data)
            except BaseException:
                self._discard(target_data, resource_identifier)
                raise
        finally:
            source_data.close()

    def _discard(self, target_data: Any, resource_identifier: str) -> None:
        """Remove what was begun at *resource_identifier*, as half of the data is worse than none."""
        if hasattr(target_data, "upload_from"):
            # Nothing is kept by a server that did not receive it whole, and closing would send it again.
            target_data.wrapped_file.close()
            return
        try:
            target_data.close()
            self.accessor.remove(resource_identifier)
        except (exception.AccessorError, OSError):
            _logger.warning("Incomplete data is left at %s of %s", resource_identifier, self, exc_info=True)

    def _undo(self, transferred: Iterable[Tuple[Entity, str]]) -> List[Tuple[Entity, str]]:
        """Remove the data of *transferred*, and return of which that was not possible."""
        left: List[Tuple[Entity, str]] = []
        if type(self)._add_data is not Location._add_data:
            # A location that transfers in a way of its own, or not at all, may point at the source.
            return [] if isinstance(self, UnmanagedLocationMixin) else list(transferred)
        for component, identifier in transferred:
            if is_container(component):
                continue
            try:
                self.accessor.remove(identifier)
            except (exception.Error, OSError):
                _logger.warning("Could not remove %s from %s again", identifier, self, exc_info=True)
                left.append((component, identifier))
        return left

    def _register_component_in_location(self, component: Entity, resource_identifier: str) -> None:
        """Record that *component* is here, at *resource_identifier*."""
        self._register_components_in_location([component], [resource_identifier])

    def _register_components_in_location(
        self, components: Components, resource_identifiers: Sequence[str]
    ) -> None:
        """Record on the server that *components* are here, at the corresponding *resource_identifiers*."""
        for component, identifier in zip(components, resource_identifiers):
            self.session.create(
                "ComponentLocation",
                {"component": component, "location": self, "resource_identifier": identifier},
            )
        self.session.commit()

    # Removing

    def remove_component(self, component: Entity, recursive: bool = True) -> None:
        """Remove *component* and its data from this location. See :meth:`remove_components`."""
        return self.remove_components([component], recursive=recursive)

    def remove_components(self, components: Components, recursive: bool = True) -> None:
        """Remove *components* and their data from this location, with *recursive* their members too.

        ``ftrack.location.component-removed`` is published for each. Raise
        :exc:`~ftrack_review.exception.ComponentNotInLocationError`, before anything is removed, if one of
        them is not here.
        """
        planned = [component for component, _ in self._plan([(each, None) for each in components], recursive)]
        identifiers = self.get_resource_identifiers(planned)
        removed: List[Entity] = []
        failure: Optional[Exception] = None
        for component, identifier in zip(planned, identifiers):
            try:
                if type(self)._remove_data is not Location._remove_data:
                    self._remove_data(component)
                elif not is_container(component):
                    self.accessor.remove(identifier)
            except Exception as error:  # noqa: BLE001 - raised below.
                failure = error
                break
            removed.append(component)
        # Where the data is gone, the record goes too, also when the rest could not be removed.
        self._deregister_components_in_location(removed)
        for component in removed:
            self._publish(symbol.COMPONENT_REMOVED_FROM_LOCATION_TOPIC, component)
        if failure is not None:
            raise failure

    def _remove_data(self, component: Entity) -> None:
        """Remove the data of *component* from this location."""
        if not is_container(component):
            self.accessor.remove(self.get_resource_identifier(component))

    def _deregister_component_in_location(self, component: Entity) -> None:
        """Record on the server that *component* is no longer here."""
        self._deregister_records([component])

    def _deregister_components_in_location(self, components: Components) -> None:
        """Record that *components* are no longer here, wherever this location records it."""
        if type(self)._deregister_component_in_location is Location._deregister_component_in_location:
            self._deregister_records(components)
            return
        for component in components:
            self._deregister_component_in_location(component)

    def _deregister_records(self, components: Components) -> None:
        keys = ", ".join(map(key_of, components))
        if keys:
            records = self.session.query(
                f"ComponentLocation where location_id is {key_of(self)} and component_id in ({keys})"
            )
            self.session.delete(records.all())
            self.session.commit()

    # Asking

    def get_component_availability(self, component: Entity) -> float:
        """Return how much of *component* is here, in percent. Members of containers count alike."""
        return float(self.session.get_component_availability(component, locations=[self])[self["id"]])

    def get_component_availabilities(self, components: Components) -> List[float]:
        """Return how much of each of *components* is here, in percent."""
        found = self.session.get_component_availabilities(components, locations=[self])
        return [float(availability[self["id"]]) for availability in found]

    def get_resource_identifier(self, component: Entity) -> str:
        """Return the resource identifier of *component* in this location.

        Raise :exc:`~ftrack_review.exception.ComponentNotInLocationError` if it is not here.
        """
        return self.get_resource_identifiers([component])[0]

    def get_resource_identifiers(self, components: Components) -> List[str]:
        """Return the resource identifiers of *components* in this location, in their order.

        Raise :exc:`~ftrack_review.exception.ComponentNotInLocationError` with all that are not here.
        """
        identifiers = self._get_resource_identifiers(components)
        transformer = self.resource_identifier_transformer
        if not transformer:
            return identifiers
        return [
            transformer.decode(identifier, context={"component": component})
            for identifier, component in zip(identifiers, components)
        ]

    def _get_resource_identifiers(self, components: Components) -> List[str]:
        """Return what is recorded for *components*, before it is decoded."""
        if not components:
            return []
        keys = ", ".join(dict.fromkeys(key_of(component) for component in components))
        records = self.session.query(
            "select component_id, resource_identifier from ComponentLocation "
            f"where location_id is {key_of(self)} and component_id in ({keys})"
        )
        return match(
            {record["component_id"]: record["resource_identifier"] for record in records}, components, self
        )

    def get_filesystem_path(self, component: Entity) -> str:
        """Return the path of *component* in the file system.

        Raise :exc:`~ftrack_review.exception.AccessorUnsupportedOperationError` if this location has none.
        """
        return self.get_filesystem_paths([component])[0]

    def get_filesystem_paths(self, components: Components) -> List[str]:
        """Return the paths of *components* in the file system, in their order."""
        identifiers = self.get_resource_identifiers(components)
        return [self.accessor.get_filesystem_path(identifier) for identifier in identifiers]

    def get_url(self, component: Entity) -> str:
        """Return a URL from which *component* can be fetched.

        Raise :exc:`~ftrack_review.exception.AccessorUnsupportedOperationError` if this location has none.
        """
        identifier = self.get_resource_identifier(component)
        return self.accessor.get_url(identifier)

    def _encode(self, component: Entity, resource_identifier: str) -> str:
        transformer = self.resource_identifier_transformer
        if not transformer:
            return resource_identifier
        encoded: str = transformer.encode(resource_identifier, context={"component": component})
        return encoded

    def _publish(self, topic: str, component: Entity) -> None:
        """Tell everyone that is subscribed, or this process alone while the hub is not connected."""
        from ftrack_review.event.base import Event

        hub = self.session.event_hub
        event = Event(topic=topic, data={"component_id": key_of(component), "location_id": key_of(self)})
        if hub.connected:
            hub.publish(event, on_error="ignore")
            return
        _logger.info("The event hub is not connected: %s reaches subscribers of this session only", topic)
        hub.publish(event, synchronous=True, on_error="ignore")


# The bases that ftrack_api gives its mixins; what they are mixed into is an entity.
class _LocationMixin(_EntityBase, MutableMapping, metaclass=DynamicEntityTypeMetaclass):  # type: ignore[type-arg]
    __slots__ = ()


class MemoryLocationMixin(_LocationMixin):
    """Keep in memory, and not on the server, which components are in a location."""

    __slots__ = ()

    @property
    def _cache(self) -> MutableMapping[str, str]:
        """Resource identifiers by the keys of components."""
        cache: MutableMapping[str, str] = self.__dict__.setdefault("_location_cache", {})
        return cache

    def _register_component_in_location(self, component: Entity, resource_identifier: str) -> None:
        """Keep that *component* is here, at *resource_identifier*."""
        self._cache[key_of(component)] = resource_identifier

    def _register_components_in_location(
        self, components: Components, resource_identifiers: Sequence[str]
    ) -> None:
        """Keep that *components* are here, at the corresponding *resource_identifiers*."""
        for component, identifier in zip(components, resource_identifiers):
            self._register_component_in_location(component, identifier)

    def _deregister_component_in_location(self, component: Entity) -> None:
        """Forget *component*."""
        self._cache.pop(key_of(component), None)

    def _get_resource_identifiers(self, components: Components) -> List[str]:
        """Return what is kept for *components*, before it is decoded."""
        return match(self._cache, components, self)


class UnmanagedLocationMixin(_LocationMixin):
    """Leave data where it is: a location that only records it."""

    __slots__ = ()

    def _add_data(self, component: Entity, resource_identifier: str, source: Any) -> None:
        """Do nothing, as the data is in its place."""

    def _remove_data(self, component: Entity) -> None:
        """Do nothing, as the data is not ours."""


class OriginLocationMixin(MemoryLocationMixin, UnmanagedLocationMixin):
    """Take data from where it is at the beginning: the *source* of a component is a path."""

    __slots__ = ()

    def _get_context(self, component: Entity, source: Any) -> Dict[str, Any]:  # noqa: ARG002
        """Return *source*, a path, as the resource identifier."""
        return {"source_resource_identifier": source or None}


class ServerLocationMixin(_LocationMixin):
    """Keep data on the server."""

    __slots__ = ()

    def get_thumbnail_url(self, component: Entity, size: Optional[int] = None) -> str:
        """Return the URL of an image of *component*, fitted into *size* by *size* pixels.

        The server chooses the size where none is given. The URL holds the user and API key.
        """
        identifier: str = self.get_resource_identifier(component)  # type: ignore[attr-defined]
        url: str = self.accessor.get_thumbnail_url(identifier, size)  # type: ignore[attr-defined]
        return url
