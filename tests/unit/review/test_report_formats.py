"""How reports are written does not change without a new number: old files are written again to check what they show."""

from __future__ import annotations

import hashlib
import json
import pathlib

import pytest

from ftrack_review.review.reports import WRITERS, Report
from ftrack_review.review.reports.content import Pictures, contradictions
from ftrack_review.review.reports.legible import legible, on_one_line
from ftrack_review.review.reports.typeface import spell

CONTENT = pathlib.Path(__file__).with_name("report_content.json")

#: The SHA-256 of the report in this content, by what writes it. If this fails after a change on purpose, give the format
#: the next number in ``WRITERS``, so that files of before are not taken for forged, and put the new digest here.
WRITTEN = {
    "html 2": "3f9ebec61428814cc26c4a124fe6984e3bc0d7422636d8e84e317ffa00991605",
    "csv 2": "127264e0fe3b2feb85f15920c2c49f765928ab928c2c10323b88c3f66564f8be",
    "json 2": "9723b870c9e5a95837acb827556bdfb20839c128d5558abff05f8c9b25e10107",
}


def written(format: str) -> str:
    content = json.loads(CONTENT.read_text(encoding="utf-8"))
    return hashlib.sha256(Report(content, Pictures()).render(format)).hexdigest()


@pytest.mark.parametrize("format", ["html", "csv", "json"])
def test_a_change_of_how_a_format_is_written_has_a_new_number(format):
    assert WRITTEN[WRITERS[format]] == written(format)


def test_the_content_contradicts_itself_nowhere():
    assert not list(contradictions(json.loads(CONTENT.read_text(encoding="utf-8"))))


def test_what_cannot_be_seen_is_written_by_its_number():
    assert legible("a\x00b\x1b[2J\x7f\x85\x90\u202ec\ud800") == (
        "a[U+0000]b[U+001B][2J[U+007F]\n[U+0090][U+202E]c[U+D800]"
    )
    assert legible("tab\tone\r\ntwo\rthree\u2028four") == "tab\tone\ntwo\nthree\nfour"
    assert legible("😀 שלום\u200f a\u0301 👩\u200d👧") == "😀 שלום\u200f a\u0301 👩\u200d👧"
    assert on_one_line(" a\n  b\x07 ") == "a b[U+0007]"


def test_what_no_font_has_is_written_out():
    assert spell("ok 🦖 \ue000", {"🦖", "\ue000"}) == "ok [t-rex] [U+E000]"
    # These say nothing without what they belong to.
    assert spell("👍🏽\ufe0f\u200d|\u3000|", {"🏽", "\ufe0f", "\u200d", "\u3000"}) == "👍| |"
