"""The page for everybody: without a mouse, with a screen reader, on a phone, with 200 objects, under a strict policy."""

import pytest

from ftrack_review.media import synthesis
from tests.media_files import make_still
from tests.web.review_site import faults, key, settle, visit

PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}

#: Remembers what the page's policy forbade.
WATCH = """() => {
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
}"""


#: Whether the middle of an element can be clicked where the page is scrolled to.
IN_SIGHT = """(node) => {
  const box = node.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return Boolean(top) && node.contains(top);
}"""

#: Resolves with what people need that is on top over less than 60 pixels of scrolling.
REACHED = f"""async () => {{
  const inSight = {IN_SIGHT};
  const columns = document.querySelector(".columns");
  const nodes = [...document.querySelectorAll(".vote, .note header, .note footer button, .composer textarea, .composer .primary, .tool.play")];
  const found = new Map(nodes.map((node) => [node, 0]));
  for (let y = 0; y <= columns.scrollHeight; y += 10) {{
    columns.scrollTop = y;
    for (const node of nodes) if (inSight(node)) found.set(node, found.get(node) + 1);
  }}
  return nodes.filter((node) => found.get(node) < 6).map((node) => `${{found.get(node)}} ${{node.outerHTML.slice(0, 80)}}`);
}}"""


@pytest.fixture(scope="module")
def site(new_site, tmp_path_factory):
    folder = tmp_path_factory.mktemp("media")
    made = new_site(name="For everybody")
    for version in (1, 2):
        path = folder / f"v{version}" / "shot.mp4"
        path.parent.mkdir()
        synthesis.make_movie(path, frames=12, fps=24, size=(160, 90), label=f"v{version}", with_audio=True)
        item = made.review.publish(path)
        if version == 1:
            made.session.delete(item)
            made.session.commit()
    make_still(folder / "still.png")
    made.review.publish(folder / "still.png")
    made.invite("Ada", "ada@example.com")
    made.invite("Otto", "otto@example.com", role="observer")
    # Who votes has nobody else's vote to take back: one for each test, as their order is random.
    for name in ("Dark", "Light", "Kim"):
        made.invite(name, f"{name.lower()}@example.com")
    made.item(1).comment("A remark", frame=None)
    note = made.item(0).comment("A remark " * 200, frame=3)
    made.session.commit()
    made.item(0).reply(note, "An answer")
    made.session.commit()
    return made


@pytest.mark.browser
class TestAxe:
    @pytest.mark.parametrize(("theme", "vote"), [("dark", "Approved"), ("light", "Changes required")])
    def test_no_serious_fault_at_a_desk(self, site, page, axe, theme, vote):
        visit(page, site.link(f"{theme}@example.com"), "shot")
        if theme == "light":
            page.get_by_role("button", name="Light theme").click()
        found = faults(page, axe, "player")
        page.get_by_role("group", name="Your vote").get_by_role("button", name=vote).click()
        page.get_by_text("Saved").wait_for()
        page.locator(".note").first.click()
        found += faults(page, axe, "voted")
        page.get_by_role("button", name="Reply to").first.click()
        found += faults(page, axe, "reply")
        page.get_by_role("button", name="Cancel").click()
        key(page, "d")
        page.get_by_role("toolbar", name="Drawing").wait_for()
        found += faults(page, axe, "drawing")
        page.keyboard.press("Escape")
        key(page, "c")
        page.locator(".stage[data-mode=wipe]").wait_for()
        found += faults(page, axe, "wipe")
        page.get_by_role("button", name="Side by side").click()
        found += faults(page, axe, "side by side")
        page.keyboard.press("Escape")
        key(page, "?")
        page.get_by_role("dialog").wait_for()
        found += faults(page, axe, "shortcuts")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="About this review").click()
        page.get_by_role("dialog").wait_for()
        found += faults(page, axe, "people")
        page.keyboard.press("Escape")
        page.get_by_role("navigation").get_by_text("still", exact=True).click()
        settle(page)
        found += faults(page, axe, "still")
        assert found == []

    def test_no_serious_fault_on_a_phone(self, site, open_page, axe):
        page = open_page(**PHONE)
        visit(page, site.link("ada@example.com"))
        found = faults(page, axe, "phone")
        page.get_by_role("button", name="Show the list").click()
        found += faults(page, axe, "drawer")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Draw", exact=True).click()
        page.get_by_role("toolbar", name="Drawing").wait_for()
        found += faults(page, axe, "drawing on a phone")
        assert found == []

    def test_no_serious_fault_for_an_observer_a_closed_review_and_strangers(self, site, page, axe):
        visit(page, site.link("otto@example.com"))
        found = faults(page, axe, "observer")
        site.review.close()
        try:
            visit(page, site.link("ada@example.com"))
            found += faults(page, axe, "closed")
        finally:
            site.review.reopen()
        page.goto(f"{site.session.server_url}/review/{'x' * 43}")
        found += faults(page, axe, "notice")
        assert found == []


@pytest.mark.browser
class TestKeyboard:
    def test_from_the_link_to_the_vote_without_a_mouse(self, site, page):
        visit(page, site.link("kim@example.com"))

        def tab_to(name):
            for _ in range(80):
                page.keyboard.press("Tab")
                focused = page.evaluate(
                    "(document.activeElement.getAttribute('aria-label') || document.activeElement.textContent)"
                )
                assert page.evaluate("document.activeElement.matches(':focus-visible')")
                if focused.strip() == name:
                    return
            raise AssertionError(f"{name} cannot be reached")

        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the player"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.getAttribute('role')") == "slider"
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        settle(page)
        assert (
            page.evaluate("document.activeElement.getAttribute('aria-valuetext')") == "Frame 3, 00:00:00:02"
        )
        page.keyboard.press("ArrowDown")
        page.get_by_role("heading", level=2, name="still").wait_for()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("t")
        page.keyboard.type("Without a mouse")
        page.keyboard.press("Control+Enter")
        page.get_by_role("complementary").get_by_text("Without a mouse").wait_for()
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("Shift+C")
        page.get_by_text("Saved: Changes required.").wait_for()
        page.reload()
        page.wait_for_selector("main.viewer")
        tab_to("Approved")
        page.keyboard.press("Enter")
        page.get_by_text("Saved: Approved.").wait_for()
        assert page.evaluate("document.activeElement.textContent").strip() == "Approved"

    def test_the_list_is_one_stop_and_arrows_move_in_it(self, site, page):
        visit(page, site.link("ada@example.com"))
        page.locator(".row[aria-current]").focus()
        page.keyboard.press("ArrowDown")
        assert "still" in page.evaluate("document.activeElement.textContent")
        page.keyboard.press("Enter")
        page.get_by_role("heading", level=2, name="still").wait_for()

    def test_after_a_click_in_the_list_the_arrows_go_on_in_it(self, site, page):
        visit(page, site.link("ada@example.com"), "shot")
        page.keyboard.press("ArrowDown")
        page.get_by_role("heading", level=2, name="still").wait_for()
        page.keyboard.press("ArrowUp")
        page.get_by_role("heading", level=2, name="shot").wait_for()
        page.keyboard.press("ArrowRight")
        settle(page)
        assert page.locator("input.number").input_value() == "2"

    def test_the_space_bar_plays_after_a_click_and_presses_what_was_reached_by_keys(self, site, page):
        visit(page, site.link("ada@example.com"), "shot")
        loop = page.get_by_role("button", name="Loop")
        loop.click()
        assert loop.get_attribute("aria-pressed") == "false"
        page.keyboard.press("Space")
        page.get_by_role("button", name="Pause").wait_for()
        assert loop.get_attribute("aria-pressed") == "false"
        page.keyboard.press("k")
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        assert loop.get_attribute("aria-pressed") == "true"

    def test_single_keys_can_be_switched_off(self, site, page):
        visit(page, site.link("ada@example.com"), "shot")
        key(page, "?")
        page.get_by_label("Keys without Ctrl work").uncheck()
        page.keyboard.press("Escape")
        key(page, "d")
        assert page.get_by_role("toolbar", name="Drawing").is_hidden()
        key(page, "?")
        page.get_by_label("Keys without Ctrl work").check()


@pytest.mark.browser
class TestWidths:
    def test_nothing_overflows_at_phone_width(self, site, open_page):
        page = open_page(**PHONE)
        visit(page, site.link("ada@example.com"), None)
        wide = "document.documentElement.scrollWidth"
        assert page.evaluate(wide) <= 390
        small = page.evaluate("""() => [...document.querySelectorAll("button, select, input, a")].filter((node) => {
          const box = node.getBoundingClientRect();
          return node.checkVisibility({ visibilityProperty: true }) && box.width && box.bottom > 0 && (box.height < 28 || box.width < 24);
        }).map((node) => node.outerHTML.slice(0, 120))""")
        assert small == []
        page.get_by_role("button", name="Show the list").click()
        page.get_by_role("navigation").get_by_text("still", exact=True).click()
        assert page.evaluate(wide) <= 390
        page.get_by_role("button", name="Draw", exact=True).click()
        page.get_by_role("toolbar", name="Drawing").wait_for()
        assert page.evaluate(wide) <= 390
        page.get_by_role("button", name="Done").click()
        page.get_by_role("button", name="Show the list").click()
        page.get_by_role("navigation").get_by_text("shot", exact=True).click()
        page.get_by_role("button", name="Compare").click()
        assert page.evaluate(wide) <= 390

    def test_all_tools_are_in_sight_on_a_phone_and_the_place_to_write_is_at_the_bottom(self, site, open_page):
        page = open_page(**PHONE)
        visit(page, site.link("ada@example.com"))
        page.get_by_role("button", name="Show the list").click()
        page.get_by_role("navigation").get_by_text("still", exact=True).click()
        settle(page)
        composer = page.get_by_role("form", name="Write a comment").bounding_box()
        assert composer["y"] + composer["height"] == pytest.approx(PHONE["height"], abs=2)
        page.get_by_role("button", name="Draw", exact=True).click()
        palette = page.get_by_role("toolbar", name="Drawing")
        palette.wait_for()
        for button in palette.get_by_role("button").all():
            box = button.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE["width"]
            assert box["y"] + box["height"] < composer["y"]

    @pytest.mark.parametrize(("width", "height"), [(1366, 768), (1280, 800), (1024, 768)])
    def test_all_tools_are_in_sight_on_a_laptop(self, site, open_page, width, height):
        page = open_page(width=width, height=height)
        visit(page, site.link("ada@example.com"))
        key(page, "d")
        palette = page.get_by_role("toolbar", name="Drawing")
        palette.wait_for()
        stage = page.locator(".stage").bounding_box()
        for button in palette.get_by_role("button").all():
            box = button.bounding_box()
            assert stage["x"] <= box["x"]
            assert box["x"] + box["width"] <= stage["x"] + stage["width"]

    @pytest.mark.parametrize(
        ("width", "height"), [(720, 450), (640, 400), (640, 512), (683, 384), (320, 256)]
    )
    def test_twice_as_large_everything_can_be_reached_by_scrolling(self, site, open_page, width, height):
        page = open_page(width=width, height=height)
        visit(page, site.link("ada@example.com"))
        missed = page.evaluate(REACHED)
        assert missed == []
        # The same by the keys: what has the focus is in sight.
        for name in ("Approved", "Reply to Administrator"):
            button = page.get_by_role("button", name=name).first
            button.focus()
            assert button.evaluate(f"(node) => ({IN_SIGHT})(node)"), name
        assert page.get_by_role("banner").get_by_role("button", name="Keyboard shortcuts").is_visible() == (
            width >= 480
        )

    def test_what_belongs_to_a_drawing_stands_in_one_row(self, site, page):
        visit(page, site.link("ada@example.com"), "shot")
        key(page, "d")
        page.get_by_role("toolbar", name="Drawing").wait_for()
        box = page.locator(".stage").bounding_box()
        for step in range(12):
            page.mouse.move(box["x"] + 100 + step * 20, box["y"] + 200)
            page.mouse.down()
            page.mouse.move(box["x"] + 110 + step * 20, box["y"] + 260, steps=3)
            page.mouse.up()
        page.keyboard.press("Escape")
        names = ("Frame 1", "12 strokes", "Remove the drawing", "Send")
        boxes = [page.get_by_role("button", name=name, exact=True).bounding_box() for name in names]
        middles = [box["y"] + box["height"] / 2 for box in boxes]
        assert max(middles) - min(middles) < 4
        # On with the drawing, and away with it.
        page.get_by_role("button", name="12 strokes").click()
        page.get_by_role("toolbar", name="Drawing").wait_for()
        page.get_by_role("button", name="Erase everything").click()
        page.get_by_role("button", name="Done").click()
        page.get_by_role("button", name="Draw", exact=True).wait_for()

    @pytest.mark.parametrize("width", [1440, 1100, 900, 700])
    def test_nothing_overflows_elsewhere(self, site, open_page, width):
        page = open_page(width=width)
        visit(page, site.link("ada@example.com"))
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        outside = page.evaluate("""() => [...document.querySelectorAll("main button, aside button, header button")].filter((node) => {
          const box = node.getBoundingClientRect();
          return node.checkVisibility({ visibilityProperty: true }) && box.width && (box.right > innerWidth + 1 || (box.left < -1 && !node.matches(".skip")));
        }).map((node) => node.outerHTML.slice(0, 120))""")
        assert outside == []

    def test_two_fingers_zoom(self, site, open_page):
        page = open_page(**PHONE)
        visit(page, site.link("ada@example.com"))
        box = page.locator(".stage").bounding_box()
        before = page.locator(".slot video").bounding_box()["width"]
        session = page.context.new_cdp_session(page)

        def fingers(kind, apart):
            middle = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
            points = [{"x": middle["x"] + side * apart, "y": middle["y"], "id": side + 1} for side in (-1, 1)]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points if apart else []})

        fingers("touchStart", 30)
        for apart in (40, 50, 60):
            fingers("touchMove", apart)
        fingers("touchEnd", 0)
        assert page.locator(".slot video").bounding_box()["width"] > before * 1.5

    def test_touch_draws(self, site, open_page):
        page = open_page(**PHONE)
        visit(page, site.link("ada@example.com"))
        page.get_by_role("button", name="Draw", exact=True).click()
        page.get_by_role("toolbar", name="Drawing").wait_for()
        box = page.locator(".stage").bounding_box()
        session = page.context.new_cdp_session(page)
        points = [{"x": box["x"] + 60 + step * 20, "y": box["y"] + 60 + step * 5} for step in range(6)]
        session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
        for point in points[1:]:
            session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.get_by_role("button", name="Done").click()
        page.get_by_text("1 stroke", exact=True).wait_for()


@pytest.mark.browser
def test_the_policy_is_strict_and_kept(site, page):
    page.add_init_script(f"({WATCH})()")
    response = visit(page, site.link("ada@example.com"), "shot")
    policy = page.context.request.get(page.url).headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert response is not None
    key(page, "c")
    page.locator(".stage[data-mode=wipe]").wait_for()
    key(page, "d")
    page.get_by_role("toolbar", name="Drawing").wait_for()
    page.keyboard.press("Escape")
    key(page, "?")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("navigation").get_by_text("still", exact=True).click()
    settle(page)
    assert page.evaluate("window.violations") == []
    assert page.faults == []


@pytest.mark.browser
def test_two_hundred_objects_stay_quick(site, page):
    session = site.session
    review = session.create("ReviewSession", {"name": "The reel", "project": site.project})
    kind = session.get("AssetVersion", site.item(0)["version_id"])["asset"]["type"]
    for number in range(200):
        values = {"name": f"sh{number:04d}", "type": kind, "parent": site.project}
        review.add(session.create("AssetVersion", {"asset": session.create("Asset", values)}))
    review.invite("Ada", "ada200@example.com")
    session.commit()
    review.send_invitations()
    visit(page, site.link("ada200@example.com"))
    assert page.locator(".items li").count() == 200
    took = page.evaluate("""() => {
      const { page } = window.FtrackReview;
      const times = [];
      for (let index = 0; index < 20; index += 1) {
        const began = performance.now();
        page.state.objects[index].my_vote = index % 2 ? "approved" : null;
        page.update();
        document.body.getBoundingClientRect();
        times.push(performance.now() - began);
      }
      return Math.min(...times);
    }""")
    print(f"an update of 200 objects: {took:.1f} ms")
    assert took < 100
    page.get_by_label("Search the list").fill("sh0042")
    assert page.locator(".items li:visible").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
