"""One of two official clients that talk to each other over the event hub: prints what it found as JSON.

Argument: the ready file of a server. The other is ``official_talk.mjs``. This file imports ``ftrack_api`` and
nothing of ours.
"""

import json
import os
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
hub = session.event_hub
hub.connect()
found = {"updates": [], "sources": []}
heard = set()
replies = []


def until(condition, again=lambda: None):
    """Go on when *condition* holds, and fail after a minute; *again* is called meanwhile."""
    end = time.time() + 60
    while not condition():
        if time.time() > end:
            raise SystemExit("waited in vain")
        again()
        hub.wait(0.05)


def listen(event):
    heard.add(event["data"]["text"])
    found["sources"].append([event["source"]["user"]["username"], event["source"]["applicationId"]])


def learn(event):
    for entity in event["data"]["entities"]:
        name = (entity.get("changes") or {}).get("username", {}).get("new")
        found["updates"].append([entity["action"], entity["entity_type"], name])


def say(text):
    hub.publish(ftrack_api.event.base.Event("talk.python", data={"text": text}))


hub.subscribe("topic=talk.javascript", listen)
hub.subscribe(
    "topic=talk.question.python", lambda event: {"text": "Python heard {}".format(event["data"]["text"])}
)
hub.subscribe("topic=ftrack.update", learn)

until(lambda: "hello" in heard, lambda: say("hello"))
say("hello")
hub.publish(
    ftrack_api.event.base.Event("talk.question.javascript", data={"text": "grüße"}), on_reply=replies.append
)
until(lambda: replies)
found["reply"] = replies[0]["data"]["text"]
session.create("User", {"username": f"from_python_{os.getpid()}", "email": "python@example.com"})
session.commit()
until(lambda: any((name or "").startswith("from_javascript") for _, _, name in found["updates"]))
until(lambda: "done" in heard, lambda: say("done"))
say("done")
session.close()
print(json.dumps(found))
