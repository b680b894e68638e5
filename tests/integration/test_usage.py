"""Every call that guides and scripts make around reviews works as it is written there."""

import json
import warnings

import pytest

import ftrack_review
from ftrack_review.symbol import SERVER_LOCATION_ID


@pytest.fixture
def item(session, review_session, version):
    made = session.create(
        "ReviewSessionObject",
        {"name": "shot", "review_session": review_session, "asset_version": version},
    )
    session.commit()
    return made


@pytest.fixture
def invitee(session, review_session):
    made = session.create(
        "ReviewSessionInvitee",
        {"name": "Ada", "email": "ada@example.com", "review_session": review_session},
    )
    session.commit()
    return made


@pytest.fixture
def user(session):
    made = session.create(
        "User",
        {"username": "grace", "email": "grace@example.com", "first_name": "Grace", "last_name": "Hopper"},
    )
    session.commit()
    return made


@pytest.fixture
def file_path(tmp_path):
    path = tmp_path / "file.mp4"
    path.write_bytes(b"not a movie, but a file")
    return str(path)


class TestFinding:
    def test_by_name(self, session, review_session):
        query = session.query('ReviewSession where name is "Weekly review"')
        assert query.one() is review_session
        assert query.first() is review_session
        assert query.all() == [review_session]
        assert list(query) == [review_session]

    def test_of_a_project(self, session, project, review_session):
        assert list(project["review_sessions"]) == [review_session]
        assert session.query('Project where name is "film"').one() is project

    def test_a_version_by_name(self, session, version):
        version["asset"]["name"] = "v001"
        session.commit()
        assert session.query('AssetVersion where name is "v001"').one() is version

    def test_a_version_by_the_name_it_reads(self, session, version):
        assert version["name"] == "comp v001"
        assert session.query('AssetVersion where name is "comp v001"').one() is version
        assert session.query('AssetVersion where name is_not "comp v001"').first() is None
        assert (
            session.query('select name from AssetVersion where name like "co%"').one()["name"] == "comp v001"
        )

    def test_objects_by_their_session(self, session, item):
        query = 'ReviewSessionObject where review_session.name is "Weekly review"'
        assert session.query(query).first() is item

    def test_comments(self, session, item):
        session.create("ReviewSessionObjectComment", {"review_session_object": item, "text": "Nice"})
        session.commit()
        query = 'ReviewSessionObjectComment where review_session_object.id is "{}"'.format(item["id"])
        comments = session.query(query).all()
        assert [comment["text"] for comment in comments] == ["Nice"]
        assert comments[0].entity_type == "Note"
        assert comments[0]["review_session_object"] is item
        assert comments[0]["user"]["username"] == session.api_user

    def test_comments_by_more(self, session, item):
        session.create("ReviewSessionObjectComment", {"review_session_object": item, "text": "Nice sky"})
        session.commit()
        for query in (
            'ReviewSessionObjectComment where text like "%sky%"',
            'select text, user.username from ReviewSessionObjectComment where user.username is "admin"',
            'ReviewSessionObjectComment where review_session_object.review_session.name is "Weekly review"',
            'ReviewSessionObjectComment where review_session_object has (name is "shot" and version is_not "x")',
            f"ReviewSessionObjectComment where review_session_object in ({item['id']})",
            'ReviewSessionObjectComment where text in ("Nice sky", "other") order by text',
        ):
            assert session.query(query).one()["content"] == "Nice sky", query
        assert not session.query('ReviewSessionObjectComment where text is "x"').all()
        assert not session.query('ReviewSessionObjectComment where review_session_object.name is "x"').all()


class TestCreating:
    def test_with_a_description(self, session, project):
        made = session.create("ReviewSession", {"name": "a", "description": "b", "project": project})
        session.commit()
        assert made["description"] == "b"
        assert made["is_open"] is True

    def test_with_a_status(self, session, project):
        opened = session.create("ReviewSession", {"name": "a", "project": project, "status": "open"})
        closed = session.create("ReviewSession", {"name": "b", "project": project, "status": "Closed"})
        session.commit()
        assert (opened["status"], closed["status"]) == ("Open", "Closed")
        assert session.query('ReviewSession where status is "Closed"').all() == [closed]
        assert session.query("ReviewSession where status is open").all() == [opened]
        assert session.query('ReviewSession where status in ("open", "closed") order by name').all() == [
            opened,
            closed,
        ]

    def test_with_public_access(self, session, project):
        private = session.create("ReviewSession", {"name": "a", "project": project, "is_public": False})
        public = session.create("ReviewSession", {"name": "b", "project": project, "is_public": True})
        session.commit()
        assert private["shareable_url_enabled"] is False
        assert public["is_public"] is True
        assert session.query("ReviewSession where is_public is true").all() == [public]
        private["is_public"] = True
        session.commit()
        assert (
            len(session.query("select name, is_public from ReviewSession where is_public is true").all()) == 2
        )

    def test_without_a_project_takes_the_only_one(self, session, project):
        with pytest.warns(UserWarning, match="film"):
            made = session.create("ReviewSession", {"name": "a", "description": "", "status": "open"})
        session.commit()
        assert made["project"] is project

    def test_without_a_project_is_an_error_where_there_are_several(self, session, project):
        schema = project["project_schema"]
        session.create("Project", {"name": "other", "full_name": "Other", "project_schema": schema})
        session.commit()
        with pytest.raises(ftrack_review.exception.OperationError, match="project"):
            session.create("ReviewSession", {"name": "a"})

    def test_an_object_in_full(self, session, review_session, version):
        made = session.create(
            "ReviewSessionObject",
            {
                "name": "n",
                "description": "d",
                "version": "Version 3",
                "review_session": review_session,
                "asset_version": version,
            },
        )
        session.commit()
        assert made["version"] == "Version 3"
        assert review_session["review_session_objects"][0] is made

    def test_an_object_without_a_name(self, session, review_session, version):
        session.create("ReviewSessionObject", {"review_session": review_session, "asset_version": version})
        session.commit()
        assert len(review_session["review_session_objects"]) == 1

    def test_an_object_by_the_wrong_key(self, session, review_session, version):
        made = session.create(
            "ReviewSessionObject", {"review_session": review_session, "asset_version_id": version["id"]}
        )
        session.commit()
        assert made["asset_version"] is version
        assert made["asset_version_id"] == version["id"]
        query = f'ReviewSessionObject where asset_version_id is "{version["id"]}"'
        assert session.query(query).one() is made

    def test_an_object_without_a_version(self, session, review_session, file_path):
        made = session.create(
            "ReviewSessionObject", {"name": "shot_001_v001", "review_session": review_session}
        )
        component = None
        session.commit()
        asset = made["asset_version"]["asset"]
        assert asset["name"] == "shot_001_v001"
        assert asset["type"]["name"] == "Upload"
        assert asset["parent"] is review_session["project"]
        with pytest.warns(UserWarning, match="system_type"):
            component = session.create(
                "ReviewSessionObjectComponent",
                {
                    "review_session_object": made,
                    "name": "movie",
                    "system_type": "video",
                    "file_path": file_path,
                },
            )
        session.commit()
        assert component["version"] is made["asset_version"]
        assert component["name"] == "movie"
        assert component["file_path"].startswith("http")

    def test_an_object_and_its_media_in_one_commit(self, session, review_session, file_path):
        made = session.create("ReviewSessionObject", {"name": "shot", "review_session": review_session})
        component = session.create(
            "ReviewSessionObjectComponent",
            {"review_session_object": made, "name": "movie", "file_path": file_path},
        )
        session.commit()
        query = (
            f'ReviewSessionObjectComponent where review_session_object.id is "{made["id"]}" and name is movie'
        )
        assert session.query(query).one() is component

    def test_media_that_does_not_exist(self, session, item):
        with pytest.raises(ftrack_review.exceptions.ApiError, match="/nowhere/file.mp4"):
            session.create(
                "ReviewSessionObjectComponent",
                {"review_session_object": item, "name": "movie", "file_path": "/nowhere/file.mp4"},
            )

    def test_an_invitee(self, session, invitee):
        assert invitee["invitation_status"] == "pending"

    def test_an_invitee_who_is_a_user(self, session, review_session, user):
        made = session.create(
            "ReviewSessionInvitee",
            {"review_session": review_session, "user": user, "invitation_status": "pending"},
        )
        session.commit()
        assert (made["name"], made["email"]) == ("Grace Hopper", "grace@example.com")
        assert made["user"] is user
        assert session.query('ReviewSessionInvitee where user.username is "grace"').one() is made

    def test_a_version(self, session, version):
        asset = version["asset"]
        task = session.create("Task", {"name": "comp", "parent": asset["parent"]})
        made = session.create(
            "AssetVersion", {"asset": asset, "task": task, "comment": "For review", "version": 1}
        )
        session.commit()
        assert made["comment"] == "For review"

    def test_a_version_by_name(self, session, version):
        shot = version["asset"]["parent"]
        task = session.create("Task", {"name": "comp", "parent": shot})
        session.commit()
        made = session.create("AssetVersion", {"name": "comp", "task": task})
        session.commit()
        assert made["asset"] is version["asset"]
        assert made["version"] == 2

    def test_a_component_on_a_version(self, session, version, file_path):
        made = session.create(
            "FileComponent", {"name": "movie", "container": version, "file_path": file_path}
        )
        session.commit()
        assert made["version"] is version
        assert made["file_path"] == file_path
        assert [component["name"] for component in version["components"]] == ["movie"]

    def test_idioms_are_not_attributes(self, session, review_session, invitee):
        assert "status" not in review_session.keys()
        assert "role" not in invitee
        assert "user" not in list(invitee)


class TestChanging:
    def test_closing(self, session, review_session, item, invitee):
        review_session["status"] = "Closed"
        assert review_session["status"] == "Closed"
        session.commit()
        assert review_session["status"] == "Closed"
        assert review_session["is_open"] is False
        session.create(
            "ReviewSessionObjectStatus",
            {"review_session_object": item, "invitee": invitee, "status": "approved"},
        )
        with pytest.raises(ftrack_review.exception.ServerError, match="closed"):
            session.commit()
        assert len(session.recorded_operations)
        session.rollback()
        review_session["status"] = "open"
        session.commit()
        assert review_session["is_open"] is True

    def test_a_status_that_is_none(self, review_session):
        with pytest.raises(ftrack_review.exception.OperationError, match="'open' or 'closed'"):
            review_session["status"] = "Postponed"

    def test_removing_an_invitee(self, session, review_session, invitee):
        assert list(review_session["review_session_invitees"]) == [invitee]
        session.delete(invitee)
        session.commit()
        found = session.query(f'ReviewSessionInvitee where review_session_id is "{review_session["id"]}"')
        assert found.all() == []

    def test_roles(self, session, review_session, invitee):
        other = session.create(
            "ReviewSessionInvitee",
            {"name": "Bob", "email": "bob@example.com", "review_session": review_session, "role": "approver"},
        )
        session.commit()
        assert (invitee["role"], other["role"]) == ("reviewer", "approver")
        assert session.query("ReviewSessionInvitee where role is approver").all() == [other]
        assert session.query('ReviewSessionInvitee where role is "reviewer"').all() == [invitee]
        invitee["role"] = "observer"
        session.commit()
        with ftrack_review.Session(session.server_url, session.api_key, session.api_user) as again:
            assert again.get("ReviewSessionInvitee", invitee["id"])["role"] == "observer"
        with pytest.raises(ftrack_review.exception.OperationError, match="approver"):
            invitee["role"] = "director"


class TestInviting:
    def test_one_and_many(self, session, invitee):
        session.send_review_session_invite(invitee)
        session.send_review_session_invites([invitee])
        found = session.query("select last_sent_at, invitation_status from ReviewSessionInvitee").one()
        assert found["last_sent_at"] is not None
        assert found["invitation_status"] == "sent"
        assert session.query("ReviewSessionInvitee where invitation_status is sent").one() is invitee
        assert session.query("ReviewSessionInvitee where invitation_status is pending").first() is None

    def test_one_that_is_not_committed(self, session, review_session):
        made = session.create(
            "ReviewSessionInvitee",
            {"name": "Bob", "email": "bob@example.com", "review_session": review_session},
        )
        with pytest.raises(ftrack_review.exceptions.ApiError, match="commit"):
            session.send_review_session_invite(made)

    def test_by_setting_the_status(self, session, invitee):
        invitee["invitation_status"] = "sent"
        session.commit()
        assert invitee["last_sent_at"] is not None
        with pytest.raises(ftrack_review.exception.OperationError, match="follows from"):
            invitee["invitation_status"] = "accepted"

    def test_by_an_old_status_after_a_vote(self, session, invitee, item):
        session.create(
            "ReviewSessionObjectStatus", {"review_session_object": item, "invitee": invitee, "status": "seen"}
        )
        session.commit()
        found = session.query("ReviewSessionInvitee where invitation_status is responded").one()
        assert found["invitation_status"] == "responded"


class TestPublishing:
    def test_components_for_the_web(self, session, version, file_path):
        server_location = session.query('Location where name is "ftrack.server"').one()
        component = version.create_component(
            path=file_path, data={"name": "ftrackreview-mp4"}, location=server_location
        )
        component["metadata"]["ftr_meta"] = json.dumps(
            {"frameIn": 0, "frameOut": 150, "frameRate": 25, "width": 1280, "height": 720}
        )
        session.commit()
        assert component.session.get("Location", SERVER_LOCATION_ID).get_url(component).startswith("http")
        with ftrack_review.Session(session.server_url, session.api_key, session.api_user) as again:
            found = again.get("FileComponent", component["id"])
            assert json.loads(found["metadata"]["ftr_meta"])["frameRate"] == 25

    def test_errors_have_both_names(self, session):
        for base in (ftrack_review.exceptions.ApiError, ftrack_review.exception.ServerError):
            with pytest.raises(base):
                session.query("ReviewSession where nonsense is y").all()
            session.create("ReviewSessionInvitee", {"name": "x", "email": "not an address"})
            with pytest.raises(base):
                session.commit()
            session.rollback()


def test_an_unknown_attribute_is_dropped_with_a_warning(session, project):
    with pytest.warns(UserWarning, match="description"):
        session.create("ReviewSession", {"name": "a", "project": project, "descripton": "x"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        session.commit()
