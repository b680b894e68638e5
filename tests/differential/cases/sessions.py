"""The methods and arguments of a session."""

import datetime as dt
import json
import os
import threading


def site(session, context, count=3):
    project = context.project(session)
    shots = [session.create("Shot", {"name": f"s{index}", "parent": project}) for index in range(count)]
    session.commit()
    return project, shots


def case_properties(api, session, context):
    return [
        session.server_url,
        session.api_key,
        session.api_user == context.ready["api_user"],
        session.closed,
        session.auto_populate,
        session.record_operations,
        isinstance(session.event_hub, api.event.hub.EventHub),
        session.event_hub.connected,
        session.created,
        session.modified,
        session.deleted,
        len(session.recorded_operations),
        isinstance(session, api.Session),
        api.session.Session is api.Session,
        session.request_timeout,
        type(session.schemas).__name__,
        sorted(s["id"] for s in session.schemas)[:4],
    ]


def case_read_only_properties(api, session, context):
    found = []
    for name in (
        "server_url",
        "api_user",
        "api_key",
        "event_hub",
        "closed",
        "created",
        "modified",
        "deleted",
        "server_information",
    ):
        found.append(context.attempt(setattr, session, name, "x"))
    return found


def case_context_manager(api, context):
    with context.new_session() as other:
        found = [other.closed]
    return [*found, other.closed, context.attempt(lambda: other.query("State").first())]


def case_use_after_close(api, session, context):
    session.close()
    return [
        context.attempt(session.get, "State", "x"),
        context.attempt(session.commit),
        context.attempt(session.call, []),
    ]


def case_leaving_with_an_error(api, context):
    def leave():
        with context.new_session() as other:
            others.append(other)
            raise ValueError("x")

    others = []
    return [context.attempt(leave), others[0].closed]


def case_arguments_missing(api, context):
    found = []
    for name in (
        "FTRACK_SERVER",
        "FTRACK_API_KEY",
        "FTRACK_API_USER",
        "LOGNAME",
        "USER",
        "LNAME",
        "USERNAME",
    ):
        os.environ.pop(name, None)
    found.append(context.attempt(api.Session))
    found.append(context.attempt(api.Session, server_url=context.ready["url"]))
    return found


def case_environment(api, session, context):
    os.environ["FTRACK_SERVER"] = context.ready["url"]
    os.environ["FTRACK_API_KEY"] = context.ready["api_key"]
    os.environ["FTRACK_API_USER"] = context.ready["api_user"]
    try:
        with api.Session() as other:
            return [
                other.server_url,
                other.api_key,
                other.api_user == session.api_user,
                other.query("State").first() is not None,
            ]
    finally:
        for name in ("FTRACK_SERVER", "FTRACK_API_KEY", "FTRACK_API_USER"):
            del os.environ[name]


def case_user_of_the_machine(api, context):
    os.environ["LOGNAME"] = os.environ["USER"] = context.ready["api_user"]
    try:
        with api.Session(server_url=context.ready["url"], api_key=context.ready["api_key"]) as other:
            return other.api_user == context.ready["api_user"]
    finally:
        del os.environ["LOGNAME"], os.environ["USER"]


def case_wrong_key(api, context):
    return context.attempt(context.new_session, api_key="wrong")


def case_wrong_user(api, context):
    return context.attempt(context.new_session, api_user="nobody-of-that-name")


def case_addresses(api, context):
    url = context.ready["url"]
    found = []
    for text in (url + "/", url + "///", url.replace("http://", "HTTP://")):
        made = context.attempt(context.new_session, server_url=text)
        if not isinstance(made, dict):
            found.append(made.server_url.lower())
            made.close()
        else:
            found.append(made)
    return [*found, context.attempt(context.new_session, server_url="")]


def case_address_with_blanks(api, context):
    with context.new_session(server_url=f"  {context.ready['url']}  ") as other:
        return other.server_url


def case_unreachable(api, context):
    return [
        context.attempt(context.new_session, server_url="http://127.0.0.1:1"),
    ]


def case_no_server_of_ftrack(api, context):
    return [context.attempt(context.new_session, server_url=context.ready["url"] + "/nothing/here")]


def case_timeout(api, context):
    with context.new_session(timeout=17) as other:
        return [other.request_timeout, other.query("State").first() is not None]


def case_environment_timeout(api, context):
    os.environ["FTRACK_API_SESSION_TIMEOUT"] = "23"
    try:
        with context.new_session() as other:
            return other.request_timeout
    finally:
        del os.environ["FTRACK_API_SESSION_TIMEOUT"]


def case_headers_and_cookies(api, context):
    with context.new_session(headers={"x-studio": "a"}, cookies={"c": "1"}) as other:
        request = other._request
        return [
            request.headers.get("x-studio"),
            request.cookies.get("c"),
            other.query("State").first() is not None,
        ]


def case_headers_of_wrong_type(api, context):
    return [
        context.attempt(context.new_session, headers="text"),
        context.attempt(context.new_session, cookies="text"),
    ]


def case_strict_api(api, context):
    found = []
    for strict in (True, False):
        with context.new_session(strict_api=strict) as other:
            found.append(other._request.headers.get("ftrack-strict-api"))
            found.append(context.attempt(other.query("Project where nothing is 1").all))
            found.append(
                context.attempt(
                    other.call, [{"action": "create", "entity_type": "Nothing", "entity_data": {}}]
                )
            )
    return found


def case_auto_populate_argument(api, context):
    with context.new_session(auto_populate=False) as other:
        state = other.query("select id from State").first()
        return [other.auto_populate, state["name"]]


def case_auto_populate_property(api, context):
    with context.new_session() as other:
        other.auto_populate = False
        state = other.query("select id from State").first()
        found = [state["color"] if "color" in state else state["name"]]
        other.auto_populate = True
        return [*found, state["name"] is not None]


def case_auto_populating_nested(api, session, context):
    seen = []
    with session.auto_populating(False):
        seen.append(session.auto_populate)
        with session.auto_populating(True):
            seen.append(session.auto_populate)
        seen.append(session.auto_populate)
    seen.append(session.auto_populate)
    with session.auto_populating(False), session.auto_populating(False):
        seen.append(session.auto_populate)
    return [*seen, session.auto_populate]


def case_switches_are_per_thread(api, session, context):
    seen = []
    with session.auto_populating(False), session.operation_recording(False):
        thread = threading.Thread(
            target=lambda: seen.extend([session.auto_populate, session.record_operations])
        )
        thread.start()
        thread.join(5)
        return [seen, session.auto_populate, session.record_operations]


def case_recording_property(api, session, context):
    project = context.project(session)
    session.record_operations = False
    project["full_name"] = "x"
    found = [len(session.recorded_operations), api.inspection.state(project)]
    session.record_operations = True
    project["full_name"] = "y"
    return [*found, len(session.recorded_operations)]


def case_operations_put_in_the_place_of_others(api, session, context):
    project = context.project(session)
    session.commit()
    project["full_name"] = "kept"
    kept = session.recorded_operations
    session.recorded_operations = api.operation.Operations()
    found = [len(session.recorded_operations), len(kept)]
    project["status"] = "hidden"
    found.append(len(session.recorded_operations))
    session.commit()
    found.append(len(session.recorded_operations))
    session.recorded_operations = kept
    found.append([len(session.recorded_operations), api.inspection.state(project)])
    session.commit()
    with context.new_session() as other:
        theirs = other.get("Project", project["id"])
        found.append([theirs["full_name"], theirs["status"]])
    own = api.operation.Operations()
    own.push(
        api.operation.UpdateEntityOperation("Project", {"id": project["id"]}, "full_name", "kept", "pushed")
    )
    session.recorded_operations = own
    session.commit()
    with context.new_session() as other:
        found.append(other.get("Project", project["id"])["full_name"])
    return found


def case_recording_left_after_an_error(api, session, context):
    def fail():
        with session.operation_recording(False):
            raise ValueError("x")

    context.attempt(fail)
    return session.record_operations


def case_created_without_recording(api, session, context):
    with session.operation_recording(False):
        made = session.create("User", {"username": context.name})
    session.commit()
    return [
        made["username"],
        session.query(f'User where username is "{context.name}"').all(),
        api.inspection.state(made),
    ]


def case_check_server_compatibility(api, session, context):
    found = [session.check_server_compatibility()]
    information = session.server_information
    original = dict(information)
    for version in ("3.3.10", "2.0.0", "3.3.11", "25.1.0", "dev", "something"):
        information["version"] = version
        found.append(context.attempt(session.check_server_compatibility))
    del information["version"]
    found.append(context.attempt(session.check_server_compatibility))
    information.update(original)
    return found


def case_reset_remote(api, session, context):
    user = session.create("User", {"username": context.name})
    session.commit()
    found = session.reset_remote("api_key", entity=user)
    return [
        sorted(found) if hasattr(found, "keys") else type(found).__name__,
        context.attempt(session.reset_remote, "api_key"),
    ]


def case_create_forms(api, session, context):
    project = context.project(session)
    with_id = session.create(
        "Shot", {"name": "a", "parent": project, "id": "5a8a3b1c-0000-4000-8000-aaaaaaaaaaaa"}
    )
    by_reference = session.create(
        "Shot", {"name": "b", "parent_id": project["id"], "project_id": project["id"]}
    )
    session.commit()
    return [
        with_id["id"][:8],
        by_reference["parent"] is project,
        context.attempt(session.create, "User", 5),
        context.attempt(session.create, None),
    ]


def case_create_reconstructing(api, session, context):
    project = context.project(session)
    with context.new_session() as other:
        made = other.create("Project", data={"id": project["id"]}, reconstructing=True)
        return [
            api.inspection.state(made),
            len(other.recorded_operations),
            made["name"],
            made is other.get("Project", project["id"]),
        ]


def case_create_reconstructing_without_key(api, session, context):
    return context.attempt(session.create, "Project", {"name": "x"}, reconstructing=True)


def case_create_twice_with_one_key(api, session, context):
    key = "5a8a3b1c-0000-4000-8000-bbbbbbbbbbbb"
    session.create("User", {"username": context.name, "id": key})
    return [
        context.attempt(session.create, "User", {"username": context.name + "2", "id": key}),
        context.attempt(session.commit),
    ]


def case_create_with_none(api, session, context):
    user = session.create("User", {"username": context.name, "email": None, "first_name": None})
    session.commit()
    return [user["email"], user["first_name"]]


def case_create_data_is_kept(api, session, context):
    data = {"username": context.name}
    session.create("User", data)
    return data == {"username": context.name}


def case_ensure_with_dates(api, session, context):
    project = context.project(session)
    date = dt.datetime(2020, 5, 6, 7, 8, 9)
    data = {"name": "dated", "parent_id": project["id"], "start_date": date, "project_id": project["id"]}
    first = session.ensure("Task", data)
    second = session.ensure("Task", data)
    return [first is second, first["start_date"].isoformat()[:19]]


def case_ensure_updates_dates(api, session, context):
    project = context.project(session)
    data = {
        "name": "dated",
        "project_id": project["id"],
        "parent_id": project["id"],
        "start_date": dt.datetime(2020, 5, 6),
    }
    keys = ["name", "project_id"]
    first = session.ensure("Task", data, identifying_keys=keys)
    data["start_date"] = dt.datetime(2021, 1, 1)
    second = session.ensure("Task", data, identifying_keys=keys)
    with context.new_session() as other:
        return [
            first is second,
            str(other.get("Task", first["id"])["start_date"])[:10],
            len(session.recorded_operations),
        ]


def case_ensure_of_other_values(api, session, context):
    first = session.ensure("User", {"username": context.name, "is_active": True})
    second = session.ensure("User", {"username": context.name, "is_active": True})
    third = session.ensure(
        "User", {"username": context.name, "is_active": False}, identifying_keys=["username"]
    )
    with context.new_session() as other:
        return [first is second, third is first, other.get("User", first["id"])["is_active"]]


def case_ensure_errors(api, session, context):
    return [
        context.attempt(session.ensure, "User", {}),
        context.attempt(session.ensure, "User", {"username": "x"}, identifying_keys=["nothing"]),
        context.attempt(session.ensure, "User", {"nothing": "x"}),
    ]


def case_ensure_of_a_unique_match(api, session, context):
    project, _ = site(session, context)
    return context.attempt(
        session.ensure, "Shot", {"project_id": project["id"]}, identifying_keys=["project_id"]
    )


def case_delete_what_was_deleted(api, session, context):
    project, shots = site(session, context)
    session.delete(shots[0])
    again = context.attempt(session.delete, shots[0])
    session.commit()
    return [again, context.attempt(session.delete, shots[0]), context.attempt(session.commit)]


def case_delete_of_nothing(api, session, context):
    return [context.attempt(session.delete, None), context.attempt(session.delete, 5)]


def case_delete_with_children(api, session, context):
    project, shots = site(session, context)
    session.delete(project)
    session.commit()
    with context.new_session() as other:
        return [other.get("Project", project["id"]), [other.get("Shot", shot["id"]) for shot in shots]]


def case_get_forms(api, session, context):
    project = context.project(session, metadata={"a": "1"})
    return [
        session.get("Metadata", [project["id"], "a"])["value"],
        session.get("Metadata", (project["id"], "a"))["value"],
        context.attempt(session.get, "Metadata", "x"),
        session.get("TypedContext", project["id"]),
        context.attempt(session.get, "Project", []),
        session.get("Project", "5a8a3b1c-0000-4000-8000-cccccccccccc"),
    ]


def case_get_none(api, session, context):
    return session.get("Project", None)


def case_ensure_of_an_unknown_type(api, session, context):
    session.ensure("Nothing", {"name": "x"})


def case_get_of_a_subtype(api, session, context):
    _, shots = site(session, context)
    with context.new_session() as other:
        found = other.get("TypedContext", shots[0]["id"])
        return [
            found.entity_type,
            found is other.get("Shot", shots[0]["id"]),
            other.get("Task", shots[0]["id"]),
        ]


def case_get_does_not_ask_twice(api, session, context):
    project = context.project(session)
    with context.recorded_session() as (other, batches):
        first = other.get("Project", project["id"])
        second = other.get("Project", project["id"])
        return [first is second, len(batches)]


def case_merge_of_values(api, session, context):
    with context.new_session() as other:
        project = context.project(session)
        return [
            other.merge(5),
            other.merge("x"),
            other.merge([1, {"a": 2}]),
            other.merge(None),
            [type(e).__name__ for e in other.merge([project, project])],
            other.merge({"p": project})["p"]["name"],
        ]


def case_merge_relations(api, session, context):
    project, shots = site(session, context, 2)
    session.query(
        'select name, children.name, parent from Project where id is "{}"'.format(project["id"])
    ).one()
    with context.new_session() as other:
        theirs = other.merge(project)
        return [
            sorted(c["name"] for c in theirs["children"]),
            all(c.session is other for c in theirs["children"]),
            theirs["children"][0]["parent"] is theirs,
        ]


def case_merge_changes(api, session, context):
    project = context.project(session)
    project["full_name"] = "local"
    with context.new_session() as other:
        theirs = other.merge(project)
        return [theirs["full_name"], api.inspection.state(theirs), len(other.recorded_operations)]


def case_merge_created(api, session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "new", "parent": project})
    with context.new_session() as other:
        theirs = other.merge(shot)
        return [theirs["name"], api.inspection.state(theirs), len(other.recorded_operations)]


def case_merge_into_known(api, session, context):
    project = context.project(session)
    with context.new_session() as other:
        theirs = other.get("Project", project["id"])
        theirs["full_name"] = "theirs"
        project["full_name"] = "ours"
        session.commit()
        merged = other.merge(project)
        return [
            merged is theirs,
            merged["full_name"],
            merged.attributes.get("full_name").get_remote_value(merged),
            api.inspection.state(merged),
        ]


def case_entity_merge(api, session, context):
    project = context.project(session)
    with context.new_session() as other:
        mine = other.get("Project", project["id"])
        project["full_name"] = "changed"
        session.commit()
        changes = mine.merge(project)
        return [
            mine["full_name"],
            [change["name"] for change in changes if change["name"] == "full_name"],
            sorted(changes[0]),
        ]


def case_populate_forms(api, session, context):
    project, shots = site(session, context)
    with context.new_session() as other:
        found = other.query('select id from Shot where project_id is "{}"'.format(project["id"])).all()
        other.populate(found, "name, parent.name")
        other.populate(found[0], "description")
        other.populate([], "name")
        with other.auto_populating(False):
            return [
                sorted(s["name"] for s in found),
                found[1]["parent"]["name"],
                found[0]["description"],
                found[1]["description"],
            ]


def case_populate_created(api, session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "new", "parent": project})
    session.populate(shot, "description, status.name")
    return [shot["name"], len(session.recorded_operations)]


def case_populate_keeps_changes(api, session, context):
    project = context.project(session)
    project["full_name"] = "x"
    session.populate(project, "full_name")
    return [project["full_name"], api.inspection.state(project)]


def case_populate_nothing(api, session, context):
    return [context.attempt(session.populate, [None], "name"), session.populate([], "")]


def case_populate_none(api, session, context):
    session.populate(None, "name")


def case_populate_without_projections(api, session, context):
    return session.populate(context.project(session), "")


def case_populate_composite_keys(api, session, context):
    project = context.project(session, metadata={"a": "1", "b": "2"})
    with context.new_session() as other:
        found = other.query('select key from Metadata where parent_id is "{}"'.format(project["id"])).all()
        other.populate(found, "value")
        with other.auto_populating(False):
            return sorted(m["value"] for m in found)


def case_commit_nothing(api, context):
    with context.recorded_session() as (other, batches):
        return [other.commit(), batches]


def case_commit_error_and_retry(api, session, context):
    project = context.project(session)
    session.create("AssetVersion", {"comment": "no asset"})
    first = context.attempt(session.commit)
    pending = len(session.recorded_operations)
    project["full_name"] = "later"
    second = context.attempt(session.commit)
    session.rollback()
    project["full_name"] = "now"
    session.commit()
    with context.new_session() as other:
        return [first, pending > 0, second, other.get("Project", project["id"])["full_name"]]


def case_rollback_of_everything(api, session, context):
    project, shots = site(session, context)
    session.create("Shot", {"name": "x", "parent": project})
    shots[0]["name"] = "other"
    shots[0]["parent"] = shots[1]
    session.delete(shots[2])
    session.rollback()
    return [
        shots[0]["name"],
        shots[0]["parent"] is project,
        api.inspection.states(shots),
        len(session.recorded_operations),
        session.created,
        session.modified,
        session.deleted,
    ]


def case_rollback_of_a_creation(api, session, context):
    user = session.create("User", {"username": context.name})
    session.rollback()
    return [api.inspection.state(user), session.get("User", user["id"]), len(session.recorded_operations)]


def case_rollback_of_a_deletion(api, session, context):
    project = context.project(session)
    session.delete(project)
    session.rollback()
    project["full_name"] = "x"
    session.commit()
    return [project["full_name"], api.inspection.state(project)]


def case_call_many(api, session, context):
    project = context.project(session)
    found = session.call(
        [
            {
                "action": "create",
                "entity_type": "Shot",
                "entity_key": None,
                "entity_data": {
                    "__entity_type__": "Shot",
                    "name": "raw",
                    "parent_id": project["id"],
                    "project_id": project["id"],
                },
            },
            {
                "action": "query",
                "expression": 'select name from Shot where project_id is "{}"'.format(project["id"]),
            },
        ]
    )
    return [found[0]["action"], found[1]["data"][0]["name"], found[1]["metadata"]]


def case_call_with_values(api, session, context):
    found = session.call([{"action": "query_schemas"}])
    return [len(found[0]) == len(session.schemas), session.call([]), context.attempt(session.call, "text")]


def case_call_nothing(api, session, context):
    return [context.attempt(session.call, None)]


def case_call_group_by(api, session, context):
    project, _ = site(session, context)
    with context.new_session(strict_api=True) as other:
        found = other.call(
            [
                {
                    "action": "query",
                    "expression": 'select count(id), project_id from Shot where project_id is "{}" group by project_id'.format(
                        project["id"]
                    ),
                }
            ]
        )
        return [sorted(found[0]["data"][0]), found[0]["data"][0].get("count_id")]


def case_encode_times(api, session, context):
    import arrow

    return [
        json.loads(session.encode(dt.datetime(2020, 1, 2, 3, 4, 5))),
        json.loads(session.encode(dt.date(2020, 1, 2))),
        json.loads(session.encode(arrow.Arrow(2020, 1, 2))),
        json.loads(session.encode({"b": 1, "a": [True, None, 1.5, "ä"]})),
        session.encode({"b": 1, "a": 2}),
        context.attempt(session.encode, object()),
    ]


def case_encode_sets(api, session, context):
    return session.encode({1})


def case_encode_entities(api, session, context):
    project = context.project(session, metadata={"a": "1"})
    project["full_name"] = "x"
    shot = session.create("Shot", {"name": "s", "parent": project})
    return [
        json.loads(session.encode(project, entity_attribute_strategy="modified_only")),
        json.loads(session.encode(shot, entity_attribute_strategy="modified_only")).get("parent"),
        json.loads(session.encode(project))["full_name"],
        json.loads(session.encode(project, entity_attribute_strategy="persisted_only"))["full_name"],
        json.loads(session.encode(project))["metadata"],
        json.loads(session.encode(shot.attributes.get("parent").get_value(shot)))["__entity_type__"],
    ]


def case_decode(api, session, context):
    project = context.project(session)
    with context.new_session() as other:
        decoded = other.decode(
            json.dumps(
                [
                    {"__entity_type__": "Project", "id": project["id"], "name": "x"},
                    {"__type__": "datetime", "value": "2020-01-02T03:04:05"},
                    {"a": 1},
                ]
            )
        )
    return [
        decoded[0]["id"] == project["id"],
        decoded[0]["name"],
        decoded[1],
        decoded[2],
        context.attempt(session.decode, "no json"),
        context.attempt(session.decode, json.dumps({"__entity_type__": "Nothing", "id": "x"})),
    ]


def case_decode_known_entities(api, session, context):
    project = context.project(session)
    return session.decode(json.dumps({"__entity_type__": "Project", "id": project["id"]})) is project


def case_entity_reference_of_created(api, session, context):
    shot = session.create("Shot", {"name": "x"})
    found = [sorted(session.entity_reference(shot)), session.entity_reference(shot)["__entity_type__"]]
    metadata = session.create(
        "Metadata", {"parent_id": shot["id"], "key": "k", "value": "v", "parent_type": "Shot"}
    )
    return [*found, sorted(session.entity_reference(metadata)), context.attempt(session.entity_reference, 5)]


def case_reset_forgets(api, session, context):
    project = context.project(session)
    seen = []
    session.event_hub.subscribe(
        "topic=ftrack.api.session.reset", lambda event: seen.append(sorted(event["data"]))
    )
    hub = session.event_hub
    session.reset()
    return [
        seen,
        session.event_hub is hub,
        session.get("Project", project["id"]) is project,
        len(session.query("Location").all()),
        session.recorded_operations is not None,
    ]


def case_ready_event(api, context):
    plugin = context.file(
        "plugins/p.py",
        b"""
def register(session):
    session.event_hub.subscribe("topic=ftrack.api.session.ready", lambda event: session.seen.append(sorted(event["data"])))
    session.seen = []
""",
    )
    with context.new_session(plugin_paths=[os.path.dirname(plugin)]) as other:
        return other.seen


def case_widget_url(api, session, context):
    project = context.project(session)
    url = session.get_widget_url("info", entity=project, theme="dark")
    return [
        url.startswith("http"),
        context.attempt(lambda: session.get_widget_url("info").startswith("http")),
        context.attempt(lambda: session.get_widget_url("nothing").startswith("http")),
        session._request.get(url).status_code,
        context.attempt(session.get_widget_url, None),
    ]


def case_upload_metadata(api, session, context):
    found = session.get_upload_metadata(
        "5a8a3b1c-0000-4000-8000-dddddddddddd", "a.mov", 7, checksum="rL0Y20zC+Fzt72VPzMSk2A=="
    )
    return [sorted(found), sorted(found["headers"]), found["component_id"]]


def invited(session, context):
    project = context.project(session)
    user = session.create("User", {"username": context.name, "email": "x@example.com"})
    review = session.create("ReviewSession", {"name": "r", "project": project})
    invitee = session.create(
        "ReviewSessionInvitee", {"name": "a", "email": "a@example.com", "review_session": review}
    )
    return user, invitee


def case_invites(api, session, context):
    user, invitee = invited(session, context)
    session.commit()
    return [
        session.send_user_invites([user]),
        session.send_review_session_invites([invitee]),
        session.send_user_invites([]),
        user.send_invite(),
    ]


def case_invites_before_commit(api, session, context):
    user, invitee = invited(session, context)
    return [
        context.attempt(session.send_user_invite, user),
        context.attempt(session.send_review_session_invites, [invitee]),
    ]


def case_pickers(api, session, context):
    component = session.create_component(context.file("a.txt"), location=None)
    session.commit()
    return [
        context.attempt(lambda: session.pick_location(component)),
        session.pick_locations([component]),
        session.pick_locations([]),
    ]


def case_availability(api, session, context):
    server = session.get("Location", api.symbol.SERVER_LOCATION_ID)
    one = session.create_component(context.file("a.txt"), location=server)
    two = session.create_component(context.file("b.txt"), location=None)
    sequence = session.create_component("/nowhere/f.%04d.exr [1-2]", location=None)
    session.commit()
    name = {location["id"]: location["name"] for location in session.query("Location").all()}

    def named(found):
        return {name[key]: value for key, value in found.items() if name[key].startswith("ftrack.")}

    return [
        named(session.get_component_availability(one)),
        [named(found) for found in session.get_component_availabilities([one, two, sequence])],
        named(session.get_component_availability(one, locations=[server])),
        named(one.get_availability()),
        named(one.get_availability(locations=[server])),
        session.get_component_availabilities([]),
        server.get_component_availability(one),
        server.get_component_availabilities([one, two]),
        named(session.get_component_availability(one, locations=[])),
    ]


def case_threads_share_a_session(api, session, context):
    project = context.project(session)
    errors = []

    def work(index):
        try:
            for number in range(3):
                session.create("Folder", {"name": f"f{index}_{number}", "parent": project})
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    session.commit()
    with context.new_session() as other:
        return [len(other.query('Folder where parent_id is "{}"'.format(project["id"])).all()), errors]


def case_schema_cache(api, context):
    with context.new_session(schema_cache_path=context.folder):
        pass
    found = sorted(os.listdir(context.folder))
    with context.new_session(schema_cache_path=context.folder) as other:
        return [len(found) > 0, other.query("State").first() is not None]


def case_schema_cache_folder_is_made(api, context):
    path = os.path.join(context.folder, "new", "folder")
    with context.new_session(schema_cache_path=path):
        return os.path.isdir(path)


def case_schema_cache_is_used(api, context):
    counts = []
    recorder = Recorded(context)
    for _ in range(2):
        with recorder.session(schema_cache_path=context.folder):
            pass
        counts.append(recorder.actions())
    return counts


class Recorded:
    """All batches that a session sends from its start."""

    def __init__(self, context):
        self.context = context
        self.recorder = context.recorder()

    def session(self, **options):
        self.recorder.batches.clear()
        return self.context.new_session(server_url=self.recorder.url, **options)

    def actions(self):
        return [action["action"] for batch in self.recorder.batches for action in batch]


def case_schema_cache_broken(api, context):
    path = context.folder
    with context.new_session(schema_cache_path=path):
        pass
    for folder, _, files in os.walk(context.folder):
        for name in files:
            with open(os.path.join(folder, name), "w") as stream:
                stream.write("{broken")
    with context.new_session(schema_cache_path=path) as other:
        return other.query("State").first() is not None


def case_schema_cache_off(api, context):
    recorder = Recorded(context)
    with recorder.session(schema_cache_path=False) as other:
        found = other.query("State").first() is not None
    return [recorder.actions(), found]


def case_schema_cache_environment(api, context):
    before = os.environ.get("FTRACK_API_SCHEMA_CACHE_PATH")
    os.environ["FTRACK_API_SCHEMA_CACHE_PATH"] = context.folder
    try:
        with context.new_session():
            return len(os.listdir(context.folder)) > 0
    finally:
        if before is None:
            del os.environ["FTRACK_API_SCHEMA_CACHE_PATH"]
        else:
            os.environ["FTRACK_API_SCHEMA_CACHE_PATH"] = before


def case_private_names(api, session, context):
    return [
        session._configure_locations() is None,
        session._request is session._request,
        session._request.auth.api_key == context.ready["api_key"],
        hasattr(session, "_local_cache"),
        session._server_url,
        [type(location).__name__ for location in session._get_locations(filter_inaccessible=True)][:2],
        session._get_filesystem_size(context.file("a.txt", b"12345")),
        session._get_filesystem_size("/nowhere"),
        [key for key in session._fetch_server_information() if key == "schema_hash"],
        type(session._query("select name from State limit 1")).__name__,
    ]


def case_private_names_of_older_clients(api, session, context):
    state = session.query("State").first()
    return [
        sorted(session._entity_reference(state)),
        len(session._call([{"action": "query_server_information"}])),
    ]


def case_closed_sockets(api, session, context):
    request = session._request
    session.close()
    return [request is not None, session.closed, session.event_hub.connected]


def case_plugin_arguments(api, context):
    plugin = context.file(
        "plugins/p.py",
        b"""
def register(session, extra=None, **keywords):
    session.seen = [extra, sorted(keywords)]
""",
    )
    with context.new_session(
        plugin_paths=[os.path.dirname(plugin)], plugin_arguments={"extra": 5, "other": 6}
    ) as other:
        return other.seen


def case_contexts_made_by_hand(api, session, context):
    seen = []
    with api.session.AutoPopulatingContext(session, False):
        seen.append(session.auto_populate)
    with api.session.OperationRecordingContext(session, False):
        seen.append(session.record_operations)
    return [*seen, session.auto_populate, session.record_operations]


def case_metaclass(api, session, context):
    base = context.module("entity.base")
    found = session.types["Project"]
    return [
        isinstance(found, base.DynamicEntityTypeMetaclass),
        repr(found).startswith("<dynamic ftrack class"),
        found.__name__,
        base.Entity.entity_type,
        base.Entity.attributes,
        base.Entity.primary_key_attributes,
        base.Entity.default_projections,
        str(context.project(session)).startswith("<Project("),
        repr(context.project).startswith("<"),
    ]


def case_entities_made_by_hand(api, session, context):
    made = session.types["User"](session, data={"username": context.name})
    return [
        made["username"],
        len(session.recorded_operations),
        len(made["id"]),
        made.session is session,
        made.entity_type,
    ]


def case_entity_methods(api, session, context):
    project = context.project(session)
    return [
        len(list(project.values())) == len(project),
        len(list(project.items())) == len(project),
        sorted(project.keys()) == sorted(project),
        project.get("nothing", "default"),
        project.get("name"),
        context.attempt(project.pop, "name"),
        context.attempt(project.popitem),
        context.attempt(project.setdefault, "name", "x"),
        context.attempt(project.update, {"full_name": "updated"}),
        project["full_name"],
        hash(project) == hash(session.get("Project", project["id"])),
    ]


def case_entity_item_deleted(api, session, context):
    project = context.project(session)
    project["full_name"] = "x"

    def delete():
        del project["full_name"]
        return [project["full_name"], api.inspection.state(project)]

    def delete_key():
        del project["id"]

    return [context.attempt(delete), context.attempt(delete_key)]


def case_expressions_of_queries(api, context):
    text = "select name from Project limit 5 offset 7"
    result = api.query.QueryResult
    return [
        result.LIMIT_EXPRESSION.search(text).groupdict(),
        result.OFFSET_EXPRESSION.search(text).groupdict(),
    ]


def case_errors_of_the_family(api, context):
    exception = api.exception
    return [
        issubclass(exception.ServerError, exception.Error),
        issubclass(exception.UnrecognisedEntityTypeError, exception.EntityTypeError),
        issubclass(exception.ImmutableAttributeError, exception.AttributeError),
        issubclass(exception.NoResultFoundError, exception.IncorrectResultError),
        issubclass(exception.MultipleResultsFoundError, exception.IncorrectResultError),
        issubclass(exception.EventHubConnectionError, exception.EventHubError),
        issubclass(exception.Error, Exception),
    ]
