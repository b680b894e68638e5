"""The event hub, connected and not, subscriptions and the grammar of expressions."""

import threading
import time


def connected(context):
    session = context.new_session(auto_connect_event_hub=True)
    deadline = time.monotonic() + 10
    while not session.event_hub.connected and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    return session


def wait_for(session, condition, seconds=8):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        session.event_hub.wait(0.05)
    return condition()


def case_event_object(api, context):
    event = api.event.base.Event(
        "topic",
        data={"a": 1},
        target="id=x",
        source={"id": "s"},
        in_reply_to_event="y",
        sent="now",
        id="five",
    )
    found = [
        dict(event),
        len(event),
        list(event),
        event["id"],
        event.is_stopped(),
        event.get("nothing"),
        context.attempt(lambda: event["nothing"]),
    ]
    event["extra"] = 5
    event["topic"] = "other"
    event.stop()
    found += [event["extra"], event.is_stopped()]

    def delete():
        del event["extra"]
        return "extra" in event

    return [*found, context.attempt(delete), event == event, isinstance(event["data"], dict), "data" in event]


def case_event_defaults(api, context):
    event = api.event.base.Event("topic")
    other = api.event.base.Event("topic")
    return [
        event["data"],
        event["target"],
        event["sent"],
        event["source"],
        event["in_reply_to_event"],
        len(event["id"]),
        event["id"] == other["id"],
        event["data"] is other["data"],
    ]


def case_event_text(api, context):
    event = api.event.base.Event("topic", id="x", data={"a": 1})
    return ["topic" in str(event), "a" in str(event)]


def matches(api, context, text, candidates):
    try:
        expression = api.event.expression.Parser().parse(text)
    except Exception as error:
        return error
    return [context.attempt(expression.match, candidate) for candidate in candidates]


CANDIDATES = [
    {
        "topic": "ftrack.update",
        "data": {"type": "Task", "number": 5, "list": ["a"]},
        "source": {"user": {"username": "me"}},
    },
    {"topic": "ftrack.update.deep", "data": {}},
    {"topic": "x", "data": {"type": "task"}},
    {},
]


def case_grammar_conditions(api, context):
    return [
        matches(api, context, text, CANDIDATES)
        for text in (
            "topic=ftrack.update",
            "topic = ftrack.update",
            'topic="ftrack.update"',
            "topic='ftrack.update'",
            "topic=ftrack.update*",
            "topic=ftrack.*",
            "topic=*",
            "topic!=x",
            "data.type=Task",
            "data.type=task",
            "source.user.username=me",
            "topic=ftrack.update and data.type=Task",
            "topic=x or data.type=Task",
            "not topic=x",
            "not (topic=x or topic=ftrack.update)",
            "(topic=x or topic=ftrack.update) and not data.type=Task",
            "topic=x and data.type=task or topic=ftrack.update",
            "topic=x or topic=ftrack.update and data.type=Nothing",
            "topic=update",
            "topic=*update",
            "topic=f*e",
            'topic="ftrack.*"',
        )
    ]


def case_grammar_operators(api, context):
    texts = [{"n": "1"}, {"n": "5"}, {}]
    return [
        matches(api, context, text, texts) for text in ("n<3", "n<=5", "n>3", "n>=5", "n=5", "n!=5", "n==5")
    ]


def case_grammar_of_numbers(api, context):
    numbers = [{"n": 1}, {"n": 5}, {"n": 5.0}]
    return [matches(api, context, text, numbers) for text in ("n<3", "n>=5", "n=5", "n!=5")]


def case_grammar_of_strings(api, context):
    strings = [{"n": "a"}, {"n": "m"}, {"n": "z"}, {"n": "M"}, {}]
    return [matches(api, context, text, strings) for text in ("n<m", "n<=m", "n>m", "n>=m", "n=m", "n!=m")]


def case_grammar_errors(api, context):
    parser = api.event.expression.Parser()
    return [
        context.attempt(lambda t=text: type(parser.parse(t)).__name__)
        for text in (
            "topic",
            "topic=",
            "=x",
            "topic=a and",
            "(topic=a",
            "topic=a b",
            "and",
            "not",
            "topic=a or or topic=b",
            "topic ~ x",
            "topic=a)",
        )
    ]


def case_grammar_of_nothing(api, context):
    parser = api.event.expression.Parser()
    return [context.attempt(parser.parse, text) for text in ("", None)]


def case_grammar_values(api, context):
    candidates = [
        {"a": "b c"},
        {"a": "b-c_d"},
        {"a": "b:c@d/e"},
        {"a": 'q"q'},
        {"a": "ä"},
        {"a-b": "x"},
        {"a_b": {"c1": "x"}},
    ]
    return [
        matches(api, context, text, candidates)
        for text in ('a="b c"', "a=b-c_d", "a_b.c1=x", "a='b c'", 'a="b-c_d"', 'a="ä"', 'a="b:c@d/e"')
    ]


def case_grammar_bare_values(api, context):
    return [
        matches(api, context, "a=b:c@d/e", [{"a": "b:c@d/e"}]),
        matches(api, context, "a=ä", [{"a": "ä"}]),
        matches(api, context, "a-b=x", [{"a-b": "x"}]),
    ]


def case_expression_objects(api, context):
    import operator

    expression = api.event.expression
    yes = expression.Condition("a", operator.eq, "1")
    no = expression.Condition("a", operator.eq, "2")
    candidate = {"a": "1"}
    return [
        yes.match(candidate),
        no.match(candidate),
        expression.All([yes, no]).match(candidate),
        expression.All([yes]).match(candidate),
        expression.All().match(candidate),
        expression.Any([yes, no]).match(candidate),
        expression.Any([no]).match(candidate),
        expression.Any().match(candidate),
        expression.Not(no).match(candidate),
        expression.Expression().match(candidate),
        expression.Condition("x.y", operator.eq, "1").match(candidate),
        expression.Condition("a", operator.ne, "2").match(candidate),
    ]


def case_expression_texts(api, context):
    parser = api.event.expression.Parser()
    return [
        str(parser.parse(text)).split()[0].split(".")[-1] != ""
        for text in ("a=1", "a=1 and b=2", "a=1 or b=2", "not a=1")
    ]


def case_subscription(api, context):
    subscription = api.event.subscription.Subscription("topic=a")
    same = api.event.subscription.Subscription("topic=a")
    return [
        subscription.includes({"topic": "a"}),
        subscription.includes({"topic": "b"}),
        context.attempt(api.event.subscription.Subscription, "nonsense"),
        str(subscription),
        subscription == same,
    ]


def case_subscriber(api, context):
    callback = print
    made = api.event.subscriber.Subscriber("topic=a", callback, {"id": "x", "key": 1}, 50)
    found = [
        made.metadata,
        made.priority,
        made.callback is callback,
        made.interested_in(api.event.base.Event("a")),
        made.interested_in(api.event.base.Event("b")),
    ]
    found.append(made.interested_in(api.event.base.Event("a", target="id=x")))
    found.append(made.interested_in(api.event.base.Event("a", target="id=y")))
    found.append(made.interested_in(api.event.base.Event("a", target="key=1")))
    return [*found, "topic=a" in str(made)]


def publish(api, session, topic, **options):
    synchronous = options.pop("synchronous", True)
    return session.event_hub.publish(api.event.base.Event(topic, **options), synchronous=synchronous)


def case_priorities(api, session, context):
    seen = []
    for priority in (100, 5, 50, 1000, -1):
        session.event_hub.subscribe(
            "topic=t", lambda event, priority=priority: seen.append(priority), priority=priority
        )
    session.event_hub.subscribe("topic=t", lambda event: seen.append("default"))
    publish(api, session, "t")
    return seen


def case_results(api, session, context):
    for value in (1, None, "x", {"a": 1}, [1], False):
        session.event_hub.subscribe("topic=t", lambda event, value=value: value)
    return publish(api, session, "t")


def case_no_subscribers(api, session, context):
    return publish(api, session, "nobody.listens")


def case_failing_callback(api, session, context):
    seen = []

    def fail(event):
        raise ValueError("x")

    session.event_hub.subscribe("topic=t", fail, priority=1)
    session.event_hub.subscribe("topic=t", lambda event: seen.append(1) or "fine", priority=2)
    return [publish(api, session, "t"), seen]


def case_stop(api, session, context):
    seen = []
    session.event_hub.subscribe("topic=t", lambda event: (seen.append(1), event.stop(), "r")[2], priority=1)
    session.event_hub.subscribe("topic=t", lambda event: seen.append(2), priority=2)
    event = api.event.base.Event("t")
    result = session.event_hub.publish(event, synchronous=True)
    return [seen, result, event.is_stopped()]


def case_unsubscribe(api, session, context):
    seen = []
    identifier = session.event_hub.subscribe("topic=t", seen.append)
    found = [
        type(identifier).__name__,
        session.event_hub.get_subscriber_by_identifier(identifier) is not None,
    ]
    session.event_hub.unsubscribe(identifier)
    publish(api, session, "t")
    return [
        *found,
        len(seen),
        context.attempt(session.event_hub.unsubscribe, identifier),
        context.attempt(session.event_hub.unsubscribe, "x"),
        session.event_hub.get_subscriber_by_identifier("x"),
    ]


def case_subscriber_metadata(api, session, context):
    identifier = session.event_hub.subscribe(
        "topic=t", lambda event: "found", subscriber={"id": "mine", "tool": "x"}
    )
    again = context.attempt(
        session.event_hub.subscribe, "topic=t", lambda event: None, subscriber={"id": "mine"}
    )
    return [
        identifier,
        session.event_hub.get_subscriber_by_identifier("mine").metadata["tool"],
        again,
        publish(api, session, "t", target="tool=x"),
        publish(api, session, "t", target="tool=y"),
        publish(api, session, "t", target="id=mine"),
    ]


def case_subscribe_wrongly(api, session, context):
    hub = session.event_hub
    return [
        context.attempt(hub.subscribe, "nonsense", print),
        context.attempt(lambda: hub.subscribe("topic=t", None) is not None),
    ]


def case_subscription_context(api, session, context):
    seen = []
    with session.event_hub.subscription("topic=t", lambda event: seen.append(1)):
        publish(api, session, "t")
    publish(api, session, "t")
    return seen


def case_event_is_prepared(api, session, context):
    seen = []
    session.event_hub.subscribe("topic=t", seen.append)
    publish(api, session, "t")
    event = seen[0]
    return [
        type(event).__name__,
        sorted(event.keys()),
        sorted(event["source"]),
        event["source"]["user"],
        event["source"].get("applicationId"),
        event["sent"],
    ]


def case_publish_not_connected(api, session, context):
    hub = session.event_hub
    event = api.event.base.Event("t")
    return [
        context.attempt(hub.publish, event),
        context.attempt(hub.publish, event, on_error="ignore"),
        context.attempt(hub.publish, event, on_error="raise"),
        context.attempt(hub.publish, event, synchronous=True),
        context.attempt(hub.publish, event, synchronous=True, on_reply=print),
        context.attempt(hub.publish_reply, event, {"a": 1}),
        context.attempt(hub.disconnect),
    ]


def case_hub_properties(api, session, context):
    hub = session.event_hub
    made = api.event.hub.EventHub("https://example.com:8443", "user", "key")
    plain = api.event.hub.EventHub(
        "http://example.com", "user", "key", headers={"a": "b"}, cookies={"c": "d"}
    )
    return [
        hub.connected,
        hub.secure,
        hub.get_server_url(),
        [made.secure, made.get_server_url(), made.get_network_location(), made.connected],
        [plain.secure, plain.get_server_url(), plain.get_network_location()],
        [tuple(item.server) for item in (made, plain)],
    ]


def case_hub_of_wrong_addresses(api, context):
    hub = api.event.hub.EventHub
    return [
        context.attempt(lambda u=url: hub(u, "user", "key").get_server_url())
        for url in ("example.com", "http://", "")
    ]


def case_connect_to_nothing(api, context):
    hub = api.event.hub.EventHub("http://127.0.0.1:1", "user", "key")
    return [context.attempt(hub.connect), hub.connected]


def case_connect(api, session, context):
    hub = session.event_hub
    hub.connect()
    found = [hub.connected, context.attempt(hub.connect)]
    hub.disconnect()
    return [*found, hub.connected, context.attempt(hub.disconnect)]


def case_connect_at_the_start(api, context):
    with connected(context) as other:
        hub = other.event_hub
        found = hub.connected
        # The official client cannot be closed between being connected and receiving.
        seen = []
        hub.subscribe("topic=differential.start", seen.append)
        hub.publish(api.event.base.Event("differential.start"))
        received = wait_for(other, lambda: seen)
    return [found, bool(received), hub.connected]


def case_reconnect(api, session, context):
    hub = session.event_hub
    hub.connect()
    seen = []
    hub.subscribe("topic=differential.reconnect", seen.append)
    hub.reconnect(attempts=3, delay=0.1)
    found = [hub.connected]
    hub.publish(api.event.base.Event("differential.reconnect"))
    wait_for(session, lambda: seen)
    return [*found, len(seen)]


def case_init_connection(api, session, context):
    hub = session.event_hub
    hub.init_connection()
    return hub.connected


def case_between_sessions(api, context):
    topic = f"differential.{context.name}"
    with connected(context) as one, connected(context) as two:
        seen = []
        two.event_hub.subscribe(f"topic={topic}", seen.append)
        deadline = time.monotonic() + 8
        while not seen and time.monotonic() < deadline:
            one.event_hub.publish(api.event.base.Event(topic, data={"a": [1, "ä", None]}))
            wait_for(two, lambda: seen, 0.5)
        event = seen[0]
        return [
            event["data"],
            sorted(event.keys()),
            event["source"]["user"],
            sorted(event["source"]),
            event["topic"],
        ]


def case_reply(api, context):
    topic = f"differential.{context.name}"
    with connected(context) as one, connected(context) as two:
        replies = []
        two.event_hub.subscribe(f"topic={topic}", lambda event: {"answer": event["data"]["q"] * 2})
        deadline = time.monotonic() + 8
        while not replies and time.monotonic() < deadline:
            one.event_hub.publish(api.event.base.Event(topic, data={"q": 4}), on_reply=replies.append)
            wait_for(two, lambda: False, 0.2)
            wait_for(one, lambda: replies, 0.3)
        reply = replies[0]
        return [
            reply["data"],
            reply["topic"],
            reply["in_reply_to_event"] is not None,
            reply["target"] is not None,
        ]


def case_publish_reply(api, context):
    topic = f"differential.{context.name}"
    with connected(context) as one, connected(context) as two:
        replies = []

        def answer(event):
            two.event_hub.publish_reply(event, data={"by": "hand"}, source={"extra": "x"})

        two.event_hub.subscribe(f"topic={topic}", answer)
        deadline = time.monotonic() + 8
        while not replies and time.monotonic() < deadline:
            one.event_hub.publish(api.event.base.Event(topic), on_reply=replies.append)
            wait_for(two, lambda: False, 0.2)
            wait_for(one, lambda: replies, 0.3)
        return [replies[0]["data"], replies[0]["source"].get("extra"), replies[0]["topic"]]


def case_own_events(api, context):
    topic = f"differential.{context.name}"
    with connected(context) as one:
        seen = []
        one.event_hub.subscribe(f"topic={topic}", seen.append)
        deadline = time.monotonic() + 8
        while not seen and time.monotonic() < deadline:
            one.event_hub.publish(api.event.base.Event(topic))
            wait_for(one, lambda: seen, 0.5)
        return [len(seen) > 0, seen[0]["source"]["id"] == one.event_hub.id]


def case_synchronous_stays_here(api, context):
    topic = f"differential.{context.name}"
    with connected(context) as one, connected(context) as two:
        seen, here = [], []
        two.event_hub.subscribe(f"topic={topic}", seen.append)
        one.event_hub.subscribe(f"topic={topic}", lambda event: here.append(1) or 5)
        wait_for(two, lambda: False, 0.2)
        result = one.event_hub.publish(api.event.base.Event(topic), synchronous=True)
        wait_for(two, lambda: seen, 0.3)
        return [result, here, len(seen)]


def case_targets_between_sessions(api, context):
    topic = f"differential.{context.name}"
    with connected(context) as one:
        seen = []
        one.event_hub.subscribe(
            f"topic={topic}", lambda event: seen.append("a"), subscriber={"id": "aa" + context.name}
        )
        one.event_hub.subscribe(
            f"topic={topic}", lambda event: seen.append("b"), subscriber={"id": "bb" + context.name}
        )
        wait_for(one, lambda: False, 0.2)
        one.event_hub.publish(api.event.base.Event(topic, target=f"id=bb{context.name}"))
        wait_for(one, lambda: seen)
        return seen


def case_wait(api, session, context):
    session.event_hub.connect()
    started = time.monotonic()
    result = session.event_hub.wait(0.2)
    return [result, 0.1 < time.monotonic() - started < 30]


def case_wait_not_connected(api, session, context):
    return context.attempt(session.event_hub.wait, 0.1)


def case_updates(api, session, context):
    with connected(context) as one:
        seen = []
        one.event_hub.subscribe("topic=ftrack.update", seen.append)
        wait_for(one, lambda: False, 0.3)
        session.create("User", {"username": context.name})
        session.commit()
        wait_for(one, lambda: seen)
        event = seen[0]
        return [
            sorted(event["data"]),
            event["data"]["entities"][0]["action"],
            sorted(event["data"]["entities"][0]),
        ]


def case_constants(api, session, context):
    hub = api.event.hub.EventHub
    details = api.event.hub.ServerDetails("http", "host", 80)
    socket = api.event.hub.SocketIoSession("id", 1, ["websocket"])
    return [details._asdict(), socket._asdict(), isinstance(session.event_hub, hub)]
