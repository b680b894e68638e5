"""Set up and use one storage that is mounted on every machine of a studio.

Activation makes a location of the storage when a session starts; a session does that by itself. The
configuration is a wizard of a few forms that the web interface shows; who runs it calls
:func:`register_configuration`.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple

import ftrack_review.exception as exception

if TYPE_CHECKING:
    from ftrack_review.event.base import Event
    from ftrack_review.session import Session

__all__ = [
    "ActivateCentralizedStorageScenario",
    "ConfigureCentralizedStorageScenario",
    "register",
    "register_configuration",
    "scenario_name",
]

scenario_name = "ftrack.centralized-storage"

_NEW_LOCATION = "create_new_location"
# Platform as it is kept, the field of the form, what people call it and an example.
_PLATFORMS = (
    ("linux", "linux_mount_point", "Linux", "E.g. /usr/mnt/MyStorage ..."),
    ("osx", "osx_mount_point", "OS X", "E.g. /Volumes/MyStorage ..."),
    ("windows", "windows_mount_point", "Windows", "E.g. \\\\MyStorage ..."),
)
_PRIORITY = 1


class ConfigureCentralizedStorageScenario:
    """Ask in a few forms for the location and mount points, and keep them on the server."""

    def __init__(self) -> None:
        """Initialise the scenario."""
        self.logger = logging.getLogger(f"{__name__}.{type(self).__name__}")
        self.session: Session

    @property
    def storage_scenario(self) -> Any:
        """The setting that holds the storage scenario of the server."""
        return self.session.query(
            'select value from Setting where name is "storage_scenario" and group is "STORAGE"'
        ).one()

    @property
    def existing_centralized_storage_configuration(self) -> Optional[Dict[str, Any]]:
        """What is configured now, None if that is another scenario or nothing."""
        try:
            configuration = json.loads(self.storage_scenario["value"])
        except (ValueError, TypeError):
            return None
        if not isinstance(configuration, dict) or configuration.get("scenario") != scenario_name:
            return None
        data: Optional[Dict[str, Any]] = configuration.get("data")
        return data

    def _get_confirmation_text(self, configuration: Mapping[str, Any]) -> str:
        """Return what is about to be saved, for people."""
        selected = configuration["select_location"]["location_id"]
        if selected == _NEW_LOCATION:
            location = configuration["configure_location"]
            place = (
                "This location will be made:\n\n"
                f"* Label: {location['location_label']}\n"
                f"* Name: {location['location_name']}\n"
                f"* Description: {location['location_description']}\n"
            )
        else:
            location = self.session.get("Location", selected)
            place = f"The existing location {location['label'] or location['name']} will be used.\n"
        points = configuration["select_mount_point"]
        lines = [f"* {label}: {points.get(field) or '*Not set*'}" for _, field, label, _ in _PLATFORMS]
        missing = [label for _, field, label, _ in _PLATFORMS if not points.get(field)]
        text = (
            "#Confirm storage setup#\n\nThese settings are about to be saved. They can be changed later.\n"
            f"##Location##\n\n{place}\n##Mount points##\n\n" + "\n".join(lines) + "\n\n"
        )
        if missing:
            text += f"The location will not work on {' and '.join(missing)}, where no mount point is set."
        return text

    def configure_scenario(self, event: Event) -> Optional[Dict[str, Any]]:
        """Return the next form, or None when everything was saved.

        The *values* of *event* are those of the form before: its fields, the ``step`` it stood for and the
        ``configuration`` gathered until then.
        """
        values = dict(event["data"].get("values") or {})
        step = values.pop("step", "select_scenario")
        configuration: Dict[str, Any] = dict(values.pop("configuration", None) or {})
        # The step is kept with its values, as those who read the configuration expect.
        configuration[step] = {"step": step, **values} if step != "select_scenario" else values
        if step == "confirm_summary":
            configuration.pop(step)
            self._save(configuration)
            return None
        next_step, warning = self._find_next_step(step, values)
        if step == "select_scenario":
            configuration.pop(step)
        state = "confirm" if next_step == "confirm_summary" else "configuring"
        items = [_label(f"**{warning}**")] if warning else []
        items += getattr(self, f"_ask_{next_step}")(configuration)
        items += [
            {"type": "hidden", "value": configuration, "name": "configuration"},
            {"type": "hidden", "value": next_step, "name": "step"},
        ]
        return {"items": items, "state": state}

    def _find_next_step(self, step: str, values: Mapping[str, Any]) -> Tuple[str, str]:
        """Return the step that follows *step*, or *step* itself and what is wrong with its *values*."""
        if step == "select_location":
            selected = values.get("location_id")
            if selected == _NEW_LOCATION:
                return "configure_location", ""
            if selected and self.session.get("Location", selected) is not None:
                return "select_mount_point", ""
            return step, "There is no such location. Choose one of the list or create a new one."
        if step == "configure_location":
            name = values.get("location_name")
            if not (name and values.get("location_label") and values.get("location_description")):
                return step, "The location needs a name, a label and a description."
            if self._find_location(name) is not None:
                return step, f"There is already a location named {name}. Choose another name."
            return "select_mount_point", ""
        if step == "select_mount_point":
            return "confirm_summary", ""
        return "select_location", ""

    def _find_location(self, name: str) -> Any:
        # A name is anything that people type, so it is compared here rather than quoted.
        for location in self.session.query("select name from Location"):
            if location["name"] == name:
                return location
        return None

    def _ask_select_location(self, configuration: Mapping[str, Any]) -> List[Dict[str, Any]]:  # noqa: ARG002
        existing = self.existing_centralized_storage_configuration or {}
        text = "#Select location#\nChoose a location for the centralized storage, or create a new one. "
        if existing:
            text += (
                "\n\n**With another location, components that are published in the present one will no longer "
                "be available to everyone.**"
            )
        options = [{"label": "Create new location", "value": _NEW_LOCATION}]
        for location in self.session.query("select name, label, description from Location"):
            label = f"{location['label']} ({location['name']})" if location["label"] else location["name"]
            options.append({"label": label, "description": location["description"], "value": location["id"]})
        return [
            _label(text),
            {
                "type": "enumerator",
                "label": "Location",
                "name": "location_id",
                "value": existing.get("location_id"),
                "data": options,
            },
        ]

    def _ask_configure_location(self, configuration: Mapping[str, Any]) -> List[Dict[str, Any]]:
        given = configuration.get("configure_location") or {
            "location_label": "Studio location",
            "location_name": "studio.central-storage-location",
            "location_description": "Where the studio keeps all components.",
        }
        fields = (("Label", "label"), ("Name", "name"), ("Description", "description"))
        items = [_label("#Create location#\nDescribe the new location. The proposed values are good ones.")]
        for label, name in fields:
            value = given.get(f"location_{name}", "")
            items.append({"label": label, "name": f"location_{name}", "value": value, "type": "text"})
        return items

    def _ask_select_mount_point(self, configuration: Mapping[str, Any]) -> List[Dict[str, Any]]:  # noqa: ARG002
        existing = self.existing_centralized_storage_configuration or {}
        points = (existing.get("accessor") or {}).get("mount_points") or {}
        items = [
            _label(
                "#Mount points#\nTell where the storage is mounted, for each platform that is in use. Where it "
                "is missing or wrong, files cannot be saved or read."
            )
        ]
        for platform, field, label, example in _PLATFORMS:
            value = points.get(platform) or ""
            items.append(
                {"type": "text", "label": label, "name": field, "empty_text": example, "value": value}
            )
        return items

    def _ask_confirm_summary(self, configuration: Mapping[str, Any]) -> List[Dict[str, Any]]:
        return [_label(self._get_confirmation_text(configuration))]

    def _save(self, configuration: Mapping[str, Any]) -> None:
        """Keep *configuration* on the server, and make the location if it is a new one."""
        from ftrack_review.event.base import Event

        session = self.session
        setting = self.storage_scenario
        selected = configuration["select_location"]["location_id"]
        if selected == _NEW_LOCATION:
            given = configuration["configure_location"]
            location = session.create(
                "Location",
                {name: given[f"location_{name}"] for name in ("name", "label", "description")},
            )
        else:
            location = session.get("Location", selected)
        points = configuration["select_mount_point"]
        setting["value"] = json.dumps(
            {
                "scenario": scenario_name,
                "data": {
                    "location_id": location["id"],
                    "location_name": location["name"],
                    "accessor": {
                        "mount_points": {platform: points.get(field) for platform, field, _, _ in _PLATFORMS}
                    },
                },
            }
        )
        session.commit()
        event = Event(topic="ftrack.storage-scenario.configure-done")
        try:
            session.event_hub.publish(event)
        except exception.EventHubConnectionError:
            # What was asked for is done; only those who would be told are not listening.
            self.logger.info("The event hub is not connected: nobody is told that the storage is configured")

    def discover_centralized_scenario(self, event: Event) -> Dict[str, str]:  # noqa: ARG002
        """Return how to show this scenario in the list of scenarios."""
        return {
            "id": scenario_name,
            "name": "Centralized storage scenario",
            "description": (
                "(Recommended) All files are kept on one storage that is mounted and available to everyone "
                "in the studio."
            ),
        }

    def register(self, session: Session) -> None:
        """Subscribe to the events of *session* that ask for scenarios and run the wizard."""
        self.session = session
        user = json.dumps(session.api_user)
        session.event_hub.subscribe(
            f"topic=ftrack.storage-scenario.discover and source.user.username={user}",
            self.discover_centralized_scenario,
        )
        session.event_hub.subscribe(
            f'topic=ftrack.storage-scenario.configure and data.scenario_id="{scenario_name}" '
            f"and source.user.username={user}",
            self.configure_scenario,
        )


class ActivateCentralizedStorageScenario:
    """Make a location of the storage that the server is configured for."""

    def __init__(self) -> None:
        """Initialise the scenario."""
        self.logger = logging.getLogger(f"{__name__}.{type(self).__name__}")
        self.session: Session

    def activate(self, event: Event) -> None:
        """Set up the location that ``storage_scenario`` in the data of *event* describes.

        Raise :exc:`~ftrack_review.exception.LocationError` if it is not described completely.
        """
        from ftrack_review.accessor.disk import DiskAccessor
        from ftrack_review.structure.standard import StandardStructure

        scenario = event["data"]["storage_scenario"]
        try:
            data = scenario["data"]
            key, name = data["location_id"], data["location_name"]
            prefix = _get_mount_point(data)
        except KeyError as error:
            raise exception.LocationError(
                f"The centralized storage of the server is not configured completely: {error} is missing. Run "
                f"its configuration in the system settings again."
            ) from error
        if not prefix:
            # Another machine may well use it, so this one says why it does not and goes on.
            self.logger.warning("Storage %r has no mount point for this platform and is not available", name)
        location = self.session.create("Location", {"name": name, "id": key}, reconstructing=True)
        if prefix:
            location.accessor = DiskAccessor(prefix=prefix)
        location.structure = StandardStructure()
        location.priority = _PRIORITY

    def _verify_startup(self, event: Event) -> Optional[str]:
        """Return what is wrong with the storage on this machine, None if nothing is."""
        data = event["data"]["storage_scenario"]["data"]
        try:
            path = _get_mount_point(data)
        except KeyError:
            path = None
        if not path:
            return (
                f"The storage {data.get('location_name')} has no mount point for this platform. Set it in the "
                f"storage settings of the server."
            )
        if not os.path.isdir(path):
            return (
                f"The path {path} does not exist. Files could not be stored there. "
                f"Create the folder if the storage is new, or mount the network drive."
            )
        return None

    def register(self, session: Session) -> None:
        """Subscribe to the events of *session* that activate and verify the storage."""
        self.session = session
        scenario = f'data.storage_scenario.scenario="{scenario_name}"'
        session.event_hub.subscribe(f"topic=ftrack.storage-scenario.activate and {scenario}", self.activate)
        # The event of this name is older and sent by ftrack Connect.
        session.event_hub.subscribe(
            f"topic=ftrack.connect.verify-startup and {scenario}", self._verify_startup
        )


def register(session: Session) -> None:
    """Register activation of the scenario with *session*."""
    ActivateCentralizedStorageScenario().register(session)


def register_configuration(session: Session) -> None:
    """Register the wizard that configures the scenario with *session*."""
    ConfigureCentralizedStorageScenario().register(session)


def _get_mount_point(data: Mapping[str, Any]) -> Optional[str]:
    """Return where the storage is mounted on this platform. Raise KeyError where that is not said."""
    points = data["accessor"]["mount_points"]
    if sys.platform == "darwin":
        point = points["osx"]
    elif sys.platform == "win32":
        point = points["windows"]
    else:
        point = points["linux"]
    return str(point) if point else None


def _label(text: str) -> Dict[str, Any]:
    return {"type": "label", "value": text}
