"""The frame shown is the frame asked for: every frame of movies at four rates, read from the picture itself."""

import pytest

from ftrack_review.media import synthesis
from tests.web.review_site import settle, visit

RATES = ("24", "25", "24000/1001", "30000/1001")
FRAMES = 24
#: What the first frame is called; 1 unless the version says otherwise.
FIRST = {"25": 1001}
SIZE = (160, 90)

#: Reads the number that the picture on the screen carries, as synthesis.read_number does.
READ = """() => {
  const { el: video } = window.FtrackReview.page.player.footage;
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0);
  const cell = canvas.width / 16;
  let number = 0;
  for (let bit = 0; bit < 16; bit += 1) {
    const [r, g, b] = context.getImageData(Math.floor((bit + 0.5) * cell), Math.floor(canvas.height - cell / 4), 1, 1).data;
    number = number * 2 + ((r + g + b) / 3 > 127 ? 1 : 0);
  }
  return [number, Number(document.querySelector("input.number").value)];
}"""

#: Shows one frame after the other by real key events, and returns what was seen: [number in the picture, number on the page].
STEP = """async ([key, count]) => {
  const settled = %s;
  const read = %s;
  const seen = [];
  for (let index = 0; index < count; index += 1) {
    if (index) document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    await settled();
    seen.push(read());
  }
  return seen;
}"""

#: Types each number into the field and returns what was seen.
TYPE = """async (numbers) => {
  const settled = %s;
  const read = %s;
  const field = document.querySelector("input.number");
  const seen = [];
  for (const number of numbers) {
    field.focus();
    field.value = String(number);
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    await settled();
    seen.push(read());
  }
  return seen;
}"""


def filled(script):
    from tests.web.review_site import SETTLED

    return script % (SETTLED, READ)


@pytest.fixture(scope="module")
def site(new_site, tmp_path_factory):
    """A review with one movie for each rate; every fifth frame of each has a comment."""
    folder = tmp_path_factory.mktemp("media")
    made = new_site(name="Frames")
    for rate in RATES:
        # One has sound, and one is encoded by the server; the others are played as they are.
        suffix = "mov" if rate == "24000/1001" else "mp4"
        path = folder / f"at {rate.replace('/', ' over ')}.{suffix}"
        synthesis.make_movie(path, frames=FRAMES, fps=rate, size=SIZE, with_audio=rate == "30000/1001")
        item = made.review.publish(path)
        if rate in FIRST:
            version = made.session.get("AssetVersion", item["version_id"])
            version["metadata"]["ftrack_review.first_frame"] = str(FIRST[rate])
            made.session.commit()
    made.invite("Ada", "ada@example.com")
    for entity in made.session.query(f'ReviewSessionObject where review_session_id is "{made.review["id"]}"'):
        for frame in range(0, FRAMES, 5):
            entity.comment(f"About {frame}", frame=frame)
    made.session.commit()
    return made


#: For each rate and way of going: how many frames were right, of how many. Printed at the end.
TABLE = {}


@pytest.fixture(scope="module", autouse=True)
def table():
    """Print the table of this module."""
    yield
    ways = list(dict.fromkeys(way for _, way in TABLE))
    print("\n" + "frames per second".ljust(18) + "".join(way.rjust(12) for way in ways))
    for rate in RATES:
        print(rate.ljust(18) + "".join(TABLE.get((rate, way), "-").rjust(12) for way in ways))


def check(rate, way, asked, seen):
    """Note and assert that *seen* pictures and numbers on the page are those *asked* for, indices of frames."""
    first = FIRST.get(rate, 1)
    right = sum(picture == index and shown == index + first for index, (picture, shown) in zip(asked, seen))
    TABLE[rate, way] = f"{right}/{len(asked)}"
    wrong = [(index, pair) for index, pair in zip(asked, seen) if list(pair) != [index, index + first]]
    assert wrong == []
    assert len(seen) == len(asked)


@pytest.mark.browser
@pytest.mark.parametrize("rate", RATES)
def test_every_frame_is_the_one_asked_for(site, page, rate):
    visit(page, site.link("ada@example.com"), f"at {rate.replace('/', ' over ')}")
    every = list(range(FRAMES))
    assert page.locator("main .rate").inner_text() == {
        "24": "24 fps", "25": "25 fps", "24000/1001": "23.976 fps", "30000/1001": "29.97 fps",
    }[rate]  # fmt: skip
    check(rate, "forward", every, page.evaluate(filled(STEP), ["ArrowRight", FRAMES]))
    check(rate, "back", every[::-1], page.evaluate(filled(STEP), ["ArrowLeft", FRAMES]))
    # Far jumps, there and back.
    far = [index if index % 2 else FRAMES - 1 - index for index in every]
    check(rate, "number", far, page.evaluate(filled(TYPE), [index + FIRST.get(rate, 1) for index in far]))
    check(rate, "click", every[::-1], [clicked(page, index) for index in reversed(every)])
    marked = sorted(set(page.evaluate("window.FtrackReview.page.current.notes.map((note) => note.frame)")))
    page.keyboard.press("Home")
    check(rate, "marker", marked[1:], page.evaluate(filled(STEP), ["n", len(marked)])[1:])
    check(rate, "link", every[::3], [opened(page, index) for index in every[::3]])


def clicked(page, index):
    """Click into the cell of a frame on the time line."""
    box = page.locator(".timeline").bounding_box()
    page.mouse.click(box["x"] + (index + 0.5) / FRAMES * box["width"], box["y"] + 26)
    settle(page)
    return page.evaluate(READ)


def opened(page, index):
    """Go to a frame by the address."""
    page.evaluate(f"location.hash = location.hash.replace(/&frame=.*|$/, '&frame={index}')")
    page.evaluate("() => new Promise((done) => setTimeout(done, 0))")
    settle(page)
    return page.evaluate(READ)


@pytest.mark.browser
def test_a_drawing_is_bound_to_the_frame_it_was_made_on(site, page):
    """The picture that is sent shows the frame with the drawing, and the comment says its number."""
    import io

    import numpy as np
    from PIL import Image

    visit(page, site.link("ada@example.com"), "at 30000 over 1001")
    right = 0
    for index in (3, 11, 23):
        page.evaluate(filled(TYPE), [index + 1])
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("d")
        page.get_by_role("toolbar", name="Drawing").wait_for()
        box = page.locator(".stage").bounding_box()
        middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.move(*middle)
        page.mouse.down()
        page.mouse.move(middle[0] + 60, middle[1] + 20, steps=4)
        page.mouse.up()
        page.keyboard.press("Escape")
        # Going elsewhere before it is sent does not change what it is about.
        page.evaluate(filled(TYPE), [8])
        page.get_by_label("Your comment").fill(f"Drawn on {index}")
        with page.expect_response(lambda response: response.url.endswith("/comment")) as answer:
            page.get_by_role("button", name="Send", exact=True).click()
        note = answer.value.json()["object"]["notes"][-1]
        assert (note["content"], note["frame"]) == (f"Drawn on {index}", index)
        assert len(note["drawing"]["shapes"]) == 1
        picture = page.context.request.get(page.url.split("/review")[0] + note["picture_url"]).body()
        pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
        right += synthesis.read_number(pixels) == index
        # Red of the pen where the line went.
        height, width = pixels.shape[:2]
        assert pixels[height // 2 - 4 : height // 2 + 8, width // 2 : width // 2 + 10, 0].max() > 200
    TABLE["30000/1001", "annotate"] = f"{right}/3"
    assert right == 3


@pytest.mark.browser
def test_a_range_is_looped_and_left(site, page):
    visit(page, site.link("ada@example.com"), "at 24")
    page.evaluate(filled(TYPE), [6])
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("i")
    page.evaluate(filled(TYPE), [10])
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("o")
    page.keyboard.press("Space")
    shown = page.evaluate("""() => new Promise((resolve) => {
      const { player } = window.FtrackReview.page;
      const seen = [];
      player.on("frame", () => {
        if (player.footage.target === null) seen.push(player.footage.frame);
        if (seen.length > 24) resolve(seen);
      });
    })""")
    assert page.evaluate("window.FtrackReview.page.player.isPlaying")
    page.keyboard.press("k")
    assert set(shown) <= set(range(5, 11))
    assert {6, 7, 8} <= set(shown)
    page.keyboard.press("\\")
    assert page.locator(".timeline .range").is_hidden()


@pytest.mark.browser
def test_shuttling_backwards_passes_every_region(site, page):
    visit(page, site.link("ada@example.com"), "at 25")
    page.keyboard.press("End")
    settle(page)
    page.keyboard.press("j")
    seen = page.evaluate("""() => new Promise((resolve) => {
      const { player } = window.FtrackReview.page;
      const seen = [];
      player.on("frame", () => {
        seen.push(player.footage.position);
        if (player.footage.position <= 3) resolve(seen);
      });
    })""")
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) > 5
    page.keyboard.press("k")
    settle(page)
    picture, shown = page.evaluate(READ)
    assert shown == picture + FIRST["25"]
