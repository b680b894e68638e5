"""What a hub sends waits for its turn."""

import threading

from ftrack_review.event._outbox import Outbox


class Line:
    """A connection that takes its time over the first text."""

    connected = True

    def __init__(self):
        self.sent = []
        self.began = threading.Event()
        self.go_on = threading.Event()

    def send(self, text):
        if not self.began.is_set():
            self.began.set()
            assert self.go_on.wait(10)
        self.sent.append(text.rpartition(":")[2])


def test_no_event_overtakes_another():
    line, outbox = Line(), Outbox()
    outbox.use(line)
    first = threading.Thread(target=outbox.send, args=("first", print))
    first.start()
    assert line.began.wait(10)
    second = threading.Thread(target=outbox.send, args=("second", print))
    second.start()
    second.join(0.1)
    line.go_on.set()
    for thread in (first, second):
        thread.join(10)
    assert line.sent == ["first", "second"]
