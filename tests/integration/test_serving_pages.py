"""The review page behind a personal link, over HTTP."""

import re
import urllib.parse

import pytest
import requests

from tests.integration.api import Api


@pytest.fixture
def review(api):
    session_id, object_id = api.review(
        name="<script>alert(1)</script>", description="Look at the {{ edges }}."
    )
    invitee_id = api.invitee(session_id)
    visitor, page = api.visit(invitee_id)
    yield Review(session_id, object_id, invitee_id, visitor, page)
    visitor.close()


class Review:
    def __init__(self, session_id, object_id, invitee_id, visitor, page):
        self.session_id, self.object_id, self.invitee_id = session_id, object_id, invitee_id
        self.visitor, self.page = visitor, page

    def vote(self, status, **headers):
        form = {"object": self.object_id, "status": status}
        return self.visitor.post(self.page + "/vote", data=form, headers=headers, timeout=30)

    def comment(self, content, frame=""):
        form = {"object": self.object_id, "content": content, "frame": frame}
        return self.visitor.post(self.page + "/comment", data=form, timeout=30)

    def see(self):
        return self.visitor.get(self.page, timeout=30)


class TestLink:
    def test_is_exchanged_for_a_cookie(self, api, review):
        response = requests.get(api.link(review.invitee_id), allow_redirects=False, timeout=30)
        assert response.status_code == 303
        cookie = response.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert f"Path=/review/session/{review.session_id}" in cookie
        token = response.request.path_url.rpartition("/")[2]
        assert token not in response.headers["location"]
        assert token not in cookie
        assert response.headers["referrer-policy"] == "no-referrer"
        assert len(token) * 6 >= 128

    def test_is_kept_as_a_hash(self, api, review, listening):
        token = api.link(review.invitee_id).rpartition("/")[2]
        with open(listening.store.path + "-wal", "rb") as stream:
            assert token.encode() not in stream.read()

    def test_is_given_to_those_with_credentials_only(self, api, review):
        body = {"invitee_id": review.invitee_id}
        assert api.http.post(api.url + "/review/link", json=body).status_code == 401
        other = Api(api.url, "admin", "x")
        response = other.http.post(api.url + "/review/link", json=body, headers=other.headers)
        assert (response.status_code, response.json()["error_code"]) == (401, "api_credentials_invalid")

    @pytest.mark.parametrize(
        ("body", "status"), [(b"{", 400), (b"[]", 400), (b"{}", 422), (b'{"invitee_id": "x"}', 404)]
    )
    def test_for_nobody_is_refused(self, api, body, status):
        response = api.http.post(api.url + "/review/link", data=body, headers=api.headers)
        assert response.status_code == status
        assert response.json()["exception"]

    @pytest.mark.parametrize("token", ["x" * 43, "x", "%00" * 30, "x" * 5000])
    def test_of_nobody_leads_to_a_page_that_says_so(self, api, token):
        response = api.http.get(f"{api.url}/review/{token}")
        assert response.status_code == 403
        assert response.headers["content-type"].startswith("text/html")
        assert "invitation" in response.text

    def test_of_a_removed_invitee_ends_at_once(self, api, review):
        link = api.link(review.invitee_id)
        api.delete("ReviewSessionInvitee", review.invitee_id)
        assert api.http.get(link).status_code == 403
        assert review.see().status_code == 403
        assert review.vote("approved").status_code == 403
        api.create(
            "ReviewSessionInvitee",
            id=review.invitee_id,
            name="Eve",
            email="eve@example.com",
            review_session_id=review.session_id,
        )
        assert api.http.get(link).status_code == 403

    def test_of_a_deleted_review_ends(self, api, review):
        api.delete("ReviewSession", review.session_id)
        assert review.see().status_code in (403, 404)

    def test_does_not_open_another_review(self, api, review):
        other_id, object_id = api.review()
        cookies = {"ftrack-review": review.visitor.cookies.get("ftrack-review")}
        response = requests.get(f"{api.url}/review/session/{other_id}", cookies=cookies, timeout=30)
        assert response.status_code == 403
        form = {"object": object_id, "status": "approved"}
        assert review.visitor.post(review.page + "/vote", data=form).status_code == 404


class TestPage:
    def test_shows_text_as_text(self, review):
        text = review.see().text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "Look at the {{ edges }}." in text
        assert text.count("<script") == 1

    def test_has_a_strict_policy(self, review):
        response = review.see()
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["cache-control"] == "no-store"
        assert "style=" not in response.text
        assert not re.search(r"\son\w+=", response.text)

    def test_everything_it_needs_is_here(self, api, review):
        paths = re.findall(r'(?:src|href)="([^"]+)"', review.see().text)
        assert paths
        for path in paths:
            assert path.startswith("/")
            response = review.visitor.get(
                urllib.parse.urljoin(api.url, path.replace("&amp;", "&")), timeout=30
            )
            assert response.status_code == 200, path

    def test_of_a_review_without_objects(self, api):
        session_id = api.create("ReviewSession", name="Empty", project_id=api.project())
        visitor, page = api.visit(api.invitee(session_id))
        assert "nothing to review" in visitor.get(page).text

    def test_names_files_that_cannot_be_played(self, api, review):
        version_id = api.query(
            f'select version_id from ReviewSessionObject where id is "{review.object_id}"'
        )[0]
        component = api.component(b"abc", name="scene", file_type=".ma", version_id=version_id["version_id"])
        text = review.see().text
        assert "Download scene.ma" in text
        response = review.visitor.get(f"{review.page}/media/{component}")
        assert (response.status_code, response.content) == (200, b"abc")

    def test_other_media_is_not_served(self, api, review):
        foreign = api.component(b"abc", version_id=api.version(api.project()))
        loose = api.component(b"abc")
        for component in (foreign, loose, "nothing", "..%2F..%2Fx"):
            for route in ("media", "thumbnail"):
                assert review.visitor.get(f"{review.page}/{route}/{component}").status_code == 404

    def test_media_needs_the_cookie(self, api, review):
        version = api.query(f'select version_id from ReviewSessionObject where id is "{review.object_id}"')[0]
        component = api.component(b"abc", version_id=version["version_id"])
        assert requests.get(f"{review.page}/media/{component}", timeout=30).status_code == 403
        response = review.visitor.get(f"{review.page}/media/{component}", headers={"range": "bytes=1-1"})
        assert (response.status_code, response.content) == (206, b"b")


class TestFeedback:
    def test_a_vote_arrives_in_the_api_and_can_be_changed(self, api, review):
        assert review.vote("approved").status_code == 200
        response = review.vote("require_changes")
        assert "Changes required" in response.text
        statuses = api.query(
            "select status, review_session_invitee_id from ReviewSessionObjectStatus "
            f'where review_session_object_id is "{review.object_id}"'
        )
        assert [(row["status"], row["review_session_invitee_id"]) for row in statuses] == [
            ("require_changes", review.invitee_id)
        ]

    def test_a_comment_arrives_with_frame_and_author(self, api, review):
        text = 'The sky:\r\n"too bright" <b>&amp; 🎬 \u202eright to left'
        assert review.comment(text, "1042").status_code == 200
        note = api.query(
            "select content, frame_number, parent_type, user_id, metadata.key, metadata.value, recipients "
            f'from Note where parent_id is "{review.object_id}"'
        )[0]
        assert note["content"] == text.replace("\r\n", "\n")
        assert note["frame_number"] == 1042
        assert note["parent_type"] == "ReviewSessionObject"
        metadata = {row["key"]: row["value"] for row in note["metadata"]}
        assert metadata == {"inviteeId": review.invitee_id, "reviewFrame": '{"number": 1042}'}
        invitee = api.query(
            f'select resource_id from ReviewSessionInvitee where id is "{review.invitee_id}"'
        )[0]
        assert note["user_id"] == invitee["resource_id"]
        shown = review.see().text
        assert "<b>&amp;" not in shown
        assert "Frame 1042" in shown
        assert ">Ada<" in shown

    @pytest.mark.parametrize(
        ("content", "frame", "status"),
        [
            ("", "", 422),
            ("  \n ", "", 422),
            ("x" * 20_001, "", 422),
            ("x", "soon", 422),
            ("y" * 300_000, "", 413),
        ],
    )
    def test_what_is_no_comment_is_refused(self, api, review, content, frame, status):
        assert review.comment(content, frame).status_code == status
        assert api.query(f'select id from Note where parent_id is "{review.object_id}"') == []

    def test_what_was_typed_is_not_lost_when_it_is_refused(self, review):
        response = review.comment("A long thought.", "soon")
        assert 'value="soon"' in response.text or "A long thought." in response.text
        assert 'role="alert"' in response.text

    def test_a_vote_that_is_none_is_refused(self, review):
        response = review.vote("maybe")
        assert response.status_code == 422
        assert "approved" in response.text

    def test_a_closed_review_is_read_only(self, api, review):
        review.comment("Before.")
        now = {"__type__": "datetime", "value": "2020-01-01T00:00:00"}
        start = {"__type__": "datetime", "value": "2019-01-01T00:00:00"}
        api.update("ReviewSession", review.session_id, start_date=start, end_date=now)
        page = review.see()
        assert page.status_code == 200
        assert "Before." in page.text
        assert "closed" in page.text
        assert "<form" not in page.text
        refused = [review.vote("approved"), review.comment("After.")]
        assert all(400 <= response.status_code < 500 for response in refused)
        assert (
            api.query(
                f'select id from ReviewSessionObjectStatus where review_session_object_id is "{review.object_id}"'
            )
            == []
        )
        assert len(api.query(f'select id from Note where parent_id is "{review.object_id}"')) == 1

    def test_an_observer_only_watches(self, api, review):
        from ftrack_review.protocol import role

        schema = api.call({"action": "query_schemas"})[0]
        session = next(entry for entry in schema if entry["id"] == "ReviewSession")
        if "metadata" in session["properties"]:
            parent, kind, key = review.session_id, "ReviewSession", role.SESSION_KEY
        else:
            row = api.query(f'select project_id from ReviewSession where id is "{review.session_id}"')[0]
            parent, kind, key = row["project_id"], "Project", role.project_key(review.session_id)
        value = role.encode({review.invitee_id: role.OBSERVER})
        data = {
            "__entity_type__": "Metadata",
            "parent_id": parent,
            "parent_type": kind,
            "key": key,
            "value": value,
        }
        api.call({"action": "create", "entity_type": "Metadata", "entity_data": data})
        assert "<form" not in review.see().text
        assert [review.vote("approved").status_code, review.comment("x").status_code] == [403, 403]

    def test_a_form_on_another_page_is_refused(self, review):
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            assert review.vote("approved", **headers).status_code == 403


class TestWidget:
    @pytest.mark.parametrize("name", ["info", "tasks", "tasks_browser"])
    def test_opens_without_credentials(self, api, name):
        project_id = api.project()
        action = {"action": "get_widget_url", "name": name, "theme": None}
        url = api.call({**action, "entity_type": "Project", "entity_key": [project_id]})[0]["widget_url"]
        response = requests.get(url, timeout=30)
        assert response.status_code == 200
        assert api.key not in url

    def test_another_name_or_token_is_refused(self, api):
        assert api.refused({"action": "get_widget_url", "name": "gantt"})[0] == 422
        assert api.http.get(api.url + "/widget?token=x.y").status_code == 403
