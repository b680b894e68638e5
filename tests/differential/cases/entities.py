"""Creating, reading, changing and deleting entities."""

import datetime as dt


def case_create_gives_defaults(api, session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "sh010", "parent": project})
    before = {"state": api.inspection.state(shot), "name": shot["name"], "description": shot["description"]}
    session.commit()
    return [
        before,
        api.inspection.state(shot),
        shot["project"] is project,
        shot["parent"] is project,
        shot["priority"]["name"],
        shot["object_type"]["name"],
    ]


def case_keys_and_values(api, session, context):
    project = context.project(session)
    return [
        sorted(project.keys()),
        len(project),
        "name" in project,
        "nothing" in project,
        sorted(project.attributes.keys()) == sorted(project.keys()),
    ]


def case_repr_and_str(api, session, context):
    project = context.project(session)
    return [str(project).split("(")[0], repr(project).split("(")[0]]


def case_unknown_attribute_read(api, session, context):
    return context.project(session)["nothing"]


def case_unknown_attribute_write(api, session, context):
    context.project(session)["nothing"] = 1


def case_unknown_type(api, session, context):
    session.create("Nothing", {})


def case_unknown_attribute_on_create_is_dropped(api, session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "a", "parent": project, "nothing": 1})
    session.commit()
    return shot["name"]


def case_immutable(api, session, context):
    project = context.project(session)
    project["id"] = "other"


def case_set_and_read_back(api, session, context):
    project = context.project(session)
    project["full_name"] = "New"
    states = [api.inspection.state(project)]
    session.commit()
    states.append(api.inspection.state(project))
    with context.new_session() as other:
        return [states, other.get("Project", project["id"])["full_name"]]


def case_set_to_the_same_value(api, session, context):
    project = context.project(session)
    project["full_name"] = project["full_name"]
    return [api.inspection.state(project), len(session.recorded_operations)]


def case_delete(api, session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "a", "parent": project})
    session.commit()
    session.delete(shot)
    states = [api.inspection.state(shot)]
    session.commit()
    return [states, session.query('Shot where parent.id is "{}"'.format(project["id"])).all()]


def case_delete_uncommitted(api, session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "a", "parent": project})
    session.delete(shot)
    session.commit()
    return session.query('Shot where parent.id is "{}"'.format(project["id"])).all()


def case_change_deleted(api, session, context):
    project = context.project(session)
    session.delete(project)
    project["full_name"] = "x"


def case_rollback(api, session, context):
    project = context.project(session)
    project["full_name"] = "x"
    session.create("Shot", {"name": "a", "parent": project})
    session.rollback()
    return [
        project["full_name"],
        api.inspection.state(project),
        len(session.recorded_operations),
        len(session.created),
    ]


def case_created_modified_deleted(api, session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "a", "parent": project})
    project["full_name"] = "x"
    found = [len(session.created), len(session.modified), len(session.deleted)]
    session.commit()
    session.delete(shot)
    return found + [len(session.created), len(session.modified), len(session.deleted)]


def case_created_holds_entities(api, session, context):
    project = context.project(session)
    session.create("Shot", {"name": "a", "parent": project})
    return [entity.entity_type for entity in session.created]


def case_dates(api, session, context):
    project = context.project(session)
    project["start_date"] = dt.datetime(2020, 1, 2, 3, 4, 5)
    session.commit()
    with context.new_session() as other:
        read = other.get("Project", project["id"])["start_date"]
        return [type(read).__name__, read.year, read.month, read.day]


def case_date_local_value(api, session, context):
    project = context.project(session)
    project["start_date"] = dt.datetime(2020, 1, 2, 3, 4, 5)
    return type(project["start_date"]).__name__


def case_metadata(api, session, context):
    project = context.project(session)
    project["metadata"]["a"] = "1"
    project["metadata"]["b"] = "2"
    session.commit()
    project["metadata"]["a"] = "3"
    del project["metadata"]["b"]
    session.commit()
    with context.new_session() as other:
        return dict(other.get("Project", project["id"])["metadata"].items())


def case_metadata_replaced(api, session, context):
    project = context.project(session, metadata={"x": "1"})
    project["metadata"] = {"y": "2"}
    session.commit()
    with context.new_session() as other:
        return dict(other.get("Project", project["id"])["metadata"].items())


def case_metadata_missing_key(api, session, context):
    return context.project(session)["metadata"]["nothing"]


def case_collection_append(api, session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "a", "parent": project})
    session.commit()
    note = session.create("Note", {"content": "hello", "author": session.query("User").first()})
    shot["notes"].append(note)
    session.commit()
    with context.new_session() as other:
        found = other.get("Shot", shot["id"])["notes"]
        return [len(found), found[0]["content"], found[0]["parent_type"]]


def case_collection_duplicate(api, session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "a", "parent": project})
    project["children"].append(shot)


def case_collection_of_children(api, session, context):
    project = context.project(session)
    session.create("Shot", {"name": "a", "parent": project})
    return [child["name"] for child in project["children"]]


def case_collection_assigned_wrongly(api, session, context):
    project = context.project(session)
    project["children"] = "text"


def case_collection_class(api, session, context):
    project = context.project(session)
    mapped = api.collection.KeyValueMappedCollectionProxy
    return [
        isinstance(project["children"], api.collection.Collection),
        isinstance(project["metadata"], mapped),
        isinstance(project["custom_attributes"], mapped),
    ]


def case_reference_to_none(api, session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "a", "parent": project})
    task = session.create("Task", {"name": "t", "parent": shot})
    session.commit()
    asset = session.create("Asset", {"name": "a", "parent": shot, "type": session.query("AssetType").first()})
    version = session.create("AssetVersion", {"asset": asset, "task": task})
    session.commit()
    version["task"] = None
    session.commit()
    with context.new_session() as other:
        return other.get("AssetVersion", version["id"])["task"]


def case_identity(api, session, context):
    project = context.project(session)
    identity = api.inspection.identity(project)
    return [identity[0], len(identity[1]), list(api.inspection.primary_key(project).keys())]


def case_equality(api, session, context):
    project = context.project(session)
    with context.new_session() as other:
        theirs = other.get("Project", project["id"])
        return [project == theirs, hash(project) == hash(theirs), project == 1]


def case_clear(api, session, context):
    project = context.project(session)
    project.clear()
    return [api.inspection.state(project), project["name"]]


def case_custom_attributes(api, session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "a", "parent": project})
    session.commit()
    before = sorted(shot["custom_attributes"].keys())
    shot["custom_attributes"]["fstart"] = 1010
    session.commit()
    with context.new_session() as other:
        return [before, other.get("Shot", shot["id"])["custom_attributes"]["fstart"]]


def case_custom_attributes_before_commit(api, session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "a", "parent": project})
    shot["custom_attributes"]["fstart"] = 1010
    session.commit()
    with context.new_session() as other:
        return other.get("Shot", shot["id"])["custom_attributes"]["fstart"]


def case_custom_attribute_unknown(api, session, context):
    return context.project(session)["custom_attributes"]["nothing"]


def case_primary_key_of_a_type(api, session, context):
    return [session.types[name].primary_key_attributes for name in ("Project", "Metadata", "NoteComponent")]


def case_default_projections(api, session, context):
    return sorted(session.types["Project"].default_projections)


def case_attributes_of_a_type(api, session, context):
    attributes = session.types["AssetVersion"].attributes
    found = attributes.get("components")
    return [
        type(found).__name__,
        found.name,
        found.mutable,
        attributes.get("id").mutable,
        type(attributes.get("asset")).__name__,
        type(attributes.get("version")).__name__,
        type(attributes.get("metadata")).__name__,
        attributes.get("nothing"),
    ]


def case_commit_error_keeps_operations(api, session, context):
    session.create("ReviewSessionInvitee", {"name": "x", "email": "x"})
    try:
        session.commit()
    except api.exception.ServerError:
        return len(session.recorded_operations) > 0


def case_entity_truth(api, session, context):
    project = context.project(session)
    return [bool(project), project is not None]


def case_items(api, session, context):
    state = session.query("State").first()
    return sorted(key for key, value in state.items())
