"""Attempts to get in where one does not belong, and what they are answered.

Each is told in ``docs/guides/review_access.rst`` by the same words; a test holds the two together.
"""

import base64
import json
import os
import re

import pytest
import requests
import websocket

from tests.integration.api import Api
from tests.integration.test_review_live import Page
from tests.integration.test_review_page import DRAWING, Review, data_url, png
from tests.integration.test_serving_mail import outbox_of

PAST = "2020-01-01T00:00:00Z"
DOCUMENT = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "guides", "review_access.rst")
ATTEMPTS = []


def attempt(title, answer):
    """Add a test to the list of attempts, under a *title* and with the *answer* that it is given."""

    def add(function):
        ATTEMPTS.append((title, answer, function))
        return function

    return add


class Site:
    """Two reviews of one site, in each of which somebody takes part."""

    def __init__(self, api, server):
        self.api, self.server = api, server
        self.review, self.other = Review(api), Review(api)
        self.object_id = self.review.object_id

    def call(self, what, **body):
        return self.api.http.post(
            f"{self.api.url}/review/{what}", json=body, headers=self.api.headers, timeout=30
        )

    def open(self, path, visitor=None, **arguments):
        url = path if path.startswith("http") else self.review.page + path
        get = (visitor or self.review.visitor).get
        return get(url, timeout=30, **arguments)

    def set_role(self, role):
        roles = json.dumps({self.review.invitee_id: role})
        self.api.metadata("ReviewSession", self.review.session_id, "ftrack_review.roles", roles)

    def share(self, **values):
        self.api.update("ReviewSession", self.review.session_id, shareable_url_enabled=True, **values)
        return self.call("share", session_id=self.review.session_id).json()["url"]

    def join(self, url, name="Guest", email="guest@example.com", visitor=None, **form):
        visitor = visitor or requests.Session()
        form.update(name=name, email=email)
        return visitor, visitor.post(url, data=form, timeout=30)

    def protect(self, passphrase="Open Sesame"):
        self.api.update(
            "ReviewSession", self.review.session_id, passphrase_enabled=True, passphrase=passphrase
        )

    def enter(self, passphrase, visitor=None):
        return (visitor or self.review.visitor).post(
            self.review.page + "/passphrase", data={"passphrase": passphrase}, timeout=30
        )

    def people(self):
        return self.api.query(
            f'select id from ReviewSessionInvitee where review_session_id is "{self.review.session_id}"'
        )

    def close(self):
        self.review.visitor.close()
        self.other.visitor.close()


@pytest.fixture
def site(api, listening):
    made = Site(api, listening)
    yield made
    made.close()


def said(response):
    """Return the status and the code of an answer; the code is None on a page."""
    if "json" in response.headers.get("content-type", ""):
        return response.status_code, response.json()["error"]["code"]
    return response.status_code, None


NO_LINK = (401, "link_invalid")
NOT_HERE = (404, "not_found")


# Links


@attempt("A made-up link", "403, a page that says what to do")
def made_up_link(site):
    for token in ("x" * 43, "x", "%00" * 30, "x" * 5000):
        assert site.open(f"{site.api.url}/review/{token}").status_code == 403
        assert site.open(f"{site.api.url}/review/shared/{token}").status_code == 403


@attempt("The link of a removed invitee, and the browser that came by it", "403, and 401 link_invalid")
def removed(site):
    link = site.api.link(site.review.invitee_id)
    site.api.delete("ReviewSessionInvitee", site.review.invitee_id)
    assert site.open(link).status_code == 403
    assert said(site.open("/state")) == NO_LINK
    assert said(site.review.vote("approved")) == NO_LINK
    # Nor does it come back with somebody of the same id.
    values = {"name": "Eve", "email": "eve@example.com", "review_session_id": site.review.session_id}
    site.api.create("ReviewSessionInvitee", id=site.review.invitee_id, **values)
    assert site.open(link).status_code == 403


@attempt("A link after it was revoked", "403, and 401 link_invalid")
def revoked(site):
    link = site.api.link(site.review.invitee_id)
    assert site.call("revoke", invitee_id=site.review.invitee_id).json()["revoked"] >= 2
    assert site.open(link).status_code == 403
    assert said(site.open("/state")) == NO_LINK
    # A new one works again.
    assert site.open(site.api.link(site.review.invitee_id)).status_code == 200


@attempt("A link whose time is over", "403, and 401 link_invalid")
def expired_link(site):
    url = site.call("link", invitee_id=site.review.invitee_id, expires_at=PAST).json()["url"]
    assert site.open(url).status_code == 403


@attempt("The link of a deleted review", "403, and 401 link_invalid")
def deleted(site):
    link = site.api.link(site.review.invitee_id)
    site.api.delete("ReviewSession", site.review.session_id)
    assert site.open(link).status_code == 403
    assert said(site.open("/state")) == NO_LINK


@attempt("A link asked for without an account", "401 api_credentials_invalid")
def link_without_credentials(site):
    for what in ("link", "share", "revoke", "digest", "mail"):
        body = {"invitee_id": site.review.invitee_id, "session_id": site.review.session_id}
        for headers in ({}, Api(site.api.url, "admin", "x").headers):
            # The cookie of the page is no account, either.
            response = site.review.visitor.post(
                f"{site.api.url}/review/{what}", json=body, headers=headers, timeout=30
            )
            assert (response.status_code, response.json()["error_code"]) == (401, "api_credentials_invalid")


# Cookies


@attempt("A request without a cookie", "401 link_invalid")
def no_cookie(site):
    stranger = requests.Session()
    for path in ("/state", "/media/x", "/thumbnail/x", "/annotation/x"):
        assert said(site.open(path, stranger)) == NO_LINK
    for path in ("vote", "comment", "comment/x/edit", "comment/x/delete", "comment/x/release"):
        assert said(stranger.post(f"{site.review.page}/{path}", json={}, timeout=30)) == NO_LINK
    assert site.open("", stranger).status_code == 403


@attempt("The cookie of one review at another", "401 link_invalid")
def foreign_cookie(site):
    cookies = {"ftrack-review": site.review.visitor.cookies.get("ftrack-review")}
    for path in ("/state", "/media/x"):
        assert said(requests.get(site.other.page + path, cookies=cookies, timeout=30)) == NO_LINK
    body = {"object_id": site.other.object_id, "status": "approved"}
    assert said(requests.post(site.other.page + "/vote", json=body, cookies=cookies, timeout=30)) == NO_LINK


@attempt("A forged cookie: another invitee in it, another signature, none, a token for something else", "401")
def forged_cookie(site):
    genuine = site.review.visitor.cookies.get("ftrack-review")
    payload, _, signature = genuine.partition(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["s"] = site.other.invitee_id
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    action = {"action": "get_widget_url", "name": "tasks"}
    widget = site.api.call(action)[0]["widget_url"].partition("token=")[2]
    for value in (f"{changed}.{signature}", f"{payload}.{'A' * 43}", payload, "x.y", "", widget):
        response = requests.get(site.review.page + "/state", cookies={"ftrack-review": value}, timeout=30)
        assert said(response) == NO_LINK, value


@attempt("The cookie of the page at the API", "401 api_credentials_invalid")
def cookie_at_api(site):
    body = [{"action": "query", "expression": "User"}]
    response = site.review.visitor.post(
        site.api.url + "/api", json=body, headers={"ftrack-strict-api": "true"}, timeout=30
    )
    assert (response.status_code, response.json()["error_code"]) == (401, "api_credentials_invalid")


@attempt("A post from a page of another site", "403 forbidden")
def cross_site(site):
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        assert said(site.review.vote("approved", headers=headers)) == (403, "forbidden")
        response = site.review.visitor.post(
            site.review.page + "/passphrase", data={"passphrase": "x"}, headers=headers, timeout=30
        )
        assert response.status_code == 403
    assert site.review.object()["votes"] == []


@attempt("A vote by an address that is only looked at (GET)", "405")
def vote_by_get(site):
    response = site.open("/vote", params={"object_id": site.object_id, "status": "approved"})
    assert response.status_code == 405
    assert site.review.object()["votes"] == []


# Media


@attempt("Media, thumbnail or picture of another review, of no review, of a made-up id", "404 not_found")
def foreign_media(site):
    version_id = site.other.version_id()
    foreign = site.api.component(b"abc", name="ftrackreview-mp4", file_type=".mp4", version_id=version_id)
    loose = site.api.component(b"abc")
    drawn = site.other.comment("x", drawing=DRAWING, picture=data_url(png())).json()["object"]["notes"][0]
    picture = drawn["picture_url"].rpartition("/")[2]
    for component_id in (foreign, loose, picture, "nothing", "0"):
        for route in ("media", "thumbnail", "annotation"):
            assert said(site.open(f"/{route}/{component_id}")) == NOT_HERE


@attempt("What could not be encoded, for a version of another review or of none", "404 not_found")
def foreign_source(site):
    source, other, loose = (site.api.component(b"no movie") for _ in range(3))
    elsewhere = site.api.version(site.api.project())
    owned = site.api.component(b"no movie", version_id=elsewhere)
    site.api.encode(source, site.review.version_id(), keep_original=False)
    site.api.encode(other, site.other.version_id(), keep_original=False)
    site.api.encode(loose, None, keep_original=False)
    # What belongs to a version that is not shown is not given away by a job that names it.
    site.api.encode(owned, site.other.version_id(), keep_original=False)
    for route in ("media", "thumbnail"):
        for component_id in (other, loose, owned):
            assert said(site.open(f"/{route}/{component_id}")) == NOT_HERE
    assert site.open(f"/media/{source}").content == b"no movie"
    path = f"{site.other.page}/media/{source}"
    assert said(site.other.visitor.get(path, timeout=30)) == NOT_HERE
    assert said(site.other.visitor.get(f"{site.other.page}/media/{owned}", timeout=30)) == NOT_HERE
    # Out of the review again, it is gone.
    site.api.delete("ReviewSessionObject", site.object_id)
    assert said(site.open(f"/media/{source}")) == NOT_HERE


@attempt(
    "Media of a version of the asset that is not shown: before the one before, or later", "404 not_found"
)
def hidden_version(site):
    asset = site.api.query(f'select asset_id from AssetVersion where id is "{site.review.version_id()}"')[0]
    versions = [site.review.version_id()]
    versions += [site.api.create("AssetVersion", asset_id=asset["asset_id"]) for _ in range(3)]
    media = [
        site.api.component(b"abc", name="ftrackreview-mp4", file_type=".mp4", version_id=version_id)
        for version_id in versions
    ]
    site.api.update("ReviewSessionObject", site.object_id, version_id=versions[2])
    answers = [site.open(f"/media/{component_id}").status_code for component_id in media]
    assert answers == [404, 200, 200, 404]


@attempt("Paths that lead elsewhere", "404")
def path_tricks(site):
    for path in (
        "..%2F..%2F..%2Fetc%2Fpasswd",
        "%2e%2e%2fftrack.sqlite",
        "....//ftrack.sqlite",
        "%00",
        "x" * 5000,
        "' OR 1=1 --",
        '" or id is_not "',
    ):
        for route in ("media", "thumbnail", "annotation"):
            assert site.open(f"/{route}/{path}").status_code == 404, path
        assert site.open(f"{site.api.url}/review/static/{path}").status_code == 404, path
    for name in ("../pages.py", "..%2fpages.py", "thumbnail2.png", ""):
        assert site.open(f"{site.api.url}/review/static/{name}").status_code in (403, 404), name


# What is said


@attempt("A vote or comment on an object of another review", "404 not_found")
def foreign_object(site):
    for object_id in (site.other.object_id, "nothing", '" or id is_not "'):
        assert said(site.review.send("vote", object_id=object_id, status="approved")) == NOT_HERE
        assert said(site.review.send("comment", object_id=object_id, content="x")) == NOT_HERE
    assert site.other.object()["votes"] == []


@attempt("An answer to a comment of another review, or a change of it", "404 not_found")
def foreign_note(site):
    note = site.other.comment("Elsewhere.").json()["object"]["notes"][0]["id"]
    assert said(site.review.comment("x", reply_to=note)) == NOT_HERE
    for what in ("edit", "delete", "release"):
        assert said(site.review.send(f"comment/{note}/{what}", content="x")) == NOT_HERE
    assert [entry["content"] for entry in site.other.object()["notes"]] == ["Elsewhere."]


@attempt("A change of somebody else's comment", "403 not_yours")
def comment_of_another(site):
    note = site.review.comment("Mine.").json()["object"]["notes"][0]["id"]
    eve, page = site.api.visit(site.api.invitee(site.review.session_id, "Eve", "eve@example.com"))
    for what in ("edit", "delete"):
        response = eve.post(f"{page}/comment/{note}/{what}", json={"content": "x"}, timeout=30)
        assert said(response) == (403, "not_yours")


@attempt("A comment under an id that somebody else's has, so that it takes its place", "a comment of its own")
def client_id_of_another(site):
    note = site.review.comment("Mine.", client_id="chosen-by-ada").json()["object"]["notes"][0]
    eve, page = site.api.visit(site.api.invitee(site.review.session_id, "Eve", "eve@example.com"))
    for client_id in ("chosen-by-ada", note["id"]):
        body = {"object_id": site.object_id, "content": "Eve's.", "client_id": client_id}
        assert eve.post(page + "/comment", json=body, timeout=30).status_code == 200
    found = site.review.object()["notes"]
    assert [(entry["author"], entry["content"]) for entry in found] == [
        ("Ada", "Mine."),
        ("Eve", "Eve's."),
        ("Eve", "Eve's."),
    ]


@attempt("A vote, comment or drawing of an observer, by a request made by hand", "403 role_forbidden")
def observer(site):
    site.set_role("observer")
    assert site.review.state()["me"]["can"]["vote"] is False
    forbidden = (403, "role_forbidden")
    assert said(site.review.vote("approved")) == forbidden
    assert said(site.review.vote(None)) == forbidden
    assert said(site.review.comment("x")) == forbidden
    assert said(site.review.comment("", drawing=DRAWING, picture=data_url(png()))) == forbidden
    assert site.review.object()["notes"] == []


@attempt("A comment on a frame after the last of the media, or before the first", "422 invalid")
def frame_beyond(site):
    media = site.api.component(
        b"abc", name="ftrackreview-mp4", file_type=".mp4", version_id=site.review.version_id()
    )
    site.api.metadata("FileComponent", media, "ftr_meta", json.dumps({"frameIn": 0, "frameOut": 14}))
    for frame in (15, 1_000_000_000, -1):
        assert said(site.review.comment("x", frame=frame)) == (422, "invalid")
        body = {"drawing": DRAWING, "picture": data_url(png())}
        assert said(site.review.comment("x", frame=frame, **body)) == (422, "invalid")
        note = {"content": "x", "frame_number": frame, "parent_id": site.object_id}
        note["parent_type"] = "ReviewSessionObject"
        status, error = site.api.refused({"action": "create", "entity_type": "Note", "entity_data": note})
        assert (status, error["attribute"]) == (422, "frame_number")
    assert "last is 14" in site.review.comment("x", frame=15).json()["error"]["message"]
    assert site.review.comment("x", frame=14).status_code == 200


@attempt("A vote or comment after the review was closed", "403 review_session_closed")
def closed(site):
    note = site.review.comment("Before.").json()["object"]["notes"][0]["id"]
    site.review.close_session()
    answer = (403, "review_session_closed")
    assert said(site.review.vote("approved")) == answer
    assert said(site.review.comment("After.")) == answer
    assert said(site.review.send(f"comment/{note}/edit", content="x")) == answer
    status, error = site.api.refused(
        {
            "action": "create",
            "entity_type": "ReviewSessionObjectStatus",
            "entity_data": {
                "__entity_type__": "ReviewSessionObjectStatus",
                "status": "approved",
                "review_session_object_id": site.object_id,
                "review_session_invitee_id": site.review.invitee_id,
            },
        }
    )
    assert (status, error["error_code"]) == answer


CLOSED = (403, "review_session_closed")


def refuse(site, *actions):
    """Send each of *actions* with a key, and expect the answer of a closed review."""
    for name, entity_type, key, values in actions:
        action = {"action": name, "entity_type": entity_type}
        if key is not None:
            action["entity_key"] = key
        if values is not None:
            action["entity_data"] = {"__entity_type__": entity_type, **values}
        status, error = site.api.refused(action)
        assert (status, error["error_code"]) == CLOSED, action


@attempt(
    "After that, through the API: an answer below a note, its author or frame, or a role, changed by way of metadata",
    "403 review_session_closed; releasing what waits for its release stays possible",
)
def closed_to_metadata(site):
    site.set_role("approver")
    note = site.review.comment("Before.").json()["object"]["notes"][0]["id"]
    site.review.close_session()
    below = {"content": "x", "parent_id": note, "parent_type": "Note"}
    refuse(
        site,
        ("create", "Note", None, below),
        ("update", "Metadata", [note, "inviteeId"], {"value": "x"}),
        (
            "create",
            "Metadata",
            None,
            {"parent_id": note, "parent_type": "Note", "key": "reviewFrame", "value": "{}"},
        ),
        ("update", "Metadata", [site.review.session_id, "ftrack_review.roles"], {"value": "{}"}),
    )
    site.api.metadata("Note", note, "ftrack_review.released", "2026-01-01T00:00:00Z")


@attempt(
    "After that, through the API: deleting the version or its asset, the media, a thumbnail or a drawing",
    "403 review_session_closed; nothing is lost",
)
def closed_to_deletion(site):
    version_id = site.review.version_id()
    asset = site.api.query(f'select asset_id from AssetVersion where id is "{version_id}"')[0]["asset_id"]
    media = site.api.component(b"abc", name="ftrackreview-mp4", file_type=".mp4", version_id=version_id)
    picture = site.api.component(b"abc", name="thumbnail", file_type=".jpg")
    site.api.update("AssetVersion", version_id, thumbnail_id=picture)
    drawn = site.review.comment("x", drawing=DRAWING, picture=data_url(png())).json()["object"]["notes"][0]
    drawing = drawn["picture_url"].rpartition("/")[2]
    site.review.vote("approved")
    site.review.close_session()
    before = site.review.object()
    for entity_type, key in (
        ("AssetVersion", version_id),
        ("Asset", asset),
        ("FileComponent", media),
        ("Component", picture),
        ("FileComponent", drawing),
    ):
        refuse(site, ("delete", entity_type, [key], None))
    assert site.review.object() == before
    # Deleted as a whole, it keeps nothing.
    site.api.delete("ReviewSession", site.review.session_id)
    site.api.delete("Asset", asset)


@attempt(
    "After that, through the API: another name or address of who was invited, another review for them, new people",
    "403 review_session_closed; who has not voted can be removed",
)
def closed_to_people(site):
    bob = site.api.invitee(site.review.session_id, "Bob", "bob@example.com")
    site.review.vote("approved")
    site.review.close_session()
    key = [site.review.invitee_id]
    new = {"name": "Eve", "email": "eve@example.com", "review_session_id": site.review.session_id}
    refuse(
        site,
        ("update", "ReviewSessionInvitee", key, {"name": "Somebody Else"}),
        ("update", "ReviewSessionInvitee", key, {"email": "else@example.com"}),
        ("update", "ReviewSessionInvitee", key, {"review_session_id": site.other.session_id}),
        ("create", "ReviewSessionInvitee", None, new),
        ("delete", "ReviewSessionInvitee", key, None),
    )
    site.api.call({"action": "send_review_session_invite", "review_session_invitee_id": bob})
    site.api.delete("ReviewSessionInvitee", bob)
    assert [person["name"] for person in site.review.state()["people"]] == ["Ada"]


@attempt(
    "After that, through the API: a label or a recipient more or less, a released comment held back",
    "403 review_session_closed",
)
def closed_to_labels(site):
    note = site.review.comment("x").json()["object"]["notes"][0]["id"]
    site.api.metadata("Note", note, "ftrack_review.released", "2026-01-01T00:00:00Z")
    label = site.api.create("NoteLabel", name=note, color="#ffffff")
    recipient = site.api.query(f'select resource_id from Recipient where note_id is "{note}"')[0][
        "resource_id"
    ]
    user = site.api.create("User", username=f"user-{note}")
    site.review.close_session()
    refuse(
        site,
        ("create", "NoteLabelLink", None, {"note_id": note, "label_id": label}),
        ("create", "Recipient", None, {"note_id": note, "resource_id": user}),
        ("delete", "Recipient", [note, recipient], None),
        ("delete", "Metadata", [note, "ftrack_review.released"], None),
    )


@attempt(
    "After that: other content for the media, by an address for uploads that was given out before, or its removal",
    "403 review_session_closed",
)
def closed_to_files(site):
    version_id = site.review.version_id()
    media = site.api.component(b"abc", name="ftrackreview-mp4", file_type=".mp4", version_id=version_id)
    early = site.api.upload_metadata(b"other", media)
    late = site.api.component(b"raw", name="main", file_type=".mov")
    site.review.close_session()
    for response in (site.api.put(early, b"other"), site.api.get(media, "remove")):
        assert (response.status_code, response.json()["error_code"]) == CLOSED
    for action in (
        {"action": "get_upload_metadata", "component_id": media, "file_name": "x.mp4", "file_size": 1},
        {"action": "generate_signed_url", "component_id": media, "operation": "put"},
        {"action": "encode_media", "component_id": late, "version_id": version_id},
        {"action": "encode_media", "component_id": media, "keep_original": False},
    ):
        status, error = site.api.refused(action)
        assert (status, error["error_code"]) == CLOSED
    assert site.open(f"/media/{media}").content == b"abc"


@attempt(
    "Coming by a shared link after the review was closed",
    "403, nobody is added to the list; who came before can still look",
)
def closed_to_guests(site):
    url = site.share()
    guest, _ = site.join(url)
    site.review.close_session()
    response = site.join(url, name="Late", email="late@example.com")[1]
    assert response.status_code == 403
    assert "closed" in response.text
    assert len(site.people()) == 2
    assert site.open("/state", guest).status_code == 200


@attempt("A comment that was not released, its drawing, an answer to it, its release by a guest", "404, 403")
def held_comment(site):
    site.api.update("ReviewSession", site.review.session_id, is_moderated=True)
    note = site.review.comment("Held.", drawing=DRAWING, picture=data_url(png())).json()["object"]["notes"][0]
    assert note["released"] is False
    picture = f"/annotation/{note['picture_url'].rpartition('/')[2]}"
    eve, page = site.api.visit(site.api.invitee(site.review.session_id, "Eve", "eve@example.com"))
    found = eve.get(page + "/state", timeout=30).json()["objects"][0]
    assert (found["notes"], found["drawings"]) == ([], [])
    assert said(site.open(page + picture, eve)) == NOT_HERE
    body = {"object_id": site.object_id, "content": "x", "reply_to": note["id"]}
    assert said(eve.post(page + "/comment", json=body, timeout=30)) == NOT_HERE
    assert said(site.review.send(f"comment/{note['id']}/release")) == (403, "role_forbidden")
    site.api.metadata("Note", note["id"], "ftrack_review.released", "2026-01-01T00:00:00Z")
    assert len(eve.get(page + "/state", timeout=30).json()["objects"][0]["notes"]) == 1
    assert site.open(page + picture, eve).status_code == 200
    # What was released is not changed into something else behind everybody's back.
    site.review.send(f"comment/{note['id']}/edit", content="Another text.")
    assert eve.get(page + "/state", timeout=30).json()["objects"][0]["notes"] == []


# Sockets


@attempt("A web socket from a page of another site", "403")
def foreign_socket(site):
    for origin in ("https://evil.example", "null", site.api.url + ".evil.example"):
        with pytest.raises(websocket.WebSocketBadStatusException) as caught:
            Page(site.api, site.review.visitor, site.review.page, origin=origin)
        assert caught.value.status_code == 403


@attempt("A web socket without a cookie, or with that of another review", "403")
def foreign_cookie_at_socket(site):
    with requests.Session() as stranger:
        for visitor in (stranger, site.other.visitor):
            with pytest.raises(websocket.WebSocketBadStatusException) as caught:
                Page(site.api, visitor, site.review.page)
            assert caught.value.status_code == 403


# Passphrases


@attempt("A review with a passphrase, without it", "401 passphrase_required; the page asks")
def without_passphrase(site):
    component = site.api.component(b"abc", version_id=site.review.version_id())
    site.protect()
    for path in ("/state", f"/media/{component}"):
        assert said(site.open(path)) == (401, "passphrase_required")
    assert said(site.review.vote("approved")) == (401, "passphrase_required")
    assert site.object_id not in site.open("").text
    with pytest.raises(websocket.WebSocketBadStatusException):
        Page(site.api, site.review.visitor, site.review.page)
    assert site.enter("Open Sesame").status_code == 200
    assert site.open("/state").status_code == 200
    # It is asked for once per browser, by whatever link.
    assert site.object_id in site.open(site.api.link(site.review.invitee_id)).text


@attempt(
    "Passphrases tried one after the other",
    "403, and from the sixth on 429 with a wait, also for the right one",
)
def guessed_passphrase(site):
    site.protect()
    answers = [site.enter(f"guess {number}").status_code for number in range(5)]
    assert answers == [403] * 5
    refused = site.enter("Open Sesame")
    assert refused.status_code == 429
    assert re.search(r"Wait \d+ seconds", refused.text)
    assert said(site.open("/state")) == (401, "passphrase_required")


@attempt("The browser that knew the passphrase, after it was changed", "401 passphrase_required")
def changed_passphrase(site):
    site.protect()
    site.enter("Open Sesame")
    site.protect("Another")
    assert said(site.open("/state")) == (401, "passphrase_required")
    assert site.enter("Open Sesame").status_code == 403


# Shared links


@attempt(
    "A shared link after sharing was switched off, and the browser that came by it",
    "403, and 401 link_invalid",
)
def unshared(site):
    url = site.share()
    guest, response = site.join(url)
    assert response.status_code == 200
    assert site.open("/state", guest).json()["me"]["name"] == "Guest"
    created = site.api.query(
        "select created_from_shared_url from ReviewSessionInvitee where email is "
        f'"guest@example.com" and review_session_id is "{site.review.session_id}"'
    )
    assert [invitee["created_from_shared_url"] for invitee in created] == [True]
    site.api.update("ReviewSession", site.review.session_id, shareable_url_enabled=False)
    assert site.open(url, guest).status_code == 403
    assert site.join(url, email="late@example.com")[1].status_code == 403
    assert said(site.open("/state", guest)) == NO_LINK


@attempt("A shared link for a review that is not shared", "422")
def not_shared(site):
    assert site.call("share", session_id=site.review.session_id).status_code == 422


@attempt("A shared link after it was revoked", "403, and 401 link_invalid")
def revoked_share(site):
    url = site.share()
    guest, _ = site.join(url)
    assert site.call("revoke", session_id=site.review.session_id).json() == {"revoked": 1}
    assert site.open(url, guest).status_code == 403
    assert said(site.open("/state", guest)) == NO_LINK
    # Personal links are not touched.
    assert site.open("/state").status_code == 200


@attempt("A personal link as a shared one, and the other way round", "403")
def links_mixed_up(site):
    token = site.api.link(site.review.invitee_id).rpartition("/")[2]
    shared = site.share().rpartition("/")[2]
    assert site.open(f"{site.api.url}/review/shared/{token}").status_code == 403
    assert site.open(f"{site.api.url}/review/{shared}").status_code == 403


@attempt("The address of somebody else under a shared link", "409; their personal link is mailed to them")
def taking_a_place(site):
    url = site.share()
    for email in ("ada@example.com", "ADA@example.com"):
        intruder, response = site.join(url, name="Not Ada", email=email)
        assert response.status_code == 409
        assert said(site.open("/state", intruder)) == NO_LINK
    mails = site.call("mail", session_id=site.review.session_id).json()["mails"]
    # At once, and not at every press of a button.
    assert [mail["recipient"] for mail in mails] == ["ada@example.com"]


@attempt(
    "The address of somebody with an account under a shared link", "409; a personal link is mailed to them"
)
def taking_an_account(site):
    url = site.share()
    username = f"staff-{site.review.session_id[:8]}"
    site.api.create("User", username=username, email=f"{username}@example.com")
    intruder, response = site.join(url, name="Boss", email=f"{username.upper()}@example.com")
    assert response.status_code == 409
    assert said(site.open("/state", intruder)) == NO_LINK


@attempt("A shared link with a passphrase, without it", "403; nobody is added to the list")
def shared_without_passphrase(site):
    site.protect()
    url = site.share()
    assert "passphrase" in site.open(url).text
    before = len(site.people())
    for passphrase in ("", "open sesame", "x" * 5000):
        assert site.join(url, passphrase=passphrase)[1].status_code == 403
    assert len(site.people()) == before
    guest, response = site.join(url, passphrase="Open Sesame")
    assert response.status_code == 200
    assert site.open("/state", guest).status_code == 200


@attempt("A shared link with what is no name or address", "422")
def shared_with_nonsense(site):
    url = site.share()
    for name, email in (
        ("", "a@example.com"),
        ("x" * 201, "a@example.com"),
        ("A", ""),
        ("A", "nobody"),
        ("A", "a b@c.de"),
    ):
        response = site.join(url, name=name, email=email)[1]
        assert response.status_code == 422, (name, email)
    response = site.join(url, name="<script>alert(1)</script>", email="x")[1]
    assert "<script>alert" not in response.text


@pytest.mark.parametrize(
    "number", range(len(ATTEMPTS)), ids=[function.__name__ for _, _, function in ATTEMPTS]
)
def test_attempt(site, number):
    ATTEMPTS[number][2](site)


def test_every_attempt_is_in_the_documentation():
    with open(DOCUMENT, encoding="utf-8") as stream:
        text = " ".join(stream.read().split())
    missing = [title for title, answer, _ in ATTEMPTS if title not in text or answer not in text]
    assert missing == []


def test_nothing_secret_is_logged(site, caplog):
    caplog.set_level("DEBUG")
    link = site.api.link(site.review.invitee_id)
    site.open(link)
    site.protect("Very-Secret-Words")
    site.enter("Wrong-Secret-Words")
    site.enter("Very-Secret-Words")
    shared = site.share()
    site.join(shared, passphrase="Very-Secret-Words")
    # What the client of this test logs is its own business.
    ours = [record for record in caplog.records if record.name.startswith("ftrack_review")]
    text = "\n".join(record.getMessage() for record in ours)
    for secret in (link.rpartition("/")[2], shared.rpartition("/")[2], "Secret-Words"):
        assert secret not in text
    assert "/review/..." in text
    assert "/review/shared/..." in text


def test_the_personal_link_is_mailed_to_who_has_one(site):
    before = len(outbox_of(site.server))
    site.join(site.share(), email="ada@example.com")
    assert len(outbox_of(site.server)) == before + 1
