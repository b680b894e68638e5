"""Reports in every format, and what checking them finds."""

import csv
import io
import json

import pytest

from ftrack_review import exception
from ftrack_review.review import verify
from ftrack_review.review.reports import seal

FORMATS = ("html", "pdf", "csv", "json", "otio")
DRAWING = {
    "version": 1,
    "shapes": [
        {"tool": "pen", "colour": "#ff3b30", "width": 0.01, "points": [[0.1, 0.1], [0.5, 0.5]]},
        {"tool": "arrow", "colour": "#00ff00", "width": 0.01, "points": [[0.9, 0.9], [0.6, 0.6]]},
        {"tool": "rectangle", "colour": "#00ff00", "width": 0.01, "points": [[0.9, 0.9], [0.6, 0.6]]},
        {"tool": "ellipse", "colour": "#0000ff", "width": 0.01, "points": [[0.2, 0.2], [0.4, 0.4]]},
        {"tool": "text", "colour": "#ffffff", "size": 0.1, "at": [0.5, 0.1], "text": "here"},
        {"tool": "of a later version"},
    ],
}


@pytest.fixture(scope="module")
def movie(tmp_path_factory):
    """A movie of 24 frames at 23.976."""
    from ftrack_review.media.synthesis import make_movie

    path = tmp_path_factory.mktemp("movie") / "shot.mp4"
    make_movie(path, frames=24, fps="24000/1001", size=(320, 180))
    return path


@pytest.fixture(scope="module")
def reviewed(site, film, movie):
    """A review with everything in it, made once."""
    from tests.integration.review.conftest import Review

    review = Review(site, film)
    item = review.entity.publish(movie, name="=HYPERLINK()")
    ada = review.ada
    note = item.comment("Darker & <b>now</b> 😀 שלום", frame=12, invitee=ada, drawing=DRAWING)
    item.reply(note, "Will do.")
    item.comment("@SUM(A1)", invitee=review.bob)
    item.vote("approved", ada)
    site.commit()
    item.vote("require_changes", ada)
    review.items[0].vote("approved", ada)
    review.items[0].comment("日本語", invitee=review.bob)
    site.commit()
    review.entity.send_invitations([ada])
    review.published = item
    return review


@pytest.fixture(scope="module")
def report(reviewed):
    return reviewed.entity.report()


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


@pytest.mark.parametrize("format", FORMATS)
def test_an_untouched_file_is_found_untouched_and_agrees_with_the_server(report, site, tmp_path, format):
    path = report.save(tmp_path / f"report.{format}")
    found = verify(path, session=site)
    assert (found.outcome, found.digest, found.is_good) == ("untouched", report.digest, True)
    assert found.server is (None if format == "csv" else True)


@pytest.mark.parametrize("format", FORMATS)
def test_a_changed_file_is_found_altered(report, tmp_path, format):
    data = report.render(format)
    old, new = (b"approver", b"reviewer") if format != "pdf" else (b"/Type /Page", b"/Type /Pagf")
    assert old in data
    path = tmp_path / f"report.{format}"
    path.write_bytes(data.replace(old, new, 1))
    assert verify(path).outcome == "altered"


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_put_behind_the_seal_is_found(report, tmp_path, format):
    data = report.render(format)
    path = tmp_path / f"report.{format}"
    if format in ("json", "otio"):
        document = json.loads(data)
        document["more"] = "Approved by all."
        path.write_text(json.dumps(document))
    else:
        path.write_bytes(data + b"Approved by all.")
    assert verify(path).outcome == "altered"


@pytest.mark.parametrize("format", FORMATS)
def test_a_signature_tells_who_has_the_key(report, tmp_path, format):
    path = report.save(tmp_path / f"report.{format}", key=b"ours")
    assert verify(path, key=b"ours").outcome == "untouched"
    assert verify(path, key=b"theirs").outcome == "altered"
    assert any("Give the key" in finding for finding in verify(path).findings)
    unsigned = report.save(tmp_path / f"unsigned.{format}")
    assert verify(unsigned, key=b"ours").outcome == "altered"


def test_a_forged_file_with_a_new_seal_differs_from_the_server(report, site, tmp_path):
    content = json.loads(json.dumps(report.content))
    content["objects"][2]["votes"][0]["status"] = "approved"
    content["objects"][2]["comments"][0]["text"] = "Lovely."
    document = {"format": "ftrack-review-report", "content": content, "pictures": {}}
    path = tmp_path / "forged.json"
    path.write_text(json.dumps(seal.attach_inside(document, seal.digest_of(content), None)))
    found = verify(path, session=site)
    assert (found.outcome, found.server, found.is_good) == ("untouched", False, False)
    assert sum("Differs" in finding for finding in found.findings) == 2


def forge(content, path):
    document = {"format": "ftrack-review-report", "content": content, "pictures": {}}
    path.write_text(json.dumps(seal.attach_inside(document, seal.digest_of(content), None)))
    return path


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda content: content["objects"][2].update(status="approved"), "votes come to changes required"),
        (lambda content: content["objects"][2].update(decided_by="Bob"), "was not decided by Bob"),
        (lambda content: content["state"].update(approved=3), "the numbers"),
        (lambda content: content.update(open_points=[]), "the open points"),
        (lambda content: content["objects"][2]["comments"][0].update(open=False), "is open"),
    ],
)
def test_a_forged_decision_with_a_new_seal_contradicts_the_votes(report, tmp_path, change, finding):
    content = json.loads(json.dumps(report.content))
    assert verify(forge(content, tmp_path / "same.json")).outcome == "untouched"
    change(content)
    found = verify(forge(content, tmp_path / "forged.json"))
    assert (found.outcome, found.is_good, finding in str(found)) == ("untouched", False, True)


def test_a_forged_role_with_a_new_seal_differs_from_the_server(reviewed, site, tmp_path):
    item = reviewed.items[1]
    item.vote("approved", reviewed.bob)
    site.commit()
    content = json.loads(json.dumps(reviewed.entity.report(pictures=False).content))
    content["objects"][1]["votes"][0].update(role="approver", name="Ada")
    content["objects"][1]["decided_by"] = "Ada"
    found = verify(forge(content, tmp_path / "forged.json"), session=site)
    site.delete(site.query(f"ReviewSessionObjectStatus where review_session_object_id is {item['id']}").one())
    site.commit()
    assert (found.outcome, found.server) == ("untouched", False)
    assert "Ada (approver) in the report is Bob (reviewer) on the server" in str(found)


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


def test_a_seal_around_something_else_is_no_report(site, tmp_path):
    for content in ({}, [], "x", {"session": {"id": 7}}, {"session": {"id": "x"}, "objects": 3}):
        document = {"content": content}
        path = tmp_path / "odd.json"
        path.write_text(json.dumps(seal.attach_inside(document, seal.digest_of(content), None)))
        assert not verify(path, session=site).is_good


def test_what_is_no_report_has_no_seal(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    assert verify(path).outcome == "unsealed"
    with pytest.raises(exception.ReviewError, match="cannot be read"):
        verify(tmp_path / "missing.html")


def test_a_recorded_report_is_known_to_the_server(reviewed, site, tmp_path):
    report = reviewed.entity.report(tmp_path / "r.json", pictures=False, record=True)
    found = verify(tmp_path / "r.json", session=site)
    assert any("The server recorded this report" in finding for finding in found.findings)
    assert found.digest == report.digest


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

    from ftrack_review.review.reports import Report

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

    from ftrack_review.review.reports import Report

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

    from ftrack_review.review.reports import Report

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
        assert verify(report.save(tmp_path / f"empty.{ending}")).outcome == "untouched"


def test_comments_that_are_held_back_stay_out(review):
    review.entity["is_moderated"] = True
    review.items[0].comment("Held.", invitee=review.bob)
    review.session.commit()
    assert review.entity.report(pictures=False).content["objects"][0]["comments"] == []
    held = review.entity.report(pictures=False, include_held=True).content["objects"][0]["comments"]
    assert [comment["text"] for comment in held] == ["Held."]


@pytest.mark.parametrize("format", FORMATS)
def test_a_damaged_file_is_never_found_untouched_and_never_fails(report, tmp_path, format):
    import random

    data, chance = report.render(format), random.Random(7)
    path = tmp_path / "damaged"
    for _ in range(40 if format != "pdf" else 15):
        damaged = bytearray(data)
        place = chance.randrange(len(damaged))
        if chance.random() < 0.5:
            del damaged[place:]
        else:
            damaged[place] ^= 1 << chance.randrange(7)
        path.write_bytes(damaged)
        if verify(path).outcome == "untouched":
            # A blank between values of JSON: they are the same.
            assert format in ("json", "otio")
            assert json.loads(damaged) == json.loads(data), place


def test_what_is_not_installed_is_said_with_the_command(monkeypatch):
    from ftrack_review.review import reports

    monkeypatch.setitem(reports.FORMATS, "pdf", ("no_such_package",))
    with pytest.raises(exception.MissingDependencyError, match=r"pip install 'ftrack-review\[report\]'"):
        reports.require("pdf")


def test_a_long_report_goes_over_pages(report):
    import copy

    import pypdf

    from ftrack_review.review.reports import Report

    content = copy.deepcopy(report.content)
    content["objects"][2]["comments"][0]["text"] = "Long. שלום " * 1000
    content["open_points"] = [{**content["open_points"][0], "text": "Long. " * 1000}] * 40
    long = Report(content, report.pictures).render("pdf")
    assert len(pypdf.PdfReader(io.BytesIO(long)).pages) >= 6
