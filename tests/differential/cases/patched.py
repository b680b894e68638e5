"""What programs and their tests put in the place of methods, in a session, a class or a hub."""

import copy
import json
import threading
import unittest.mock

import requests

DOCUMENT = [
    {
        "id": "Foo",
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "string": {"type": "string"},
            "number": {"type": "number"},
            "bars": {"items": {"$ref": "Bar"}, "type": "array"},
        },
        "immutable": ["id"],
        "primary_key": ["id"],
        "required": ["id"],
        "default_projections": ["id"],
    },
    {
        "id": "Bar",
        "type": "object",
        "properties": {"id": {"type": "string"}, "computed_value": {"type": "string"}},
        "computed": ["computed_value"],
        "immutable": ["id"],
        "primary_key": ["id"],
        "required": ["id"],
        "default_projections": ["id"],
    },
]


def actions(call):
    return [[action["action"] for action in each[0][-1]] for each in call.call_args_list]


def case_pages_counted_in_a_session(api, session, context):
    with unittest.mock.patch.object(session, "call", wraps=session.call) as call:
        found = session.query("Status limit 6", page_size=2).all()
    return len(found), actions(call)


def case_pages_counted_in_the_class(api, session, context):
    plain = api.session.Session.call
    with unittest.mock.patch.object(api.session.Session, "call", autospec=True, side_effect=plain) as call:
        found = list(session.query("Status limit 6", page_size=3))
    return len(found), actions(call)


def case_everything_goes_through_call(api, session, context):
    project = context.project(session)
    with unittest.mock.patch.object(session, "call", wraps=session.call) as call:
        project["full_name"] = "Other"
        session.commit()
        session.populate(project, "start_date")
        session.get("User", "nobody")
        session.query("select name from Status").first()
        session.delete(session.create("User", {"username": context.name}))
        session.commit()
        session.ensure("User", {"username": context.name})
    return actions(call)


def case_values_after_a_counted_commit(api, session, context):
    project = context.project(session)
    with unittest.mock.patch.object(session, "call", wraps=session.call) as call:
        project["full_name"] = "Other"
        shot = session.create("Shot", {"name": "sh", "parent": project})
        session.commit()
        values = [project["full_name"], shot["name"], shot["parent"] is project]
    return values, actions(call)


def case_failing_call(api, session, context):
    project = context.project(session)
    project["full_name"] = "Other"
    with unittest.mock.patch.object(session, "call", side_effect=api.exception.ServerError("broken")):
        failed = context.attempt(session.commit)
    left = len(session.recorded_operations)
    session.commit()
    return failed, left, project["full_name"]


def case_subclass_with_a_call_of_its_own(api, context):
    class Recording(api.Session):
        def __init__(self, **options):
            self.seen = []
            super().__init__(**options)

        def call(self, data):
            self.seen.append([action["action"] for action in data])
            return super().call(data)

    ready = context.ready
    with Recording(
        server_url=ready["url"], api_key=ready["api_key"], api_user=ready["api_user"], schema_cache_path=False
    ) as session:
        session.query("select id from User").first()
        session.create("User", {"username": context.name})
        session.commit()
        return session.seen


def case_answers_made_up(api, session, context):
    user = session.query("User").first()
    answer = [{"action": "query", "data": [user], "metadata": {"next": {"offset": None}}}]
    with unittest.mock.patch.object(session, "call", return_value=answer):
        return session.query("User").all() == [user], session.query("User").first() is user


def case_old_server(api, session, context):
    user = session.query("User").first()
    outcomes = []
    for name, function in (
        ("send_user_invite", lambda: session.send_user_invite(user)),
        ("get_widget_url", lambda: session.get_widget_url("tasks")),
        ("get_upload_metadata", lambda: session.get_upload_metadata("c", "f", 1)),
    ):
        error = api.exception.ServerError(f"Server reported error: ServerError(Invalid action u'{name}')")
        with unittest.mock.patch.object(session, "call", side_effect=error):
            outcomes.append(context.attempt(function)["raises"][0])
    return outcomes


def case_calls_of_the_special_methods(api, session, context):
    shot = session.create("Shot", {"name": "sh", "parent": context.project(session)})
    session.commit()
    seen = []

    def call(data):
        seen.extend(dict(action) for action in data)
        return [{"widget_url": "w", "data": {"api_key": "k"}, "url": "u", "headers": {}}] * len(data)

    with unittest.mock.patch.object(session, "call", side_effect=call):
        session.get_widget_url("info", entity=shot, theme="dark")
        session.get_widget_url("tasks")
        session.get_upload_metadata("c", "f.mov", 12, checksum="x")
    return [{key: each[key] for key in sorted(each) if key != "parts"} for each in seen]


def case_merges_are_few(api, session, context):
    with unittest.mock.patch.object(session, "_merge", wraps=session._merge) as merge:
        session.query("select status from Project limit 10").all()
    return merge.call_count < 75


def case_posts_of_the_pool(api, session, context):
    post = session._request.post
    with unittest.mock.patch.object(session._request, "post", wraps=post) as spied:
        session.query("select id from User").first()
    address = spied.call_args[0][0]
    return address.rsplit("/", 1)[-1], json.loads(spied.call_args[1]["data"])


def case_answers_of_the_pool(api, session, context):
    outcomes = []
    for text in ('{"exception": "Bad", "content": "went wrong"}', "<html>"):
        response = requests.Response()
        response.status_code = 200
        response._content = text.encode()
        with unittest.mock.patch.object(session._request, "post", return_value=response):
            outcomes.append(context.attempt(session.query("User").first))
    return outcomes


def case_schema_made_up(api, context):
    cls = api.Session
    with (
        unittest.mock.patch.object(cls, "_load_schemas", return_value=copy.deepcopy(DOCUMENT)),
        unittest.mock.patch.object(cls, "_configure_locations"),
        context.new_session() as session,
    ):
        foo = session.create("Foo", {"id": "x", "string": "a"})
        return (
            sorted(session.types),
            sorted(session.types["Foo"].attributes.keys()),
            session.types["Foo"].attributes.get("id").mutable,
            session.types["Bar"].attributes.get("computed_value").computed,
            foo["string"],
            type(foo["bars"]).__name__,
        )


def case_information_made_up(api, context):
    with unittest.mock.patch.object(
        api.Session, "_fetch_server_information", return_value={"version": "1.0.0"}
    ):
        return context.attempt(context.new_session)


def case_plugins_of_a_session(api, context):
    found = unittest.mock.patch(f"{api.__name__}.plugin.discover")
    with found as discover, context.new_session(plugin_arguments={"test": "value"}) as session:
        positional = discover.call_args[0]
        return positional[1] == [session], positional[2], discover.call_count


def case_locations_at_a_reset(api, session, context):
    with unittest.mock.patch.object(session, "_configure_locations") as configure:
        session.reset()
    return configure.call_count


def case_uploads_through_put(api, session, context):
    location = session.get("Location", api.symbol.SERVER_LOCATION_ID)
    component = session.create_component(context.file(), location=location)
    removed = []
    with unittest.mock.patch.object(location, "accessor") as accessor:
        accessor.remove.side_effect = removed.append
        location.remove_component(component)
    return len(removed), removed == [component["id"]]


def make_hub(api, context, cls=None):
    ready = context.ready
    return (cls or api.event.hub.EventHub)(ready["url"], ready["api_user"], ready["api_key"])


def case_event_encoding(api, context):
    hub = make_hub(api, context)
    event = context.module("event.base").Event("test", id="1")
    encoded = json.loads(hub._encode({"name": "ftrack.event", "args": [event]}))
    return encoded, hub._decode('{"inReplyToEvent": "id", "other": [{"inReplyToEvent": null}]}')


def case_handshake_without_web_sockets(api, context):
    hub = make_hub(api, context)
    answer = hub._get_socket_io_session()
    kind = context.module("event.hub").SocketIoSession
    hub._get_socket_io_session = lambda: kind(answer[0], answer[1], ())
    return sorted(answer._fields), "websocket" in answer.supportedTransports, context.attempt(hub.connect)


def case_socket_that_fails(api, context):
    hub = make_hub(api, context)
    with unittest.mock.patch("websocket.create_connection", side_effect=Exception("Forced")):
        return context.attempt(hub.connect), hub.connected


def case_hub_that_looks_at_packets(api, context):
    class Looking(api.event.hub.EventHub):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self.names = []

        def _handle_packet(self, code, packet_identifier, path, data):
            name = self._code_name_mapping[code]
            self.names.append(name)
            if name == "heartbeat":
                return self._send_packet(self._code_name_mapping["heartbeat"])
            return super()._handle_packet(code, packet_identifier, path, data)

    hub = make_hub(api, context, Looking)
    got = []
    arrived = threading.Event()

    def receive(event):
        got.append(event["topic"])
        arrived.set()

    hub.connect()
    hub.subscribe(f"topic={context.name}", receive)
    hub.publish(context.module("event.base").Event(context.name))
    while not arrived.is_set():
        hub.wait(0.2)
    hub.disconnect()
    return got, {"connect", "event", "acknowledge"} <= set(hub.names)


def case_subscribers_and_queue(api, context):
    hub = make_hub(api, context)
    identifier = hub.subscribe("topic=test", lambda event: None)
    hub._event_queue.put(context.module("event.base").Event("test"))
    return (
        [subscriber.metadata["id"] == identifier for subscriber in hub._subscribers],
        hub._event_queue.qsize(),
        hub._event_queue.get()["topic"],
        hub._event_namespace,
        hub._code_name_mapping["event"],
    )


def case_disconnect_without_unsubscribing(api, context):
    hub = make_hub(api, context)
    hub.connect()
    hub.subscribe("topic=test", lambda event: None)
    with unittest.mock.patch.object(hub, "publish") as publish:
        hub.disconnect(unsubscribe=False)
    return publish.called, hub.connected


def case_reconnects_that_fail(api, context):
    hub = make_hub(api, context)
    error = api.exception.EventHubConnectionError("Forced")
    with unittest.mock.patch.object(hub, "connect", side_effect=error) as connect:
        failed = context.attempt(hub.reconnect, attempts=2, delay=0.01)
    return failed, connect.call_count


def case_replies_prepared(api, context):
    hub = make_hub(api, context)
    event = context.module("event.base").Event
    asked, reply = event("asked", source={"id": "s-id"}), event("reply")
    hub._prepare_reply_event(reply, asked, {"id": "source"})
    return reply["in_reply_to_event"] == asked["id"], reply["target"], reply["source"]["id"]


def case_events_that_are_published(api, session, context):
    location = session.create("Location", {"name": context.name})
    location.accessor = context.module("accessor.disk").DiskAccessor(prefix=context.folder + "/location")
    location.structure = context.module("structure.id").IdStructure()
    component = session.create_component(context.file(), location=None)
    session.commit()
    origin = session.get("Location", api.symbol.ORIGIN_LOCATION_ID)
    with unittest.mock.patch.object(session.event_hub, "publish") as publish:
        location.add_component(component, origin)
        location.remove_component(component)
    return [
        (
            call[0][0]["topic"],
            call[0][0]["data"] == {"component_id": component["id"], "location_id": location["id"]},
            call[1].get("on_error"),
        )
        for call in publish.call_args_list
        # Classes of entities are made when the session starts, or when they are needed.
        if not call[0][0]["topic"].endswith("construct-entity-type")
    ]


def case_events_of_a_reset(api, session, context):
    with unittest.mock.patch.object(session.event_hub, "publish", return_value=[]) as publish:
        session.reset()
    topics = [call[0][0]["topic"] for call in publish.call_args_list if call[1].get("synchronous")]
    return [topic for topic in topics if not topic.endswith("construct-entity-type")]


def case_a_schema_read_from_its_file(api, context):
    folder = context.folder
    with context.new_session(schema_cache_path=folder) as session:
        count = len(session.schemas)
    plain = api.session.Session.call
    spied = unittest.mock.patch.object(api.session.Session, "call", autospec=True, side_effect=plain)
    with spied as call, context.new_session(schema_cache_path=folder) as session:
        return count == len(session.schemas), actions(call)


def case_entities_made_up(api, session, context):
    with unittest.mock.patch.object(session, "query") as query:
        query.return_value.all.return_value = []
        query.return_value.__iter__.return_value = iter([])
        query.return_value.one.side_effect = api.exception.NoResultFoundError()
        found = session.get("User", "nobody")
        made = session.ensure("User", {"username": context.name})
    return bool(found), made["username"] == context.name
