"""Discovery of plugins and the types that they make."""

import os


def folder_of(context, **files):
    for name, text in files.items():
        context.file(f"plugins/{name}.py", text.encode())
    return os.path.join(context.folder, "plugins")


SEEN = "import builtins\nseen = builtins.__dict__.setdefault('seen_by_plugins', [])\n"


def seen():
    import builtins

    return builtins.__dict__.pop("seen_by_plugins", [])


def discovered(context, *arguments, **keywords):
    result = context.attempt(context.module("plugin").discover, *arguments, **keywords)
    return [result, seen()]


def registered(context, parameters, *arguments):
    """What a plugin whose register() takes *parameters* gets."""
    name = f"p{abs(hash(parameters))}"
    text = f"{SEEN}def register({parameters}): seen.append(sorted(locals().items()))"
    path = os.path.dirname(context.file(f"{name}/a.py", text.encode()))
    result, found = discovered(context, [path], *arguments)
    return found if result is None else result


def case_signatures(api, context):
    return [
        registered(context, parameters, [1, 2], {"x": 3, "y": 4})
        for parameters in (
            "*arguments, **keywords",
            "first, second",
            "first, second, x",
            "first, second, x=0",
            "first, second, z=0",
            "first, second, **keywords",
            "first, second, z=7, **keywords",
            "x=0, y=0",
        )
    ]


def case_signatures_of_fewer(api, context):
    """Plugins that take less than they are called with."""
    return [
        registered(context, parameters, [1, 2], {"x": 3})
        for parameters in ("", "first", "first=1", "first, **keywords", "first, *, x", "first, *rest, x=7")
    ]


def case_signature_with_a_name_given_twice(api, context):
    return [registered(context, "first, x", [1, 2], {"x": 3})]


def case_signatures_of_a_session(api, context):
    """What a session passes: itself."""
    return [
        registered(context, parameters, ["session"])
        for parameters in ("session", "session, **kw", "*a", "session, x=1", "session=None", "registry, **kw")
    ]


def case_register_wants_more(api, context):
    path = folder_of(
        context,
        a=SEEN + "def register(first, second, third): seen.append('a')",
        b=SEEN + "def register(*x): seen.append('b')",
    )
    result, found = discovered(context, [path], [1, 2])
    return [result]


def case_without_arguments(api, context):
    path = folder_of(
        context,
        a=SEEN + "def register(**keywords): seen.append(keywords)",
        b=SEEN + "def register(first=1): seen.append(first)",
    )
    result, found = discovered(context, [path])
    return [result, sorted(map(str, found))]


def case_broken_ones(api, context):
    path = folder_of(
        context,
        a="this is no python",
        c=SEEN + "seen.append('imported, without register')",
        d=SEEN + "def register(*arguments): seen.append('registered')",
        e="import a_module_that_does_not_exist",
    )
    result, found = discovered(context, [path], ["x"])
    return [result, sorted(found)]


def case_register_fails(api, context):
    path = folder_of(context, a="def register(*x): raise ValueError('x')")
    return discovered(context, [path], ["x"])


def case_register_is_no_function(api, context):
    return discovered(context, [folder_of(context, a=SEEN + "register = 5")], ["x"])


def case_register_is_a_class(api, context):
    path = folder_of(
        context, a=SEEN + "class register:\n    def __init__(self, *arguments): seen.append(arguments)"
    )
    return discovered(context, [path], ["x"])


def case_folders(api, context):
    context.file("plugins/sub/deep.py", (SEEN + "def register(*a): seen.append('deep')").encode())
    context.file("plugins/package/__init__.py", (SEEN + "def register(*a): seen.append('package')").encode())
    context.file("plugins/text.txt", b"nothing")
    path = folder_of(context, a=SEEN + "def register(*a): seen.append('a')")
    result, found = discovered(context, [path, path, os.path.join(context.folder, "nothing")], ["x"])
    return [result, sorted(found)]


def case_nothing_to_discover(api, context):
    return [discovered(context, []), discovered(context, [""])]


def case_of_a_session(api, context):
    path = folder_of(
        context,
        a=SEEN + "def register(session, **keywords): seen.append((type(session).__name__, sorted(keywords)))",
    )
    with context.new_session(plugin_paths=[path]):
        pass
    return seen()


def case_environment(api, context):
    path = folder_of(context, a=SEEN + "def register(session): seen.append(session.api_user)")
    os.environ["FTRACK_EVENT_PLUGIN_PATH"] = os.pathsep.join([path, os.path.join(context.folder, "nothing")])
    try:
        with context.new_session():
            found = seen()
        with context.new_session(plugin_paths=[]):
            return [len(found), len(seen())]
    finally:
        del os.environ["FTRACK_EVENT_PLUGIN_PATH"]


def case_broken_in_a_session(api, context):
    path = folder_of(context, a="def register(session): raise ValueError('x')", b="syntax error here")
    with context.new_session(plugin_paths=[path]) as other:
        return other.query("State").first() is not None


def case_load_source(api, context):
    path = context.file("some_module.py", b"value = 5")
    loaded = context.module("plugin").load_source("some_module", path)
    return [loaded.value, loaded.__name__]


def case_location_plugin(api, session, context):
    location = session.create("Location", {"name": context.name})
    session.commit()
    path = folder_of(
        context,
        a=f"""
import functools
import {api.__name__} as api
import {api.__name__}.accessor.disk, {api.__name__}.structure.id

def configure(session, event):
    location = session.ensure("Location", {{"name": "{context.name}"}})
    location.accessor = api.accessor.disk.DiskAccessor(prefix={context.folder!r})
    location.structure = api.structure.id.IdStructure()
    location.priority = 30

def register(session):
    session.event_hub.subscribe("topic=ftrack.api.session.configure-location", functools.partial(configure, session))
""",
    )
    with context.new_session(plugin_paths=[path]) as other:
        found = other.get("Location", location["id"])
        return [
            type(found.accessor).__name__,
            type(found.structure).__name__,
            found.priority,
            other.pick_location()["name"],
        ]


FACTORY = """
import functools
import {api} as api
import {api}.entity.factory, {api}.entity.base

class Special(api.entity.base.Entity):
    def shout(self):
        return self["name"].upper()

class Factory(api.entity.factory.StandardFactory):
    def create(self, schema, bases=None):
        if schema["id"] == "State":
            bases = [Special, *(bases or [])]
        return super().create(schema, bases=bases)

def construct(event):
    schema = event["data"]["schema"]
    if schema["id"] == "State":
        made = Factory().create(schema)
        event.stop()
        return made

def register(session):
    session.event_hub.subscribe("topic=ftrack.api.session.construct-entity-type", construct)
"""


def case_custom_factory(api, context):
    path = folder_of(context, a=FACTORY.format(api=api.__name__))
    with context.new_session(plugin_paths=[path]) as other:
        state = other.query('State where short is "DONE"').one()
        return [state.shout(), type(state).__name__, state.entity_type, other.types["State"].__name__]


def case_construct_event(api, context):
    path = folder_of(
        context,
        a=SEEN
        + """
def construct(event):
    seen.append((event["topic"], sorted(event["data"]), event["data"]["schema"]["id"]))

def register(session):
    session.event_hub.subscribe("topic=ftrack.api.session.construct-entity-type and data.schema.id in (Project)" if False else "topic=ftrack.api.session.construct-entity-type", construct)
""",
    )
    with context.new_session(plugin_paths=[path]) as other:
        found = seen()
        return [found[0][:2], sorted(f[2] for f in found) == sorted(other.types), len(found)]


def case_construct_subscription(api, context):
    path = folder_of(
        context,
        a=SEEN
        + """
def register(session):
    session.event_hub.subscribe(
        'topic=ftrack.api.session.construct-entity-type and data.schema.id = Project',
        lambda event: seen.append(event["data"]["schema"]["id"]),
    )
""",
    )
    with context.new_session(plugin_paths=[path]) as other:
        return [seen(), other.types["Project"].entity_type]


def case_standard_factory(api, session, context):
    factory = context.module("entity.factory").StandardFactory()
    schema = next(s for s in session.schemas if s["id"] == "Note")
    made = factory.create(dict(schema))
    base = context.module("entity.base").Entity
    return [
        made.__name__,
        made.entity_type,
        made.primary_key_attributes,
        issubclass(made, base),
        hasattr(made, "create_reply"),
        sorted(made.attributes.keys()) == sorted(session.types["Note"].attributes.keys()),
    ]


def case_base_factory(api, session, context):
    factory = context.module("entity.factory").Factory()
    schema = next(s for s in session.schemas if s["id"] == "State")
    made = factory.create(dict(schema))
    return [
        made.__name__,
        made.primary_key_attributes,
        sorted(made.default_projections),
        [b.__name__ for b in made.__mro__ if b.__name__ == "Entity"],
    ]


def case_factory_attributes(api, context):
    factory = context.module("entity.factory").StandardFactory()
    scalar = factory.create_scalar_attribute("X", "name", True, False, "d", "string")
    reference = factory.create_reference_attribute("X", "parent", True, "Context")
    collection = factory.create_collection_attribute("X", "children", True)
    mapped = factory.create_mapped_collection_attribute("X", "metadata", True, "Metadata")
    return [
        [type(scalar).__name__, scalar.name, scalar.mutable, scalar.default_value, scalar.data_type],
        [type(reference).__name__, reference.name, reference.entity_type],
        [type(collection).__name__, collection.name],
        [type(mapped).__name__, mapped.name],
        context.attempt(factory.create_mapped_collection_attribute, "X", "x", True, "Nothing"),
        [
            type(factory.create_mapped_collection_attribute("X", "custom_attributes", True, kind)).__name__
            for kind in ("CustomAttributeValue", "ContextCustomAttributeValue")
        ],
    ]


def case_factory_methods(api, context):
    path = folder_of(
        context,
        a=f"""
import {api.__name__} as api
import {api.__name__}.entity.factory, {api.__name__}.attribute

class Factory(api.entity.factory.StandardFactory):
    def create_scalar_attribute(self, class_name, name, mutable, computed, default, data_type):
        if name == "full_name":
            default = "from the factory"
        return super().create_scalar_attribute(class_name, name, mutable, computed, default, data_type)

def construct(event):
    if event["data"]["schema"]["id"] == "Project":
        return Factory().create(event["data"]["schema"])

def register(session):
    session.event_hub.subscribe("topic=ftrack.api.session.construct-entity-type", construct)
""",
    )
    with context.new_session(plugin_paths=[path]) as other:
        made = other.create("Project", {"name": context.name})
        return [made["full_name"], len(other.recorded_operations)]


def case_default_projections_changed(api, context):
    path = folder_of(
        context,
        a=f"""
import {api.__name__} as api
import {api.__name__}.entity.factory

class Factory(api.entity.factory.StandardFactory):
    def create(self, schema, bases=None):
        made = super().create(schema, bases=bases)
        if schema["id"] == "User":
            made.default_projections = ["id", "username", "resource_type"]
        return made

def register(session):
    session.event_hub.subscribe("topic=ftrack.api.session.construct-entity-type", lambda event: Factory().create(event["data"]["schema"]))
""",
    )
    with context.recorded_session(plugin_paths=[path]) as (other, batches):
        user = other.query("User").first()
        with other.auto_populating(False):
            return [user["username"], user["email"], batches]


def case_projections_changed_on_the_type(api, context):
    with context.new_session() as other:
        other.types["User"].default_projections = ["id", "username"]
        user = other.query("User").first()
        with other.auto_populating(False):
            return [user["username"] is not api.symbol.NOT_SET, user["email"]]


def case_mixin(api, session, context):
    class Loud:
        def shout(self):
            return self["name"].upper()

    state = session.query('State where short is "DONE"').one()
    api.mixin(state, Loud)
    other = session.query('State where short is "BLOCKED"').one()
    return [state.shout(), isinstance(state, Loud), hasattr(other, "shout"), type(state).__name__]


def case_mixin_named(api, session, context):
    class Loud:
        def shout(self):
            return "loud"

    class Quiet:
        def shout(self):
            return "quiet"

    state = session.query('State where short is "DONE"').one()
    api.mixin(state, Loud, name="LoudState")
    api.mixin(state, Quiet)
    return [state.shout(), type(state).__mro__[1].__name__]


def case_types(api, session, context):
    base = context.module("entity.base").Entity
    found = {}
    for name in (
        "AssetVersion",
        "Component",
        "FileComponent",
        "Location",
        "Job",
        "Note",
        "ProjectSchema",
        "User",
        "Shot",
        "Project",
        "ReviewSession",
    ):
        kind = session.types[name]
        found[name] = [
            kind.entity_type,
            issubclass(kind, base),
            [
                m
                for m in (
                    "create_note",
                    "create_thumbnail",
                    "get_availability",
                    "create_component",
                    "encode_media",
                    "create_reply",
                    "get_types",
                    "start_timer",
                    "add_component",
                    "get_thumbnail",
                )
                if hasattr(kind, m)
            ],
        ]
    return found


def case_bases_of_types(api, session, context):
    names = (
        "asset_version.AssetVersion",
        "component.Component",
        "job.Job",
        "location.Location",
        "note.Note",
        "project_schema.ProjectSchema",
        "user.User",
    )
    return [
        issubclass(
            session.types[name.split(".")[1]],
            getattr(context.module(f"entity.{name.split('.')[0]}"), name.split(".")[1]),
        )
        for name in names
    ]


def case_mixins_of_types(api, session, context):
    note = context.module("entity.note").CreateNoteMixin
    thumbnail = context.module("entity.component").CreateThumbnailMixin
    return [
        sorted(n for n in session.types if issubclass(session.types[n], note))[:20],
        sorted(n for n in session.types if issubclass(session.types[n], thumbnail))[:20],
    ]
