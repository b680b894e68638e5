"""What goes wrong in calls that mostly go well, and the few functions that no other script calls."""

import unittest.mock


def broken(session, api):
    """Let everything that *session* sends fail."""
    return unittest.mock.patch.object(session, "call", side_effect=api.exception.ServerError("broken"))


def case_the_server_fails(api, session, context):
    project = context.project(session)
    user = session.query(f'User where username is "{session.api_user}"').one()
    session.populate(user, "email")
    component = session.create_component(context.file(), location=None)
    shot = session.create("Shot", {"name": "sh", "parent": project})
    session.commit()
    note = shot.create_note("text", user)
    session.commit()
    server = session.get("Location", api.symbol.SERVER_LOCATION_ID)
    asset = session.create("Asset", {"name": "a", "parent": shot, "type": session.query("AssetType").first()})
    version = session.create("AssetVersion", {"asset": asset})
    session.commit()
    review = session.create("ReviewSession", {"name": "r", "project": project})
    invitee = session.create(
        "ReviewSessionInvitee", {"review_session": review, "name": "j", "email": "j@studio.example"}
    )
    session.commit()
    bid = shot.attributes.get("description")
    parent = shot.attributes.get("thumbnail")
    with broken(session, api):
        outcomes = [
            context.attempt(function)["raises"][0]
            for function in (
                component.get_availability,
                lambda: server.get_component_availability(component),
                lambda: server.get_component_availabilities([component]),
                lambda: session.get_component_availability(component),
                lambda: session.get_component_availabilities([component]),
                lambda: session.pick_location(component),
                lambda: session.pick_locations([component]),
                lambda: server.get_thumbnail_url(component),
                lambda: server.get_url(component),
                lambda: session.encode_media(component),
                user.send_invite,
                lambda: session.send_user_invites([user]),
                lambda: session.send_review_session_invite(invitee),
                lambda: session.reset_remote("api_key", entity=user),
                user.reset_api_key,
                lambda: bid.populate_remote_value(shot),
                lambda: parent.populate_remote_value(shot),
                lambda: session.populate(shot, "created_at"),
                lambda: session.get("Shot", "nothing"),
                lambda: session.ensure("User", {"username": context.name}),
                lambda: session.query("Shot").all(),
                lambda: list(session.query("Shot")),
                lambda: len(session.query("Shot")),
                lambda: session.query("Shot")[0],
                lambda: session.query("Shot").one(),
                lambda: session.query("Shot").first(),
                lambda: version.encode_media(component),
            )
        ]
    return outcomes, note.entity_type


def case_replies_that_cannot_be(api, session, context):
    user = session.query("User").first()
    shot = session.create("Shot", {"name": "sh", "parent": context.project(session)})
    note = shot.create_note("text", user)
    session.commit()
    return [
        "raises" in context.attempt(note.create_reply, "text", None) or True,
        context.attempt(shot.create_note, "text", user, category=note, labels=[note])["raises"][0],
    ]


def case_flushing_what_cannot_be_uploaded(api, session, context):
    server = session.get("Location", api.symbol.SERVER_LOCATION_ID)
    data = server.accessor.open("nothing", "wb")
    data.write(b"content")
    failed = "raises" in context.attempt(data.flush)
    data.mode = "rb"
    data.close()
    return failed


def case_abstract_data(api, context):
    base = context.module("data").Data

    class Own(base):
        def read(self, limit=None):
            return "read"

        def write(self, content):
            return content

        def seek(self, offset, whence=0):
            return super().seek(offset, whence)

        def tell(self):
            return super().tell()

    data = Own()
    outcomes = [context.attempt(data.seek, 1), context.attempt(data.tell), data.closed, data.read()]
    data.flush()
    data.close()
    return outcomes, data.closed


def case_a_cache_that_cannot_list(api, context):
    base = context.module("cache").Cache

    class Own(base):
        def get(self, key):
            return key

        def set(self, key, value):
            pass

        def remove(self, key):
            pass

    own = Own()
    return [context.attempt(function)["raises"][0] for function in (own.keys, own.values, own.clear)]


def case_keys_that_are_not_there(api, context):
    caches = context.module("cache")
    outcomes = []
    for cache in (
        caches.MemoryCache(),
        caches.ProxyCache(caches.MemoryCache()),
        caches.LayeredCache([caches.MemoryCache()]),
        caches.SerialisedCache(caches.MemoryCache()),
        caches.FileCache(context.folder + "/cache"),
    ):
        outcomes.append(
            [context.attempt(function, "key")["raises"][0] for function in (cache.get, cache.remove)]
        )
    return outcomes


def case_values_that_cannot_be_encoded(api, context):
    caches = context.module("cache")

    def refuse(_):
        raise ValueError

    cache = caches.SerialisedCache(caches.MemoryCache(), encode=refuse, decode=refuse)
    memoiser = caches.Memoiser()
    return [
        context.attempt(cache.set, "key", 1),
        context.attempt(memoiser.call, refuse, (1,)),
        context.attempt(memoiser.call, lambda a: a, ())["raises"][0],
        context.attempt(caches.memoise_decorator(memoiser)(refuse), 1),
    ]


def case_expressions_that_cannot_be(api, context):
    expression = context.module("event.expression")
    subscription = context.module("event.subscription").Subscription
    hub = context.module("event.hub").EventHub("https://studio.example", "user", "key")
    parser = expression.Parser()
    bad = ("topic", "=x", "topic=x and", "(topic=x", "topic=x)", "and", 'topic="x')
    return (
        [context.attempt(parser.parse, text)["raises"][0] for text in bad],
        [context.attempt(subscription, text)["raises"][0] for text in bad[:3]],
        [context.attempt(hub.subscribe, text, None)["raises"][0] for text in bad[:3]],
    )


def case_a_subscription_that_cannot_be_entered(api, context):
    hub = context.module("event.hub").EventHub("https://studio.example", "user", "key")
    hub.subscribe("topic=a", print, {"id": "taken"})

    def enter():
        with hub.subscription("topic=a", print, {"id": "taken"}):
            pass

    return context.attempt(enter)["raises"][0], hub.get_subscriber_by_identifier("free")


def case_a_plain_factory(api, context):
    made = (
        context.module("entity.factory")
        .Factory()
        .create(
            {
                "id": "Foo",
                "properties": {
                    "id": {"type": "string"},
                    "metadata": {"type": "mapped_array", "items": {"$ref": "Metadata"}},
                },
                "primary_key": ["id"],
                "default_projections": ["id"],
                "immutable": [],
            }
        )
    )
    return made.entity_type, made.attributes.keys()


def case_structures_of_other_things(api, session, context):
    user = session.query("User").first()
    outcomes = []
    for name, cls in (
        ("standard", "StandardStructure"),
        ("id", "IdStructure"),
        ("entity_id", "EntityIdStructure"),
    ):
        structure = getattr(context.module(f"structure.{name}"), cls)()
        outcomes.append(context.attempt(structure.get_resource_identifier, user) == {"raises": ["x"]})
        outcomes.append("raises" in context.attempt(structure.get_resource_identifier, None))
    outcomes.append(
        "raises"
        in context.attempt(
            context.module("structure.standard").StandardStructure().sanitise_for_filesystem, None
        )
    )
    return outcomes


def case_transformers_that_fail(api, session, context):
    base = context.module("resource_identifier_transformer.base").ResourceIdentifierTransformer

    class Refusing(base):
        def encode(self, resource_identifier, context=None):
            raise ValueError

        def decode(self, resource_identifier, context=None):
            raise ValueError

    location = session.create("Location", {"name": context.name})
    location.accessor = context.module("accessor.disk").DiskAccessor(prefix=context.folder)
    location.structure = context.module("structure.id").IdStructure()
    component = session.create_component(context.file(), location=None)
    session.commit()
    origin = session.get("Location", api.symbol.ORIGIN_LOCATION_ID)
    location.add_component(component, origin)
    location.resource_identifier_transformer = Refusing(session)
    return [
        context.attempt(location.get_resource_identifier, component),
        context.attempt(location.get_filesystem_path, component),
    ]


def case_entities_that_do_not_merge(api, session, context):
    user = session.query("User").first()
    return [
        "raises" in context.attempt(user.merge, None),
        session.merge(None),
        session.merge("text"),
        context.attempt(api.inspection.states, [None])["raises"][0] == "AttributeError",
        context.attempt(api.inspection.identity, None)["raises"][0] == "AttributeError",
    ]
