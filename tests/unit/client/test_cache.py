import functools

import pytest

import ftrack_review.cache as cache
from ftrack_review import inspection
from ftrack_review._loading import load
from ftrack_review.entity.base import Entity
from ftrack_review.symbol import CREATED
from tests.session_transport import AnsweredSession, record


@pytest.fixture(params=["memory", "file", "proxy", "layered", "serialised"])
def any_cache(request, tmp_path):
    memory = cache.MemoryCache()
    return {
        "memory": memory,
        "file": cache.FileCache(str(tmp_path / "cache")),
        "proxy": cache.ProxyCache(memory),
        "layered": cache.LayeredCache([cache.MemoryCache(), memory]),
        "serialised": cache.SerialisedCache(memory, encode=lambda v: v[::-1], decode=lambda v: v[::-1]),
    }[request.param]


def test_what_all_caches_do(any_cache):
    with pytest.raises(KeyError):
        any_cache.get("a")
    any_cache.set("a", "one")
    any_cache.set("ab", "two")
    any_cache.set("c", "drei äöü")
    assert any_cache.get("a") == "one"
    assert sorted(any_cache.keys()) == ["a", "ab", "c"]
    assert sorted(any_cache.values()) == ["drei äöü", "one", "two"]
    any_cache.remove("a")
    for use in (any_cache.get, any_cache.remove):
        with pytest.raises(KeyError):
            use("a")
    any_cache.set("a", "one")
    any_cache.clear(pattern="b$")
    assert sorted(any_cache.keys()) == ["a", "c"]
    any_cache.clear()
    assert any_cache.keys() == []


def test_a_file_outlives_the_cache(tmp_path):
    path = str(tmp_path / "cache")
    cache.FileCache(path).set("a", "text")
    assert cache.FileCache(path).get("a") == "text"
    with pytest.raises(TypeError, match="SerialisedCache"):
        cache.FileCache(path).set("a", 5)


def test_layers_fill_those_before_them():
    first, second = cache.MemoryCache(), cache.MemoryCache()
    layered = cache.LayeredCache([first, second])
    second.set("a", 1)
    assert layered.get("a") == 1
    assert first.get("a") == 1
    first.remove("a")
    layered.remove("a")
    assert second.keys() == []


def test_keys_are_made_of_content():
    maker = cache.ObjectKeyMaker()
    assert maker.key({"a": 1, "b": [2, "x"]}) == maker.key({"b": [2, "x"], "a": 1})
    keys = [
        maker.key(item)
        for item in (
            "a",
            b"a",
            1,
            1.5,
            None,
            ("a",),
            {"a": 1},
            {"b"},
            len,
            cache.memoise,
            cache.Cache,
            maker.key,
        )
    ]
    assert len(set(keys)) == len(keys)
    assert maker.key("a", "b") != maker.key("ab")
    assert cache.StringKeyMaker().key("a", 1, ("x", ["y"])) == "a1('x', ['y'])"


def test_results_are_remembered_however_arguments_are_passed():
    calls = []

    @cache.memoise_decorator(cache.Memoiser())
    def add(a, b=2):
        """Add."""
        calls.append((a, b))
        return [a, b]

    results = [add(1), add(1, 2), add(a=1, b=2), add(b=2, a=1)]
    assert results == [[1, 2]] * 4
    assert len(calls) == 1
    assert results[0] is not results[1]
    assert (add.__name__, add.__doc__) == ("add", "Add.")


def documented(path):
    """Return the cache that the documentation of ftrack_api sets up."""

    def cache_maker(session):
        return cache.SerialisedCache(
            cache.FileCache(path),
            encode=functools.partial(session.encode, entity_attribute_strategy="persisted_only"),
            decode=session.decode,
        )

    return cache_maker


def test_a_persistent_cache_works_between_sessions(answers, tmp_path):
    path = str(tmp_path / "entities")
    answers.rows["Task"] = [
        record(
            "Task",
            "t1",
            name="a",
            end_date={"__type__": "datetime", "value": "2020-01-02T03:04:05"},
            status=record("Status", "s1", name="Done"),
            notes=[record("Note", "n1", content="c")],
        )
    ]
    with AnsweredSession(answers, cache=documented(path)) as session:
        session.query("Task").all()
        changed = session.get("Task", "t1")
        changed["name"] = "b"
        session.commit()
    answers.take_requests()
    with AnsweredSession(answers, cache=documented(path)) as session:
        answers.take_requests()
        task = session.get("Task", "t1")
        assert (task["name"], task["status"]["name"], task["notes"][0]["content"]) == ("b", "Done", "c")
        assert str(task["end_date"]) == "2020-01-02T03:04:05+00:00"
        assert session.get("Task", "t1") is task
        assert answers.requests == []
        session.delete(task)
        session.commit()
    with AnsweredSession(answers, cache=documented(path)) as session:
        answers.rows.clear()
        assert session.get("Task", "t1") is None


def test_what_the_server_says_comes_on_top_of_what_a_cache_knew(answers, tmp_path):
    path = str(tmp_path / "entities")
    answers.rows["Task"] = [record("Task", "t1", name="a", bid=1.0)]
    with AnsweredSession(answers, cache=documented(path)) as session:
        session.query("Task").all()
    answers.rows["Task"] = [record("Task", "t1", name="b")]
    with AnsweredSession(answers, cache=documented(path)) as session:
        (task,) = session.query("Task").all()
        answers.take_requests()
        assert (task["name"], task["bid"]) == ("b", 1.0)
        assert answers.requests == []


def test_a_selective_cache(answers):
    kept = cache.MemoryCache()

    class Selective(cache.ProxyCache):
        def set(self, key, value):
            if isinstance(value, Entity) and inspection.state(value) is CREATED:
                return
            super().set(key, value)

    with AnsweredSession(answers, cache=Selective(kept)) as session:
        session.create("Note", {"id": "n1"})
        session.query("Task").all()
        load(session, [record("Task", "t1")])
        assert not [key for key in kept.keys() if "Note" in key]
        session.commit()
        assert [key for key in kept.keys() if "Note" in key] == ["('Note', ['n1'])"]


def test_the_entities_of_a_session_as_a_cache(session, answers):
    (task,) = load(session, [record("Task", "t1")])
    local = session._local_cache
    assert isinstance(local, cache.Cache)
    key = "('Task', ['t1'])"
    assert key in local.keys()
    assert local.get(key) is task
    assert task in local.values()
    assert session.cache.get(key) is task
    local.remove(key)
    assert session.get("Task", "t1") is None
    with pytest.raises(KeyError):
        local.get(key)
    local.set(key, task)
    assert session.get("Task", "t1") is task
    local.clear(pattern="Task")
    assert local.keys()
    local.clear()
    assert local.keys() == []


def test_another_maker_of_keys(answers):
    class Maker(cache.StringKeyMaker):
        def _key(self, obj):
            return f"mine-{obj[0]}-{obj[1][0]}"

    further = cache.MemoryCache()
    with AnsweredSession(answers, cache=further, cache_key_maker=Maker()) as session:
        answers.rows["Task"] = [record("Task", "t1")]
        session.query("Task").all()
        assert "mine-Task-t1" in further.keys()
        assert "mine-Task-t1" in session._local_cache.keys()
