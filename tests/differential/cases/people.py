"""Notes, users, timers, invitations, schemas, events."""


def shot_of(session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "sh", "parent": project})
    session.commit()
    return shot


def case_create_note(api, session, context):
    shot = shot_of(session, context)
    user = session.query("User where username is admin").one()
    note = shot.create_note("hello", author=user)
    session.commit()
    note.create_reply("yes", author=user)
    session.commit()
    with context.new_session() as other:
        found = other.get("Shot", shot["id"])["notes"]
        return [
            [n["content"] for n in found],
            [r["content"] for r in found[0]["replies"]],
            found[0]["author"]["username"],
        ]


def case_create_note_with_labels(api, session, context):
    shot = shot_of(session, context)
    user = session.query("User where username is admin").one()
    label = session.query('NoteLabel where name is "Client feedback"').first()
    note = shot.create_note("hello", author=user, recipients=[user], labels=[label])
    session.commit()
    with context.new_session() as other:
        found = other.get("Note", note["id"])
        return [
            [link["label"]["name"] for link in found["note_label_links"]],
            [r["resource_id"] == user["id"] for r in found["recipients"]],
        ]


def case_create_note_with_category(api, session, context):
    shot = shot_of(session, context)
    user = session.query("User where username is admin").one()
    category = session.query("NoteCategory").first()
    note = shot.create_note("hello", author=user, category=category)
    session.commit()
    return [len(note["note_label_links"]), note["content"]]


def case_timer(api, session, context):
    user = session.create("User", {"username": context.name})
    session.commit()
    timer = user.start_timer(comment="c", name="n")
    found = [timer["name"], timer["comment"], timer["user"] is user]
    timelog = user.stop_timer()
    return found + [
        timelog.entity_type,
        timelog["name"],
        timelog["comment"],
        session.query('Timer where user_id is "{}"'.format(user["id"])).all(),
    ]


def case_timer_twice(api, session, context):
    user = session.create("User", {"username": context.name})
    session.commit()
    user.start_timer()
    user.start_timer()


def case_timer_forced(api, session, context):
    user = session.create("User", {"username": context.name})
    session.commit()
    first = user.start_timer()
    second = user.start_timer(force=True)
    return first is second


def case_stop_without_timer(api, session, context):
    user = session.create("User", {"username": context.name})
    session.commit()
    user.stop_timer()


def case_project_schema(api, session, context):
    schema = session.query('ProjectSchema where name is "VFX"').one()
    return [
        sorted(t["name"] for t in schema.get_types("Task")),
        sorted(s["name"] for s in schema.get_statuses("Task")),
        sorted(s["name"] for s in schema.get_statuses("Shot")),
        sorted(s["name"] for s in schema.get_statuses("AssetVersion")),
        sorted(t["name"] for t in schema.get_types("AssetBuild")),
    ]


def case_project_schema_unknown(api, session, context):
    session.query("ProjectSchema").first().get_types("User")


def case_reset_remote(api, session, context):
    user = session.create("User", {"username": context.name})
    session.commit()
    first = user.reset_api_key()
    return [isinstance(first, str), len(first) > 20, first != user.reset_api_key()]


def case_reset_remote_unknown(api, session, context):
    session.reset_remote("nothing", entity=session.query("User").first())


def case_widget_url(api, session, context):
    return session.get_widget_url("tasks").startswith("http")


def case_send_user_invite(api, session, context):
    user = session.create("User", {"username": context.name, "email": "x@example.com", "is_active": True})
    session.commit()
    return session.send_user_invite(user)


def case_send_review_invites(api, session, context):
    project = context.project(session)
    review = session.create("ReviewSession", {"name": "r", "description": "d", "project": project})
    invitee = session.create(
        "ReviewSessionInvitee", {"name": "A", "email": "a@example.com", "review_session": review}
    )
    session.commit()
    session.send_review_session_invite(invitee)
    session.send_review_session_invites([invitee])
    return (
        session.query(
            'select last_sent_at from ReviewSessionInvitee where id is "{}"'.format(invitee["id"])
        ).one()["last_sent_at"]
        is not None
    )


def case_local_events(api, session, context):
    seen = []
    session.event_hub.subscribe("topic=a", lambda event: seen.append(event["data"]) or 1)
    session.event_hub.subscribe("topic=a and data.x=1", lambda event: 2, priority=1)
    event = api.event.base.Event("a", data={"x": 1})
    results = session.event_hub.publish(event, synchronous=True)
    return [seen, results]


def case_event_stop(api, session, context):
    seen = []
    session.event_hub.subscribe("topic=a", lambda event: (seen.append(1), event.stop()), priority=1)
    session.event_hub.subscribe("topic=a", lambda event: seen.append(2), priority=2)
    session.event_hub.publish(api.event.base.Event("a"), synchronous=True)
    return seen


def case_publish_without_connection(api, session, context):
    session.event_hub.publish(api.event.base.Event("a"))


def case_event_is_a_mapping(api, context):
    event = api.event.base.Event("a", data={"x": 1})
    return [
        sorted(event.keys()),
        event["topic"],
        event["target"],
        event.is_stopped() if hasattr(event, "is_stopped") else None,
    ]


def case_expression(api, context):
    parser = api.event.expression.Parser()
    found = []
    for text in ("a=1", "a.b=x and c!=2", "not a=1", "(a=1 or b=2) and c=3", "a=x*"):
        found.append(
            [
                parser.parse(text).match(candidate)
                for candidate in (
                    {"a": 1},
                    {"a": "1"},
                    {"a": {"b": "x"}, "c": 3},
                    {"b": 2, "c": 3},
                    {"a": "xyz"},
                )
            ]
        )
    return found


def case_bad_expression(api, session, context):
    session.event_hub.subscribe("topic", lambda event: None)


def case_server_information(api, session, context):
    return sorted(session.server_information)


def case_lists(api, session, context):
    project = context.project(session)
    category = session.query("ListCategory").first()
    made = session.create(
        "AssetVersionList",
        {"name": "l", "owner": session.query("User").first(), "project": project, "category": category},
    )
    session.commit()
    return [made.entity_type, made["is_open"], len(made["items"])]


def case_assignments(api, session, context):
    shot = shot_of(session, context)
    user = session.query("User").first()
    task = session.create("Task", {"name": "t", "parent": shot})
    session.create("Appointment", {"context": task, "resource": user, "type": "assignment"})
    session.commit()
    with context.new_session() as other:
        return [a["resource"]["username"] for a in other.get("Task", task["id"])["assignments"]]


def case_links(api, session, context):
    shot = shot_of(session, context)
    other = session.create("Shot", {"name": "b", "parent": shot["parent"]})
    session.create("TypedContextLink", {"from": shot, "to": other})
    session.commit()
    with context.new_session() as reader:
        return [
            len(reader.get("Shot", other["id"])["incoming_links"]),
            len(reader.get("Shot", shot["id"])["outgoing_links"]),
        ]


def case_note_recipients_default(api, session, context):
    shot = shot_of(session, context)
    note = shot.create_note("x", author=session.query("User").first())
    session.commit()
    session.reset()
    return len(session.get("Note", note["id"])["recipients"])
