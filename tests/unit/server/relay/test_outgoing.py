"""What waits for a client has limits, and nobody waits for it."""

import threading

from ftrack_review.server.outgoing import Outgoing


def test_packets_are_taken_in_the_order_in_which_they_were_put():
    outgoing = Outgoing(lambda: None)
    for text in "abc":
        outgoing.put(text)
    assert [outgoing.take() for _ in range(4)] == ["a", "b", "c", None]


def test_who_takes_is_woken_once_for_what_waits():
    woken = []
    outgoing = Outgoing(lambda: woken.append(True))
    outgoing.put("a")
    outgoing.put("b")
    assert len(woken) == 1
    outgoing.take()
    outgoing.take()
    outgoing.put("c")
    assert len(woken) == 2


def test_too_many_packets_overrun_it():
    woken = []
    outgoing = Outgoing(lambda: woken.append(True), maximum_packets=3)
    for text in "abc":
        outgoing.put(text)
    assert not outgoing.is_overrun
    outgoing.put("d")
    assert outgoing.is_overrun
    assert len(woken) == 2
    outgoing.put("e")
    assert outgoing.take() is None
    assert len(woken) == 2


def test_too_much_text_overruns_it():
    outgoing = Outgoing(lambda: None, maximum_characters=10)
    outgoing.put("12345")
    outgoing.put("12345")
    assert not outgoing.is_overrun
    outgoing.put("1")
    assert outgoing.is_overrun


def test_what_was_taken_no_longer_counts():
    outgoing = Outgoing(lambda: None, maximum_characters=10, maximum_packets=2)
    for _ in range(100):
        outgoing.put("1234567890")
        assert outgoing.take() == "1234567890"
    assert not outgoing.is_overrun


def test_one_large_packet_is_no_sign_of_a_slow_client():
    outgoing = Outgoing(lambda: None, maximum_characters=10)
    outgoing.put("x" * 1000)
    assert not outgoing.is_overrun
    assert outgoing.take() == "x" * 1000


def test_threads_lose_nothing():
    woken = threading.Semaphore(0)
    outgoing = Outgoing(woken.release)
    threads = [
        threading.Thread(target=lambda name=name: [outgoing.put(f"{name}:{n}") for n in range(500)])
        for name in range(4)
    ]
    for thread in threads:
        thread.start()
    found = []
    while len(found) < 2000:
        text = outgoing.take()
        if text is None:
            assert woken.acquire(timeout=10), "nobody woke us"
        else:
            found.append(text)
    for thread in threads:
        thread.join(10)
    for name in range(4):
        assert [text for text in found if text.startswith(f"{name}:")] == [f"{name}:{n}" for n in range(500)]
