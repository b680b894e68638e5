"""What notes, users, jobs, project schemas and versions can do beyond being mappings."""

from __future__ import annotations

import arrow
import pytest

from ftrack_review import exception, symbol


@pytest.fixture
def user(session):
    return session.query(f'User where username is "{session.api_user}"').one()


@pytest.fixture
def task(session, project):
    made = session.create("Task", {"name": "animate", "parent": project})
    session.commit()
    return made


def test_notes_with_recipients(session, task, user):
    group = session.create("Group", {"name": "animators"})
    session.commit()
    note = task.create_note("Look here", user, recipients=[group])
    session.commit()
    session.reset()
    found = session.query(f'Note where id is "{note["id"]}"').one()
    assert (found["content"], found["author"]["id"]) == ("Look here", user["id"])
    assert (found["parent_id"], found["parent_type"]) == (task["id"], "Task")
    assert group["id"] in {recipient["resource_id"] for recipient in found["recipients"]}


def test_notes_are_classified_by_labels_or_a_category(session, task, user):
    label = session.create("NoteLabel", {"name": "Client feedback", "color": "#ff0000"})
    other = session.create("NoteLabel", {"name": "Internal", "color": "#00ff00"})
    session.commit()
    labelled = task.create_note("a", user, labels=[label, other])
    single = task.create_note("b", user, category=label)
    with pytest.raises(ValueError, match="either a category or labels"):
        task.create_note("c", user, category=label, labels=[other])
    session.commit()
    found = {
        note["id"]: {link["label_id"] for link in note["note_label_links"]}
        for note in session.query("select note_label_links.label_id from Note")
    }
    assert found == {labelled["id"]: {label["id"], other["id"]}, single["id"]: {label["id"]}}


def test_replies(session, task, user):
    note = task.create_note("Question", user)
    reply = note.create_reply("Answer", user)
    session.commit()
    session.reset()
    found = session.query(f'Note where id is "{note["id"]}"').one()
    assert [(each["id"], each["content"]) for each in found["replies"]] == [(reply["id"], "Answer")]
    assert found["replies"][0]["in_reply_to_id"] == note["id"]


def test_one_timer_at_a_time(session, user, task):
    timer = user.start_timer(task, comment="work", name="anim")
    assert (timer["context_id"], timer["comment"], timer["name"]) == (task["id"], "work", "anim")
    pending = session.create("Group", {"name": "waiting"})
    with pytest.raises(exception.NotUniqueError, match="force=True"):
        user.start_timer()
    # The timer that could not be is taken back, so that the rest can be committed.
    session.commit()
    assert session.query(f'Group where id is "{pending["id"]}"').first() is not None
    again = user.start_timer(force=True)
    assert session.query("Timer").all() == [again]
    log = session.query("Timelog").one()
    assert (log["comment"], log["name"], log["context_id"]) == ("work", "anim", task["id"])
    user.stop_timer()
    with pytest.raises(exception.NoResultFoundError):
        user.stop_timer()


def test_a_time_log_lasts_as_long_as_its_timer(session, user):
    timer = user.start_timer(comment="long")
    timer["start"] = arrow.utcnow().shift(hours=-2)
    session.commit()
    log = user.stop_timer()
    assert 7200 <= log["duration"] < 7230
    assert log["start"] == timer["start"]
    assert session.query("Timer").all() == []


def test_a_new_api_key(session, user):
    import ftrack_review

    other = session.create("User", {"username": "nora", "is_active": True})
    session.commit()
    key = other.reset_api_key()
    assert key != other.reset_api_key()
    key = other.reset_api_key()
    with ftrack_review.Session(session.server_url, api_key=key, api_user="nora") as theirs:
        assert theirs.query('User where username is "nora"').one()["id"] == other["id"]


def test_jobs_are_of_one_type(session, user):
    job = session.create("Job", {"user": user, "status": "running", "data": '{"description": "work"}'})
    assert job["type"] == "api_job"
    assert session.create("Job", {"user": user, "type": "api_job"})["status"] == "queued"
    session.commit()
    with pytest.raises(ValueError, match='Invalid job type "mine". Must be "api_job"'):
        session.create("Job", {"user": user, "type": "mine"})
    assert session.created == []
    session.reset()
    assert session.query(f'Job where id is "{job["id"]}"').one()["status"] == "running"


@pytest.fixture
def project_schema(session):
    return session.query('ProjectSchema where name is "VFX"').one()


@pytest.mark.parametrize("schema", ["Task", "AssetVersion", "Shot"])
def test_statuses_of_a_project_schema(session, project_schema, schema):
    statuses = project_schema.get_statuses(schema)
    assert statuses
    assert {status.entity_type for status in statuses} == {"Status"}
    assert all(status["name"] for status in statuses)


@pytest.mark.parametrize("schema", ["Task", "Milestone", "AssetBuild"])
def test_types_of_a_project_schema(project_schema, schema):
    types = project_schema.get_types(schema)
    assert types
    assert {each.entity_type for each in types} == {"Type"}


def test_tasks_of_a_type_can_have_statuses_of_their_own(session, project_schema):
    kind, other = project_schema.get_types("Task")[:2]
    usual = project_schema.get_statuses("Task")
    workflow = session.create("WorkflowSchema", {"name": "short"})
    session.commit()
    workflow["statuses"].append(usual[0])
    session.create(
        "ProjectSchemaOverride",
        {"project_schema_id": project_schema["id"], "type_id": kind["id"], "workflow_schema": workflow},
    )
    session.commit()
    session.reset()
    project_schema = session.query('ProjectSchema where name is "VFX"').one()
    assert project_schema.get_statuses("Task", type_id=kind["id"]) == [usual[0]]
    assert project_schema.get_statuses("Task", type_id=other["id"]) == usual
    assert project_schema.get_statuses("Task") == usual


@pytest.mark.parametrize("method", ["get_statuses", "get_types"])
@pytest.mark.parametrize(
    ("schema", "words"),
    [("Nothing", "Schema Nothing does not exist"), ("Project", "Schema Project does not have")],
)
def test_what_a_project_schema_does_not_offer(project_schema, method, schema, words):
    with pytest.raises(ValueError, match=words):
        getattr(project_schema, method)(schema)


def test_versions_have_statuses_and_no_types(project_schema):
    with pytest.raises(ValueError, match="Schema AssetVersion does not have types"):
        project_schema.get_types("AssetVersion")


def test_an_object_type_that_the_project_does_not_use(session, project_schema):
    for schema in list(project_schema["_schemas"]):
        session.delete(schema)
    session.commit()
    session.reset()
    project_schema = session.query('ProjectSchema where name is "VFX"').one()
    with pytest.raises(ValueError, match="No valid statuses were found for schema Shot"):
        project_schema.get_statuses("Shot")
    with pytest.raises(ValueError, match="No valid types were found for schema Shot"):
        project_schema.get_types("Shot")


@pytest.fixture
def still(tmp_path):
    from tests.media_files import make_still

    path = tmp_path / "still.png"
    make_still(path)
    return path


def encoding_of(requests_sent):
    import json

    actions = [action for body in requests_sent for action in json.loads(body)]
    return [
        (action["keep_original"], action["version_id"])
        for action in actions
        if action["action"] == "encode_media"
    ]


def test_a_path_is_uploaded_encoded_and_not_kept(session, version, still, requests_sent):
    job = version.encode_media(still)
    assert job.entity_type == "Job"
    assert encoding_of(requests_sent) == [(False, version["id"])]
    session.encode_media(str(still), keep_original=True)
    assert encoding_of(requests_sent)[-1] == (True, None)


def test_a_component_is_encoded_and_kept(session, version, still, requests_sent):
    server = session.get("Location", symbol.SERVER_LOCATION_ID)
    component = version.create_component(still, location=server)
    session.encode_media(component)
    version.encode_media(component, keep_original=False)
    assert encoding_of(requests_sent) == [(True, None), (False, version["id"])]


def test_what_cannot_be_encoded(session, version, still):
    for media in (None, 3, version):
        with pytest.raises(ValueError, match="Only the path of a file"):
            session.encode_media(media)
    component = session.create_component(still, location=None)
    with pytest.raises(exception.InvalidStateError, match="commit"):
        session.encode_media(component)
    with pytest.raises(exception.LocationError, match="does not exist"):
        session.encode_media("/nope/gone.mov")


def test_invitations_are_for_what_is_committed(session, review_session, requests_sent):
    invitee = session.create(
        "ReviewSessionInvitee",
        {"name": "Ada", "email": "ada@example.com", "review_session": review_session},
    )
    user = session.create("User", {"username": "bo", "email": "bo@example.com"})
    for send, target in (
        (session.send_review_session_invite, invitee),
        (session.send_user_invite, user),
        (session.send_review_session_invites, [invitee]),
        (session.send_user_invites, [user]),
    ):
        with pytest.raises(exception.InvalidStateError, match=r"session\.commit\(\)"):
            send(target)
    assert requests_sent == []
    session.commit()
    del requests_sent[:]
    session.send_review_session_invites([invitee, invitee])
    session.send_review_session_invite(invitee)
    session.send_user_invites([user])
    user.send_invite()
    assert len(requests_sent) == 4
    session.send_user_invites([])
    session.send_review_session_invites([])
    assert len(requests_sent) == 4


def test_pages_of_the_server(session, project):
    assert session._request.get(session.get_widget_url("tasks")).status_code == 200
    url = session.get_widget_url("info", entity=project, theme="dark")
    assert session._request.get(url).status_code == 200


def test_where_to_upload(session):
    metadata = session.get_upload_metadata("11111111-2222-4333-8444-555555555555", "a.mov", 3)
    assert set(metadata) == {"url", "headers", "component_id"}
    with pytest.raises(exception.ServerError):
        session.get_upload_metadata("11111111-2222-4333-8444-555555555555", "a.mov", -1)


@pytest.mark.parametrize(
    ("call", "action"),
    [
        (lambda s: s.get_upload_metadata("x", "a.mov", 3), "get_upload_metadata"),
        (lambda s: s.get_widget_url("info"), "get_widget_url"),
        (lambda s: s.send_user_invites(s.query("User").all()), "send_user_invite"),
    ],
)
def test_a_server_that_is_too_old_says_so(session, monkeypatch, call, action):
    real = session.transport.call

    def old(body, *arguments, **options):
        if action in body:
            return b'{"exception": "ServerError", "content": "Invalid action u\'%s\'"}' % action.encode()
        return real(body, *arguments, **options)

    monkeypatch.setattr(session.transport, "call", old)
    with pytest.raises(exception.ServerCompatibilityError, match=f'does not support "{action}".*update') as e:
        call(session)
    assert e.value.action == action
