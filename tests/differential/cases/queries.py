"""Queries and their results."""


def people(api, session, context):
    project = context.project(session)
    for index in range(5):
        session.create("Shot", {"name": f"sh{index}", "parent": project})
    session.commit()
    return project


def case_iterates(api, session, context):
    project = people(api, session, context)
    query = session.query('select name from Shot where parent.id is "{}" order by name'.format(project["id"]))
    return [[shot["name"] for shot in query], len(query), query[0]["name"], query[4]["name"]]


def case_all_is_a_list(api, session, context):
    return type(session.query("State").all()).__name__


def case_first_of_nothing(api, session, context):
    return session.query('Project where name is "nothing"').first()


def case_one_of_nothing(api, session, context):
    return session.query('Project where name is "nothing"').one()


def case_one_of_many(api, session, context):
    return session.query("Status").one()


def case_one_with_limit(api, session, context):
    return session.query("Status limit 1").one()


def case_index_out_of_range(api, session, context):
    return session.query("State")[100]


def case_limit_and_offset(api, session, context):
    people(api, session, context)
    base = f'select name from Shot where project.name is "{context.name}" order by name '
    return [
        [s["name"] for s in session.query(base + tail)]
        for tail in ("limit 2", "offset 3", "offset 1 limit 2", "limit 2 offset 1")
    ]


def case_page_size(api, session, context):
    people(api, session, context)
    query = session.query(
        f'select name from Shot where project.name is "{context.name}" order by name', page_size=2
    )
    return [s["name"] for s in query]


def case_same_entity(api, session, context):
    project = people(api, session, context)
    found = session.query(f'Shot where project.name is "{context.name}"').all()
    return [shot["parent"] is project for shot in found]


def case_unknown_attribute(api, session, context):
    session.query("Project where nothing is 1").all()


def case_unknown_entity(api, session, context):
    session.query("Nothing where name is 1").all()


def case_nonsense(api, session, context):
    session.query("where where").all()


def case_projection_of_relations(api, session, context):
    people(api, session, context)
    query = session.query(
        f'select name, parent.name, status.state.short, project.project_schema.name from Shot where project.name is "{context.name}" order by name'
    )
    with session.auto_populating(False):
        return [
            [
                s["name"],
                s["parent"]["name"],
                s["status"]["state"]["short"],
                s["project"]["project_schema"]["name"],
            ]
            for s in query
        ]


def case_without_auto_population(api, session, context):
    people(api, session, context)
    with context.new_session() as other, other.auto_populating(False):
        shot = other.query(f'Shot where project.name is "{context.name}"').first()
        return [shot["description"], shot["status"]]


def case_contexts_are_concrete(api, session, context):
    people(api, session, context)
    found = session.query(f'Context where project.name is "{context.name}"').all()
    return sorted(entity.entity_type for entity in found)


def case_get(api, session, context):
    project = people(api, session, context)
    return [
        session.get("Project", project["id"]) is project,
        session.get("Project", [project["id"]]) is project,
        session.get("Project", "nothing"),
    ]


def case_get_by_base_type(api, session, context):
    project = people(api, session, context)
    with context.new_session() as other:
        return other.get("Context", project["id"])


def case_get_unknown_type(api, session, context):
    return session.get("Nothing", "x")


def case_get_deleted(api, session, context):
    people(api, session, context)
    shot = session.query(f'Shot where project.name is "{context.name}"').first()
    session.delete(shot)
    return session.get("Shot", shot["id"])


def case_populate(api, session, context):
    people(api, session, context)
    with context.new_session() as other:
        shots = other.query(f'Shot where project.name is "{context.name}"').all()
        other.populate(shots, "description, status.name")
        with other.auto_populating(False):
            return [[shot["description"], shot["status"]["name"]] for shot in shots]


def case_populate_result(api, session, context):
    people(api, session, context)
    with context.new_session() as other:
        query = other.query(f'Shot where project.name is "{context.name}"')
        other.populate(query, "description")
        return len(query)


def case_populate_unknown(api, session, context):
    project = people(api, session, context)
    session.populate(project, "nothing")


def case_ensure(api, session, context):
    first = session.ensure(
        "User", {"username": context.name, "email": "a@example.com"}, identifying_keys=["username"]
    )
    second = session.ensure(
        "User", {"username": context.name, "email": "b@example.com"}, identifying_keys=["username"]
    )
    return [first is second, second["email"]]


def case_ensure_without_keys(api, session, context):
    first = session.ensure("User", {"username": context.name, "email": "a@example.com"})
    second = session.ensure("User", {"username": context.name, "email": "a@example.com"})
    return first is second


def case_ensure_several(api, session, context):
    project = people(api, session, context)
    session.ensure("Shot", {"parent": project}, identifying_keys=["parent"])


def case_ensure_unknown_key(api, session, context):
    session.ensure("User", {"username": "x"}, identifying_keys=["email"])


def case_ensure_with_reference(api, session, context):
    project = people(api, session, context)
    found = session.ensure("Shot", {"name": "sh1", "parent": project}, identifying_keys=["name", "parent"])
    return [found["name"], len(session.query(f'Shot where project.name is "{context.name}"').all())]


def case_call_query(api, session, context):
    result = session.call([{"action": "query", "expression": "select name from State order by name limit 1"}])
    return [len(result), sorted(result[0].keys()), result[0]["data"][0]["short"] is not None]


def case_call_error(api, session, context):
    session.call([{"action": "nothing"}])


def case_call_information(api, session, context):
    return sorted(session.call([{"action": "query_server_information"}])[0].keys())


def case_encode_decode(api, session, context):
    project = context.project(session)
    text = session.encode([{"x": project, "n": 1, "none": None}])
    decoded = session.decode(text)
    return [decoded[0]["x"] is not None, decoded[0]["n"], decoded[0]["none"]]


def case_encode_strategies(api, session, context):
    import json

    project = context.project(session)
    found = []
    for strategy in ("set_only", "modified_only", "all", "persisted_only"):
        found.append(sorted(json.loads(session.encode(project, entity_attribute_strategy=strategy)).keys()))
    return [len(found[0]) > 3, found[1], "metadata" in found[2], len(found[3]) > 3]


def case_encode_bad_strategy(api, session, context):
    session.encode({}, entity_attribute_strategy="nothing")


def case_entity_reference(api, session, context):
    return min(session.entity_reference(context.project(session)).items())


def case_merge(api, session, context):
    project = context.project(session)
    with context.new_session() as other:
        theirs = other.merge(project)
        return [theirs.session is other, theirs["name"], theirs is project, other.merge(project) is theirs]


def case_reset(api, session, context):
    project = context.project(session)
    session.reset()
    return [session.get("Project", project["id"]) is project, len(session.types) > 100]


def case_reset_with_pending(api, session, context):
    context.project(session)["full_name"] = "x"
    session.reset()


def case_close_twice(api, session, context):
    session.close()
    session.close()
    return session.closed


def case_types(api, session, context):
    return [len(session.types) > 100, "Task" in session.types, session.types["Task"].entity_type]


def case_string_of_query(api, session, context):
    return len(session.query("State where short in (DONE, BLOCKED)"))


def case_operation_recording(api, session, context):
    project = context.project(session)
    with session.operation_recording(False):
        project["full_name"] = "x"
    return [len(session.recorded_operations), project["full_name"]]
