"""Caches, key makers and memoisers."""

import os
import re


def fill(cache):
    cache.set("a", "1")
    cache.set("b", "2")
    cache.set("ab", "3")
    return cache


def tried(context, cache):
    """What a filled cache does."""
    fill(cache)
    found = [cache.get("a"), sorted(cache.keys()), sorted(cache.values())]
    cache.remove("a")
    found += [context.attempt(cache.get, "a"), context.attempt(cache.remove, "a"), sorted(cache.keys())]
    cache.set("b", "4")
    found.append(cache.get("b"))
    cache.clear("^a.*$")
    found.append(sorted(cache.keys()))
    cache.clear()
    return [*found, sorted(cache.keys()), cache.clear()]


def case_memory(api, context):
    return tried(context, api.cache.MemoryCache())


def case_file(api, context):
    path = os.path.join(context.folder, "cache.dbm")
    found = tried(context, api.cache.FileCache(path))
    api.cache.FileCache(path).set("kept", "x")
    return [*found, api.cache.FileCache(path).get("kept")]


def case_file_types(api, context):
    cache = api.cache.FileCache(os.path.join(context.folder, "cache.dbm"))
    cache.set("a", "ä")
    cache.set("b", b"bytes")
    return [
        cache.get("a"),
        type(cache.get("a")).__name__,
        cache.get("b"),
        context.attempt(cache.set, "c", {"x": 1}),
    ]


def case_proxy(api, context):
    memory = api.cache.MemoryCache()
    proxy = api.cache.ProxyCache(memory)
    found = tried(context, proxy)
    proxy.set("x", 1)
    return [*found, memory.get("x"), proxy.proxied is memory]


def case_layered(api, context):
    first, second = api.cache.MemoryCache(), api.cache.MemoryCache()
    cache = api.cache.LayeredCache([first, second])
    found = tried(context, cache)
    second.set("deep", 1)
    found += [context.attempt(first.get, "deep"), cache.get("deep"), context.attempt(first.get, "deep")]
    cache.set("both", 2)
    found += [first.get("both"), second.get("both"), sorted(cache.keys())]
    cache.remove("both")
    return [
        *found,
        context.attempt(second.get, "both"),
        context.attempt(cache.get, "both"),
        len(cache.caches),
    ]


def case_layered_of_nothing(api, context):
    cache = api.cache.LayeredCache([])
    cache.set("a", 1)
    return [context.attempt(cache.get, "a"), context.attempt(cache.remove, "a"), sorted(cache.keys())]


def case_serialised(api, context):
    memory = api.cache.MemoryCache()
    cache = api.cache.SerialisedCache(
        memory, encode=lambda value: f"<{value}>", decode=lambda value: value[1:-1]
    )
    found = tried(context, cache)
    cache.set("x", "y")
    return [*found, memory.get("x"), cache.get("x")]


def case_serialised_without_functions(api, context):
    cache = api.cache.SerialisedCache(api.cache.MemoryCache())
    cache.set("a", [1])
    return cache.get("a")


def case_cache_is_abstract(api, context):
    class Half(api.cache.Cache):
        def keys(self):
            return ["a", "b"]

        def get(self, key):
            return key * 2

        def set(self, key, value):
            pass

        def remove(self, key):
            removed.append(key)

    removed = []
    half = Half()
    half.clear("a")
    return [half.values(), removed, context.attempt(api.cache.Cache)]


def case_clear_with_pattern(api, context):
    cache = fill(api.cache.MemoryCache())
    cache.clear("b")
    found = [sorted(cache.keys())]
    fill(cache).clear(re.compile("a"))
    return [*found, sorted(cache.keys())]


def case_key_makers(api, session, context):
    string, thing = api.cache.StringKeyMaker(), api.cache.ObjectKeyMaker()
    return [
        string.key("a", 1, None),
        string.key(),
        thing.key({"b": 1, "a": [1, 2]}) == thing.key({"a": [1, 2], "b": 1}),
        thing.key([1, 2]) == thing.key((1, 2)),
        thing.key(1) == thing.key("1"),
        thing.key(fill) == thing.key(fill),
        thing.key(session.get) == thing.key(session.query),
        thing.key("a", "b") == thing.key("ab"),
        thing.key(1, {"x"}) == thing.key(1, {"y"}),
    ]


def case_key_of_an_entity(api, session, context):
    project = context.project(session)
    session.create("Shot", {"name": "a", "parent": project})
    session.commit()
    maker = api.cache.ObjectKeyMaker()
    return maker.key(project) == maker.key(session.get("Project", project["id"]))


def case_key_maker_is_abstract(api, context):
    class Maker(api.cache.KeyMaker):
        def _key(self, obj):
            return f"({obj})"

    return [Maker().key(1, "x"), context.attempt(api.cache.KeyMaker)]


def case_memoiser(api, context):
    calls = []

    def add(first, second=2):
        calls.append((first, second))
        return [first + second]

    memoiser = api.cache.Memoiser()
    one = memoiser.call(add, (1,), {"second": 3})
    two = memoiser.call(add, (1,), {"second": 3})
    two.append("changed")
    three = memoiser.call(add, (1,), {"second": 3})
    memoiser.call(add, (1,))
    memoiser.call(add, (1, 2))
    found = [one, three, len(calls)]
    memoiser.cache.clear()
    memoiser.call(add, (1,))
    return [
        *found,
        len(calls),
        memoiser.return_copies,
        type(memoiser.cache).__name__,
        type(memoiser.key_maker).__name__,
    ]


def case_memoiser_without_copies(api, context):
    memoiser = api.cache.Memoiser(
        cache=api.cache.MemoryCache(), key_maker=api.cache.StringKeyMaker(), return_copies=False
    )

    def make():
        return []

    return [memoiser.call(make) is memoiser.call(make), memoiser.call(make) is not None]


def case_memoiser_of_failing(api, context):
    calls = []

    def fail():
        calls.append(1)
        raise ValueError("x")

    memoiser = api.cache.Memoiser()
    return [context.attempt(memoiser.call, fail), context.attempt(memoiser.call, fail), len(calls)]


def case_memoise(api, context):
    calls = []

    @api.cache.memoise
    def double(value):
        calls.append(value)
        return value * 2

    @api.cache.memoise_decorator(api.cache.Memoiser())
    def triple(value):
        calls.append(value)
        return value * 3

    found = [double(2), double(2), double(value=2), triple(2), triple(2)]
    return [found, calls, double.__name__, type(api.cache.memoiser).__name__]


def persistent(api, path):
    """The set-up of the documentation."""

    def factory(session):
        return api.cache.SerialisedCache(
            api.cache.FileCache(path), encode=session.encode, decode=session.decode
        )

    return factory


def case_persistent_cache(api, session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "kept", "parent": project})
    session.commit()
    path = os.path.join(context.folder, "cache.dbm")
    with context.new_session(cache=persistent(api, path)) as first:
        found = [first.get("Shot", shot["id"])["name"]]
    with context.recorded_session(cache=persistent(api, path)) as (second, batches):
        kept = second.get("Shot", shot["id"])
        with second.auto_populating(False):
            found += [kept["name"], kept["parent_id"] == project["id"]]
        return [*found, batches]


def case_persistent_cache_is_stale(api, session, context):
    project = context.project(session)
    path = os.path.join(context.folder, "cache.dbm")
    with context.new_session(cache=persistent(api, path)) as first:
        first.get("Project", project["id"])["full_name"]
    project["full_name"] = "changed"
    session.commit()
    with context.new_session(cache=persistent(api, path)) as second:
        found = [second.get("Project", project["id"])["full_name"]]
        second.query('select full_name from Project where id is "{}"'.format(project["id"])).one()
        return [*found, second.get("Project", project["id"])["full_name"]]


def case_persistent_cache_with_relations(api, session, context):
    project = context.project(session, metadata={"a": "1"})
    shot = session.create("Shot", {"name": "kept", "parent": project})
    session.commit()
    path = os.path.join(context.folder, "cache.dbm")
    with context.new_session(cache=persistent(api, path)) as first:
        first.query(
            'select name, parent.name, status.name, metadata, parent.start_date from Shot where id is "{}"'.format(
                shot["id"]
            )
        ).one()
    with context.new_session(cache=persistent(api, path)) as second, second.auto_populating(False):
        found = second.get("Shot", shot["id"])
        return [
            found["name"],
            found["parent"]["name"],
            found["status"]["name"],
            dict(found["metadata"]),
            type(found["parent"]["start_date"]).__name__,
        ]


def case_selective_cache(api, session, context):
    project = context.project(session)
    path = os.path.join(context.folder, "cache.dbm")

    class SelectiveCache(api.cache.ProxyCache):
        def set(self, key, value):
            if value.entity_type == "Project":
                super().set(key, value)

    def factory(session):
        return SelectiveCache(persistent(api, path)(session))

    with context.new_session(cache=factory) as first:
        first.query(
            'select name, project_schema.name from Project where id is "{}"'.format(project["id"])
        ).one()
        first.query("State").all()
    return sorted(str(key).split(",")[0] for key in api.cache.FileCache(path).keys())


def case_cache_as_instance(api, context):
    memory = api.cache.MemoryCache()
    with context.new_session(cache=memory) as other:
        state = other.query("State").first()
        return [
            len(list(memory.keys())) > 0,
            type(other.cache).__name__,
            other.cache.caches[1] is memory,
            state["name"] is not None,
        ]


def case_cache_of_session(api, session, context):
    project = context.project(session)
    found = session.cache.get(session.cache_key_maker.key(api.inspection.identity(project)))
    return [
        type(session.cache).__name__,
        found is project,
        type(session.cache_key_maker).__name__,
        session._local_cache is session.cache.caches[0],
    ]


def case_cache_key_maker(api, context):
    class Maker(api.cache.KeyMaker):
        def _key(self, obj):
            seen.append(type(obj).__name__)
            return str(obj)

    seen = []
    maker = Maker()
    with context.new_session(cache_key_maker=maker, cache=api.cache.MemoryCache()) as other:
        state = other.query("State").first()
        return [other.cache_key_maker is maker, len(seen) > 0, other.get("State", state["id"]) is state]


def case_cache_cleared(api, session, context):
    project = context.project(session)
    session.cache.clear()
    again = session.get("Project", project["id"])
    return [again is project, again["name"], project["name"]]


def case_kind_of_local_cache(api, session, context):
    return isinstance(session._local_cache, api.cache.MemoryCache)


def case_local_cache(api, session, context):
    project = context.project(session)
    return [
        isinstance(session._local_cache, api.cache.Cache),
        any("Project" in str(key) and project["id"] in str(key) for key in session._local_cache.keys()),
    ]
