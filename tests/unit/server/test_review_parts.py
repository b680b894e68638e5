"""The parts of the review page that need no server: drawings, frame rates, sockets, attempts."""

import asyncio
import base64
import json
import math

import pytest

from ftrack_review.server import review_drawing, review_live, review_state
from ftrack_review.server.errors import ServerFault
from ftrack_review.server.review_visitor import Visitor

PEN = {"tool": "pen", "colour": "#FF3B30", "width": 0.004, "points": [[0.1, 0.2], [0.3, 0.4]]}


def drawing(*shapes):
    return {"version": 1, "shapes": list(shapes)}


class TestDrawings:
    def test_keep_what_belongs_into_them_alone(self):
        found = review_drawing.read(
            {
                **drawing({**PEN, "onclick": "x"}),
                "script": "x",
            }
        )
        assert found == drawing({**PEN, "colour": "#ff3b30"})

    def test_without_shapes_are_none(self):
        assert review_drawing.read(None) is None
        assert review_drawing.read(drawing()) is None

    @pytest.mark.parametrize(
        "change",
        [
            {"tool": "laser"},
            {"tool": None},
            {"colour": "red"},
            {"colour": "#ff3b3"},
            {"colour": "#ff3b30;}"},
            {"colour": None},
            {"width": 0},
            {"width": 2},
            {"width": "1"},
            {"width": True},
            {"width": math.nan},
            {"width": math.inf},
            {"points": []},
            {"points": None},
            {"points": [[0.1]]},
            {"points": [["a", "b"]]},
            {"points": [[5, 0]]},
            {"points": [[0, 0]] * 20_001},
        ],
    )
    def test_that_make_no_sense_are_refused(self, change):
        with pytest.raises(ServerFault) as caught:
            review_drawing.read(drawing({**PEN, **change}))
        assert caught.value.status == 422

    def test_have_limits(self):
        with pytest.raises(ServerFault):
            review_drawing.read(drawing(*[PEN] * 2_001))
        with pytest.raises(ServerFault) as caught:
            review_drawing.read(drawing(*[{**PEN, "points": [[0.12345, 0.12345]] * 20_000}] * 2))
        assert caught.value.status == 413

    def test_of_other_kinds_are_read_as_none(self):
        for stored in (None, "", "x", "[]", "{}", "null", '{"objects": []}', 5, []):
            assert review_drawing.readable(stored) is None
        assert review_drawing.readable(json.dumps(drawing(PEN)))["shapes"]

    @pytest.mark.parametrize(
        "content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"<svg/>", b"\x89PNG\r\n\x1a\n" + b"\0" * 40]
    )
    def test_pictures_that_are_no_png_are_refused(self, content):
        url = "data:image/png;base64," + base64.b64encode(content).decode()
        with pytest.raises(ServerFault):
            review_drawing.read_picture(url)

    def test_pictures_have_a_limit(self):
        url = "data:image/png;base64," + "A" * (review_drawing.MAXIMUM_PICTURE_BYTES * 4 // 3 + 100)
        with pytest.raises(ServerFault) as caught:
            review_drawing.read_picture(url)
        assert caught.value.status == 413


def make_page():
    visitor = Visitor("i", "s", None, "Ada", "ada@example.com", "x")
    return review_live.Page(visitor, "reviewer", {}, asyncio.get_running_loop())


class TestSocket:
    def test_a_page_that_does_not_read_is_let_go(self):
        async def flood():
            page = make_page()
            for number in range(review_live.MAXIMUM_MESSAGES + 10):
                page.tell({"type": "changed", "objects": None, "revision": number})
            await asyncio.wait_for(page.ended.wait(), 5)
            return page.close_code

        assert asyncio.run(flood()) == review_live.CLOSE_SLOW

    def test_a_silent_page_is_dropped(self):
        class Rooms:
            pass

        async def wait():
            page = make_page()
            live = review_live.Live(Rooms(), ping_s=0.01, silence_s=0.05)
            await asyncio.wait_for(live._beat(page), 5)
            return page._outgoing.take()

        assert json.loads(asyncio.run(wait())) == {"type": "ping"}

    def test_too_many_messages_are_passed_over(self):
        async def talk():
            page = make_page()
            return sum(page.may_speak() for _ in range(1000))

        assert asyncio.run(talk()) <= 2 * review_live.MESSAGES_PER_S + 5


@pytest.mark.parametrize(
    ("role", "is_open", "may"),
    [
        ("reviewer", True, {"comment", "draw", "vote", "lead"}),
        ("approver", True, {"comment", "draw", "vote", "lead"}),
        ("observer", True, set()),
        ("reviewer", False, {"lead"}),
    ],
)
def test_rights(role, is_open, may):
    visitor = Visitor("i", "s", None, "Ada", "ada@example.com", "x")
    rights = review_state.rights(visitor, role, is_open)
    assert {name for name, given in rights.items() if given} == may
