"""The id of a session is good once and for a minute."""

from ftrack_review.server import event_socket
from ftrack_review.server.access import Caller
from ftrack_review.server.event_socket import Handshakes

JANE, JOHN = Caller("u1", "jane"), Caller("u2", "john")


def test_it_tells_whose_session_it_is_once():
    handshakes = Handshakes()
    first, second = handshakes.add(JANE), handshakes.add(JOHN)
    assert first != second
    assert handshakes.take(second) == JOHN
    assert handshakes.take(first) == JANE
    assert handshakes.take(first) is None
    assert handshakes.take("made-up") is None


def test_it_holds_nothing_that_the_answer_to_the_handshake_is_divided_by():
    assert not any(set(":,") & set(Handshakes().add(JANE)) for _ in range(200))


def test_it_ends_after_a_minute():
    now = [100.0]
    handshakes = Handshakes(lambda: now[0])
    early, late = handshakes.add(JANE), handshakes.add(JANE)
    now[0] += 59
    assert handshakes.take(early) == JANE
    now[0] += 2
    assert handshakes.take(late) is None


def test_unused_ones_do_not_pile_up(monkeypatch):
    monkeypatch.setattr(event_socket, "_MAXIMUM_HANDSHAKES", 3)
    now = [100.0]
    handshakes = Handshakes(lambda: now[0])
    ids = [handshakes.add(JANE) for _ in range(5)]
    assert [handshakes.take(session_id) for session_id in ids] == [None, None, JANE, JANE, JANE]
    for _ in range(3):
        handshakes.add(JANE)
    now[0] += 61
    handshakes.add(JANE)
    assert len(handshakes._waiting) == 1
