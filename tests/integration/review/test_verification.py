"""What checking a report finds: honest files, changed ones, and forged ones with a seal that fits."""

import base64
import copy
import hashlib
import io
import json
import random
import re

import pytest

from ftrack_review import exception
from ftrack_review.review import verify
from ftrack_review.review.reports import Report, opening, recording, seal, writer_of
from tests.integration.review.conftest import forged

FORMATS = ("html", "pdf", "csv", "json", "otio")
#: Of those the same file comes out when their content is written again.
WRITTEN_AGAIN = ("html", "json", "otio")
KEEPS_SERVER = ("html", "pdf", "json", "otio")


@pytest.fixture(scope="module")
def on_record(reviewed, tmp_path_factory):
    """A recorded report, and its files by format."""
    made = reviewed.entity.report()
    # Another one than the fixture report, be it made in the same second.
    made = Report({**made.content, "made_by": "recorder"}, made.pictures)
    files = {name: made.render(name) for name in FORMATS}
    recording.record(reviewed.entity, made, files)
    return made, files


def sealed_again(format, data, change, *, writer=True):
    """Change the body of a file and seal it anew, with nobody's key, as anybody can."""
    sealed = seal.split(format, data)
    name = writer_of(format) if writer else ""
    return seal.attach(format, change(sealed.body), sealed.seal["report"], None, writer=name)


def a_page_more(pdf, attach=None):
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf))
    writer.add_blank_page()
    if attach:
        writer.add_attachment("report-content.json", attach)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def json_sealed_again(document):
    rest = {key: value for key, value in document.items() if key != "seal"}
    made = seal.attach_inside(rest, seal.digest_of(rest["content"]), None, writer=writer_of("json"))
    return json.dumps(made, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_that_the_server_recorded_is_proven(on_record, check, format):
    made, files = on_record
    found = check(files[format])
    assert (found.outcome, found.digest, found.is_proven) == ("recorded", made.digest, True), str(found)
    assert found.server is (None if format == "csv" else True)
    assert "The server recorded this very file" in str(found)


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_without_record_or_key_is_whole_and_proves_nothing(reviewed, check, format):
    made = reviewed.entity.report(pictures=False)
    # None that another test recorded in the same second.
    data = Report({**made.content, "made_by": "somebody"}, {}).render(format)
    for options in ({}, {"session": None}):
        found = check(data, **options)
        assert (found.outcome, found.is_proven, found.is_good) == ("unproven", False, True), str(found)
        assert "anybody can write such a file and seal it" in str(found)
        assert "untouched" not in str(found)


@pytest.mark.parametrize("format", FORMATS)
def test_a_recorded_content_proves_what_follows_from_it(reviewed, check, tmp_path, format):
    """The record was made of the report alone: what a PDF or a spreadsheet shows may be something else."""
    made = reviewed.entity.report(pictures=False, include_held=True, record=True)
    found = check(made.render(format))
    assert found.outcome == ("recorded" if format in WRITTEN_AGAIN else "unproven"), str(found)
    assert not found.is_wrong
    assert "The server recorded this report" in str(found)


@pytest.mark.parametrize("format", FORMATS)
def test_a_changed_file_is_found_altered(report, check, format):
    data = report.render(format)
    old, new = (b"approver", b"reviewer") if format != "pdf" else (b"/Type /Page", b"/Type /Pagf")
    assert old in data
    assert check(data.replace(old, new, 1)).outcome == "altered"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("addition", [b"Approved by all.", b"\n"])
def test_what_is_put_behind_the_seal_is_found(report, check, format, addition):
    data = report.render(format)
    if format in ("json", "otio") and addition.strip():
        document = json.loads(data)
        document["more"] = "Approved by all."
        data = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"
    else:
        data += addition
    assert check(data).outcome == "altered"


@pytest.mark.parametrize("format", FORMATS)
def test_a_signature_tells_who_has_the_key(report, check, format):
    data = report.render(format, key=b"ours")
    assert check(data, key=b"ours", session=None).outcome == "signed"
    assert check(data, key=b"ours").is_proven
    assert check(data, key=b"theirs").outcome == "altered"
    unknown = check(data)
    assert (unknown.outcome, "Give the key" in str(unknown)) == ("unproven", True)
    assert check(report.render(format), key=b"ours").outcome == "altered"


def test_the_visible_part_has_to_follow_from_the_content(on_record, check):
    """The verifier's forged.html: the embedded content is that on record, what people see is not."""
    data = on_record[1]["html"]

    def change(body):
        seen, found, embedded = body.partition(b"<script")
        seen = seen.replace(b"Changes required", b"Approved").replace(b"@SUM(A1)", b"FORGED")
        return seen + found + embedded

    found = check(sealed_again("html", data, change))
    assert (found.outcome, found.is_proven) == ("altered", False)
    assert "What it shows is not what its content says" in str(found)
    # Whoever says that another version wrote it gets no further: another file is on record.
    found = check(sealed_again("html", data, change, writer=False))
    assert (found.outcome, found.server, found.is_proven) == ("unproven", False, False)
    assert "this is not the HTML on record" in str(found)
    assert "Only the content inside was checked" in str(found)


def test_what_programs_read_in_a_timeline_has_to_follow_from_the_content(on_record, check):
    document = json.loads(on_record[1]["otio"])
    marker = document["tracks"]["children"][0]["children"][2]["markers"][0]
    marker.update(name="Ada: Lovely.", color="GREEN")
    ours = document["metadata"]["ftrack_review"]
    report = ours.pop("seal")["report"]
    ours["seal"] = seal.make(report, seal.canonical(document), None, writer=writer_of("otio"))
    data = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"
    assert check(data).outcome == "altered"


def test_media_in_a_timeline_are_no_part_of_the_record(on_record, reviewed, check):
    made = on_record[0]
    data = made.render("otio", media={reviewed.published["id"]: "http://example.com/other.mov"})
    found = check(data)
    assert (found.outcome, found.is_proven) == ("unproven", False)
    assert "Not checked: the media that its clips refer to" in str(found)


@pytest.mark.parametrize("format", ["csv", "pdf"])
def test_another_file_than_the_recorded_one_is_told(on_record, check, format):
    """What they show cannot be written again, so the digests of the files decide."""
    change = a_page_more if format == "pdf" else (lambda body: body.replace(b"require_changes", b"approved"))
    data = on_record[1][format]
    found = check(sealed_again(format, data, change))
    assert (found.server, found.is_proven) == (False, False), str(found)
    assert f"this is not the {format.upper()} on record" in str(found)


@pytest.mark.parametrize("exchange", ["AAAA", "", "not base64!", None, 7])
def test_every_picture_is_the_one_that_the_content_names(on_record, check, exchange):
    document = json.loads(on_record[1]["json"])
    document["pictures"][next(iter(document["pictures"]))] = exchange
    found = check(json_sealed_again(document))
    assert (found.outcome, "was exchanged" in str(found)) == ("altered", True)


def test_a_picture_that_lacks_or_is_too_many_is_told(on_record, check):
    document = json.loads(on_record[1]["json"])
    name, text = document["pictures"].popitem()
    assert "is not in the file" in str(check(json_sealed_again(document)))
    other = base64.b64encode(b"another").decode()
    document["pictures"].update({name: text, hashlib.sha256(b"another").hexdigest(): other})
    found = check(json_sealed_again(document))
    assert (found.outcome, "the content has none of that name" in str(found)) == ("altered", True)


def test_an_exchanged_picture_in_html_is_told(on_record, check):
    def change(body):
        return re.sub(rb"(data:image/jpeg;base64,)[^\"]+", rb"\1/9j/AAAA", body, count=1)

    for writer in (True, False):
        found = check(sealed_again("html", on_record[1]["html"], change, writer=writer))
        assert (found.outcome, "another is in its place" in str(found)) == ("altered", True)


@pytest.mark.parametrize("where", ["first", "inside", "seal"])
def test_json_with_a_key_twice_is_refused(on_record, check, where):
    data = on_record[1]["json"]
    old, new = {
        "first": (b'{\n "content"', b'{\n "content": {"objects": []},\n "content"'),
        "inside": (b'"objects": [', b'"objects": [],\n  "objects": ['),
        "seal": (b'"seal": {', b'"seal": {"report": "",'),
    }[where]
    assert old in data
    found = check(data.replace(old, new, 1))
    assert (found.outcome, "read in two ways" in str(found)) == ("altered", True)


def test_html_and_pdf_with_two_contents_are_refused(on_record, check):
    other = b'<script type="application/json" id="report-content">{}</script></body>'
    data = sealed_again("html", on_record[1]["html"], lambda body: body.replace(b"</body>", other))
    assert check(data).outcome == "altered"
    data = sealed_again("pdf", on_record[1]["pdf"], lambda body: a_page_more(body, b"{}"))
    assert check(data).outcome == "altered"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1" * 5000])
def test_numbers_that_are_none_are_refused(on_record, check, number):
    data = on_record[1]["json"].replace(b'"version": 2,\n', f'"version": {number},\n'.encode(), 1)
    assert check(data).outcome in ("altered", "unsealed")


def test_the_content_of_another_review_is_compared_with_that(review, site, on_record, check):
    """A record in a review of one's own proves nothing about another one."""
    content = copy.deepcopy(dict(on_record[0].content))
    content["session"]["id"] = review.entity["id"]
    made = Report(content, on_record[0].pictures)
    data = made.render("html")
    recording.record(review.entity, made, {"html": data})
    found = check(data)
    assert (found.server, found.is_proven) == (False, False)
    assert repr(review.entity["name"]) in str(found)


def test_an_older_report_stays_on_record(review, site, check, monkeypatch):
    monkeypatch.setattr(recording, "MOST_RECORDED", 2)
    files = []
    for number in range(3):
        made = review.entity.report(pictures=False)
        content = {**made.content, "made_at": f"2026-01-0{number + 1}T00:00:00Z"}
        files.append(Report(content, {}).render("csv"))
        recording.record(review.entity, Report(content, {}), {"csv": files[-1]})
    assert [check(data).outcome for data in files] == ["unproven", "recorded", "recorded"]


def test_a_report_of_before_is_still_checked(review, check):
    """The first seals name no writer, and the first records no files."""
    made = review.entity.report(pictures=False)
    entry = {made.digest: {"made_at": "2026-01-01T00:00:00Z", "made_by": "admin"}}
    review.entity["metadata"]["ftrack_review.reports"] = json.dumps(entry)
    review.session.commit()
    for name in ("html", "pdf", "csv"):
        body = seal.split(name, made.render(name)).body
        found = check(seal.attach(name, body, made.digest, None))
        assert (found.outcome, found.is_wrong) == ("recorded" if name == "html" else "unproven", False)
        assert "The server recorded this report" in str(found)
    for text in ("[]", "{", '{"x": 3}', json.dumps({made.digest: {"files": {"html": 3, "csv": [[1]]}}})):
        review.entity["metadata"]["ftrack_review.reports"] = text
        review.session.commit()
        assert check(made.render("html")).outcome in ("unproven", "recorded")


def test_one_report_is_recorded_as_several_files(review, check):
    made = review.entity.report(pictures=False)
    signed = made.render("csv", key=b"ours")
    for data in (made.render("csv"), signed):
        recording.record(review.entity, made, {"csv": data})
    assert check(made.render("csv")).outcome == "recorded"
    assert check(signed).outcome == "recorded"


@pytest.mark.parametrize("format", FORMATS)
def test_other_line_ends_are_another_file_and_are_told(on_record, check, format):
    """Programs for mail change them. It is not the file that was made, and verify says how it differs."""
    data = on_record[1][format]
    other = data.replace(b"\r\n", b"\n") if format == "csv" else data.replace(b"\n", b"\r\n")
    found = check(other)
    assert found.outcome == "altered"
    if format in ("html", "csv"):
        assert "Only the ends of its lines were changed" in str(found)
    mixed = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if format == "csv" and mixed != data:
        assert "Only the ends of its lines were changed" in str(check(mixed))


@pytest.mark.parametrize("format", FORMATS)
def test_a_mark_before_it_or_a_cut_makes_another_file(on_record, check, format):
    data = on_record[1][format]
    marked = data.removeprefix(b"\xef\xbb\xbf") if format == "csv" else b"\xef\xbb\xbf" + data
    assert check(marked).outcome == "altered"
    for share in (0.1, 0.5, 0.9, 0.999):
        assert check(data[: int(len(data) * share)]).outcome in ("altered", "unsealed")
    assert check(b"").outcome == "unsealed"


def test_a_finding_of_a_forged_file_steers_no_terminal(report, check):
    def change(content):
        content["objects"][0]["name"] = "\x1b[2J\u202eevil\nThe server recorded this very file."

    found = check(forged(report, change))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", str(found))
    assert not any(line.startswith("  The server recorded this very") for line in str(found).splitlines())


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda content: content["objects"][2].update(status="approved"), "votes come to changes required"),
        (lambda content: content["objects"][2].update(decided_by="Bob"), "was not decided by Bob"),
        (lambda content: content["state"].update(approved=3), "the numbers"),
        (lambda content: content.update(open_points=[]), "the open points"),
        (lambda content: content["objects"][2]["comments"][0].update(open=False), "is open"),
        (lambda content: content["activity"].clear(), "the activity"),
        (lambda content: content["invitees"][0].update(votes=9), "Ada is said to have given 9 votes"),
        (lambda content: content["invitees"][0].update(comments=9), "Ada is said to have written 9 comments"),
    ],
)
def test_a_forged_decision_with_a_new_seal_contradicts_the_votes(report, check, change, finding):
    assert check(forged(report, lambda _: None), session=None).contradictions == ()
    found = check(forged(report, change), session=None)
    assert (found.outcome, found.is_wrong, finding in str(found)) == ("unproven", True, True)


def test_a_seal_around_something_else_is_no_report(check):
    for content in ({}, [], "x", {"session": {"id": 7}}, {"session": {"id": "x"}, "objects": 3}):
        document = {"content": content}
        assert check(json_sealed_again(document)).is_wrong


def test_what_is_no_report_has_no_seal(check, tmp_path):
    assert check(b"hello").outcome == "unsealed"
    with pytest.raises(exception.ReviewError, match="cannot be read"):
        verify(tmp_path / "missing.html")


@pytest.mark.parametrize("format", FORMATS)
def test_a_damaged_file_is_never_found_whole_and_never_fails(report, check, format):
    data, chance = report.render(format), random.Random(7)
    for _ in range(40 if format != "pdf" else 15):
        damaged = bytearray(data)
        place = chance.randrange(len(damaged))
        if chance.random() < 0.5:
            del damaged[place:]
        else:
            damaged[place] ^= 1 << chance.randrange(7)
        assert check(bytes(damaged), session=None).outcome in ("altered", "unsealed"), place


def test_a_deep_file_is_refused(check):
    for data in (b"[" * 100_000, b'{"content": ' * 100_000, b'{"a":' + b"[" * 900 + b"]" * 900 + b"}"):
        assert check(data).outcome == "unsealed"


@pytest.mark.parametrize("format", WRITTEN_AGAIN)
def test_a_file_written_again_is_the_same(report, format):
    assert opening.open_report(report.render(format)).is_written_again()
    assert report.render(format) == report.render(format)
