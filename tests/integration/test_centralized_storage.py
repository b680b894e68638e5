"""The storage that a whole studio mounts: configured in forms, activated when a session starts."""

from __future__ import annotations

import json
import sys

import pytest

from ftrack_review import _centralized_storage_scenario as scenario
from ftrack_review import _storage, exception
from ftrack_review.event.base import Event

PLATFORM = {"darwin": "osx", "win32": "windows"}.get(sys.platform, "linux")


@pytest.fixture
def setting(session):
    found = session.query('Setting where name is "storage_scenario" and group is "STORAGE"').first()
    if found is None:
        found = session.create("Setting", {"name": "storage_scenario", "group": "STORAGE", "value": ""})
        session.commit()
    return found


@pytest.fixture
def wizard(session, setting):
    """Fill in one form after the other, as the web interface does."""
    scenario.register_configuration(session)
    hidden = {}

    def answer(**values):
        data = {"scenario_id": scenario.scenario_name, "values": {**hidden, **values}}
        event = Event(
            topic="ftrack.storage-scenario.configure",
            data=data,
            source={"id": "web", "user": {"username": session.api_user}},
        )
        answers = session.event_hub.publish(event, synchronous=True)
        form = next((each for each in answers if each is not None), None)
        hidden.clear()
        if form is None:
            return None
        hidden.update((i["name"], i["value"]) for i in form["items"] if i["type"] == "hidden")
        return form

    return answer


def activate(session, data):
    stored = {"scenario": scenario.scenario_name, "data": data}
    event = Event(topic="ftrack.storage-scenario.activate", data={"storage_scenario": stored})
    return session.event_hub.publish(event, synchronous=True)


def verify(session, data):
    stored = {"scenario": scenario.scenario_name, "data": data}
    event = Event(topic="ftrack.connect.verify-startup", data={"storage_scenario": stored})
    return [answer for answer in session.event_hub.publish(event, synchronous=True) if answer]


def describe(location, mount):
    points = {"linux": "", "osx": "", "windows": ""}
    points[PLATFORM] = str(mount)
    return {
        "location_id": location["id"],
        "location_name": location["name"],
        "accessor": {"mount_points": points},
    }


@pytest.fixture
def active(session):
    """A session that knows the scenario, whoever registered it."""
    subscribed = scenario.ActivateCentralizedStorageScenario()
    subscribed.register(session)
    return session


def texts(form):
    return "\n".join(str(item["value"]) for item in form["items"] if item["type"] == "label")


def names(form):
    return [item["name"] for item in form["items"] if item["type"] not in ("label", "hidden")]


def test_a_new_location_is_asked_for_confirmed_and_kept(session, wizard, setting, tmp_path):
    form = wizard()
    assert form["state"] == "configuring"
    assert names(form) == ["location_id"]
    form = wizard(location_id="create_new_location")
    assert names(form) == ["location_label", "location_name", "location_description"]
    form = wizard(location_label="", location_name="", location_description="")
    assert "needs a name" in texts(form)
    form = wizard(location_label="x", location_name="ftrack.server", location_description="y")
    assert "already a location named ftrack.server" in texts(form)
    form = wizard(location_label="Lab", location_name='studio."lab"', location_description="Everything")
    assert names(form) == ["linux_mount_point", "osx_mount_point", "windows_mount_point"]
    points = {"linux_mount_point": "", "osx_mount_point": "", "windows_mount_point": ""}
    form = wizard(**{**points, f"{PLATFORM}_mount_point": str(tmp_path)})
    assert form["state"] == "confirm"
    assert "Label: Lab" in texts(form)
    assert "will not work on" in texts(form)
    assert wizard() is None

    location = session.query('Location where label is "Lab"').one()
    assert location["name"] == 'studio."lab"'
    kept = json.loads(setting["value"])
    assert kept["scenario"] == scenario.scenario_name
    assert kept["data"] == describe(location, tmp_path)

    # The next time the forms show what is configured.
    form = wizard()
    choice = next(item for item in form["items"] if item["type"] == "enumerator")
    assert choice["value"] == location["id"]
    assert "no longer be available" in texts(form)


def test_an_existing_location_can_be_chosen(session, wizard, setting, tmp_path):
    location = session.create("Location", {"name": "studio.old", "label": "Old", "description": "d"})
    session.commit()
    wizard()
    form = wizard(location_id=None)
    assert "no such location" in texts(form)
    wizard(location_id=location["id"])
    form = wizard(linux_mount_point="/l", osx_mount_point="/o", windows_mount_point="w:")
    assert "Old" in texts(form)
    assert "will not work" not in texts(form)
    assert wizard() is None
    assert json.loads(setting["value"])["data"]["location_id"] == location["id"]


def test_the_scenario_introduces_itself_to_its_user(session, wizard):
    def discover(username):
        event = Event(
            topic="ftrack.storage-scenario.discover", source={"id": "web", "user": {"username": username}}
        )
        return session.event_hub.publish(event, synchronous=True)

    assert [each["id"] for each in discover(session.api_user)] == [scenario.scenario_name]
    assert discover("somebody else") == []


def test_activation_makes_the_storage_the_preferred_location(active, tmp_path, version):
    location = active.create("Location", {"name": "studio.central"})
    active.commit()
    activate(active, describe(location, tmp_path))
    assert active.pick_location() is location
    movie = tmp_path / "m.mov"
    movie.write_bytes(b"movie")
    component = version.create_component(str(movie), {"name": "main"}, location="auto")
    path = location.get_filesystem_path(component)
    assert path == str(tmp_path / "film" / "sh010" / "comp" / "v001" / "main.mov")


def test_a_storage_without_a_mount_point_here_is_left_alone(active, tmp_path):
    location = active.create("Location", {"name": "studio.central"})
    active.commit()
    activate(active, describe(location, ""))
    assert not location.accessor
    assert active.pick_location()["name"] == "ftrack.unmanaged"


def test_an_incomplete_configuration_is_an_error(session):
    subscribed = scenario.ActivateCentralizedStorageScenario()
    subscribed.session = session
    stored = {"scenario": scenario.scenario_name, "data": {"location_id": "x"}}
    with pytest.raises(exception.LocationError, match="location_name.*missing"):
        subscribed.activate(Event(topic="x", data={"storage_scenario": stored}))


def test_the_storage_is_verified(active, tmp_path):
    location = {"id": "L", "name": "studio.central"}
    assert verify(active, describe(location, tmp_path)) == []
    gone = verify(active, describe(location, tmp_path / "gone"))
    assert gone
    assert f"The path {tmp_path / 'gone'} does not exist" in gone[0]
    assert "no mount point" in verify(active, describe(location, ""))[0]


def test_a_session_activates_what_the_server_is_configured_for(session, tmp_path):
    location = session.create("Location", {"name": "studio.central"})
    session.commit()
    session._server_information["storage_scenario"] = {
        "scenario": scenario.scenario_name,
        "data": describe(location, tmp_path),
    }
    _storage.activate_storage_scenario(session)
    assert session.pick_location()["name"] == "studio.central"


@pytest.mark.parametrize("announced", [None, {}, {"scenario": None}, {"scenario": "other", "data": {}}])
def test_other_scenarios_are_for_others(session, announced):
    session._server_information["storage_scenario"] = announced
    _storage.activate_storage_scenario(session)
    assert session.pick_location()["name"] == "ftrack.unmanaged"
