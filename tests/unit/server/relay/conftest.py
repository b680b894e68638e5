"""Clients of a relay that are lists."""

import json

import pytest

from ftrack_review.server.access import Caller
from ftrack_review.server.relay import Relay


class Client:
    """What a client has received, and short ways to send."""

    def __init__(self, relay, caller):
        self.relay = relay
        self.packets = []
        self.peer = relay.connect(caller, self.packets.append)
        self.number = 0

    def send(self, **event):
        """Send an event that wants an acknowledgement, and return what that says."""
        self.number += 1
        body = json.dumps({"name": "ftrack.event", "args": [event]})
        return self.send_text(f"5:{self.number}+::{body}")

    def send_text(self, text):
        before = len(self.acknowledgements)
        assert self.relay.receive(self.peer, text)
        found = self.acknowledgements[before:]
        return found[0] if found else None

    def subscribe(self, subscription, **metadata):
        metadata.setdefault("id", "subscriber")
        data = {"subscriber": metadata, "subscription": subscription}
        return self.send(topic="ftrack.meta.subscribe", data=data)

    def unsubscribe(self, identifier):
        return self.send(topic="ftrack.meta.unsubscribe", data={"subscriber": {"id": identifier}})

    @property
    def acknowledgements(self):
        found = [text.partition("+")[2] for text in self.packets if text.startswith("6:::")]
        return [json.loads(text)[0] for text in found]

    @property
    def events(self):
        texts = [text for text in self.packets if text.startswith("5:::")]
        return [json.loads(text[4:])["args"][0] for text in texts]


@pytest.fixture
def relay():
    return Relay()


@pytest.fixture
def connect(relay):
    def make(username="jane", user_id="u1"):
        return Client(relay, Caller(user_id, username))

    return make
