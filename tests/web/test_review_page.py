"""The page that the mail links to, in a real browser: look, vote, comment."""

import email
import pathlib
import re

import pytest

import ftrack_review
from tests.media_files import make_movie, make_still


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A review session with a movie, a still and two invitees, and its data folder."""
    folder = tmp_path_factory.mktemp("site")
    with ftrack_review.Session(f"embedded://{folder / 'data'}") as session:
        schema = session.query('ProjectSchema where name is "VFX"').one()
        project = session.create("Project", {"name": "film", "full_name": "Film", "project_schema": schema})
        review = session.create("ReviewSession", {"name": "Weekly <review>", "project": project})
        session.commit()
        review.publish(make_movie(folder / "shot.mov", frames=24, fps="24000/1001"))
        review.publish(make_still(folder / "still.png"))
        review.invite([("Ada", "ada@example.com"), ("Eve", "eve@example.com")])
        review.send_invitations()
        yield session, review, folder / "data"


def links_in_mails(data: pathlib.Path):
    found = {}
    for path in sorted((data / "outbox").glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes())
        plain = next(part for part in message.walk() if part.get_content_type() == "text/plain")
        text = plain.get_payload(decode=True).decode()
        found[message["To"]] = re.search(r"http://\S+", text)[0]
    return found


@pytest.fixture
def link(site):
    _, _, data = site
    return next(url for to, url in links_in_mails(data).items() if "ada@example.com" in to)


@pytest.mark.browser
class TestReviewPage:
    def test_the_link_from_the_mail_opens_the_review(self, site, page, link):
        session, _, _ = site
        page.goto(link)
        assert page.title() == "Weekly <review>"
        assert page.locator(".items li").count() == 2
        assert "Ada" in page.locator("header.top").inner_text()
        # The token does not stay in the address bar, and nothing comes from elsewhere.
        token = link.rsplit("/", 1)[1]
        assert token not in page.url
        assert {url.split("/")[2] for url in page.requested} == {session.server_url.split("/")[2]}
        assert page.faults == []

    def test_the_movie_plays(self, page, link):
        page.goto(link)
        # Promises, as the page's policy lets nobody evaluate text in it.
        page.evaluate(
            "() => new Promise(done => { const player = document.getElementById('player'); "
            "player.readyState >= 1 ? done() : player.addEventListener('loadedmetadata', () => done()); })"
        )
        size = page.evaluate(
            "(v => [v.videoWidth, v.videoHeight, v.duration])(document.getElementById('player'))"
        )
        assert size[:2] == [320, 180]
        assert size[2] == pytest.approx(24 * 1001 / 24000, abs=0.03)
        page.evaluate(
            "() => new Promise(done => { const player = document.getElementById('player'); "
            "player.addEventListener('seeked', () => requestAnimationFrame(() => done())); player.currentTime = 0.5; })"
        )
        assert page.locator("#frame").inner_text() in ("11", "12")

    def test_a_vote_and_a_comment_reach_the_api(self, site, page, link):
        _, review, _ = site
        page.goto(link)
        page.get_by_role("button", name="Require changes").click()
        page.wait_for_selector("[aria-pressed=true]")
        page.fill("#content", "<script>alert(1)</script> שלום 🎬")
        page.fill("#at", "7")
        page.get_by_role("button", name="Send").click()
        page.wait_for_selector("article.comment")
        assert page.locator("article.comment p").first.inner_text() == "<script>alert(1)</script> שלום 🎬"
        found = review.feedback().objects[0]
        assert [(vote.name, vote.status) for vote in found.votes] == [("Ada", "require_changes")]
        assert [(c.author, c.frame, c.text) for c in found.comments] == [
            ("Ada", 7, "<script>alert(1)</script> שלום 🎬")
        ]
        assert page.faults == []

    def test_a_still_is_shown(self, page, link):
        page.goto(link)
        page.locator(".items a").nth(1).click()
        page.wait_for_selector("img.still")
        assert page.evaluate("document.querySelector('img.still').naturalWidth") > 0

    def test_a_closed_review_is_read_only(self, site, page, link):
        _, review, _ = site
        review.close()
        try:
            page.goto(link)
            assert "closed" in page.locator(".banner").inner_text()
            assert page.get_by_role("button", name="Send").count() == 0
        finally:
            review.reopen()

    def test_nothing_overflows_at_phone_width(self, page, link):
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(link)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390

    @pytest.mark.parametrize("width", [1440, 1200, 900])
    def test_nothing_overflows_on_a_desk(self, page, link, width):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(link)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        list_right = page.evaluate("document.querySelector('nav').getBoundingClientRect().right")
        for right in page.evaluate(
            "Array.from(document.querySelectorAll('nav a'), a => a.getBoundingClientRect().right)"
        ):
            assert right <= list_right + 0.5

    def test_a_removed_invitee_is_turned_away(self, site, page):
        session, _, data = site
        url = next(url for to, url in links_in_mails(data).items() if "eve@example.com" in to)
        session.delete(session.query('ReviewSessionInvitee where email is "eve@example.com"').one())
        session.commit()
        response = page.goto(url)
        assert response.status in (403, 404)
        assert page.locator("video").count() == 0

    def test_a_made_up_link_is_turned_away(self, site, page):
        session, _, _ = site
        response = page.goto(f"{session.server_url}/review/{'x' * 43}")
        assert response.status in (403, 404)
