"""Expressions as scripts write them, and results in all their uses."""


def site(session, context):
    project = context.project(session)
    for index in range(4):
        shot = session.create(
            "Shot",
            {
                "name": f"sh{index}",
                "parent": project,
                "description": f'd "{index}"' if index == 3 else f"d{index}",
            },
        )
        session.create("Task", {"name": f"t{index}", "parent": shot, "bid": index * 3600})
    session.commit()
    return project


def found(session, context, expression, attribute="name"):
    return context.attempt(
        lambda: sorted(
            str(entity[attribute]) for entity in session.query(expression.replace("$", context.name)).all()
        )
    )


def case_operators(api, session, context):
    site(session, context)
    base = 'Shot where project.name is "$" and '
    return [
        found(session, context, base + tail)
        for tail in (
            'name is "sh1"',
            'name = "sh1"',
            'name is_not "sh1"',
            'name != "sh1"',
            'name like "sh%"',
            'name not_like "%1"',
            'name in ("sh1", "sh2")',
            'name not_in ("sh1", "sh2")',
            "name in (sh1, sh2)",
            'name > "sh1"',
            'name >= "sh1" and name <= "sh2"',
            'not name is "sh1"',
            'not (name is "sh1" or name is "sh2")',
            'name is "sh1" or project.name is "$" and name is "sh2"',
            'description is ""',
            "thumbnail_id is none",
            "thumbnail_id is_not none",
            "thumbnail is None",
            'status.name is "Not started"',
            'status.state.short in ("NOT_STARTED")',
            'children any (name is "t1")',
            'children.name is "t2"',
            "children any ()",
            'parent has (name is "$")',
            'parent.name like "%"',
            'id in (select id from Shot where name is "sh2" and project.name is "$")',
        )
    ]


def case_spellings(api, session, context):
    site(session, context)
    return [
        found(session, context, text)
        for text in (
            "Shot where project.name is '$'",
            "Shot where project.name is $",
            "Shot where project.name is $ and name is sh1",
            "select name from Shot where project.name is $ and name in ('sh1', 'sh2',)",
            'select name,description from Shot where project.name is "$"and name is "sh1"',
            'Shot where project.name is "$" order by name desc limit 2',
            'Shot where project.name is "$" order by name descending offset 1 limit 2',
            'Shot where project.name is "$" order by parent.name, name asc limit 1',
            "select id, name from Task where project.name is $ and bid > 3600",
            "Task where project.name is $ and bid is 3600.0",
            'TypedContext where project.name is "$" and object_type.name is "Shot"',
            'Context where project.name is "$" and context_type is "show"',
        )
    ]


def case_casts(api, session, context):
    site(session, context)
    return [
        found(session, context, text)
        for text in (
            'select name, parent[Shot].description from Task where project.name is "$"',
            'Task where project.name is "$" and parent[Shot].description is "d1"',
            'select ancestors[Shot].name from Task where project.name is "$"',
        )
    ]


def case_dates(api, session, context):
    project = site(session, context)
    import datetime as dt

    project["start_date"] = dt.datetime(2020, 5, 6)
    session.commit()
    return [
        found(session, context, f'Project where name is "$" and start_date {tail}')
        for tail in (
            '> "2020-01-01"',
            '< "2020-01-01"',
            'is "2020-05-06"',
            'after "2020-01-01"',
            'before "2020-01-01"',
            '>= "2020-05-06T00:00:00"',
        )
    ]


def case_quotes(api, session, context):
    site(session, context)
    return [
        found(session, context, text)
        for text in (
            'Shot where project.name is "$" and description is "d \\"3\\""',
            'Shot where project.name is "$" and description like \'%"3"%\'',
        )
    ]


def case_errors(api, session, context):
    return [
        context.attempt(lambda text=text: session.query(text).all())
        for text in (
            "select name from",
            "Project where",
            "Project where name",
            "Project where name is",
            'Project where name is "x',
            "Project where (name is x",
            "Project where name is x order by",
            "Project where name is x limit y",
            "Project where name near x",
            "select nothing from Project",
            "select name from Project where parent.nothing is 1",
            "Project order by nothing",
            "Project where children is 5 and",
        )
    ]


def case_results_are_lazy(api, session, context):
    return type(session.query("Project where there is an error")).__name__


def case_result_is_a_sequence(api, session, context):
    site(session, context)
    query = session.query(f'Shot where project.name is "{context.name}" order by name')
    state = session.query("State").first()
    return [
        len(query),
        query[0]["name"],
        query[0] in query,
        state in query,
        query.index(query[2]),
        query.count(query[2]),
        [s["name"] for s in reversed(query)],
        bool(query),
        bool(session.query('Project where name is "nothing"')),
        context.attempt(lambda: query[99]),
        isinstance(query, api.query.QueryResult),
        [s["name"] for s in query.all()] == [s["name"] for s in query],
        query.all() is query.all(),
    ]


def case_negative_indexes(api, session, context):
    site(session, context)
    expression = f'Shot where project.name is "{context.name}" order by name'
    return [
        context.attempt(lambda: session.query(expression, page_size=2)[-1]["name"]),
        context.attempt(lambda: [s["name"] for s in session.query(expression, page_size=2)[1:3]]),
    ]


def case_first_and_one(api, session, context):
    site(session, context)
    base = f'Shot where project.name is "{context.name}"'
    return [
        session.query(base + " order by name").first()["name"],
        session.query(base + " order by name desc").first()["name"],
        session.query(base + ' and name is "sh1"').one()["name"],
        context.attempt(session.query(base).one),
        context.attempt(session.query(base + ' and name is "x"').one),
        session.query(base + ' and name is "x"').first(),
        context.attempt(session.query(base + " order by name limit 1").one),
        context.attempt(session.query(base + " order by name limit 1").first),
        context.attempt(session.query(base + " order by name offset 1").first),
        context.attempt(session.query(base + " order by name offset 3").one),
    ]


def case_limits_inside_texts(api, session, context):
    project = context.project(session)
    session.create("Shot", {"name": "limit 30", "parent": project})
    session.commit()
    return found(session, context, 'Shot where name is "limit 30" and project.name is "$"')


def case_leading_blanks(api, session, context):
    site(session, context)
    return [
        found(session, context, text)
        for text in (
            ' Shot where project.name is "$"',
            '\n    select name\n    from Shot\n    where project.name is "$"\n',
            'SELECT name FROM Shot WHERE project.name IS "$"',
            'Select name from Shot where project.name is "$"',
        )
    ]


def case_only_a_type(api, session, context):
    return [
        len(session.query("State").all()),
        len(session.query("select name from State").all()),
        len(session.query("State ").all()),
    ]


def case_abstract_types(api, session, context):
    site(session, context)
    return [
        sorted(
            e.entity_type for e in session.query(f'TypedContext where project.name is "{context.name}"').all()
        ),
        sorted({e.entity_type for e in session.query("Resource").all()}),
        session.query(
            f'select name, object_type.name from TypedContext where project.name is "{context.name}" order by name'
        ).first()["object_type"]["name"],
    ]


def case_collections_projected(api, session, context):
    project = site(session, context)
    with context.new_session() as other:
        theirs = other.query(
            'select children.name, children.children.bid, descendants.name from Project where id is "{}"'.format(
                project["id"]
            )
        ).one()
        with other.auto_populating(False):
            return [
                sorted(c["name"] for c in theirs["children"]),
                sorted(t["bid"] for c in theirs["children"] for t in c["children"]),
                len(theirs["descendants"]),
            ]


def case_ancestors(api, session, context):
    site(session, context)
    task = session.query(
        f'select ancestors.name, link from Task where project.name is "{context.name}" and name is "t1"'
    ).one()
    return [[a["name"] for a in task["ancestors"]], [(item["type"], item["name"]) for item in task["link"]]]


def case_keywords_as_attributes(api, session, context):
    return [
        context.attempt(lambda t=text: len(session.query(t).all()) >= 0)
        for text in (
            "select sort from Status",
            "select key, value from Metadata",
            "select type, default from CustomAttributeConfiguration",
            "select data from Job",
            "select is_default from SecurityRole",
        )
    ]


def case_none_values(api, session, context):
    site(session, context)
    shot = session.query(
        f'select thumbnail, thumbnail_id, end_date from Shot where project.name is "{context.name}"'
    ).first()
    return [shot["thumbnail"], shot["thumbnail_id"], shot["end_date"]]


def case_populated_query(api, session, context):
    site(session, context)
    with context.new_session() as other:
        query = other.query(f'select id from Shot where project.name is "{context.name}" order by name')
        other.populate(query, "name")
        with other.auto_populating(False):
            return [s["name"] for s in query]


def case_changed_entities_keep_their_changes(api, session, context):
    site(session, context)
    shot = session.query(f'Shot where project.name is "{context.name}" and name is "sh1"').one()
    shot["description"] = "local"
    again = session.query(
        f'select name, description from Shot where project.name is "{context.name}" and name is "sh1"'
    ).one()
    return [again is shot, again["description"], again.attributes.get("description").get_remote_value(again)]


def case_newer_values_are_seen(api, session, context):
    project = site(session, context)
    with context.new_session() as other:
        theirs = other.query('select full_name from Project where id is "{}"'.format(project["id"])).one()
        project["full_name"] = "newer"
        session.commit()
        found = [theirs["full_name"]]
        other.query('select full_name from Project where id is "{}"'.format(project["id"])).one()
        return [*found, theirs["full_name"]]


def case_many_ids(api, session, context):
    project = site(session, context)
    ids = ", ".join(f'"{shot["id"]}"' for shot in project["children"])
    return len(session.query(f"select name from Shot where id in ({ids})").all())


def case_page_sizes(api, session, context):
    site(session, context)
    expression = f'Shot where project.name is "{context.name}" order by name'
    return [[s["name"] for s in session.query(expression, page_size=size)] for size in (1, 3, 4, 1000)]


def case_offset_beyond(api, session, context):
    site(session, context)
    return [
        found(session, context, f'Shot where project.name is "$" order by name {tail}')
        for tail in ("offset 10", "limit 0", "offset 3 limit 10")
    ]
