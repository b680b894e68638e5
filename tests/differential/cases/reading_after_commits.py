"""What is read of an entity for the first time is as the commits of the session left it."""

import arrow


def shots_of(context):
    """A new session's project and two shots, of which nothing but what a query brings is known."""
    with context.new_session() as other:
        project = context.project(other)
        made = [other.create("Shot", {"name": name, "parent": project}) for name in "ab"]
        other.commit()
        ids = [shot["id"] for shot in made]
    session = context.new_session()
    first, second = session.query(f'Shot where id in ("{ids[0]}", "{ids[1]}") order by name').all()
    return session, first, second


def after(context, read, write, show):
    """Read something of one shot, commit a change, and return what the other one shows then."""
    session, first, second = shots_of(context)
    with session:
        read(first)
        write(session, first, second)
        session.commit()
        return show(second)


def names(entities):
    return sorted(entity["name"] for entity in entities)


def case_children_by_reference(api, session, context):
    return after(
        context,
        lambda shot: len(shot["children"]),
        lambda other, _, shot: other.create("Task", {"name": "anim", "parent": shot}),
        lambda shot: names(shot["children"]),
    )


def case_children_by_id(api, session, context):
    return after(
        context,
        lambda shot: len(shot["children"]),
        lambda other, _, shot: other.create("Task", {"name": "anim", "parent_id": shot["id"]}),
        lambda shot: names(shot["children"]),
    )


def case_children_that_move(api, session, context):
    def move(other, first, second):
        other.create("Task", {"name": "anim", "parent": first})
        other.commit()
        (task,) = other.query(f'Task where parent_id is "{first["id"]}"')
        task["parent_id"] = second["id"]

    return after(context, lambda shot: len(shot["children"]), move, lambda shot: names(shot["children"]))


def case_notes_by_id(api, session, context):
    return after(
        context,
        lambda shot: len(shot["notes"]),
        lambda other, _, shot: other.create(
            "Note", {"content": "hello", "parent_id": shot["id"], "parent_type": "Shot"}
        ),
        lambda shot: [note["content"] for note in shot["notes"]],
    )


def case_metadata(api, session, context):
    return after(
        context,
        lambda shot: dict(shot["metadata"]),
        lambda other, _, shot: other.create(
            "Metadata", {"key": "k", "value": "v", "parent_id": shot["id"], "parent_type": "Shot"}
        ),
        lambda shot: dict(shot["metadata"]),
    )


def case_timelogs(api, session, context):
    user = session.query("User").first()["id"]
    return after(
        context,
        lambda shot: (len(shot["timelogs"]), shot["time_logged"]),
        lambda other, _, shot: other.create(
            "Timelog", {"context_id": shot["id"], "user_id": user, "duration": 5, "start": arrow.utcnow()}
        ),
        lambda shot: (len(shot["timelogs"]), shot["time_logged"]),
    )


def case_link_after_a_name_above(api, session, context):
    return after(
        context,
        lambda shot: len(shot["link"]),
        lambda other, _, shot: other.get("Project", shot["project_id"]).__setitem__("name", "renamed"),
        lambda shot: [step["name"] for step in shot["link"]],
    )


def case_latest_version(api, session, context):
    with context.new_session() as other:
        kind = other.query("AssetType").first()
        asset = other.create("Asset", {"name": "comp", "parent": context.project(other), "type": kind})
        for _ in range(3):
            other.create("AssetVersion", {"asset": asset})
            other.commit()
        identifier = asset["id"]
    with context.new_session() as other:
        versions = other.query(f'AssetVersion where asset_id is "{identifier}" order by version').all()
        before = versions[0]["is_latest_version"]
        other.create("AssetVersion", {"asset_id": identifier})
        other.commit()
        return before, versions[2]["is_latest_version"]


def case_children_by_a_direct_call(api, session, context):
    def call(other, _, shot):
        data = {"__entity_type__": "Folder", "name": "plates", "parent_id": shot["id"]}
        other.call([{"action": "create", "entity_type": "Folder", "entity_data": data}])

    return after(context, lambda shot: len(shot["children"]), call, lambda shot: names(shot["children"]))


def case_a_loop_that_commits(api, session, context):
    found = []
    with context.new_session() as other:
        project = context.project(other)
        for name in "abcd":
            other.create("Shot", {"name": name, "parent": project})
        other.commit()
        identifier = project["id"]
    with context.new_session() as other:
        for shot in other.query(f'Shot where project.id is "{identifier}" order by name'):
            other.create("Task", {"name": "anim", "parent_id": shot["id"]})
            other.create("Note", {"content": "x", "parent_id": shot["id"], "parent_type": "Shot"})
            other.commit()
            found.append((len(shot["children"]), len(shot["notes"])))
    return found
