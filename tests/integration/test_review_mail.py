"""Mails about reviews: pictures in the invitation, and the digest of what was said."""

import datetime as dt
import io

import pytest
from PIL import Image

from ftrack_review.server import ledger, review_mail
from tests.integration.test_review_page import DRAWING, Review, data_url, png
from tests.integration.test_serving_mail import invite, outbox_of, text_of


def jpeg(colour="red"):
    stream = io.BytesIO()
    Image.new("RGB", (640, 360), colour).save(stream, "JPEG")
    return stream.getvalue()


@pytest.fixture
def owner(api):
    """The e-mail address of who makes the review sessions."""
    user = api.query(f'select id, email from User where username is "{api.user}"')[0]
    api.update("User", user["id"], email="owner@example.com")
    yield "owner@example.com"
    api.update("User", user["id"], email=user["email"])


@pytest.fixture
def review(api, owner):
    made = Review(api, name="Dailies <b>", description="Round two.")
    yield made
    made.visitor.close()


def digests(server, review):
    return [found for found in outbox_of(server) if review.name in found["Subject"]]


@pytest.fixture
def named(api, review):
    """The review under a name of its own, by which its mails are found."""
    review.name = f"Dailies-{review.session_id[:8]}"
    api.update("ReviewSession", review.session_id, name=review.name)
    return review


def call(api, what, **body):
    return api.http.post(f"{api.url}/review/{what}", json=body, headers=api.headers, timeout=30)


class TestInvitation:
    def test_shows_what_there_is_to_review(self, api, listening, named):
        picture = api.component(jpeg(), name="thumbnail", file_type=".jpg", version_id=named.version_id())
        api.update("AssetVersion", named.version_id(), thumbnail_id=picture)
        invite(api, named.invitee_id)
        message = digests(listening, named)[-1]
        assert message.get_content_type() == "multipart/alternative"
        plain, rich = message.iter_parts()
        assert plain.get_content_type() == "text/plain"
        html, image = rich.iter_parts()
        assert f"cid:{image['Content-ID'].strip('<>')}" in html.get_content()
        shown = Image.open(io.BytesIO(image.get_content()))
        assert (shown.format, shown.size) == ("JPEG", (300, 169))
        assert "http://" in plain.get_content()
        assert "src=http" not in html.get_content().replace('"', "")

    def test_does_without_pictures_that_cannot_be_made(self, api, listening, named):
        broken = api.component(b"no picture", name="thumbnail", file_type=".jpg")
        api.update("AssetVersion", named.version_id(), thumbnail_id=broken)
        assert invite(api, named.invitee_id) == {"sent": True}
        assert [part.get_content_type() for part in digests(listening, named)[-1].iter_parts()] == [
            "text/plain",
            "text/html",
        ]

    def test_what_became_of_it_is_told(self, api, named):
        invite(api, named.invitee_id)
        mails = call(api, "mail", session_id=named.session_id).json()["mails"]
        assert [(mail["kind"], mail["recipient"], mail["state"], mail["attempts"]) for mail in mails] == [
            ("invitation", "ada@example.com", "sent", 1)
        ]
        assert mails[0]["sent_at"]
        assert "message" not in mails[0]
        assert call(api, "mail", session_id="nothing").status_code == 404


class TestDigest:
    def test_is_sent_on_request(self, api, listening, named, owner):
        named.vote("require_changes")
        named.comment("The <edge>.", frame=11, drawing=DRAWING, picture=data_url(png()))
        note = named.comment("Why? שלום").json()["object"]["notes"][1]
        named.comment("Because.", reply_to=note["id"])
        api.invitee(named.session_id, "Eve", "eve@example.com")
        assert call(api, "digest", session_id=named.session_id).json() == {"sent_to": [owner]}
        message = digests(listening, named)[-1]
        assert owner in message["To"]
        assert "1 needs changes" in message["Subject"]
        text, html = text_of(message), text_of(message, "html")
        for words in (
            "Ada: Changes required",
            "frame 12, with a drawing: The <edge>.",
            "Why? שלום",
            "Because.",
            "Eve",
        ):
            assert words in text
        assert "The &lt;edge&gt;." in html
        assert "The <edge>." not in html

    def test_needs_credentials_an_address_and_a_session(self, api, review):
        assert (
            api.http.post(api.url + "/review/digest", json={"session_id": review.session_id}).status_code
            == 401
        )
        assert call(api, "digest", session_id="nothing").status_code == 404
        assert call(api, "digest").status_code == 422
        user = api.query(f'select id from User where username is "{api.user}"')[0]
        api.update("User", user["id"], email=None)
        assert call(api, "digest", session_id=review.session_id).status_code == 422

    def test_is_sent_once_when_somebody_closes_the_review(self, api, listening, named):
        named.vote("approved")
        named.close_session()
        assert len(digests(listening, named)) == 1
        api.update("ReviewSession", named.session_id, shareable_url_enabled=True)
        assert len(digests(listening, named)) == 1

    def test_of_nothing_is_not_sent(self, listening, named):
        named.close_session()
        assert digests(listening, named) == []

    def test_a_closing_is_not_held_up_by_a_missing_address(self, api, listening, named):
        user = api.query(f'select id from User where username is "{api.user}"')[0]
        api.update("User", user["id"], email="")
        named.vote("approved")
        named.close_session()
        assert digests(listening, named) == []

    def test_is_sent_once_when_the_review_ends_by_the_clock(self, api, listening, named, monkeypatch):
        named.vote("approved")
        clock = review_mail.Clock(listening)
        clock.look()
        now = dt.datetime.now(dt.timezone.utc)
        ends, later = (f"{now + dt.timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}" for minutes in (2, 3))
        api.update("ReviewSession", named.session_id, end_date={"__type__": "datetime", "value": ends})
        assert named.session_id not in clock.look()
        monkeypatch.setattr(review_mail, "utc_now", lambda: later)
        assert named.session_id in clock.look()
        assert named.session_id not in clock.look()
        assert named.session_id not in review_mail.Clock(listening).look()
        with listening.store.read() as connection:
            assert len(ledger.list_mail(connection, subject_id=named.session_id)) == 1


def test_an_invitation_tells_of_a_passphrase_and_does_not_give_it_away(api, listening, named):
    api.update("ReviewSession", named.session_id, passphrase_enabled=True, passphrase="Open Sesame")
    invite(api, named.invitee_id)
    message = digests(listening, named)[-1]
    for kind in ("plain", "html"):
        assert "passphrase" in text_of(message, kind)
        assert "Open Sesame" not in text_of(message, kind)
