"""Custom attributes of every family, hierarchical ones and links."""

import datetime as dt


def kind(session, name):
    return session.query(f'CustomAttributeType where name is "{name}"').one()


def configure(session, key, entity_type, type_name="text", **data):
    import json

    data.setdefault("config", json.dumps({"markdown": False} if type_name == "text" else {"isdecimal": True}))
    made = session.create(
        "CustomAttributeConfiguration",
        {
            "key": key,
            "label": key,
            "entity_type": entity_type,
            "type": kind(session, type_name),
            "sort": 1,
            **data,
        },
    )
    session.commit()
    return made


def read_again(context, entity, key):
    with context.new_session() as other:
        return other.get(entity.entity_type, entity["id"])["custom_attributes"][key]


def case_project(api, session, context):
    configure(session, "d_project", "show", default="none")
    project = context.project(session)
    found = [project["custom_attributes"]["d_project"]]
    project["custom_attributes"]["d_project"] = "x"
    session.commit()
    return [*found, read_again(context, project, "d_project"), project["custom_attributes"]["d_project"]]


def case_task_by_object_type(api, session, context):
    shot_type = session.query('ObjectType where name is "Shot"').one()
    configure(session, "d_shot", "task", object_type=shot_type)
    project = context.project(session)
    shot = session.create("Shot", {"name": "a", "parent": project})
    folder = session.create("Folder", {"name": "b", "parent": project})
    session.commit()
    shot["custom_attributes"]["d_shot"] = "x"
    session.commit()
    return [
        read_again(context, shot, "d_shot"),
        "d_shot" in folder["custom_attributes"].keys(),
        context.attempt(lambda: folder["custom_attributes"]["d_shot"]),
    ]


def case_asset_and_version(api, session, context):
    configure(session, "d_asset", "asset")
    configure(session, "d_version", "assetversion", "number", default=1)
    project = context.project(session)
    asset = session.create(
        "Asset", {"name": "a", "parent": project, "type": session.query("AssetType").first()}
    )
    version = session.create("AssetVersion", {"asset": asset})
    asset["custom_attributes"]["d_asset"] = "x"
    version["custom_attributes"]["d_version"] = 2.5
    session.commit()
    return [read_again(context, asset, "d_asset"), read_again(context, version, "d_version")]


def case_user(api, session, context):
    configure(session, "d_user", "user")
    user = session.create("User", {"username": context.name})
    user["custom_attributes"]["d_user"] = "x"
    session.commit()
    found = session.query('User where custom_attributes any (key is "d_user" and value is "x")').all()
    return [read_again(context, user, "d_user"), [u["username"] for u in found]]


def case_list(api, session, context):
    configure(session, "d_list", "list")
    project = context.project(session)
    made = session.create(
        "AssetVersionList",
        {
            "name": "l",
            "owner": session.query("User").first(),
            "project": project,
            "category": session.query("ListCategory").first(),
        },
    )
    session.commit()
    made["custom_attributes"]["d_list"] = "x"
    session.commit()
    return read_again(context, made, "d_list")


def case_hierarchical(api, session, context):
    configure(session, "d_high", "show", is_hierarchical=True, default="default")
    project = context.project(session)
    shot = session.create("Shot", {"name": "a", "parent": project})
    task = session.create("Task", {"name": "t", "parent": shot})
    session.commit()
    project["custom_attributes"]["d_high"] = "p"
    task["custom_attributes"]["d_high"] = "t"
    session.commit()
    return [read_again(context, entity, "d_high") for entity in (project, shot, task)]


def case_hierarchical_before_commit(api, session, context):
    configure(session, "d_early", "show", is_hierarchical=True)
    project = context.project(session)
    shot = session.create("Shot", {"name": "a", "parent": project})
    shot["custom_attributes"]["d_early"] = "x"
    between = shot["custom_attributes"]["d_early"]
    session.commit()
    return [between, read_again(context, shot, "d_early")]


def case_hierarchical_default_before_commit(api, session, context):
    configure(session, "d_soon", "show", is_hierarchical=True, default="d")
    shot = session.create("Shot", {"name": "a", "parent": context.project(session)})
    return shot["custom_attributes"]["d_soon"]


def case_of_one_project(api, session, context):
    project = context.project(session)
    other = session.create(
        "Project", {"name": context.name + "2", "full_name": "x", "project_schema": project["project_schema"]}
    )
    session.commit()
    folder = session.query('ObjectType where name is "Folder"').one()
    configure(session, "d_own", "task", object_type=folder, project=project)
    mine = session.create("Folder", {"name": "a", "parent": project})
    theirs = session.create("Folder", {"name": "b", "parent": other})
    session.commit()
    return ["d_own" in mine["custom_attributes"].keys(), "d_own" in theirs["custom_attributes"].keys()]


def case_values(api, session, context):
    project = context.project(session)
    configure(session, "d_bool", "show", "boolean")
    configure(session, "d_date", "show", "date")
    configure(session, "d_number", "show", "number")
    configure(session, "d_text", "show")
    custom = project["custom_attributes"]
    custom["d_bool"], custom["d_number"], custom["d_text"] = True, 7, "ä"
    custom["d_date"] = dt.datetime(2020, 1, 2)
    session.commit()
    found = [read_again(context, project, key) for key in ("d_bool", "d_number", "d_text")]
    read = read_again(context, project, "d_date")
    return [*found, type(read).__name__, str(read)[:10]]


def case_enumerator(api, session, context):
    import json

    options = json.dumps([{"menu": "A", "value": "a"}, {"menu": "B", "value": "b"}])
    configure(
        session, "d_enum", "show", "enumerator", config=json.dumps({"multiSelect": True, "data": options})
    )
    project = context.project(session)
    found = [project["custom_attributes"]["d_enum"]]
    project["custom_attributes"]["d_enum"] = ["a", "b"]
    session.commit()
    return [*found, read_again(context, project, "d_enum")]


def case_wrong_values(api, session, context):
    configure(session, "d_strict", "show", "number")
    project = context.project(session)

    def assign():
        project["custom_attributes"]["d_strict"] = "not a number"
        session.commit()

    return [context.attempt(assign)]


def case_null(api, session, context):
    configure(session, "d_null", "show", default="d")
    project = context.project(session)
    project["custom_attributes"]["d_null"] = "x"
    session.commit()
    project["custom_attributes"]["d_null"] = None
    session.commit()
    return read_again(context, project, "d_null")


def case_mapping(api, session, context):
    configure(session, "d_map", "show", default="d")
    project = context.project(session)
    custom = project["custom_attributes"]

    def delete():
        del custom["d_map"]

    def add():
        custom["nothing"] = 1

    return [
        "d_map" in custom,
        "nothing" in custom,
        custom.get("nothing", "default"),
        custom["d_map"],
        len(custom) == len(custom.keys()),
        sorted(custom) == sorted(custom.keys()),
        ("d_map", "d") in list(custom.items()),
        context.attempt(lambda: custom["nothing"]),
        context.attempt(add),
        context.attempt(delete),
        isinstance(custom, api.collection.CustomAttributeCollectionProxy),
    ]


def case_configuration_id(api, session, context):
    configuration = configure(session, "d_conf", "show")
    custom = context.project(session)["custom_attributes"]
    made = api.collection.CustomAttributeCollectionProxy(custom.collection)
    found = [
        made.get_configuration_id_from_key("d_conf") == configuration["id"],
        context.attempt(made.get_configuration_id_from_key, "nothing"),
    ]
    return [*found, made["d_conf"], "d_conf" in list(made), context.attempt(lambda: made["nothing"])]


def case_deleting_sets_the_default(api, session, context):
    configure(session, "d_del", "show", default="d")
    project = context.project(session)
    project["custom_attributes"]["d_del"] = "x"
    session.commit()

    def delete():
        del project["custom_attributes"]["d_del"]
        session.commit()
        return project["custom_attributes"]["d_del"]

    return [context.attempt(delete)]


def case_assigned_as_a_whole(api, session, context):
    configure(session, "d_whole", "show")
    project = context.project(session)

    def assign():
        project["custom_attributes"] = {"d_whole": "x"}
        session.commit()
        return read_again(context, project, "d_whole")

    return [context.attempt(assign)]


def case_on_create(api, session, context):
    configure(session, "d_create", "show")

    def create():
        project = context.project(session, custom_attributes={"d_create": "x"})
        return read_again(context, project, "d_create")

    return [context.attempt(create)]


def case_immutable(api, session, context):
    configure(session, "d_immutable", "show")
    custom = context.project(session)["custom_attributes"]
    custom.mutable = False

    def assign():
        custom["d_immutable"] = "x"

    return [custom.mutable, context.attempt(assign)]


def case_projection(api, session, context):
    configure(session, "d_projected", "show", default="d")
    project = context.project(session)
    with context.new_session() as other:
        found = other.query(
            'select custom_attributes from Project where id is "{}"'.format(project["id"])
        ).one()
        with other.auto_populating(False):
            return [found["custom_attributes"]["d_projected"], len(found["custom_attributes"].keys()) > 0]


def case_values_of_configuration(api, session, context):
    configuration = configure(session, "d_values", "show")
    project = context.project(session)
    project["custom_attributes"]["d_values"] = "x"
    session.commit()
    rows = session.query(
        'CustomAttributeValue where configuration_id is "{}"'.format(configuration["id"])
    ).all()
    return [[row.entity_type, row["value"], row["entity_id"] == project["id"]] for row in rows]


def case_rollback(api, session, context):
    configure(session, "d_back", "show", default="d")
    project = context.project(session)
    project["custom_attributes"]["d_back"] = "x"
    session.rollback()
    return project["custom_attributes"]["d_back"]


def case_links(api, session, context):
    shot = session.query('ObjectType where name is "Shot"').one()
    configuration = session.create(
        "CustomAttributeLinkConfiguration",
        {
            "key": "d_link",
            "label": "x",
            "entity_type": "task",
            "entity_type_to": "task",
            "object_type": shot,
            "object_type_to": shot,
            "one_to_one": False,
            "sort": 1,
        },
    )
    session.commit()
    project = context.project(session)
    one, two = (session.create("Shot", {"name": n, "parent": project}) for n in "ab")
    session.commit()
    session.create(
        "ContextCustomAttributeLink",
        {"configuration_id": configuration["id"], "from_id": one["id"], "to_id": two["id"]},
    )
    session.commit()
    links = session.query('ContextCustomAttributeLink where from_id is "{}"'.format(one["id"])).all()
    return [[link["to_id"] == two["id"] for link in links], "custom_attribute_links" in one.keys()]
