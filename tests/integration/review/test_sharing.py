"""Links to the page of a review, and what became of its mails, asked for by scripts."""

import datetime as dt

import pytest
import requests

from ftrack_review.exception import ReviewError
from tests.media_files import make_still


def status_of(url):
    return requests.get(url, timeout=30).status_code


class TestSharedLinks:
    def test_open_the_review_for_everybody_until_they_are_revoked(self, review):
        with pytest.raises(ReviewError, match="not shared"):
            review.entity.share_link()
        review.entity["is_public"] = True
        url = review.entity.share_link()
        assert "/review/shared/" in url
        assert status_of(url) == 200
        assert review.entity.revoke_links() == 1
        assert status_of(url) == 403

    def test_end_when_they_are_told_to(self, review):
        review.entity["is_public"] = True
        past = dt.datetime.now(dt.timezone.utc) - dt.timedelta(hours=1)
        assert status_of(review.entity.share_link(expires_at=past)) == 403
        assert status_of(review.entity.share_link(expires_at=past + dt.timedelta(hours=2))) == 200

    def test_of_one_person_are_revoked_alone(self, review):
        ada, bob = review.ada.link(), review.bob.link()
        assert review.ada.revoke_link() == 1
        assert (status_of(ada), status_of(bob)) == (403, 200)


def test_what_became_of_mails_is_told(review):
    assert review.entity.mails() == ()
    review.entity.send_invitations([review.ada])
    (mail,) = review.entity.mails()
    assert (mail.kind, mail.recipient, mail.state, mail.attempts) == (
        "invitation",
        review.ada["email"],
        "sent",
        1,
    )
    assert mail.sent_at is not None
    assert (mail.error, mail.next_attempt_at) == (None, None)


def test_frames_of_a_sequence_keep_their_numbers(review, tmp_path):
    for number in range(1001, 1005):
        make_still(tmp_path / f"ball.{number}.png")
    item = review.entity.publish(str(tmp_path / "ball.%04d.png [1001-1004]"))
    assert item["asset_version"]["metadata"]["ftrack_review.first_frame"] == "1001"
    shown = next(found for found in review.entity.feedback().objects if found.id == item["id"])
    assert shown.first_frame == 1001
