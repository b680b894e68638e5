"""The forms in which a studio configures the storage that it mounts everywhere."""

import json
import sys


def wizard(api, session, context):
    """Return a function that fills in one form after the other, as the web interface does."""
    scenario = context.module("_centralized_storage_scenario")
    scenario.register_configuration(session)
    event = context.module("event.base").Event
    hidden = {}

    def answer(**values):
        asked = event(
            topic="ftrack.storage-scenario.configure",
            data={"scenario_id": scenario.scenario_name, "values": {**hidden, **values}},
            source={"id": "web", "user": {"username": session.api_user}},
        )
        answers = session.event_hub.publish(asked, synchronous=True)
        form = next((each for each in answers if each is not None), None)
        hidden.clear()
        if form is None:
            return "done"
        hidden.update((item["name"], item["value"]) for item in form["items"] if item["type"] == "hidden")
        return form["state"], [
            item["name"] for item in form["items"] if item["type"] not in ("label", "hidden")
        ]

    return answer


def case_from_the_first_form_to_the_setting(api, session, context):
    setting = session.query('Setting where name is "storage_scenario" and group is "STORAGE"').first()
    if setting is None:
        setting = session.create("Setting", {"name": "storage_scenario", "group": "STORAGE", "value": ""})
    before = setting["value"]
    session.commit()
    answer = wizard(api, session, context)
    mount = f"{'windows' if sys.platform == 'win32' else 'linux'}_mount_point"
    points = {
        "linux_mount_point": "",
        "osx_mount_point": "",
        "windows_mount_point": "",
        mount: context.folder,
    }
    forms = [
        answer(),
        answer(location_id="create_new_location"),
        answer(location_label="", location_name="", location_description=""),
        answer(location_label="Lab", location_name=context.name, location_description="Everything"),
        answer(**points),
        answer(),
    ]
    location = session.query(f'Location where name is "{context.name}"').first()
    with context.new_session() as other:
        kept = other.query('Setting where name is "storage_scenario" and group is "STORAGE"').one()["value"]
    setting["value"] = before
    session.commit()
    kept = json.loads(kept) if kept else kept
    return forms, location and location["label"], kept and sorted(kept), kept and sorted(kept["data"])


def case_registering_and_discovering(api, session, context):
    scenario = context.module("_centralized_storage_scenario")
    scenario.register_configuration(session)
    event = context.module("event.base").Event(topic="ftrack.storage-scenario.discover")
    found = session.event_hub.publish(event, synchronous=True)
    return [sorted(each) for each in found], [
        sorted(each) for item in found for each in item.get("items", ())
    ]


def case_what_is_configured(api, session, context):
    setting = session.query('Setting where name is "storage_scenario" and group is "STORAGE"').first()
    if setting is None:
        setting = session.create("Setting", {"name": "storage_scenario", "group": "STORAGE", "value": ""})
    module = context.module("_centralized_storage_scenario")
    made = module.ConfigureCentralizedStorageScenario()
    made.session = session
    before, found = setting["value"], []
    for value in (
        "",
        "nonsense",
        "{}",
        json.dumps({"scenario": "ftrack.automatic", "data": {}}),
        json.dumps({"scenario": module.scenario_name, "data": {}}),
        json.dumps({"scenario": module.scenario_name, "data": {"location_id": "x"}}),
    ):
        setting["value"] = value
        found.append(context.attempt(lambda: made.existing_centralized_storage_configuration))
    setting["value"] = before
    session.commit()
    return found
