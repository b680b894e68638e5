"""What people may do who are no administrators."""

import uuid

import pytest

from tests.integration.api import Api


def role_of(api, name):
    return api.query(f'select id from SecurityRole where name is "{name}"')[0]["id"]


def make_person(api, *roles):
    """Return a client of a new user with *roles*."""
    username = f"user-{uuid.uuid4().hex[:8]}"
    user_id = api.create("User", username=username, email=f"{username}@example.com", is_active=True)
    for role in roles:
        api.create("UserSecurityRole", user_id=user_id, security_role_id=role_of(api, role))
    key = api.call(
        {"action": "reset_remote", "reset_type": "api_key", "entity_type": "User", "entity_key": user_id}
    )[0]["data"]["api_key"]
    person = Api(api.url, username, key)
    person.id = user_id
    return person


@pytest.fixture(scope="module")
def artist(api):
    person = make_person(api, "User")
    yield person
    person.http.close()


def refused(person, action, entity_type, key=None, /, **values):
    status, answer = person.refused(
        {
            "action": action,
            "entity_type": entity_type,
            "entity_key": None if key is None else [key] if isinstance(key, str) else key,
            "entity_data": {"__entity_type__": entity_type, **values},
        }
    )
    assert (status, answer["exception"]) == (403, "PermissionError")
    assert "administrator" in answer["content"]
    return answer["content"]


class TestAnArtist:
    def test_works_in_projects(self, api, artist):
        project_id = artist.project()
        shot = artist.create("Shot", name="sh010", parent_id=project_id)
        version_id = artist.version(project_id)
        artist.create("Note", content="Nice", parent_id=version_id, parent_type="AssetVersion")
        session_id = artist.create("ReviewSession", name="Dailies", project_id=project_id)
        artist.create("ReviewSessionObject", name="a", review_session_id=session_id, version_id=version_id)
        invitee_id = artist.invitee(session_id)
        assert artist.call(
            {"action": "send_review_session_invite", "review_session_invitee_id": invitee_id}
        ) == [{"sent": True}]
        artist.update("Shot", shot, description="Wide")
        artist.delete("Project", project_id)

    @pytest.mark.parametrize(
        ("entity_type", "values"),
        [
            ("User", {"username": "eve", "email": "eve@example.com"}),
            ("Group", {"name": "all"}),
            ("ObjectType", {"name": "Reel"}),
            ("Status", {"name": "Odd", "color": "#000000"}),
            ("Type", {"name": "Odd"}),
            ("AssetType", {"name": "Odd", "short": "odd"}),
            ("SecurityRole", {"name": "Administrator"}),
            ("Setting", {"name": "a", "group": "b", "value": "c"}),
            ("CustomAttributeConfiguration", {"key": "odd", "entity_type": "task"}),
            ("ProjectSchema", {"name": "Odd"}),
        ],
    )
    def test_does_not_shape_the_site(self, artist, entity_type, values):
        assert (
            f"create {entity_type}" in refused(artist, "create", entity_type, **values)
            or entity_type == "User"
        )

    def test_does_not_become_administrator(self, api, artist):
        administrator = role_of(api, "Administrator")
        refused(artist, "create", "UserSecurityRole", user_id=artist.id, security_role_id=administrator)
        given = api.query(f'select id from UserSecurityRole where user_id is "{artist.id}"')[0]["id"]
        refused(artist, "update", "UserSecurityRole", given, security_role_id=administrator)
        refused(artist, "update", "SecurityRole", role_of(api, "User"), name="Administrator")
        whose = api.query('select id from UserSecurityRole where user.username is "admin"')[0]["id"]
        reference = {"__entity_type__": "UserSecurityRole", "id": whose}
        refused(artist, "update", "User", artist.id, user_security_roles=[reference])
        refused(artist, "delete", "UserSecurityRole", whose)

    def test_changes_their_own_account_only(self, api, artist):
        artist.update("User", artist.id, first_name="Ada")
        admin = api.query('select id from User where username is "admin"')[0]["id"]
        refused(artist, "update", "User", admin, first_name="Eve")
        refused(artist, "update", "User", artist.id, username="root")
        refused(artist, "update", "User", artist.id, is_active=False)
        refused(artist, "delete", "User", admin)
        assert api.query(f'select first_name from User where id is "{artist.id}"')[0]["first_name"] == "Ada"

    def test_is_locked_out_while_made_inactive(self, api):
        person = make_person(api)
        assert person.query(f'User where id is "{person.id}"')
        api.update("User", person.id, is_active=True)
        api.update("User", person.id, is_active=False)
        status, answer = person.refused({"action": "query_server_information"})
        assert (status, answer["exception"]) == (401, "InvalidCredentialsError")
        api.update("User", person.id, is_active=True)
        assert person.query(f'User where id is "{person.id}"')

    def test_is_not_locked_out_for_whoever_had_the_id_before(self, api):
        former = make_person(api)
        api.update("User", former.id, is_active=False)
        api.delete("User", former.id)
        api.create("User", id=former.id, username=former.user, email="b@example.com", is_active=True)
        fresh = api.call(
            {
                "action": "reset_remote",
                "reset_type": "api_key",
                "entity_type": "User",
                "entity_key": former.id,
            }
        )[0]["data"]["api_key"]
        assert Api(api.url, former.user, fresh).query(f'User where id is "{former.id}"')

    def test_of_the_server_itself_is_never_locked_out(self, api):
        admin = api.query('select id from User where username is "admin"')[0]["id"]
        api.update("User", admin, is_active=False)
        api.update("User", admin, is_active=True)

    def test_renews_their_own_key_only(self, api):
        person = make_person(api)
        reset = {"action": "reset_remote", "reset_type": "api_key", "entity_type": "User"}
        admin = api.query('select id from User where username is "admin"')[0]["id"]
        status, answer = person.refused({**reset, "entity_key": admin})
        assert (status, answer["exception"]) == (403, "PermissionError")
        fresh = person.call({**reset, "entity_key": person.id})[0]["data"]["api_key"]
        assert Api(api.url, person.user, fresh).query(f'User where id is "{person.id}"')

    def test_keeps_their_own_settings_only(self, api, artist):
        admin = api.query('select id from User where username is "admin"')[0]["id"]
        values = {"user_id": artist.id, "key": "theme", "value": "dark"}
        artist.call({"action": "create", "entity_type": "UserApplicationState", "entity_data": values})
        refused(artist, "create", "UserApplicationState", user_id=admin, key="theme", value="dark")

    def test_invites_no_users(self, artist):
        status, answer = artist.refused({"action": "send_user_invite", "user_id": artist.id})
        assert (status, answer["exception"]) == (403, "PermissionError")

    def test_is_refused_the_whole_batch(self, artist):
        project_id = artist.project()
        shot = {"__entity_type__": "Shot", "name": "never", "parent_id": project_id}
        status = {"__entity_type__": "Status", "name": "Odd"}
        artist.refused(
            {"action": "create", "entity_type": "Shot", "entity_data": shot},
            {"action": "create", "entity_type": "Status", "entity_data": status},
        )
        assert artist.query(f'Shot where project_id is "{project_id}"') == []


class TestASecondAdministrator:
    def test_does_what_the_first_does(self, api):
        person = make_person(api, "Administrator")
        status = person.create("Status", name=f"Odd {uuid.uuid4().hex[:6]}", color="#123456")
        person.delete("Status", status)
        other = person.create("User", username=f"user-{uuid.uuid4().hex[:8]}", email="a@example.com")
        person.update("User", other, is_active=False)
        person.delete("User", other)

    def test_is_none_any_more_without_the_role(self, api):
        person = make_person(api, "Administrator")
        given = api.query(f'select id from UserSecurityRole where user_id is "{person.id}"')[0]["id"]
        api.delete("UserSecurityRole", given)
        refused(person, "create", "Status", name="Odd")
