"""Events through the official Python client, run by its own interpreter: prints what it found as JSON.

Argument: the ready file of a server. It is one half of a conversation; the other is in
``test_official_events.py``. This file imports ``ftrack_api`` and nothing of ours.
"""

import json
import sys
import time

import ftrack_api

with open(sys.argv[1]) as stream:
    ready = json.load(stream)

session = ftrack_api.Session(
    server_url=ready["url"],
    api_key=ready["api_key"],
    api_user=ready["api_user"],
    auto_connect_event_hub=False,
    schema_cache_path=False,
)
session.event_hub.connect()
found = {
    "connected": session.event_hub.connected,
    "launched": [],
    "updates": [],
    "echoes": [],
    "metadata": [],
}
done = []


def discover(event):
    return {"items": [{"label": "Render", "actionIdentifier": "official.render"}]}


def launch(event):
    found["launched"].append(event["data"])
    found["launch_user"] = event["source"]["user"]
    return {"success": True, "message": "Rendering {} of grüße"}


def update(event):
    found["updates"].extend(event["data"]["entities"])
    found["update_keys"] = sorted(event.keys())


def finish(event):
    done.append(True)


hub = session.event_hub
hub.subscribe("topic=ftrack.action.discover", discover)
hub.subscribe(
    "topic=ftrack.action.launch and data.actionIdentifier=official.render and source.user.username={}".format(
        ready["api_user"]
    ),
    launch,
)
hub.subscribe("topic=ftrack.update", update)
hub.subscribe("topic=conversation.echo", lambda event: found["echoes"].append(event["data"]))
hub.subscribe(
    "topic=conversation.targeted",
    lambda event: found["metadata"].append("official"),
    {"id": "official-targeted", "applicationId": "official"},
)
hub.subscribe("topic=conversation.end", finish)
ignored = hub.subscribe("topic=conversation.ignored", lambda event: found.update(ignored=True))
hub.unsubscribe(ignored)


def answered(event):
    found["answer"] = event["data"]
    found["answer_to"] = event["in_reply_to_event"] == question["id"]
    hub.publish(ftrack_api.event.base.Event("conversation.answered"))


def greet(event):
    # What it sends comes back to it, to us and to nobody else.
    hub.publish(ftrack_api.event.base.Event("conversation.echo", data={"text": "grüße"}))
    hub.publish(question, on_reply=answered)


hub.subscribe("topic=conversation.begin", greet)
question = ftrack_api.event.base.Event("conversation.question", data={"number": 21})
hub.publish(ftrack_api.event.base.Event("conversation.ready", data={"hub": hub.id}))

deadline = time.time() + 60
while not done and time.time() < deadline:
    hub.wait(0.1)
found["ended"] = bool(done)
session.close()
print(json.dumps(found))
