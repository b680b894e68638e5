import uuid

import pytest

from ftrack_review.server.errors import ServerFault
from tests.unit.server.writing.desk import create, update


@pytest.fixture
def task(desk):
    return desk.create("Task", name="t", parent_id=desk.project())


def recipient(note_id, resource_id, **data):
    action = create("Recipient", note_id=note_id, resource_id=resource_id, **data)
    del action["entity_data"]["id"]
    return action


def listed(note_id, *resource_ids):
    return [{"__entity_type__": "Recipient", "note_id": note_id, "resource_id": key} for key in resource_ids]


def recipients(desk):
    return {row["resource_id"] for row in desk.query("Recipient")}


def test_a_note_has_author_date_and_project(desk, task):
    desk.create("Note", content="c", parent_id=task, parent_type="task")
    row = desk.one("select author.username, date, thread_activity, parent_type, project_id from Note")
    assert row["author"]["username"] == "admin"
    assert row["date"] == row["thread_activity"]
    assert row["parent_type"] == "Task"
    assert row["project_id"] == desk.one("Project")["id"]


def test_another_author_may_be_named(desk, task):
    user = desk.create("User", username="u")
    desk.create(
        "Note",
        content="c",
        parent_id=task,
        parent_type="Task",
        author={"__entity_type__": "User", "id": user},
    )
    assert desk.one("select author.username from Note")["author"]["username"] == "u"
    group = desk.create("Group", name="g")
    with pytest.raises(ServerFault, match="user_id"):
        desk.create("Note", content="c", user_id=group)


def test_the_caller_becomes_a_recipient_and_stays_one(desk, task):
    user = desk.create("User", username="u")
    note = create("Note", content="c", parent_id=task, parent_type="Task")
    key = note["entity_data"]["id"]
    results = desk.send(
        note, recipient(key, user, text_mentioned="@u"), update("Note", key, recipients=listed(key, user))
    )
    assert recipients(desk) == {desk.caller.user_id, user}
    answered = {item["resource_id"] for item in results[2]["data"]["recipients"]}
    assert answered == {desk.caller.user_id, user}
    desk.update("Note", key, recipients=[])
    assert recipients(desk) == {desk.caller.user_id}


def test_the_caller_may_be_named_as_a_recipient_all_the_same(desk, task):
    note = create("Note", content="c", parent_id=task, parent_type="Task")
    key = note["entity_data"]["id"]
    desk.send(note, recipient(key, desk.caller.user_id, text_mentioned="@me"))
    assert desk.one("select text_mentioned from Recipient")["text_mentioned"] == "@me"
    user = desk.create("User", username="u")
    desk.send(recipient(key, user))
    with pytest.raises(ServerFault, match="DuplicateEntryError"):
        desk.send(recipient(key, user))


def test_a_reply_belongs_to_what_it_answers_and_stirs_the_thread(desk, task):
    old = "2001-01-01T00:00:00"
    note = desk.create("Note", content="n", parent_id=task, parent_type="Task", thread_activity=old)
    reply = desk.create("Note", content="r", in_reply_to_id=note)
    desk.create("Note", content="r2", in_reply_to_id=reply)
    row = desk.one(
        f"select thread_activity, replies.parent_id, replies.parent_type from Note where id is {note}"
    )
    assert row["thread_activity"]["value"] > old
    assert [(item["parent_id"], item["parent_type"]) for item in row["replies"]] == [(task, "Task")]
    assert len(desk.one("select notes from Task")["notes"]) == 1, "replies are not among the notes"


@pytest.mark.parametrize("data", [{"parent_type": "Task"}, {}])
def test_a_note_needs_a_parent_that_exists(desk, data):
    missing = str(uuid.uuid4())
    with pytest.raises(ServerFault, match=missing):
        desk.create("Note", content="c", parent_id=missing, **data)


def test_a_category_is_what_a_label_link_points_to(desk, task):
    category = desk.create("NoteCategory", name="External")
    note = desk.create("Note", content="c", parent_id=task, parent_type="Task", category_id=category)
    action = create("NoteLabelLink", note_id=note, label_id=category)
    del action["entity_data"]["id"]
    desk.send(action)
    assert desk.one("select category.name from Note")["category"]["name"] == "External"
    assert desk.one("select label.name from NoteLabelLink")["label"]["name"] == "External"


def test_completing_a_note_says_when(desk, task):
    note = desk.create("Note", content="c", parent_id=task, parent_type="Task", is_todo=True)
    desk.update("Note", note, completed_by_id=desk.caller.user_id)
    assert desk.one("select completed_at from Note")["completed_at"] is not None


def test_an_annotation_drawn_on_a_note_is_an_object(desk, task):
    note = desk.create("Note", content="c", parent_id=task, parent_type="Task")
    component = desk.create("FileComponent", name="c")
    drawing = {"strokes": [[1, 2.5], [3, 4]]}
    action = create("NoteAnnotationComponent", note_id=note, component_id=component, data=drawing)
    del action["entity_data"]["id"]
    assert desk.send(action)[0]["data"]["data"] == drawing
    row = desk.one("select note_components from Note")["note_components"][0]
    assert row["__entity_type__"] == "NoteAnnotationComponent"
    assert desk.one("select data from NoteAnnotationComponent")["data"] == drawing
