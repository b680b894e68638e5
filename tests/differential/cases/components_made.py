"""Components in all their forms."""

import os


def shot_of(session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "sh", "parent": project})
    session.commit()
    return shot


def version_of(session, context):
    shot = shot_of(session, context)
    asset = session.create(
        "Asset",
        {"name": "a", "parent": shot, "type": session.query('AssetType where name is "Upload"').one()},
    )
    version = session.create("AssetVersion", {"asset": asset})
    session.commit()
    return version


def case_sequence_forms(api, session, context):
    found = []
    for text in (
        "/path/file.%04d.exr [1-5, 7, 8, 10-20]",
        "/path/file.%d.exr [1, 2]",
        "/path/file_%04d.tar.gz [9-11]",
        "file.%04d.exr [1001]",
        "/path/file.%04d.exr",
        "/path/plain.exr",
        "/path/no ending",
        "/path/.hidden",
        "/path/file.%04d.exr []",
        "/path/a.%03d.b.%04d.exr [1]",
    ):
        made = context.attempt(session.create_component, text, location=None)
        if isinstance(made, dict):
            found.append(made)
            continue
        row = [made.entity_type, made["name"], made["file_type"], made["size"]]
        if made.entity_type == "SequenceComponent":
            row += [
                made["padding"],
                [m["name"] for m in made["members"]],
                sorted({m["file_type"] for m in made["members"]}),
            ]
        found.append(row)
    return found


def case_sequence_without_ending(api, session, context):
    made = session.create_component("/path/file.%02d [1-3]", location=None)
    return [
        made["file_type"],
        [m["file_type"] for m in made["members"]],
        [m["name"] for m in made["members"]],
    ]


def case_paths_of_wrong_type(api, session, context):
    return [context.attempt(session.create_component, value, location=None) for value in (None, 5, [])]


def case_empty_path(api, session, context):
    made = context.attempt(session.create_component, "", location=None)
    return [made if isinstance(made, dict) else [made["name"], made["file_type"]]]


def case_data(api, session, context):
    version = version_of(session, context)
    path = context.file("a.txt", b"12345")
    made = session.create_component(
        path, {"name": "n", "file_type": ".own", "version": version, "metadata": {"k": "v"}}, location=None
    )
    session.commit()
    data = {"name": "kept"}
    session.create_component(path, data, location=None)
    return [
        made["name"],
        made["file_type"],
        made["size"],
        made["version"] is version,
        dict(made["metadata"]),
        data["name"],
    ]


def case_sequence_data(api, session, context):
    for number in (1, 2):
        context.file(f"f.{number:04d}.exr", b"x" * number)
    path = os.path.join(context.folder, "f.%04d.exr [1-2]")
    made = session.create_component(path, {"name": "n", "padding": 6}, location=None)
    typed = session.create_component(path, {"file_type": ".own"}, location=None)
    with_size = session.create_component(path, {"size": 99}, location=None)
    session.commit()
    return [
        made["name"],
        made["padding"],
        made["size"],
        sorted(m["size"] for m in made["members"]),
        with_size["size"],
        all(m["container"] is made for m in made["members"]),
        [typed["file_type"], [m["file_type"] for m in typed["members"]]],
    ]


def case_members_in_the_database(api, session, context):
    made = session.create_component("/nowhere/f.%04d.exr [1-3]", location=None)
    session.commit()
    with context.new_session() as other:
        found = other.get("SequenceComponent", made["id"])
        return [
            sorted(m["name"] for m in found["members"]),
            found["members"][0].entity_type,
            found["members"][0]["container"] is found,
            found["system_type"],
        ]


def case_file_type_event(api, session, context):
    seen = []

    def answer(event):
        seen.append([event["topic"], sorted(event["data"]), event["data"]["file_path"]])
        return ".from_event"

    session.event_hub.subscribe("topic=ftrack.api.session.get-file-type-from-string", answer)
    made = session.create_component("/path/file.txt", location=None)
    sequence = session.create_component("/path/file.%04d.exr [1-2]", location=None)
    return [
        made["file_type"],
        sequence["file_type"],
        sorted({m["file_type"] for m in sequence["members"]}),
        seen[:1],
        len(seen) > 0,
    ]


def case_file_type_event_without_answer(api, session, context):
    session.event_hub.subscribe("topic=ftrack.api.session.get-file-type-from-string", lambda event: None)
    return session.create_component("/path/file.txt", location=None)["file_type"]


def case_location_argument(api, session, context):
    origin = session.get("Location", api.symbol.ORIGIN_LOCATION_ID)
    server = session.get("Location", api.symbol.SERVER_LOCATION_ID)
    path = context.file("a.txt")
    on_server = session.create_component(path, location=server)
    nowhere = session.create_component(path, location=None)
    session.commit()
    return [
        [
            location.get_component_availability(made)
            for made in (on_server, nowhere)
            for location in (origin, server)
        ],
        context.attempt(session.create_component, path, location=origin),
    ]


def case_location_that_is_none(api, session, context):
    return [context.attempt(session.create_component, context.file("a.txt"), location="x")]


def case_is_committed(api, session, context):
    server = session.get("Location", api.symbol.SERVER_LOCATION_ID)
    path = context.file("a.txt")
    found = []
    for location in (None, server):
        made = session.create_component(path, location=location)
        found.append([api.inspection.state(made), len(session.recorded_operations)])
        session.commit()
    return found


def case_of_a_version(api, session, context):
    version = version_of(session, context)
    origin = session.get("Location", api.symbol.SERVER_LOCATION_ID)
    made = version.create_component(context.file("a.txt"), data={"name": "main"}, location=origin)
    unnamed = version.create_component(context.file("b.txt"), location=origin)
    session.commit()
    with context.new_session() as other:
        return [
            sorted(c["name"] for c in other.get("AssetVersion", version["id"])["components"]),
            made["version"] is version,
            unnamed["version_id"] == version["id"],
        ]


def case_of_an_uncommitted_version(api, session, context):
    shot = shot_of(session, context)
    asset = session.create("Asset", {"name": "a", "parent": shot, "type": session.query("AssetType").first()})
    version = session.create("AssetVersion", {"asset": asset})
    made = version.create_component(context.file("a.txt"), {"name": "m"}, location=None)
    session.commit()
    return [made["version"] is version, api.inspection.state(made)]


def case_two_of_one_name(api, session, context):
    version = version_of(session, context)
    for _ in range(2):
        version.create_component(context.file("a.txt"), {"name": "m"}, location=None)
    session.commit()
    return sorted(c["name"] for c in version["components"])


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100"
    "18dd8db00000000049454e44ae426082"
)


def case_thumbnails(api, session, context):
    shot = shot_of(session, context)
    path = context.file("t.png", PNG)
    found = []
    made = shot.create_thumbnail(path, data={"name": "own", "size": 3})
    session.commit()
    with context.new_session() as other:
        theirs = other.get("Shot", shot["id"])
        found.append(
            [
                theirs["thumbnail_id"] == made["id"],
                theirs["thumbnail"]["name"],
                sorted(theirs["thumbnail_url"]),
            ]
        )
        url = theirs["thumbnail_url"]["url"]
        found.append(session._request.get(url).status_code)
    user = session.create("User", {"username": context.name})
    user.create_thumbnail(path)
    session.commit()
    return [
        *found,
        user["thumbnail"]["name"],
        user["thumbnail"].get("version"),
    ]


def case_thumbnail_of_a_missing_file(api, session, context):
    shot = shot_of(session, context)
    return [context.attempt(shot.create_thumbnail, "/nowhere/x.png")]


def case_thumbnail_of_a_version(api, session, context):
    version = version_of(session, context)
    version.create_thumbnail(context.file("t.png", PNG))
    session.commit()
    server = session.get("Location", api.symbol.SERVER_LOCATION_ID)
    return [
        version["thumbnail"]["name"],
        server.get_component_availability(version["thumbnail"]),
        "size=" in server.get_thumbnail_url(version["thumbnail"], size=64),
    ]


def case_encode_media_forms(api, session, context):
    version = version_of(session, context)
    path = context.file("a.mov")
    from_path = session.encode_media(path)
    of_version = version.encode_media(path)
    with_version = session.encode_media(path, version_id=version["id"], keep_original=True)
    import json

    return [
        [job.entity_type for job in (from_path, of_version, with_version)],
        sorted(json.loads(of_version["data"])),
        json.loads(with_version["data"])["keep_original"],
        context.attempt(session.encode_media, "/nowhere/x.mov"),
        context.attempt(session.encode_media, path, keep_original="nonsense"),
        context.attempt(session.encode_media, None),
    ]


def case_encode_media_uncommitted(api, session, context):
    server = session.get("Location", api.symbol.SERVER_LOCATION_ID)
    component = session.create_component(context.file("a.mov"), location=server)
    return session.encode_media(component).entity_type


def case_jobs(api, session, context):
    user = session.query("User").first()
    made = session.create("Job", {"user": user, "status": "running", "data": '{"description": "x"}'})
    session.commit()
    made["status"] = "done"
    session.commit()
    typed = context.attempt(session.create, "Job", {"user": user, "type": "x"})
    return [made["type"], made["status"], made["data"], typed if isinstance(typed, dict) else typed["type"]]


def case_notes(api, session, context):
    shot = shot_of(session, context)
    user = session.query("User").first()
    label = session.query('NoteLabel where name is "Client feedback"').one()
    found = []
    for options in (
        {},
        {"recipients": [user]},
        {"category": label},
        {"labels": [label]},
        {"labels": [label, label]},
        {"category": label, "labels": [label]},
        {"recipients": "x"},
    ):
        made = context.attempt(shot.create_note, "text", user, **options)
        found.append(
            made
            if isinstance(made, dict)
            else [len(made["recipients"]), len(made["note_label_links"]), made["content"]]
        )
        session.rollback()
    return found


def case_note_on_others(api, session, context):
    version = version_of(session, context)
    user = session.query("User").first()
    review = session.create("ReviewSession", {"name": "r", "project": version["asset"]["parent"]["project"]})
    item = session.create(
        "ReviewSessionObject",
        {"name": "o", "review_session": review, "asset_version": version, "version": "1"},
    )
    session.commit()
    notes = [
        entity.create_note("x", user) for entity in (version, item, version["asset"]["parent"]["project"])
    ]
    session.commit()
    with context.new_session() as other:
        return [other.get("Note", note["id"])["parent_type"] for note in notes]


def case_replies(api, session, context):
    shot = shot_of(session, context)
    user = session.query("User").first()
    note = shot.create_note("a", user)
    session.commit()
    reply = note.create_reply("b", author=user)
    deeper = reply.create_reply("c", author=user)
    session.commit()
    with context.new_session() as other:
        found = other.get("Note", note["id"])
        return [
            [r["content"] for r in found["replies"]],
            other.get("Note", deeper["id"])["in_reply_to"]["content"],
            other.get("Note", reply["id"])["in_reply_to_id"] == note["id"],
            reply["parent_id"] == shot["id"],
        ]


def case_project_schema(api, session, context):
    schema = session.query('ProjectSchema where name is "VFX"').one()
    kind = session.query('Type where name is "Animation"').one()
    return [
        len(schema.get_statuses("Task", kind["id"])) > 0,
        [s["name"] for s in schema.get_statuses("AssetVersion")][:2],
        len(schema.get_types("Task")) > 0,
        context.attempt(schema.get_statuses, "Nothing"),
        context.attempt(schema.get_types, "AssetVersion"),
        context.attempt(schema.get_types, "Nothing"),
        context.attempt(lambda: len(schema.get_statuses("Task", "nothing")) > 0),
        context.attempt(schema.get_statuses, "AssetVersion", kind["id"]),
        context.attempt(lambda: len(schema.get_statuses("Folder"))),
    ]


def case_user(api, session, context):
    shot = shot_of(session, context)
    user = session.create("User", {"username": context.name, "email": "u@example.com"})
    session.commit()
    timer = user.start_timer(shot, comment="c", name="n")
    found = [timer["context"] is shot, timer["name"], timer["comment"], timer["start"] is not None]
    log = user.stop_timer()
    found += [log["context"] is shot, log["duration"] >= 0, log["user"] is user]
    return [
        *found,
        context.attempt(user.stop_timer),
        user.start_timer(name="x", force=True)["name"],
        user.start_timer(force=True)["name"],
        len(session.query('Timelog where user_id is "{}"'.format(user["id"])).all()),
    ]


def case_timelog_default_name(api, session, context):
    shot = shot_of(session, context)
    user = session.create("User", {"username": context.name})
    session.commit()
    user.start_timer(shot)
    log = user.stop_timer()
    return [log["name"], log["comment"], type(log["duration"]).__name__]


def case_reset_api_key(api, session, context):
    user = session.create("User", {"username": context.name})
    session.commit()
    key = user.reset_api_key()
    with context.new_session(api_user=context.name, api_key=key) as other:
        found = other.query("State").first() is not None
    return [found, context.attempt(session.create("User", {"username": context.name + "2"}).reset_api_key)]


def case_send_invite(api, session, context):
    user = session.create("User", {"username": context.name, "email": "u@example.com"})
    session.commit()
    return user.send_invite()
