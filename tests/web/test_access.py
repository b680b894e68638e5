"""Who gets in and who does not: foreign and expired links, passphrases, shared links, closed reviews."""

import pytest
import requests

from ftrack_review.media import synthesis
from tests.web.review_site import faults, visit


@pytest.fixture(scope="module")
def site(new_site, tmp_path_factory):
    made = new_site(name="Access")
    path = tmp_path_factory.mktemp("media") / "one.mp4"
    synthesis.make_movie(path, frames=6, fps=24, size=(64, 36))
    made.review.publish(path)
    made.invite("Ada", "ada@example.com")
    made.invite("Eve", "eve@example.com")
    return made


@pytest.fixture(scope="module")
def other(new_site, tmp_path_factory):
    """Another review, on another server."""
    made = new_site(name="Elsewhere")
    path = tmp_path_factory.mktemp("media") / "secret.mp4"
    synthesis.make_movie(path, frames=6, fps=24, size=(64, 36))
    made.review.publish(path)
    made.invite("Mallory", "mallory@example.com")
    return made


@pytest.mark.browser
class TestTheDoor:
    def test_a_made_up_link_is_turned_away(self, site, page):
        response = page.goto(f"{site.session.server_url}/review/{'x' * 43}")
        assert response.status in (403, 404)
        assert page.locator("main.notice").is_visible()
        assert page.locator("video, script").count() == 0

    def test_a_link_of_another_server_opens_nothing_here(self, site, other, page):
        token = other.link("mallory@example.com").rsplit("/", 1)[1]
        assert page.goto(f"{site.session.server_url}/review/{token}").status in (403, 404)

    def test_a_session_without_a_cookie_is_turned_away(self, site, page):
        response = page.goto(f"{site.session.server_url}/review/session/{site.review['id']}")
        assert response.status in (401, 403)

    def test_the_cookie_of_one_review_opens_no_other(self, site, page):
        session = site.session
        second = session.create("ReviewSession", {"name": "Second", "project": site.project})
        session.commit()
        visit(page, site.link("ada@example.com"))
        base = f"{session.server_url}/review/session/{second['id']}"
        assert page.goto(base).status in (401, 403)
        assert page.context.request.get(base + "/state").status in (401, 403, 404)

    def test_a_closed_review_is_read_only(self, site, page):
        site.review.close()
        try:
            visit(page, site.link("ada@example.com"))
            assert "closed" in page.locator(".banner").first.inner_text()
            assert page.get_by_label("Your comment").is_hidden()
            answer = page.evaluate(
                """async (id) => (await fetch(location.pathname + "/vote", {
                  method: "POST", headers: { "content-type": "application/json" },
                  body: JSON.stringify({ object_id: id, status: "approved" }),
                })).status""",
                site.objects()[0].id,
            )
            assert answer in (403, 409)
            assert site.objects()[0].votes == ()
        finally:
            site.review.reopen()

    def test_a_post_from_another_page_is_refused(self, site, page):
        visit(page, site.link("ada@example.com"))
        answer = page.context.request.post(
            page.url.split("#")[0] + "/vote",
            data={"object_id": site.objects()[0].id, "status": "approved"},
            headers={"origin": "https://evil.example", "content-type": "application/json"},
        )
        assert answer.status == 403

    def test_a_removed_invitee_is_turned_away(self, site, page):
        link = site.link("eve@example.com")
        visit(page, link)
        site.session.delete(site.session.query('ReviewSessionInvitee where name is "Eve"').one())
        site.session.commit()
        page.get_by_role("heading", name="cannot be shown").wait_for()
        assert page.goto(link).status in (403, 404)


@pytest.mark.browser
class TestSharedLink:
    @pytest.fixture
    def shared(self, site):
        """The address of the review's shared link, with a passphrase."""
        review, session = site.review, site.session
        review["shareable_url_enabled"] = True
        review["passphrase_enabled"] = True
        review["passphrase"] = "open sesame"
        session.commit()
        headers = {"ftrack-user": session.api_user, "ftrack-api-key": session.api_key}
        body = {"session_id": review["id"]}
        answer = requests.post(f"{session.server_url}/review/share", json=body, headers=headers, timeout=30)
        yield answer.json()["url"]
        review["passphrase_enabled"] = review["shareable_url_enabled"] = False
        session.commit()

    def test_a_guest_says_who_they_are_and_comes_in(self, site, shared, page, axe):
        page.goto(shared)
        assert faults(page, axe, "shared link") == []
        assert page.locator("h1").inner_text() == "Access"
        page.get_by_label("Your name").fill("Guest <b>")
        page.get_by_label("Your e-mail").fill("guest@example.com")
        page.get_by_label("Passphrase").fill("wrong")
        page.get_by_role("button", name="Open the review").click()
        page.get_by_role("alert").wait_for()
        assert page.get_by_label("Your name").input_value() == "Guest <b>"
        page.get_by_label("Passphrase").fill("open sesame")
        page.get_by_role("button", name="Open the review").click()
        page.wait_for_selector("main.viewer")
        assert "Guest <b>" in page.locator("header.top").inner_text()
        assert page.faults == [] or all("403" in fault or "422" in fault for fault in page.faults)

    def test_a_personal_link_asks_for_the_passphrase_once(self, site, shared, page):
        page.goto(site.link("ada@example.com"))
        page.get_by_label("Passphrase").fill("open sesame")
        page.get_by_role("button", name="Open the review").click()
        page.wait_for_selector("main.viewer")
        page.reload()
        page.wait_for_selector("main.viewer")
