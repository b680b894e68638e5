"""An open event hub outlives a restart of the real server: what is published meanwhile arrives, and so does what follows."""

from __future__ import annotations

import time

import pytest

import ftrack_review
from ftrack_review.event.base import Event
from ftrack_review.server.application import Server
from ftrack_review.server.serving import Listener


class Site:
    """A server in a folder, which can be stopped and started at the same address."""

    def __init__(self, folder):
        self.folder, self.port = str(folder), 0
        self.key = None
        self.start()

    def start(self):
        self.server = Server(data=self.folder, base_url=lambda: self.listener.url)
        self.listener = Listener(self.server, port=self.port)
        self.port = self.listener.port
        self.user, self.key = self.server.administrator().username, self.server.first_key or self.key
        self.listener.start()
        self.server.start()

    def stop(self):
        self.listener.stop()
        self.server.close()


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path / "data")
    yield made
    made.stop()


def wait_until(hub, condition, timeout_s=20):
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        hub.wait(0.05)


def test_a_hub_goes_on_after_a_restart_of_the_server(site):
    with ftrack_review.Session(site.listener.url, site.key, site.user) as session:
        hub = session.event_hub
        hub._auto_reconnect_delay = 0.05
        hub._auto_reconnect_attempts = 1000
        hub.connect()
        seen, updates, replies = [], [], []
        hub.subscribe("topic=studio.note", lambda event: seen.append(event["data"]["number"]))
        hub.subscribe("topic=ftrack.update", updates.append)
        hub.subscribe("topic=studio.question", lambda event: "answer")
        hub.publish(Event("studio.note", data={"number": 1}))
        wait_until(hub, lambda: seen == [1])

        site.stop()
        wait_until(hub, lambda: not hub.connected)
        # Kept until there is a server again.
        hub.publish(Event("studio.note", data={"number": 2}))
        hub.publish(Event("studio.question"), on_reply=lambda event: replies.append(event["data"]))
        # The session tells that nobody is there, and goes on as well.
        with pytest.raises(ftrack_review.exception.ServerConnectionError):
            session.query("User").first()
        site.start()

        wait_until(hub, lambda: seen == [1, 2] and replies == ["answer"])
        hub.publish(Event("studio.note", data={"number": 3}))
        session.create("User", {"username": "after"})
        session.commit()
        wait_until(hub, lambda: seen == [1, 2, 3] and updates)
        assert hub.connected
