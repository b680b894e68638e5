"""A report in HTML, opened in a browser: how it reads, and that what the browser saves of it is another file."""

import json
import pathlib

import pytest

from ftrack_review.review import verify
from ftrack_review.review.reports import Report
from ftrack_review.review.reports.content import Pictures

CONTENT = pathlib.Path(__file__).parents[1] / "unit" / "review" / "report_content.json"


@pytest.fixture
def path(tmp_path):
    report = Report(json.loads(CONTENT.read_text(encoding="utf-8")), Pictures())
    return pathlib.Path(report.save(tmp_path / "report.html"))


def test_what_a_browser_saved_again_is_altered(path, page):
    page.goto(path.as_uri())
    assert page.get_by_role("heading", name="What was decided").is_visible()
    assert page.faults == []
    for saved in (
        page.evaluate("new XMLSerializer().serializeToString(document)"),
        page.content(),
        page.content().replace("\n", "\r\n"),
    ):
        path.write_text(saved, encoding="utf-8", newline="")
        found = verify(path)
        assert (found.outcome, found.is_wrong) == ("altered", True)
        assert "saved it again" in str(found) or "was changed" in str(found)


@pytest.mark.parametrize("width", [320, 390, 1440])
def test_nothing_of_it_is_cut_off(path, open_page, width):
    page = open_page(width=width)
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    regions = page.locator(".wide")
    assert regions.count() >= 3
    assert regions.evaluate_all("all => all.every(one => one.scrollWidth <= one.clientWidth)")
    assert page.get_by_text("Odd [U+0007] chars [U+001B][2J [U+202E]abc").first.is_visible()
