"""What is left of entities that were deleted, in the session and in what scripts hold."""


def make(session, context):
    shot = session.create("Shot", {"name": "sh", "parent": context.project(session), "description": "old"})
    shot["metadata"]["k"] = "v"
    session.commit()
    user = session.query(f'User where username is "{session.api_user}"').one()
    notes = [shot.create_note(str(index), user) for index in range(3)]
    session.commit()
    return shot, notes


def case_got_after_the_commit(api, session, context):
    shot, notes = make(session, context)
    session.delete(notes[0])
    before = session.get("Note", notes[0]["id"]) is notes[0]
    session.commit()
    return before, session.query(f"Note where id is {notes[1]['id']}").first() is notes[1]


def case_gone_from_what_is_queried(api, session, context):
    shot, notes = make(session, context)
    session.delete(notes[0])
    session.commit()
    return sorted(note["content"] for note in session.query(f"Note where parent_id is {shot['id']}"))


def case_gone_from_held_collections(api, session, context):
    shot, notes = make(session, context)
    held = shot["notes"]
    before = len(held)
    session.delete(notes[0])
    pending = len(held)
    session.commit()
    return before, pending, sorted(note["content"] for note in held), notes[0] in held


def case_made_again_under_its_key(api, session, context):
    shot, notes = make(session, context)
    key, parent = shot["id"], shot["parent"]
    session.delete(shot)
    session.commit()
    again = session.create("Shot", {"id": key, "name": "again", "parent": parent})
    session.commit()
    return again["name"], bool(again["description"]), dict(again["metadata"])


def case_made_again_in_the_same_commit(api, session, context):
    shot, notes = make(session, context)
    key, parent = shot["id"], shot["parent"]
    session.delete(shot)
    again = session.create("Shot", {"id": key, "name": "again", "parent": parent})
    session.commit()
    return again["name"], bool(again["description"]), dict(again["metadata"])


def case_rolled_back(api, session, context):
    shot, notes = make(session, context)
    session.delete(shot)
    session.rollback()
    return shot["description"], dict(shot["metadata"]), len(shot["notes"]), str(api.inspection.state(shot))


def case_deleted_twice(api, session, context):
    shot, notes = make(session, context)
    session.delete(shot)
    session.delete(shot)
    session.commit()
    return session.query(f"Shot where id is {shot['id']}").first()
