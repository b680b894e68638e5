"""Reports in every format."""

import csv
import io
import json

import pytest

from ftrack_review import exception
from ftrack_review.review import verify
from ftrack_review.review.reports import Report, seal

FORMATS = ("html", "pdf", "csv", "json", "otio")


def test_the_content_says_what_was_decided_by_whom_and_when(reviewed, report):
    content = report.content
    assert content["session"]["project"] == "Film"
    assert content["state"]["objects"] == 3
    assert (content["state"]["approved"], content["state"]["require_changes"], content["state"]["none"]) == (
        1,
        1,
        1,
    )
    item = content["objects"][2]
    assert (item["decided_by"], item["media"]["fps"], item["media"]["frames"]) == ("Ada", "24000/1001", 24)
    assert [vote["status"] for vote in item["history"]] == ["approved"]
    comment = item["comments"][0]
    assert (comment["frame"], comment["frame_number"], comment["timecode"]) == (12, 13, "00:00:00:12")
    assert report.pictures[comment["picture"]].startswith(b"\xff\xd8")
    assert report.pictures[item["thumbnail"]].startswith(b"\xff\xd8")
    assert {person["name"]: person["last_sent_at"] is not None for person in content["invitees"]} == {
        "Ada": True,
        "Bob": False,
        "Eve": False,
    }
    # Not what was said about an object that is approved.
    assert [point["text"] for point in content["open_points"]] == [
        "Darker & <b>now</b> 😀 שלום",
        "@SUM(A1)",
    ]
    assert content["activity"][0]["votes"] == 3


def test_the_drawn_frame_has_the_drawing_on_it(report):
    from PIL import Image

    comment = report.content["objects"][2]["comments"][0]
    picture = Image.open(io.BytesIO(report.pictures[comment["picture"]]))
    assert picture.size == (320, 180)
    red, green, blue = picture.getpixel((int(0.3 * 320), int(0.3 * 180)))
    assert red > 150 > max(green, blue)


def test_a_shape_of_a_later_version_hides_no_others():
    from PIL import Image

    from ftrack_review.review.reports.picturing import draw

    line = {"tool": "pen", "colour": "#ff0000", "width": 0.1, "points": [[0, 0.5], [1, 0.5]]}
    picture = draw({"shapes": [{"tool": "of a later version"}, line, {}, "x"]}, None, (64, 36))
    red, green, blue = Image.open(io.BytesIO(picture)).getpixel((32, 18))
    assert red > 150 > max(green, blue)


def test_the_drawn_frame_is_the_frame_that_was_drawn_on(reviewed, site):
    import dataclasses

    import numpy as np
    from PIL import Image

    from ftrack_review.media.synthesis import read_number
    from ftrack_review.review import showing
    from ftrack_review.review.reports.picturing import DrawnFrames

    shown = showing.Footage(site, [reviewed.published["version_id"]]).of(reviewed.published["version_id"])
    comment = reviewed.entity.feedback().objects[2].comments[0]
    with DrawnFrames(site) as frames:
        for frame in (0, 7, 23):
            drawn = dataclasses.replace(comment, frame=frame, drawing='{"version": 1, "shapes": []}')
            picture = Image.open(io.BytesIO(frames.picture(drawn, shown)))
            assert read_number(np.asarray(picture)) == frame


def test_a_version_that_several_objects_show_is_fetched_once(review, site, movie, monkeypatch):
    from ftrack_review.review import showing

    item = review.entity.publish(movie)
    for number in range(3):
        review.entity.add(item["asset_version"], name=f"again {number}")
    site.commit()
    fetched = []
    fetch = showing.fetch
    monkeypatch.setattr(showing, "fetch", lambda session, key: fetched.append(key) or fetch(session, key))
    names = [entry["thumbnail"] for entry in review.entity.report().content["objects"][2:]]
    assert (len(names), len(set(names)), len(fetched)) == (4, 1, 1)


def test_html_is_one_file_without_script_and_shows_markup_as_text(report):
    text = report.render("html").decode()
    assert "<b>now</b>" not in text
    assert "Darker &amp; &lt;b&gt;now&lt;/b&gt; 😀 שלום" in text
    assert text.count("<script") == 1
    assert 'type="application/json"' in text
    assert "http://" not in text.partition("Server:")[0].partition("</style>")[2]
    assert text.count("data:image/jpeg;base64,") >= 2
    assert report.digest in text


def test_csv_holds_no_formulas(report):
    text = report.render("csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["object"] for row in rows if row["kind"] == "vote"} == {"'=HYPERLINK()", "comp10"}
    assert {row["text"] for row in rows if row["open"]} == {"Darker & <b>now</b> 😀 שלום", "'@SUM(A1)"}
    assert not [value for row in rows for value in row.values() if value and value[0] in "=+-@"]


def test_pdf_holds_the_text_and_its_content(report, tmp_path):
    import pypdf

    reader = pypdf.PdfReader(report.save(tmp_path / "r.pdf"))
    text = "".join(page.extract_text() for page in reader.pages)
    assert "What was decided" in text
    assert report.digest in text
    assert json.loads(reader.attachments["report-content.json"][0]) == report.content
    assert sum(len(page.images) for page in reader.pages) >= 2


def test_pdf_keeps_comments_with_their_frames(report):
    import copy

    import pypdf

    content = copy.deepcopy(report.content)
    item = content["objects"][2]
    comment = {**item["comments"][0], "replies": [], "text": "Point. " + "Long. " * 60}
    item["comments"] = [{**comment, "text": comment["text"][: 7 + 40 * n]} for n in range(14)]
    item["thumbnail"] = None
    pages = pypdf.PdfReader(io.BytesIO(Report(content, report.pictures).render("pdf"))).pages
    # "Do" shows a picture. The list of open points at the end has no pictures.
    shown = [page.get_contents().get_data().count(b" Do") for page in pages]
    said = [page.extract_text().partition("Open points")[0].count("Point.") for page in pages]
    assert sum(shown) == 14
    assert shown == said


@pytest.mark.parametrize("format", ["html", "pdf"])
def test_an_object_without_a_picture_says_so(report, format):
    import pypdf

    data = report.render(format)
    text = data.decode() if format == "html" else pypdf.PdfReader(io.BytesIO(data)).pages[0].extract_text()
    assert text.count("No media") == 2
    # Where there are no pictures at all, nothing stands for them.
    content = json.loads(json.dumps(report.content))
    for item in content["objects"]:
        item.update(thumbnail=None, comments=[])
    data = Report(content, {}).render(format)
    text = data.decode() if format == "html" else pypdf.PdfReader(io.BytesIO(data)).pages[0].extract_text()
    assert "No media" not in text


def test_pdf_keeps_an_object_with_what_was_said_first_about_it(report):
    import copy

    import pypdf

    content = copy.deepcopy(report.content)
    item = {**content["objects"][2], "votes": [], "history": [], "name": "Object."}
    comment = {**item["comments"][0], "replies": [], "text": "Point. " + "Long. " * 60}
    content["objects"] = [
        {**item, "comments": [{**comment, "text": comment["text"][: 7 + 40 * n], "author": "Name " * n}]}
        for n in range(14)
    ]
    pages = pypdf.PdfReader(io.BytesIO(Report(content, report.pictures).render("pdf"))).pages
    texts = [page.extract_text().partition("Open points")[0] for page in pages]
    assert sum(text.count("Object.") for text in texts) == 14
    assert [text.count("Object.") for text in texts] == [text.count("Point.") for text in texts]


def test_a_still_has_no_frames_to_tell_apart(review, site, tmp_path):
    from PIL import Image

    Image.new("RGB", (64, 36), "navy").save(tmp_path / "still.png")
    item = review.entity.publish(tmp_path / "still.png")
    item.comment("Here.", frame=0, invitee=review.ada)
    site.commit()
    comment = review.entity.report(pictures=False).content["objects"][2]["comments"][0]
    assert (comment["frame"], comment["frame_number"], comment["timecode"]) == (0, None, None)


def test_pdf_does_without_fonts_of_the_machine(report, monkeypatch):
    from ftrack_review.review.reports import typeface

    monkeypatch.setattr(typeface, "_fonts", dict)
    assert report.render("pdf").startswith(b"%PDF")


def test_characters_that_no_font_has_are_written_out():
    from ftrack_review.review.reports import typeface

    assert typeface.spell("ok 🦖", {"🦖"}) == "ok [t-rex]"


def test_otio_is_read_by_its_library_at_the_exact_rate(report, tmp_path):
    import opentimelineio

    timeline = opentimelineio.adapters.read_from_file(report.save(tmp_path / "r.otio"))
    clips = list(timeline.tracks[0])
    assert [clip.name for clip in clips] == ["comp10", "comp20", "=HYPERLINK()"]
    clip = clips[2]
    assert clip.source_range.duration.rate == 24000 / 1001
    assert clip.source_range.duration.value == 24
    assert clip.metadata["ftrack_review"]["rate"] == "24000/1001"
    marker = clip.markers[0]
    assert (marker.marked_range.start_time.value, marker.color) == (13, "RED")
    assert clips[0].markers[0].color == "CYAN"
    assert marker.metadata["ftrack_review"]["replies"][0]["text"] == "Will do."


def test_the_digest_is_the_same_for_the_same_content(report):
    shuffled = dict(reversed(list(report.content.items())))
    assert seal.digest_of(shuffled) == report.digest


def test_a_format_there_is_not_is_refused_with_the_nearest(reviewed, tmp_path):
    with pytest.raises(exception.ReviewError, match="Did you mean html"):
        reviewed.entity.report(tmp_path / "report.htm")
    with pytest.raises(exception.ReviewError, match="without an ending"):
        reviewed.entity.report(tmp_path / "report")


def test_an_empty_review_has_a_report_in_every_format(site, film, tmp_path):
    empty = site.create("ReviewSession", {"name": "empty", "project": film})
    site.commit()
    report = empty.report()
    for ending in FORMATS:
        assert not verify(report.save(tmp_path / f"empty.{ending}")).is_wrong


def test_comments_that_are_held_back_stay_out(review):
    review.entity["is_moderated"] = True
    review.items[0].comment("Held.", invitee=review.bob)
    review.session.commit()
    assert review.entity.report(pictures=False).content["objects"][0]["comments"] == []
    held = review.entity.report(pictures=False, include_held=True).content["objects"][0]["comments"]
    assert [comment["text"] for comment in held] == ["Held."]


def test_what_is_not_installed_is_said_with_the_command(monkeypatch):
    from ftrack_review.review import reports

    monkeypatch.setitem(reports.FORMATS, "pdf", ("no_such_package",))
    with pytest.raises(exception.MissingDependencyError, match=r"pip install 'ftrack-review\[report\]'"):
        reports.require("pdf")


def test_a_long_report_goes_over_pages(report):
    import copy

    import pypdf

    content = copy.deepcopy(report.content)
    content["objects"][2]["comments"][0]["text"] = "Long. שלום " * 1000
    content["open_points"] = [{**content["open_points"][0], "text": "Long. " * 1000}] * 40
    long = Report(content, report.pictures).render("pdf")
    assert len(pypdf.PdfReader(io.BytesIO(long)).pages) >= 6


#: What people write by accident or on purpose: control characters, blanks of all kinds, marks, directions, halves of
#: letters, what nobody has given a meaning yet, and what the library for PDF would take for the number of pages.
ODD = (
    "bell\x07 escape\x1b[2J null\x00 delete\x7f next\x85 \x90 tab\there\r\nlines\rmore\u2028and\u2029\x0b\x0c\x1c"
    "\u00a0\u2003\u3000\u200b\u200d\u202e\ufeff\ufe0f\u0301\u1dff\u20dd\u0e49 \ue000\U000f0000\U0010ffff\ufffe "
    "😀🏽🦖👩‍👩‍👧 🇩🇪 日本語 שלום مرحبا नमस्ते ไทย ꙮ 𝔘𝕏 ⠿ ﷽ ∮ Ω ẞ {nb} ☃ ⌘"
)


def _odd_report(report):
    content = json.loads(json.dumps(report.content))
    item = content["objects"][2]
    for place in (content["session"], item):
        place.update(name=ODD, description=ODD)
    for said in (item["votes"][0], content["invitees"][0], item["history"][0]):
        said["name"] = ODD
    item["comments"][0].update(text=ODD, author=ODD, labels=[ODD], attachments=[ODD])
    content["open_points"][0].update(text=ODD, author=ODD, object=ODD)
    return Report(content, report.pictures)


@pytest.mark.parametrize("has_fonts", [True, False])
def test_no_character_reaches_a_font_that_lacks_it(report, monkeypatch, capfd, caplog, has_fonts):
    """The library tells its log of each that does; nothing of that comes to a terminal either."""
    import contextlib

    import pypdf

    from ftrack_review.review.reports import paper, typeface

    if not has_fonts:
        monkeypatch.setattr(typeface, "_fonts", dict)
    data = _odd_report(report).render("pdf")
    assert capfd.readouterr() == ("", "")
    assert not [entry for entry in caplog.records if entry.name.startswith(("fpdf", "fontTools"))]
    monkeypatch.setattr(paper, "hushed", contextlib.nullcontext)
    with caplog.at_level("WARNING", logger="fpdf"):
        assert _odd_report(report).render("pdf") == data
    assert not [entry for entry in caplog.records if entry.name.startswith("fpdf")]
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)
    for said in ("bell[U+0007]", "[U+0090]", "[U+E000]", "[U+10FFFF]", "{nb}"):
        assert said in text, text


@pytest.mark.parametrize("format", ["html", "csv"])
def test_control_characters_are_written_visibly(report, format):
    data = _odd_report(report).render(format).decode("utf-8")
    assert "bell[U+0007] escape[U+001B][2J null[U+0000] delete[U+007F]" in data
    shown = data.partition("<script")[0]
    assert not [character for character in shown if ord(character) < 32 and character not in "\t\r\n"]
    assert not [character for character in shown if 127 <= ord(character) < 160]


def test_names_in_otio_show_control_characters(report, tmp_path):
    import opentimelineio

    timeline = opentimelineio.adapters.read_from_file(_odd_report(report).save(tmp_path / "r.otio"))
    clip = timeline.tracks[0][2]
    assert "bell[U+0007] escape[U+001B]" in clip.name
    assert "null[U+0000]" in clip.markers[0].name


def test_the_same_report_is_the_same_file(report):
    """But for what changed between versions of libraries and of fonts."""
    assert all(report.render(name) == report.render(name) for name in FORMATS)


def test_pdf_keeps_the_activity_with_its_heading(report):
    import pypdf

    content = json.loads(json.dumps(report.content))
    words = ("Activity\n", "blue: votes")
    for lines in range(0, 40, 2):
        content["session"]["description"] = "line\n" * lines
        pages = pypdf.PdfReader(io.BytesIO(Report(content, report.pictures).render("pdf"))).pages
        texts = [page.extract_text() for page in pages]
        assert [words[0] in text for text in texts] == [words[1] in text for text in texts]
