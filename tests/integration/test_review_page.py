"""The review page behind a personal link: its state, votes, comments and drawings, over HTTP."""

import base64
import hashlib
import json
import re
import struct
import threading
import urllib.parse
import uuid
import zlib

import pytest
import requests
import sqlalchemy

from ftrack_review.protocol import settlement
from tests.integration.api import Api

DRAWING = {
    "version": 1,
    "shapes": [
        {"tool": "pen", "colour": "#ff3b30", "width": 0.004, "points": [[0.1, 0.2], [0.3, 0.4]]},
        {"tool": "arrow", "colour": "#00ff00", "width": 0.01, "points": [[0.5, 0.5], [0.9, 0.9]]},
        {"tool": "text", "colour": "#ffffff", "size": 0.04, "at": [0.5, 0.5], "text": "שלום <b>"},
    ],
}


def png(width=4, height=4):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x10\x20\x30" * width for _ in range(height))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def data_url(data):
    return "data:image/png;base64," + base64.b64encode(data).decode()


class Review:
    """A review session with one object, and one person who came to it."""

    def __init__(self, api, **values):
        self.api = api
        self.session_id, self.object_id = api.review(**values)
        self.invitee_id = api.invitee(self.session_id)
        self.visitor, self.page = api.visit(self.invitee_id)

    def send(self, what, **body):
        headers = body.pop("headers", {})
        return self.visitor.post(f"{self.page}/{what}", json=body, headers=headers, timeout=30)

    def vote(self, status, **body):
        return self.send("vote", object_id=self.object_id, status=status, **body)

    def comment(self, content, **body):
        return self.send("comment", object_id=self.object_id, content=content, **body)

    def state(self, **query):
        response = self.visitor.get(self.page + "/state", params=query, timeout=30)
        assert response.status_code == 200, response.text
        return response.json()

    def object(self):
        return self.state()["objects"][0]

    def close_session(self):
        times = {"start_date": "2019-01-01T00:00:00", "end_date": "2020-01-01T00:00:00"}
        values = {name: {"__type__": "datetime", "value": value} for name, value in times.items()}
        self.api.update("ReviewSession", self.session_id, **values)

    def version_id(self):
        expression = f'select version_id from ReviewSessionObject where id is "{self.object_id}"'
        return self.api.query(expression)[0]["version_id"]


@pytest.fixture
def review(api):
    made = Review(api, name="<script>alert(1)</script>", description="Look at the {{ edges }}.")
    yield made
    made.visitor.close()


def error_of(response):
    return response.status_code, response.json()["error"]["code"]


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
        with listening.store.read() as connection:
            kept = [str(row[0]) for row in connection.run(sqlalchemy.text("select hash from _token"))]
        assert hashlib.sha256(token.encode()).hexdigest() in kept
        assert token not in kept

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


class TestPage:
    def test_holds_its_state_as_text(self, review):
        text = review.visitor.get(review.page, timeout=30).text
        assert "<script>alert" not in text
        found = re.search(r'<script type="application/json" id="state">(.*?)</script>', text, re.DOTALL)[1]
        assert json.loads(found)["session"]["name"] == "<script>alert(1)</script>"
        assert json.loads(found)["session"]["description"] == "Look at the {{ edges }}."

    def test_has_a_strict_policy(self, review):
        response = review.visitor.get(review.page, timeout=30)
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-frame-options"] == "DENY"
        assert "style=" not in response.text
        assert not re.search(r"\son\w+=", response.text)

    def test_everything_it_needs_is_here(self, api, review):
        paths = re.findall(r'(?:src|href)="([^"]+)"', review.visitor.get(review.page, timeout=30).text)
        assert paths
        for path in paths:
            assert path.startswith("/")
            response = review.visitor.get(urllib.parse.urljoin(api.url, path), timeout=30)
            assert response.status_code == 200, path

    def test_of_a_review_without_objects(self, api):
        session_id = api.create("ReviewSession", name="Empty", project_id=api.project())
        visitor, page = api.visit(api.invitee(session_id))
        assert visitor.get(page).status_code == 200
        assert visitor.get(page + "/state").json()["objects"] == []


class TestState:
    def test_tells_who_and_what(self, review):
        state = review.state()
        assert state["me"] == {
            "id": review.invitee_id,
            "name": "Ada",
            "email": "ada@example.com",
            "role": "reviewer",
            "can": {"comment": True, "draw": True, "vote": True, "lead": True, "release": False},
        }
        assert state["people"] == [
            {"id": review.invitee_id, "name": "Ada", "role": "reviewer", "responded": False}
        ]
        assert state["session"]["is_open"] is True
        assert state["session"]["end_date"].endswith("Z")
        assert state["order"] == [review.object_id]

    def test_of_some_objects_names_the_order_of_all(self, api, review):
        other = api.create(
            "ReviewSessionObject",
            name="two",
            review_session_id=review.session_id,
            version_id=review.version_id(),
        )
        state = review.state(objects=other)
        assert [item["id"] for item in state["objects"]] == [other]
        assert state["order"] == [review.object_id, other]

    def test_media_that_is_not_there_is_said_so(self, api, review):
        assert review.object()["media"]["kind"] == "none"
        api.component(b"abc", name="scene", file_type=".ma", version_id=review.version_id())
        media = review.object()["media"]
        assert (media["kind"], media["state"], media["original_name"]) == ("other", "failed", "scene.ma")
        response = review.visitor.get(urllib.parse.urljoin(api.url, media["original_url"]), timeout=30)
        assert (response.status_code, response.content) == (200, b"abc")
        assert response.headers["content-disposition"].startswith("attachment")

    def test_media_that_failed_to_encode_is_offered_as_it_is(self, api, review):
        component_id = api.component(b"no movie", name="shot", version_id=review.version_id())
        assert api.encode(component_id, review.version_id())["status"] == "failed"
        media = review.object()["media"]
        assert (media["state"], media["url"]) == ("failed", None)
        assert "could not be prepared" in media["message"]
        assert media["original_name"] == "shot.mov"

    def test_a_path_that_failed_to_encode_is_offered_while_nothing_else_plays(self, api, review):
        # As AssetVersion.encode_media(path) does it: what was uploaded belongs to no version.
        source = api.component(b"no movie", name="cut")
        assert api.encode(source, review.version_id(), keep_original=False)["status"] == "failed"
        media = review.object()["media"]
        assert (media["state"], media["url"], media["original_name"]) == ("failed", None, "cut.mov")
        address = urllib.parse.urljoin(api.url, media["original_url"])
        assert address.endswith(source)
        assert review.visitor.get(address, timeout=30).content == b"no movie"
        encoded = api.component(
            b"x", name="ftrackreview-mp4", file_type=".mp4", version_id=review.version_id()
        )
        assert review.object()["media"]["original_url"].endswith(encoded)
        assert review.visitor.get(address, timeout=30).status_code == 404

    def test_frames_are_counted_by_the_exact_rate(self, api, review):
        component_id = api.component(
            b"x", name="ftrackreview-mp4", file_type=".mp4", version_id=review.version_id()
        )
        meta = {"frameIn": 0, "frameOut": 99, "frameRate": 23.976, "width": 1920, "height": 1080}
        api.metadata("FileComponent", component_id, "ftr_meta", json.dumps(meta))
        media = review.object()["media"]
        assert (media["kind"], media["state"]) == ("movie", "ready")
        assert (media["fps"], media["frames"], media["first_frame"]) == ("24000/1001", 100, 1)
        response = review.visitor.get(
            urllib.parse.urljoin(api.url, media["url"]), headers={"range": "bytes=0-0"}, timeout=30
        )
        assert (response.status_code, response.content) == (206, b"x")

    def test_the_version_before_is_there_to_compare(self, api, review):
        asset = api.query(f'select asset_id from AssetVersion where id is "{review.version_id()}"')[0]
        first = api.component(b"1", name="ftrackreview-mp4", file_type=".mp4", version_id=review.version_id())
        later = api.create("AssetVersion", asset_id=asset["asset_id"])
        api.component(b"2", name="ftrackreview-mp4", file_type=".mp4", version_id=later)
        api.update("ReviewSessionObject", review.object_id, version_id=later)
        previous = review.object()["previous"]
        assert [entry["label"] for entry in previous] == ["Version 1"]
        assert previous[0]["media"]["url"].endswith(first)
        assert review.visitor.get(urllib.parse.urljoin(api.url, previous[0]["media"]["url"])).content == b"1"

    def test_a_document_is_shown_inside_the_page(self, api, review):
        component_id = api.component(
            b"%PDF-1.4", name="ftrackreview-pdf", file_type=".pdf", version_id=review.version_id()
        )
        assert review.object()["media"]["kind"] == "pdf"
        response = review.visitor.get(f"{review.page}/media/{component_id}", timeout=30)
        assert response.headers["content-type"] == "application/pdf"
        assert response.headers["content-disposition"].startswith("inline")
        assert response.headers["content-security-policy"] == "frame-ancestors 'self'"


class TestVotes:
    def test_arrive_in_the_api_and_can_be_changed(self, api, review):
        assert review.vote("approved").json()["object"]["my_vote"] == "approved"
        changed = review.vote("require_changes", content="The edge, please.").json()["object"]
        assert (changed["my_vote"], changed["overall"]) == ("require_changes", "require_changes")
        assert [note["content"] for note in changed["notes"]] == ["The edge, please."]
        statuses = api.query(
            "select status, review_session_invitee_id from ReviewSessionObjectStatus "
            f'where review_session_object_id is "{review.object_id}"'
        )
        assert [(row["status"], row["review_session_invitee_id"]) for row in statuses] == [
            ("require_changes", review.invitee_id)
        ]

    def test_can_be_taken_back(self, review):
        review.vote("approved")
        changed = review.vote(None).json()["object"]
        assert (changed["my_vote"], changed["overall"], changed["votes"]) == (None, None, [])

    def test_that_were_taken_back_are_not_brought_back_by_answers_from_before(self, api, review):
        key = settlement.key(review.invitee_id)
        expression = f'select value from Metadata where parent_id is "{review.session_id}" and key is "{key}"'
        review.vote(None)
        assert api.query(expression) == []
        times = []
        for _ in range(2):
            review.vote("approved")
            assert review.vote(None).status_code == 200
            (row,) = api.query(expression)
            times.append(settlement.decode(row["value"])[review.object_id])
        assert times[0] < times[1]

    def test_that_are_none_are_refused(self, review):
        assert error_of(review.vote("maybe")) == (422, "invalid")

    def test_of_two_at_once_both_count(self, api, review):
        other = api.invitee(review.session_id, "Eve", "eve@example.com")
        eve, page = api.visit(other)
        body = {"object_id": review.object_id, "status": "approved"}
        answers = []

        def vote(visitor):
            for _ in range(5):
                answers.append(visitor.post(page + "/vote", json=body, timeout=30).status_code)

        threads = [threading.Thread(target=vote, args=(visitor,)) for visitor in (review.visitor, eve)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert answers == [200] * 10
        assert sorted(vote["person"] for vote in review.object()["votes"]) == ["Ada", "Eve"]

    def test_of_an_approver_decide(self, api, review):
        other = api.invitee(review.session_id, "Eve", "eve@example.com")
        roles = json.dumps({other: "approver"})
        api.metadata("ReviewSession", review.session_id, "ftrack_review.roles", roles)
        eve, page = api.visit(other)
        review.vote("require_changes")
        eve.post(page + "/vote", json={"object_id": review.object_id, "status": "approved"}, timeout=30)
        found = review.object()
        assert found["overall"] == "approved"
        assert {vote["person"]: vote["role"] for vote in found["votes"]} == {
            "Ada": "reviewer",
            "Eve": "approver",
        }


class TestComments:
    def test_arrive_with_frame_and_author(self, api, review):
        text = 'The sky:\r\n"too bright" <b>&amp; 🎬 \u202eright to left <script>'
        found = review.comment(text, frame=1042).json()["object"]["notes"][0]
        assert (found["content"], found["frame"], found["author"], found["mine"]) == (
            text.replace("\r\n", "\n"),
            1042,
            "Ada",
            True,
        )
        note = api.query(
            "select content, frame_number, parent_type, user_id, metadata.key, metadata.value "
            f'from Note where parent_id is "{review.object_id}"'
        )[0]
        assert note["content"] == text.replace("\r\n", "\n")
        assert (note["frame_number"], note["parent_type"]) == (1042, "ReviewSessionObject")
        metadata = {row["key"]: row["value"] for row in note["metadata"]}
        assert metadata == {"inviteeId": review.invitee_id, "reviewFrame": '{"number": 1042}'}
        invitee = api.query(
            f'select resource_id from ReviewSessionInvitee where id is "{review.invitee_id}"'
        )[0]
        assert note["user_id"] == invitee["resource_id"]

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"content": ""}, 422),
            ({"content": "  \n "}, 422),
            ({"content": None}, 422),
            ({"content": 5}, 422),
            ({"content": "x" * 20_001}, 422),
            ({"content": "x", "frame": "soon"}, 422),
            ({"content": "x", "frame": -1}, 422),
            ({"content": "x", "frame": True}, 422),
            ({"content": "x", "reply_to": "nothing"}, 404),
            ({"content": "x", "client_id": 7}, 422),
            ({"content": "x", "picture": "data:image/svg+xml,<svg/>"}, 422),
            ({"content": "x", "object_id": "nothing"}, 404),
            ({"content": "x", "object_id": None}, 422),
        ],
    )
    def test_that_are_none_are_refused(self, api, review, body, status):
        response = review.send("comment", **{"object_id": review.object_id, **body})
        assert response.status_code == status, response.text
        assert response.json()["error"]["message"]
        assert api.query(f'select id from Note where parent_id is "{review.object_id}"') == []

    def test_of_ten_thousand_characters_are_taken(self, review):
        text = "🎬 long " * 1_250
        assert review.comment(text).json()["object"]["notes"][0]["content"] == text.strip()

    def test_too_large_to_read_are_refused(self, review):
        response = review.visitor.post(review.page + "/vote", data=b" " * 300_000, timeout=30)
        assert error_of(response) == (413, "too_large")

    @pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff", b'{"a": NaN}'])
    def test_that_are_no_json_are_refused(self, review, body):
        response = review.visitor.post(review.page + "/comment", data=body, timeout=30)
        assert response.status_code == 400
        assert response.json()["error"]["message"]

    def test_with_half_a_character_are_refused(self, review):
        body = b'{"object_id": "%s", "content": "\\ud800"}' % review.object_id.encode()
        assert review.visitor.post(review.page + "/comment", data=body, timeout=30).status_code == 422

    def test_sent_twice_are_written_once(self, api, review):
        client_id = str(uuid.uuid4())
        for _ in range(2):
            assert review.comment("Once.", client_id=client_id).status_code == 200
        assert [note["content"] for note in review.object()["notes"]] == ["Once."]

    def test_are_answered(self, api, review):
        note = review.comment("Why?").json()["object"]["notes"][0]
        found = review.comment("Because.", reply_to=note["id"]).json()["object"]["notes"]
        assert [reply["content"] for reply in found[0]["replies"]] == ["Because."]
        stored = api.query(
            f'select in_reply_to_id, parent_id from Note where in_reply_to_id is "{note["id"]}"'
        )
        assert stored[0]["parent_id"] == review.object_id

    def test_can_be_changed_by_who_wrote_them(self, api, review):
        note = review.comment("Teh sky.").json()["object"]["notes"][0]
        changed = review.send(f"comment/{note['id']}/edit", content="The sky.").json()["object"]
        assert changed["notes"][0]["content"] == "The sky."
        eve, page = api.visit(api.invitee(review.session_id, "Eve", "eve@example.com"))
        for what in ("edit", "delete"):
            response = eve.post(f"{page}/comment/{note['id']}/{what}", json={"content": "x"}, timeout=30)
            assert error_of(response) == (403, "not_yours")

    def test_can_be_deleted_until_others_have_answered(self, api, review):
        first = review.comment("One.").json()["object"]["notes"][0]["id"]
        second = review.comment("Two.").json()["object"]["notes"][1]["id"]
        assert [
            note["content"] for note in review.send(f"comment/{first}/delete").json()["object"]["notes"]
        ] == ["Two."]
        eve, page = api.visit(api.invitee(review.session_id, "Eve", "eve@example.com"))
        body = {"object_id": review.object_id, "content": "Three.", "reply_to": second}
        assert eve.post(page + "/comment", json=body, timeout=30).status_code == 200
        assert error_of(review.send(f"comment/{second}/delete")) == (409, "comment_answered")


class TestDrawings:
    def test_are_seen_by_ordinary_queries(self, api, review):
        picture = png()
        answer = review.comment("", frame=12, drawing=DRAWING, picture=data_url(picture)).json()
        note = answer["object"]["notes"][0]
        assert note["drawing"] == DRAWING
        assert answer["object"]["drawings"] == []
        response = review.visitor.get(urllib.parse.urljoin(api.url, note["picture_url"]), timeout=30)
        assert (response.content, response.headers["content-type"]) == (picture, "image/png")
        key = f'"{review.object_id}"'
        row = api.query(
            "select id, frame_number, data from ReviewSessionObjectAnnotation "
            f"where review_session_object_id is {key}"
        )[0]
        assert (row["frame_number"], json.loads(row["data"])) == (12, DRAWING)
        metadata = api.query(f'select key, value from Metadata where parent_id is "{note["id"]}"')
        assert {entry["key"]: entry["value"] for entry in metadata}["ftrack_review.annotation"] == row["id"]
        shown = api.query(
            "select component_id, frame_number, url from ReviewSessionObjectAnnotationComponent "
            f"where review_session_object_id is {key}"
        )[0]
        attached = api.query(
            f'select component_id, data from NoteAnnotationComponent where note_id is "{note["id"]}"'
        )[0]
        assert attached["component_id"] == shown["component_id"]
        assert str(shown["frame_number"]) == "12"
        assert requests.get(shown["url"]["url"], timeout=30).content == picture

    def test_go_with_their_comment(self, api, review, listening):
        note = review.comment("x", drawing=DRAWING, picture=data_url(png())).json()["object"]["notes"][0]
        component_id = note["picture_url"].rpartition("/")[2]
        assert listening.files.has(component_id)
        review.send(f"comment/{note['id']}/delete")
        assert not listening.files.has(component_id)
        key = f'review_session_object_id is "{review.object_id}"'
        assert api.query(f"select id from ReviewSessionObjectAnnotation where {key}") == []
        assert api.query(f"select component_id from ReviewSessionObjectAnnotationComponent where {key}") == []

    def test_that_are_none_leave_nothing_behind(self, api, review, listening):
        before = len(api.query("select id from FileComponent"))
        broken = {"version": 1, "shapes": [{"tool": "laser"}]}
        damaged = bytearray(png())
        damaged[40] ^= 1
        for body in (
            {"drawing": broken},
            {"drawing": {"version": 2, "shapes": []}},
            {"drawing": "x"},
            {"drawing": DRAWING, "picture": data_url(bytes(damaged))},
            {"drawing": DRAWING, "picture": data_url(png()[:-4])},
            {"drawing": DRAWING, "picture": data_url(png(9000, 1))},
            {"drawing": DRAWING, "picture": "data:image/png;base64,***"},
        ):
            assert review.comment("x", **body).status_code == 422
        assert len(api.query("select id from FileComponent")) == before
        assert review.object()["notes"] == []

    def test_of_other_tools_are_left_alone(self, api, review):
        for data in ("{}", "no json", json.dumps(DRAWING)):
            api.create(
                "ReviewSessionObjectAnnotation",
                review_session_object_id=review.object_id,
                frame_number=3,
                data=data,
            )
        assert [(found["frame"], found["drawing"]) for found in review.object()["drawings"]] == [(3, DRAWING)]


class TestClosed:
    def test_can_be_read_and_not_changed(self, api, review):
        note = review.comment("Before.").json()["object"]["notes"][0]
        review.close_session()
        state = review.state()
        assert state["session"]["is_open"] is False
        assert "closed" in state["session"]["closed_reason"]
        assert state["me"]["can"] == {
            "comment": False,
            "draw": False,
            "vote": False,
            "lead": True,
            "release": False,
        }
        assert state["objects"][0]["notes"][0]["content"] == "Before."
        closed = (403, "review_session_closed")
        assert error_of(review.vote("approved")) == closed
        assert error_of(review.comment("After.")) == closed
        assert error_of(review.comment("", drawing=DRAWING, picture=data_url(png()))) == closed
        assert error_of(review.send(f"comment/{note['id']}/edit", content="x")) == closed
        assert error_of(review.send(f"comment/{note['id']}/delete")) == closed
        assert len(api.query(f'select id from Note where parent_id is "{review.object_id}"')) == 1


class TestWeight:
    def test_text_goes_compressed(self, api, review):
        response = review.visitor.get(f"{api.url}/review/static/review.js", timeout=30)
        assert response.headers["content-encoding"] == "gzip"
        tag = response.headers["etag"]
        again = review.visitor.get(
            f"{api.url}/review/static/review.js", headers={"if-none-match": tag}, timeout=30
        )
        assert (again.status_code, again.content) == (304, b"")
        plain = review.visitor.get(
            f"{api.url}/review/static/review.js", headers={"accept-encoding": "identity"}, timeout=30
        )
        assert plain.content == response.content
        review.comment("x" * 10_000)
        state = review.visitor.get(review.page + "/state", timeout=30)
        assert state.headers["content-encoding"] == "gzip"
        assert state.json()["objects"][0]["notes"]


class TestMany:
    def test_objects_cost_no_more_statements_than_few(self, api, listening):
        counts = []
        for number in (3, 40):
            review = Review(api)
            asset = api.query(f'select asset_id from AssetVersion where id is "{review.version_id()}"')[0]
            actions = []

            def create(entity_type, actions=actions, **values):
                values.setdefault("id", str(uuid.uuid4()))
                data = {"__entity_type__": entity_type, **values}
                actions.append({"action": "create", "entity_type": entity_type, "entity_data": data})
                return values["id"]

            invitee = api.query(
                f'select resource_id from ReviewSessionInvitee where id is "{review.invitee_id}"'
            )[0]
            for _ in range(number):
                version_id = create("AssetVersion", asset_id=asset["asset_id"])
                create("FileComponent", name="ftrackreview-mp4", file_type=".mp4", version_id=version_id)
                object_id = create(
                    "ReviewSessionObject",
                    name="shot",
                    review_session_id=review.session_id,
                    version_id=version_id,
                )
                note = {"parent_id": object_id, "parent_type": "ReviewSessionObject"}
                create("Note", content="x", user_id=invitee["resource_id"], **note)
                create(
                    "ReviewSessionObjectStatus",
                    status="approved",
                    review_session_object_id=object_id,
                    review_session_invitee_id=review.invitee_id,
                )
            api.call(*actions)
            review.state()
            before = listening.store.statements_run
            assert len(review.state()["objects"]) == number + 1
            counts.append(listening.store.statements_run - before)
        assert counts[0] == counts[1] < 40


def test_a_page_outlives_a_restart_of_the_server(tmp_path):
    """Who has the page open goes on where they were, with the cookie they have."""
    from ftrack_review.server.application import Server
    from ftrack_review.server.serving import Listener

    address, found = {}, None
    for number in range(2):
        with Server(data=str(tmp_path), base_url=lambda: address["url"], is_temporary=True) as server:
            listener = Listener(server)
            address["url"] = listener.url
            listener.start()
            server.start()
            if number == 0:
                api = Api(listener.url, server.administrator().username, server.first_key)
                found = Review(api)
                found.vote("approved")
                found.path = urllib.parse.urlsplit(found.page).path
                api.http.close()
            else:
                state = found.visitor.get(listener.url + found.path + "/state", timeout=30).json()
                assert state["objects"][0]["my_vote"] == "approved"
                found.visitor.close()
            listener.stop()


def test_on_a_server_like_those_of_2021(tmp_path):
    """Without frames of notes, annotations, accounts of guests and metadata of review sessions."""
    from ftrack_review.server.application import Server
    from ftrack_review.server.serving import Listener
    from tests.integration.test_older_servers import old_document

    address = {}
    data = str(tmp_path)
    with Server(
        data=data, base_url=lambda: address["url"], document=old_document(), is_temporary=True
    ) as server:
        listener = Listener(server)
        address["url"] = listener.url
        listener.start()
        server.start()
        api = Api(listener.url, server.administrator().username, server.first_key)
        found = Review(api)
        found.vote("approved", content="Good.")
        note = found.comment("Here.", frame=7, drawing=DRAWING, picture=data_url(png())).json()["object"][
            "notes"
        ][1]
        assert (note["frame"], note["drawing"], note["author"]) == (7, DRAWING, "Ada")
        picture = found.visitor.get(listener.url + note["picture_url"], timeout=30)
        assert picture.content == png()
        project = api.query(f'select project_id from ReviewSession where id is "{found.session_id}"')[0]
        roles = json.dumps({found.invitee_id: "observer"})
        api.metadata("Project", project["project_id"], f"ftrack_review.roles.{found.session_id}", roles)
        assert found.state()["me"]["role"] == "observer"
        found.visitor.close()
        api.http.close()
        listener.stop()
