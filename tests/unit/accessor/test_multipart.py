import hashlib
import io
import os
import threading

import pytest
import requests

from ftrack_review import exception
from ftrack_review.accessor import _multipart
from tests.unit.scripted_http import respond

MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize(
    ("size", "count"),
    [
        (0, None),
        (16 * MEBIBYTE, None),
        (16 * MEBIBYTE + 1, 3),
        (128 * MEBIBYTE, 16),
        (1024 * MEBIBYTE, 64),
        (8 * 1024 * MEBIBYTE, 256),
        (64 * 1024 * MEBIBYTE, 1024),
        (1024 * 1024 * MEBIBYTE, 8192),
        (10 * 1024 * 1024 * MEBIBYTE, 10_000),
    ],
)
def test_the_size_of_a_file_says_in_how_many_parts_it_goes(size, count):
    assert _multipart.count_parts(size) == count


class Store:
    """Keeps what is put, by address, and answers as it is told."""

    def __init__(self):
        self.kept = {}
        self.tries = {}
        self.answers = {}
        self.lock = threading.Lock()
        self.waits = []

    def put(self, url, body):
        with self.lock:
            self.tries[url] = count = self.tries.get(url, 0) + 1
        answer = self.answers.get((url, count))
        if isinstance(answer, BaseException):
            raise answer
        content = b"".join(body)
        assert len(content) == len(body)
        tag = hashlib.md5(content).hexdigest()
        request = requests.Request("PUT", url).prepare()
        if answer is not None:
            return respond(request, *answer)
        self.kept[url] = content
        return respond(request, 200, {"ETag": f'"{tag}"'})


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def send(store):
    def run(source, size, count=4, **options):
        urls = [
            {"part_number": n, "signed_url": f"http://store/{n}?token=hidden"} for n in range(count, 0, -1)
        ]
        options.setdefault("is_trusted", lambda url: True)
        return _multipart.send(
            source,
            size,
            urls,
            store.put,
            pauses_s=(0.1, 0.2),
            wait=store.waits.append,
            timeout_s=5,
            **options,
        )

    return run


URL = "http://store/{}?token=hidden"


@pytest.mark.parametrize("size", [4, 5, 1000, 3 * MEBIBYTE + 17])
def test_the_parts_are_the_file(send, store, size):
    content = os.urandom(size)
    tags = send(io.BytesIO(content), size)
    assert [tag["part_number"] for tag in tags] == [1, 2, 3, 4]
    assert b"".join(store.kept[URL.format(number)] for number in (1, 2, 3, 4)) == content
    assert tags[0]["e_tag"] == hashlib.md5(store.kept[URL.format(1)]).hexdigest()


def test_progress_rises_to_the_size_in_this_thread(send, store):
    size = 9 * MEBIBYTE
    told, threads = [], set()

    def progress(sent, total):
        threads.add(threading.current_thread())
        told.append((sent, total))

    store.answers[URL.format(2), 1] = (503, {}, b"busy")
    send(io.BytesIO(bytes(size)), size, progress=progress)
    assert told == sorted(set(told))
    assert told[-1] == (size, size)
    assert threads == {threading.current_thread()}


@pytest.mark.parametrize(
    "trouble",
    [
        (503, {"retry-after": "1"}, b"busy"),
        (500, {}, b"oops"),
        requests.exceptions.ConnectionError("reset"),
        requests.exceptions.ReadTimeout("slow"),
        (200, {"ETag": '"0123"'}, b""),
    ],
)
def test_a_part_that_fails_is_sent_again(send, store, trouble):
    store.answers[URL.format(3), 1] = trouble
    content = os.urandom(4000)
    send(io.BytesIO(content), 4000)
    assert store.tries == {URL.format(1): 1, URL.format(2): 1, URL.format(3): 2, URL.format(4): 1}
    assert store.waits == [0.1]
    assert b"".join(store.kept[URL.format(number)] for number in (1, 2, 3, 4)) == content


def test_a_part_that_goes_on_failing_ends_the_upload(send, store):
    for count in (1, 2, 3):
        store.answers[URL.format(1), count] = (503, {}, b"busy")
    with pytest.raises(exception.ServerResponseError, match="HTTP status 503") as caught:
        send(io.BytesIO(bytes(4000)), 4000)
    assert store.tries[URL.format(1)] == 3
    assert "hidden" not in str(caught.value)


def test_a_damaged_part_is_named(send, store):
    for count in (1, 2, 3):
        store.answers[URL.format(1), count] = (200, {"ETag": '"0123"'}, b"")
    with pytest.raises(exception.ServerResponseError, match="MD5 of part 1 at http://store/1 is 0123"):
        send(io.BytesIO(bytes(4000)), 4000)


def test_a_foreign_store_may_name_parts_as_it_likes(send, store):
    store.answers[URL.format(1), 1] = (200, {"ETag": '"0123"'}, b"")
    assert send(io.BytesIO(bytes(4000)), 4000, is_trusted=lambda url: False)[0]["e_tag"] == "0123"


def test_a_store_has_to_name_parts(send, store):
    store.answers[URL.format(1), 1] = (200, {}, b"")
    with pytest.raises(exception.ServerResponseError, match="header ETag"):
        send(io.BytesIO(bytes(4000)), 4000)


@pytest.mark.parametrize("status", [400, 403, 404, 413])
def test_a_refusal_is_not_repeated(send, store, status):
    store.answers[URL.format(2), 1] = (status, {}, b"no")
    with pytest.raises(exception.ServerResponseError, match=f"HTTP status {status}"):
        send(io.BytesIO(bytes(4000)), 4000)
    assert store.tries[URL.format(2)] == 1


def test_what_progress_raises_ends_the_upload(send, store):
    class Cancelled(Exception):
        pass

    def progress(sent, total):
        raise Cancelled

    before = threading.active_count()
    with pytest.raises(Cancelled):
        send(io.BytesIO(bytes(40 * MEBIBYTE)), 40 * MEBIBYTE, count=40, progress=progress)
    assert threading.active_count() == before
    assert len(store.kept) < 40


def test_a_file_that_shrinks_meanwhile_is_an_error(send):
    with pytest.raises(exception.AccessorOperationFailedError, match="ended after 3500 of 4000 bytes"):
        send(io.BytesIO(bytes(3500)), 4000)


def test_a_server_may_give_another_number_of_parts(send, store):
    content = os.urandom(1001)
    send(io.BytesIO(content), 1001, count=3)
    assert b"".join(store.kept[URL.format(number)] for number in (1, 2, 3)) == content
