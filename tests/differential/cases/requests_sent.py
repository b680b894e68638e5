"""What reaches the server: order and content of batches."""


def prepared(session, context):
    project = context.project(session)
    shots = [session.create("Shot", {"name": f"s{index}", "parent": project}) for index in range(3)]
    session.commit()
    return project["id"], [shot["id"] for shot in shots]


def case_create(api, session, context):
    key, _ = prepared(session, context)
    with context.recorded_session() as (other, batches):
        project = other.get("Project", key)
        batches.clear()
        other.create("Shot", {"name": "x", "parent": project, "description": "d"})
        other.commit()
        return batches


def case_create_with_relations(api, session, context):
    key, _ = prepared(session, context)
    with context.recorded_session() as (other, batches):
        project = other.get("Project", key)
        user = other.query("User").first()
        batches.clear()
        shot = other.create("Shot", {"name": "x", "parent": project})
        task = other.create("Task", {"name": "t", "parent": shot})
        other.create("Appointment", {"context": task, "resource": user, "type": "assignment"})
        note = other.create("Note", {"content": "c", "author": user})
        task["notes"].append(note)
        other.commit()
        return batches


def case_create_with_metadata(api, session, context):
    key, _ = prepared(session, context)
    with context.recorded_session() as (other, batches):
        project = other.get("Project", key)
        batches.clear()
        other.create("Shot", {"name": "x", "parent": project, "metadata": {"a": "1"}})
        other.commit()
        return batches


def case_update(api, session, context):
    key, _ = prepared(session, context)
    with context.recorded_session() as (other, batches):
        project = other.query(f'select name, full_name from Project where id is "{key}"').one()
        batches.clear()
        project["full_name"] = "a"
        project["full_name"] = "b"
        project["status"] = "hidden"
        other.commit()
        return batches


def case_update_reference(api, session, context):
    key, (one, two, _) = prepared(session, context)
    with context.recorded_session() as (other, batches):
        shots = other.query(f'select name, parent from Shot where project_id is "{key}" order by name').all()
        batches.clear()
        shots[0]["parent"] = shots[1]
        other.commit()
        return [list(batches), shots[0]["parent_id"] == shots[1]["id"]]


def case_update_collapses(api, session, context):
    key, _ = prepared(session, context)
    with context.recorded_session() as (other, batches):
        shots = other.query(
            f'select name, description from Shot where project_id is "{key}" order by name'
        ).all()
        batches.clear()
        shots[0]["description"] = "a"
        shots[1]["description"] = "b"
        shots[0]["name"] = "renamed"
        shots[1]["description"] = "c"
        other.commit()
        return batches


def case_create_and_update(api, context):
    with context.recorded_session() as (other, batches):
        user = other.create("User", {"username": context.name})
        user["first_name"] = "A"
        user["first_name"] = "B"
        other.commit()
        return batches


def case_create_and_delete(api, session, context):
    key, _ = prepared(session, context)
    with context.recorded_session() as (other, batches):
        project = other.get("Project", key)
        batches.clear()
        shot = other.create("Shot", {"name": "x", "parent": project})
        shot["description"] = "y"
        other.delete(shot)
        project["full_name"] = "z"
        other.commit()
        return batches


def case_update_and_delete(api, session, context):
    key, (one, _, _) = prepared(session, context)
    with context.recorded_session() as (other, batches):
        shot = other.get("Shot", one)
        batches.clear()
        shot["description"] = "y"
        other.delete(shot)
        other.commit()
        return batches


def case_delete(api, session, context):
    key, shots = prepared(session, context)
    with context.recorded_session() as (other, batches):
        found = [other.get("Shot", shot) for shot in shots]
        batches.clear()
        for shot in found:
            other.delete(shot)
        other.commit()
        return batches


def case_metadata(api, session, context):
    project = context.project(session, metadata={"a": "1", "b": "2"})
    with context.recorded_session() as (other, batches):
        theirs = other.query('select metadata from Project where id is "{}"'.format(project["id"])).one()
        batches.clear()
        theirs["metadata"]["a"] = "changed"
        other.commit()
        theirs["metadata"]["c"] = "3"
        other.commit()
        del theirs["metadata"]["b"]
        other.commit()
        return batches


def case_custom_attribute(api, session, context):
    key, (one, _, _) = prepared(session, context)
    with context.recorded_session() as (other, batches):
        shot = other.query(f'select custom_attributes from Shot where id is "{one}"').one()
        batches.clear()
        shot["custom_attributes"]["fstart"] = 1
        shot["custom_attributes"]["fend"] = 2
        other.commit()
        return batches


def case_collection(api, session, context):
    key, shots = prepared(session, context)
    made = session.create(
        "TypedContextList",
        {
            "name": "l",
            "owner": session.query("User").first(),
            "project": session.get("Project", key),
            "category": session.query("ListCategory").first(),
        },
    )
    session.commit()
    with context.recorded_session() as (other, batches):
        theirs = other.query('select items from TypedContextList where id is "{}"'.format(made["id"])).one()
        found = [other.get("Shot", shot) for shot in shots]
        batches.clear()
        for shot in found:
            theirs["items"].append(shot)
        other.commit()
        theirs["items"].remove(found[0])
        other.commit()
        return batches


def case_paging(api, session, context):
    key, _ = prepared(session, context)
    with context.recorded_session() as (other, batches):
        expression = f'select name from Shot where project_id is "{key}" order by name'
        counts = []
        for size in (1, 2, 3, 500):
            batches.clear()
            other.query(expression, page_size=size).all()
            counts.append(
                [action["expression"].split("order by")[1] for batch in batches for action in batch]
            )
        return counts


def case_paging_on_demand(api, session, context):
    key, _ = prepared(session, context)
    with context.recorded_session() as (other, batches):
        query = other.query(f'select name from Shot where project_id is "{key}" order by name', page_size=1)
        counts = [len(batches)]
        query[0]["name"]
        counts.append(len(batches))
        query[1]["name"]
        counts.append(len(batches))
        len(query)
        counts.append(len(batches))
        list(query)
        return [*counts, len(batches)]


def case_paging_with_limit(api, session, context):
    key, _ = prepared(session, context)
    with context.recorded_session() as (other, batches):
        counts = []
        for tail in ("limit 2", "offset 1", "offset 1 limit 1"):
            batches.clear()
            found = other.query(
                f'select name from Shot where project_id is "{key}" order by name {tail}', page_size=2
            ).all()
            counts.append(
                [
                    len(found),
                    [action["expression"].split("order by name")[1] for batch in batches for action in batch],
                ]
            )
        return counts


def case_limit_across_pages(api, session, context):
    key, _ = prepared(session, context)
    with context.recorded_session() as (other, batches):
        found = other.query(
            f'select name from Shot where project_id is "{key}" order by name limit 3', page_size=2
        ).all()
        return [
            len(found),
            [action["expression"].split("order by name")[1] for batch in batches for action in batch],
        ]


def case_first_and_one(api, session, context):
    key, _ = prepared(session, context)
    with context.recorded_session() as (other, batches):
        other.query(f'select name from Shot where project_id is "{key}"').first()
        other.query(f'select name from Project where id is "{key}"').one()
        return batches


def case_query_is_lazy(api, context):
    with context.recorded_session() as (other, batches):
        other.query("State")
        return batches


def case_default_projections(api, context):
    with context.recorded_session() as (other, batches):
        other.query('Project where name is "nothing"').all()
        other.query("select id from State limit 1").all()
        return [
            [" ".join(sorted(action["expression"].replace(",", "").split())) for action in batch]
            for batch in batches
        ]


def case_get(api, session, context):
    key, _ = prepared(session, context)
    with context.recorded_session() as (other, batches):
        other.get("Project", key)
        return [
            [sorted(action) for action in batch]
            + [action["expression"].split(" from ")[1].replace("(", "").replace(")", "") for action in batch]
            for batch in batches
        ]


def case_auto_population(api, session, context):
    key, _ = prepared(session, context)
    with context.recorded_session() as (other, batches):
        project = other.query(f'select id from Project where id is "{key}"').one()
        batches.clear()
        project["thumbnail_id"]
        return len(batches)


def case_populate(api, session, context):
    key, _ = prepared(session, context)
    with context.recorded_session() as (other, batches):
        found = other.query(f'select id from Shot where project_id is "{key}"').all()
        batches.clear()
        other.populate(found, "name")
        other.populate(found, "name")
        return len(batches)


def case_commit_of_nothing(api, context):
    with context.recorded_session() as (other, batches):
        other.commit()
        user = other.create("User", {"username": context.name})
        other.delete(user)
        other.commit()
        return batches


def case_dates(api, session, context):
    import datetime as dt

    key, _ = prepared(session, context)
    with context.recorded_session() as (other, batches):
        project = other.query(f'select name from Project where id is "{key}"').one()
        batches.clear()
        project["start_date"] = dt.datetime(2020, 1, 2, 3, 4, 5)
        project["end_date"] = dt.date(2021, 1, 2)
        other.commit()
        return [batches, str(batches[0][0]["entity_data"]["start_date"]["value"])[:10]]


def case_server_actions(api, session, context):
    user = session.create("User", {"username": context.name, "email": "x@example.com"})
    project = context.project(session)
    review = session.create("ReviewSession", {"name": "r", "project": project})
    invitee = session.create(
        "ReviewSessionInvitee", {"name": "a", "email": "a@example.com", "review_session": review}
    )
    session.commit()
    keys = [user["id"], project["id"], invitee["id"]]
    with context.recorded_session() as (other, batches):
        user, project, invitee = (
            other.get("User", keys[0]),
            other.get("Project", keys[1]),
            other.get("ReviewSessionInvitee", keys[2]),
        )
        batches.clear()
        other.reset_remote("api_key", entity=user)
        other.get_widget_url("tasks")
        other.get_widget_url("info", entity=project, theme="dark")
        other.get_upload_metadata("x", "a.txt", 5, checksum="rL0Y20zC+Fzt72VPzMSk2A==")
        other.get_upload_metadata("x", "a.txt", 5)
        other.send_user_invite(user)
        other.send_user_invites([user, user])
        other.send_review_session_invite(invitee)
        other.send_review_session_invites([invitee])
        return batches


def case_version_in_one_commit(api, session, context):
    key, (one, _, _) = prepared(session, context)
    with context.recorded_session() as (other, batches):
        shot = other.get("Shot", one)
        kind = other.query('AssetType where name is "Upload"').one()
        batches.clear()
        asset = other.create("Asset", {"name": "a", "parent": shot, "type": kind})
        version = other.create("AssetVersion", {"asset": asset, "comment": "c"})
        version.create_component("/nowhere/x.mov", {"name": "main"}, location=None)
        other.commit()
        return batches


def case_ensure(api, context):
    with context.recorded_session() as (other, batches):
        other.ensure(
            "User", {"username": context.name, "email": "a@example.com"}, identifying_keys=["username"]
        )
        first = len(batches)
        other.ensure(
            "User", {"username": context.name, "email": "b@example.com"}, identifying_keys=["username"]
        )
        return [first, len(batches), [action["action"] for batch in batches for action in batch], batches[-1]]


def case_failed_commit_is_sent_again(api, context):
    with context.recorded_session() as (other, batches):
        other.create("AssetVersion", {"comment": "x"})
        context.attempt(other.commit)
        context.attempt(other.commit)
        return [len(batches), batches[0] == batches[1]]


def case_start(api, context):
    with context.recorded_session() as (other, batches):
        return [other.server_information is not None, batches]
