"""Events between our client and the unmodified official ones, each in a process of its own."""

import contextlib
import json
import os
import subprocess
import time

import pytest

import ftrack_review
from ftrack_review.event.base import Event
from tests.integration.api import wait_for
from tests.integration.javascript import FOLDER, node_command


@pytest.fixture(scope="module", params=["python", "javascript"])
def command(request, server_process):
    """What runs the half of the conversation of each official client."""
    if request.param == "javascript":
        return node_command("official_events.mjs", server_process.ready_file)
    python = os.environ.get("FTRACK_REVIEW_OFFICIAL_PYTHON")
    if not python:
        pytest.fail(
            "FTRACK_REVIEW_OFFICIAL_PYTHON names no Python with the official client: use tests/run.py"
        )
    return [python, str(FOLDER / "official_events.py"), str(server_process.ready_file)]


class Conversation:
    """Our half: what we have heard, and what we say."""

    def __init__(self, session):
        self.session = session
        self.hub = session.event_hub
        self.heard = {"ready": [], "echo": [], "answered": [], "items": [], "launched": []}
        for name in ("ready", "echo", "answered"):
            self.hub.subscribe(f"topic=conversation.{name}", self.heard[name].append)
        self.hub.subscribe(
            "topic=conversation.question", lambda event: {"double": event["data"]["number"] * 2}
        )

    def wait_for(self, name, timeout_s=60):
        end = time.monotonic() + timeout_s
        while not self.heard[name]:
            assert time.monotonic() < end, f"nothing was heard: {name}"
            self.hub.wait(0.05)
        return self.heard[name][0]

    def hold(self):
        """Say everything, and return what was made and changed on the way."""
        selection = [{"entityId": "some-id", "entityType": "task"}]
        self.wait_for("ready")
        self.hub.publish(
            Event("ftrack.action.discover", data={"selection": selection}),
            on_reply=self.heard["items"].append,
        )
        item = self.wait_for("items")["data"]["items"][0]
        self.hub.publish(
            Event("ftrack.action.launch", data={**item, "selection": selection, "values": {"first": 1001}}),
            on_reply=self.heard["launched"].append,
        )
        self.wait_for("launched")
        self.hub.publish(Event("conversation.ignored"))
        self.hub.publish(Event("conversation.targeted", target="applicationId=another"))
        self.hub.publish(Event("conversation.targeted", target='id="official-targeted"'))
        job = self.session.create("Job", {"type": "api_job", "status": "running"})
        self.session.commit()
        job["status"] = "done"
        self.session.commit()
        self.hub.publish(Event("conversation.begin"))
        self.wait_for("echo")
        self.wait_for("answered")
        self.hub.publish(Event("conversation.end"))
        return job["id"]


@pytest.fixture(scope="module")
def conversation(server_process, command):
    ready = server_process.ready
    opened = ftrack_review.Session(
        ready["url"], ready["api_key"], ready["api_user"], auto_connect_event_hub=True
    )
    with opened, contextlib.ExitStack() as stack:
        wait_for(lambda: opened.event_hub.connected)
        ours = Conversation(opened)
        process = stack.enter_context(
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
            )
        )
        stack.callback(process.kill)
        ours.job = ours.hold()
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors[-4000:]
        ours.found = json.loads(output.splitlines()[-1])
        yield ours


@pytest.mark.official
class TestOfficialClient:
    def test_connects_and_hears_the_end(self, conversation):
        assert conversation.found["connected"] is True
        assert conversation.found["ended"] is True

    def test_offers_an_action_and_launches_it(self, conversation):
        item = {"label": "Render", "actionIdentifier": "official.render"}
        assert conversation.heard["items"][0]["data"] == {"items": [item]}
        assert conversation.found["launched"] == [
            {**item, "selection": [{"entityId": "some-id", "entityType": "task"}], "values": {"first": 1001}}
        ]
        (answer,) = [event["data"] for event in conversation.heard["launched"]]
        assert answer == {"success": True, "message": "Rendering {} of grüße"}

    def test_learns_who_launched(self, conversation):
        user = conversation.session.query(f'User where username is "{conversation.session.api_user}"').one()
        launched_by = conversation.found["launch_user"]
        assert (launched_by["id"], launched_by["username"]) == (user["id"], user["username"])

    def test_hears_what_it_sends_once(self, conversation):
        assert conversation.found["echoes"] == [{"text": "grüße"}]
        assert [event["data"] for event in conversation.heard["echo"]] == [{"text": "grüße"}]

    def test_asks_and_is_answered(self, conversation):
        assert conversation.found["answer"] == {"double": 42}
        assert conversation.found["answer_to"] is True

    def test_is_told_of_our_commits(self, conversation):
        job = conversation.job
        updates = [entity for entity in conversation.found["updates"] if entity["entityId"] == job]
        assert [entity["action"] for entity in updates] == ["add", "update"]
        assert updates[1]["changes"]["status"] == {"old": "running", "new": "done"}
        assert conversation.found["update_keys"] == sorted(
            ["id", "topic", "data", "sent", "source", "target", "in_reply_to_event"]
        )

    def test_hears_what_is_meant_for_it_alone(self, conversation):
        assert conversation.found["metadata"] == ["official"]

    def test_hears_nothing_after_unsubscribing(self, conversation):
        assert "ignored" not in conversation.found
