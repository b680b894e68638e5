"""A review that travels: opened from disk in a real browser, answered there, and merged back."""

import json

import pytest
from playwright.sync_api import expect

from ftrack_review.media import synthesis
from ftrack_review.review import merge
from tests.web.review_site import faults, key, settle


@pytest.fixture(scope="module")
def site(new_site, tmp_path_factory):
    """A review of two movies, with a comment on the first."""
    folder = tmp_path_factory.mktemp("media")
    made = new_site()
    for name in ("first", "second"):
        synthesis.make_movie(folder / f"{name}.mp4", frames=24, fps="24000/1001", size=(320, 180), label=name)
        made.review.publish(folder / f"{name}.mp4")
    made.review.invite([("Ada", "ada@example.com"), ("Bob", "bob@example.com")])
    grace = made.review.invite("Grace Hopper", "grace@example.com", role="approver")
    made.review.invite("Olga", "olga@example.com", role="observer")
    made.session.commit()
    made.item(0).comment("Already said. <b>x</b>", frame=3)
    made.item(1).comment("By Grace, before", invitee=grace)
    made.item(1).comment("By Grace, to go", invitee=grace)
    made.session.commit()
    return made


@pytest.fixture(scope="module")
def folder(site, tmp_path_factory):
    """The folder that the review travels in."""
    place = tmp_path_factory.mktemp("stick") / "a review, with blanks & ümlauts"
    site.review.export(place)
    return place


#: The contrast between the letters of an element and what is behind them.
CONTRAST = """async (selector) => {
  const element = document.querySelector(selector);
  await Promise.all(element.getAnimations().map((animation) => animation.finished));
  const light = (text) => text.match(/[\\d.]+/g).slice(0, 3).map((value) => (value / 255) ** 2.2)
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0.05);
  const { color, backgroundColor } = getComputedStyle(element);
  return Math.max(light(color), light(backgroundColor)) / Math.min(light(color), light(backgroundColor));
}"""


def enter(page, folder, name, address):
    """Open the page from disk, and say who one is."""
    page.goto((folder / "index.html").as_uri())
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Your e-mail").fill(address)
    page.get_by_role("button", name="Start", exact=True).click()
    page.locator("dialog").wait_for(state="detached")
    page.wait_for_selector("main.viewer")
    settle(page)


@pytest.fixture
def opened(page, folder):
    """The page, opened from disk by Ada."""
    enter(page, folder, "Ada", "ada@example.com")
    return page


def save(page, path):
    """Save the answers to a file, as a browser downloads it."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Save my answers").click()
    download.value.save_as(path)
    return path


@pytest.mark.browser
def test_the_page_plays_from_disk_and_asks_no_host(opened):
    assert opened.get_by_role("heading", level=1).inner_text() == "Weekly <review>"
    assert opened.locator(".note .content").first.inner_text() == "Already said. <b>x</b>"
    key(opened, "ArrowRight")
    settle(opened)
    assert opened.evaluate("document.querySelector('main.viewer video').readyState") >= 2
    assert {url.split(":")[0] for url in opened.requested} <= {"file", "data", "blob"}
    assert opened.faults == []


@pytest.mark.browser
def test_votes_comments_and_drawings_made_on_disk_come_back(site, opened, tmp_path):
    for _ in range(5):
        key(opened, "ArrowRight")
    settle(opened)
    opened.get_by_role("button", name="Draw", exact=True).click()
    box = opened.locator("main.viewer video").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    opened.mouse.move(x, y)
    opened.mouse.down()
    opened.mouse.move(x + 40, y + 30, steps=4)
    opened.mouse.up()
    opened.get_by_label("Your comment").fill("Darker here 🎬")
    opened.get_by_role("button", name="Send", exact=True).click()
    opened.get_by_text("Darker here 🎬", exact=True).wait_for()
    opened.get_by_role("group", name="Your vote").get_by_role("button", name="Changes required").click()
    opened.reload()
    opened.get_by_text("Darker here 🎬", exact=True).wait_for()
    answers = save(opened, tmp_path / "answers.json")
    assert opened.faults == []
    content = json.loads(answers.read_text("utf-8"))
    assert (content["format"], content["person"]["email"]) == ("ftrack-review-answers", "ada@example.com")
    result = merge(site.session, answers)
    assert (result.count("added"), len(result.answers)) == (2, 2)
    found = site.objects()[0]
    assert ("Ada", "require_changes") in [(vote.name, vote.status) for vote in found.votes]
    said = found.comments[-1]
    assert (said.author, said.text, said.frame) == ("Ada", "Darker here 🎬", 5)
    assert json.loads(said.drawing)["shapes"][0]["tool"] == "pen"
    assert merge(site.session, answers).count("present") == 2
    report = site.review.report()
    drawn = report.content["objects"][0]["comments"][-1]
    assert report.pictures[drawn["picture"]].startswith(b"\xff\xd8")


@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "address", "shown"),
    [
        ("Amazing Grace", " GRACE@example.com", "Grace Hopper approver"),
        ("grace  hopper", "private@example.com", "Grace Hopper approver"),
        ("Ada", "ada@example.com", "Ada"),
        ("Olga", "olga@example.com", "Olga observer"),
        ("Mallory", "m@example.com", "Mallory"),
    ],
)
def test_who_is_invited_is_known_by_address_or_name(page, folder, name, address, shown):
    enter(page, folder, name, address)
    assert " ".join(page.locator(".who").inner_text().split()[-len(shown.split()) :]) == shown
    assert page.get_by_label("Your comment").is_visible() == (name != "Olga")
    assert page.faults == []


@pytest.mark.browser
def test_an_approver_decides_and_edits_what_was_said_before(site, page, folder, tmp_path):
    enter(page, folder, "Grace Hopper", "grace@example.com")
    page.get_by_role("navigation").get_by_text("second", exact=True).click()
    first, second = page.locator(".note", has_text="By Grace").all()
    assert first.locator(".role").inner_text() == "Approver"
    first.get_by_role("button", name="Edit what you wrote").click()
    page.get_by_role("textbox", name="Edit what you wrote").fill("By Grace, after")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("By Grace, after", exact=True).wait_for()
    page.locator(".note", has_text="to go").get_by_role("button", name="Delete what you wrote").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_text("By Grace, to go").wait_for(state="detached")
    page.get_by_role("group", name="Your vote").get_by_role("button", name="Approved").click()
    # An approver decides, and it is shown at once; who still points at the button can read it.
    page.get_by_role("navigation").locator("button", has_text="second").locator(".status.approved").wait_for()
    assert page.evaluate(CONTRAST, ".vote[aria-pressed='true']") > 3
    page.reload()
    page.get_by_role("navigation").get_by_text("second", exact=True).click()
    page.get_by_text("By Grace, after", exact=True).wait_for()
    page.locator(".votes .role", has_text="Approver").wait_for()
    answers = save(page, tmp_path / "answers.json")
    assert page.faults == []
    result = merge(site.session, answers)
    assert (result.person, result.count("added"), result.count("changed")) == ("Grace Hopper", 1, 2)
    item = site.objects()[1]
    assert (item.status, [(vote.name, vote.role) for vote in item.votes]) == (
        "approved",
        [("Grace Hopper", "approver")],
    )
    assert [comment.text for comment in item.comments] == ["By Grace, after"]
    assert merge(site.session, answers).count("present") == 3


@pytest.mark.browser
def test_several_people_answer_on_one_computer(page, folder, tmp_path):
    def shows(*words):
        """Wait until just these votes are pressed."""
        pressed = page.get_by_role("group", name="Your vote").locator("[aria-pressed=true]")
        expect(pressed).to_have_text(list(words), timeout=20_000)

    def change(name, address, *, is_same=False):
        page.get_by_role("button", name="Somebody else answers").click()
        page.get_by_label("Your name").fill(name)
        page.get_by_label("Your e-mail").fill(address)
        if is_same:
            page.get_by_label("take my answers along").check()
        page.get_by_role("button", name="Start", exact=True).click()
        page.locator("dialog").wait_for(state="detached")
        page.locator(".who", has_text=name).wait_for()

    enter(page, folder, "Adda", "adda@example.com")
    page.get_by_role("group", name="Your vote").get_by_role("button", name="Approved").click()
    page.locator(".votes", has_text="Adda").wait_for()
    # A slip of the pen, put right.
    change("Ada", "ada@example.com", is_same=True)
    shows("Approved")
    change("Bob", "bob@example.com")
    shows()
    page.get_by_role("group", name="Your vote").get_by_role("button", name="Changes required").click()
    page.locator(".votes", has_text="Bob").wait_for()
    page.reload()
    page.locator(".votes", has_text="Bob").wait_for()
    bob = json.loads(save(page, tmp_path / "bob.json").read_text("utf-8"))
    change("Ada", "ada@example.com")
    shows("Approved")
    ada = json.loads(save(page, tmp_path / "ada.json").read_text("utf-8"))
    assert [(file["person"]["name"], file["votes"][0]["status"]) for file in (ada, bob)] == [
        ("Ada", "approved"),
        ("Bob", "require_changes"),
    ]
    # Withdrawn again: it may have been brought back already.
    page.get_by_role("group", name="Your vote").get_by_role("button", name="Approved").click()
    page.locator(".votes li").wait_for(state="detached")
    ada = json.loads(save(page, tmp_path / "ada.json").read_text("utf-8"))
    assert (ada["version"], [vote["status"] for vote in ada["votes"]]) == (2, [None])
    assert page.faults == []


@pytest.mark.browser
def test_a_folder_for_one_person_asks_nothing(site, page, tmp_path):
    bob = site.session.query('ReviewSessionInvitee where name is "Bob"').one()
    site.review.export(tmp_path / "bob", invitee=bob)
    page.goto((tmp_path / "bob" / "index.html").as_uri())
    page.wait_for_selector("main.viewer")
    page.get_by_role("group", name="Your vote").get_by_role("button", name="Approved").click()
    result = merge(site.session, save(page, tmp_path / "answers.json"))
    assert (result.person, result.count("added")) == ("Bob", 1)
    assert page.faults == []


@pytest.mark.browser
def test_pages_from_disk_have_no_serious_fault_of_accessibility(site, folder, open_page, axe, tmp_path):
    site.review.report(tmp_path / "report.html")
    found = []
    for width in (1440, 390):
        page = open_page(width=width)
        enter(page, folder, "Grace Hopper", "grace@example.com")
        page.get_by_role("group", name="Your vote").get_by_role("button", name="Approved").click()
        page.get_by_role("button", name="Save my answers").wait_for()
        found += faults(page, axe, f"the page at {width}")
        page.get_by_role("button", name="Somebody else answers").click()
        found += faults(page, axe, f"its question at {width}")
        page.goto((tmp_path / "report.html").as_uri())
        found += faults(page, axe, f"the report at {width}")
    assert found == []


@pytest.mark.browser
def test_a_report_in_html_is_read_without_script_or_another_host(site, page, open_page, tmp_path):
    site.review.report(tmp_path / "report.html")
    page.goto((tmp_path / "report.html").as_uri())
    assert page.get_by_role("heading", level=1).inner_text() == "Weekly <review>"
    assert page.get_by_text("Already said. <b>x</b>").first.is_visible()
    assert {url.split(":")[0] for url in page.requested} <= {"file", "data"}
    assert page.faults == []
    phone = open_page(width=390, height=844, java_script_enabled=False)
    phone.goto((tmp_path / "report.html").as_uri())
    assert phone.get_by_role("heading", name="What was decided").is_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
def test_the_answers_are_saved_by_a_button_of_one_line_on_a_phone(folder, open_page):
    page = open_page(width=390, height=844)
    enter(page, folder, "Zoe", "zoe@example.com")
    page.get_by_role("group", name="Your vote").get_by_role("button", name="Seen").click()
    save = page.get_by_role("button", name="Save my answers")
    save.wait_for()
    assert save.bounding_box()["height"] <= 46
    assert page.get_by_role("heading", level=1).bounding_box()["width"] > 90
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
def test_what_comes_on_request_comes_from_the_folder_too(opened):
    for keys, part in (("d", ".palette"), ("?", "dialog")):
        key(opened, keys)
        opened.locator(part).first.wait_for()
        opened.keyboard.press("Escape")
    opened.locator("dialog").wait_for(state="detached")
    assert opened.faults == []
