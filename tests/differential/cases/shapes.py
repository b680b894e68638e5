"""Kinds and forms of what the library gives, which scripts index, compare and derive from."""

import copy
import functools
import unittest.mock
import uuid


def case_kinds_of_views_of_an_entity(api, session, context):
    user = session.query("User").first()
    first = user.items()[0]
    return (
        [type(view).__name__ for view in (user.values(), user.items())],
        first[0] == next(iter(user)),
        len(user.items()) == len(user) == len(user.values()),
        user.get("nothing", 3),
    )


def case_kind_of_a_primary_key(api, session, context):
    user = session.query("User").first()
    metadata = session.create(
        "Metadata", {"parent_id": user["id"], "key": "k", "value": "v", "parent_type": "User"}
    )
    inspection = context.module("inspection")
    return (
        type(inspection.primary_key(user)).__name__,
        list(inspection.primary_key(metadata)),
        type(inspection.identity(metadata)).__name__,
        inspection.identity(metadata)[1][1],
    )


def case_keys_of_content(api, context):
    maker = context.module("cache").ObjectKeyMaker()

    def function():
        pass

    class Kind:
        def method(self):
            pass

    function.__module__ = Kind.__module__ = "module"
    items = (
        {},
        {"a": "b"},
        {"a": {"b": "c"}},
        {"b": 1, "a": 2},
        [],
        [1, [2, "x"]],
        ("a",),
        {1},
        1,
        "x",
        None,
        1.5,
        True,
        function,
        Kind,
        Kind.method,
        Kind().method,
        callable,
    )
    return [maker.key(item) for item in items], maker.key("a", {"b": 1}, [2]), maker.key()


def case_classes_of_a_factory_with_bases(api, context):
    base = context.module("entity.base").Entity
    factory = context.module("entity.factory").StandardFactory

    class Custom(base):
        def hello(self):
            return f"hello {self['username']}"

    class Mixed:
        def world(self):
            return "world"

    class Made(factory):
        def create(self, schema, bases=None):
            classes = list(bases or [])
            if schema["id"] == "User":
                classes.append(Custom)
            return super().create(schema, bases=classes)

    def construct(event):
        return Made().create(event["data"]["schema"])

    plugin = context.file(
        "plugins/factory.py",
        b"def register(session, construct=None):\n"
        b"    session.event_hub.subscribe('topic=ftrack.api.session.construct-entity-type', construct)\n",
    )
    with context.new_session(
        plugin_paths=[plugin.rpartition("/")[0]], plugin_arguments={"construct": functools.partial(construct)}
    ) as session:
        user = session.query("User").first()
        order = [cls.__name__ for cls in type(user).__mro__]
        return (
            user.hello() == f"hello {user['username']}",
            hasattr(user, "start_timer"),
            hasattr(user, "create_thumbnail"),
            order.index("Custom") > 1,
            hasattr(session.types["Location"], "add_component"),
            hasattr(session.types["Task"], "create_note"),
            hasattr(session.types["FileComponent"], "get_availability"),
        )


def case_standard_structure_with_every_substitute(api, context):
    kind = context.module("structure.standard").StandardStructure
    return [
        [
            kind(illegal_character_substitute=substitute).sanitise_for_filesystem(text)
            for text in ("Äö ß_A-_.:/ X", " blanks ", "a\tb", "Tür*?", "", "..", "日本")
        ]
        for substitute in ("_", "-", "X", "", None)
    ]


def mock_entity(session):
    entity = unittest.mock.MagicMock()
    entity.session = session
    entity.primary_key_attributes = ["id"]
    entity["id"] = str(uuid.uuid4())
    return entity


def case_collections_of_anything_like_an_entity(api, session, context):
    collection = context.module("collection").Collection
    attribute = unittest.mock.MagicMock()
    attribute.name = "test"
    owner, one, two, three = (mock_entity(session) for _ in range(4))
    made = collection(owner, attribute, data=[one, two])
    fixed = collection(owner, attribute, data=[one], mutable=False)
    state = context.module("inspection").state(owner)
    made.append(three)
    outcomes = [
        list(made) == [one, two, three],
        context.attempt(made.append, one),
        context.attempt(fixed.append, two),
        context.attempt(fixed.__delitem__, 0),
        copy.copy(made) == made,
        made == [one, two, three],
    ]
    made.remove(two)
    made[0] = two
    return outcomes, list(made) == [two, three], state is api.symbol.NOT_SET


def case_location_without_an_accessor(api, session, context):
    location = session.create("Location", {"name": context.name})
    component = session.create_component(context.file(), location=None)
    session.commit()
    origin = session.get("Location", api.symbol.ORIGIN_LOCATION_ID)
    return [
        bool(location.accessor),
        bool(location.structure),
        location.priority,
        context.attempt(location.add_component, component, origin),
        context.attempt(location.get_url, component),
        context.attempt(location.get_filesystem_path, component),
        context.attempt(location.get_resource_identifier, component),
        context.attempt(location.remove_component, component),
        location.get_component_availability(component),
        location.get_component_availabilities([component]),
    ]
