"""The commands about reviews, on a server in a folder."""

import json
import os
import subprocess
import sys

import pytest

import ftrack_review
from ftrack_review import cli


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A server's data folder with two reviews of one name in two projects, and a third."""
    place = tmp_path_factory.mktemp("site") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FTRACK_API_SCHEMA_CACHE_PATH", str(tmp_path_factory.mktemp("schemas")))
        with ftrack_review.Session(f"embedded://{place}") as session:
            schema = session.query('ProjectSchema where name is "VFX"').one()
            kind = session.query('AssetType where name is "Upload"').one()
            for name in ("film", "series"):
                project = session.create(
                    "Project", {"name": name, "full_name": f"The {name}", "project_schema": schema}
                )
                session.create("ReviewSession", {"name": "Dailies", "project": project})
            review = session.create("ReviewSession", {"name": "Weekly / review", "project": project})
            shot = session.create("Shot", {"name": "sh010", "parent": project})
            asset = session.create("Asset", {"name": "comp", "parent": shot, "type": kind})
            version = session.create("AssetVersion", {"asset": asset})
            ada = review.invite("Ada", "ada@example.com", role="approver")
            session.commit()
            item = review.add(version)
            session.commit()
            item.vote("approved", ada)
            item.comment("Nice.", invitee=ada)
            item.comment("Bright \U0001f600 \x1b[2J\u202e", invitee=ada)
            session.commit()
    return place


@pytest.fixture
def run(folder, capsys, monkeypatch, tmp_path):
    """A function that runs a command and returns its status, output and error output."""
    monkeypatch.chdir(tmp_path)

    def run_one(*arguments, server=True):
        more = ["--server", f"embedded://{folder}"] if server else []
        with pytest.raises(SystemExit) as ended:
            cli.main([*arguments, *more])
        told = capsys.readouterr()
        return ended.value.code, told.out, told.err

    return run_one


def test_a_report_is_written_recorded_and_checked(run, tmp_path):
    status, out, _ = run("report", "Weekly / review", "--record")
    assert status == 0
    assert out.startswith("Wrote Weekly-review.html: 1 object, 1 approved, 0 to change, ")
    path = tmp_path / "Weekly-review.html"
    status, out, _ = run("report", "--verify", str(path))
    assert status == 0
    assert "The server recorded this very file" in out
    assert out.splitlines()[0].endswith(": recorded on the server")
    path.write_bytes(path.read_bytes().replace(b"Nice.", b"Poor."))
    status, out, _ = run("report", "--verify", str(path))
    assert (status, out.splitlines()[0].endswith(": altered")) == (1, True)


@pytest.mark.parametrize("format", ["html", "pdf", "csv", "json", "otio"])
def test_every_format_is_recorded_as_it_was_written(run, format):
    run("report", "Weekly / review", "--record", "--output", f"r.{format}")
    status, out, _ = run("report", "--verify", f"r.{format}")
    assert (status, "The server recorded this very file" in out) == (0, True)
    assert run("report", "--verify", f"r.{format}", "--proven")[0] == 0


def test_checking_needs_no_server(run, tmp_path):
    run("report", "Weekly / review", "--output", "r.json")
    status, out, _ = run("report", "--verify", "r.json", server=False)
    # Nothing is wrong with it, and nothing proves who made it.
    assert (status, "The server was not asked" in out) == (0, True)
    assert run("report", "--verify", "r.json", "--proven", server=False)[0] == 3
    status, out, _ = run("report", "--verify", "r.json", "--server", "http://127.0.0.1:9", server=False)
    assert (status, "could not be asked" in out) == (0, True)


def test_a_key_signs(run, tmp_path):
    (tmp_path / "key").write_text("a secret")
    run("report", "Weekly / review", "--output", "r.csv", "--key-file", "key")
    status, out, _ = run("report", "--verify", "r.csv", "--key-file", "key", "--offline", server=False)
    assert (status, "The signature is that of the key" in out) == (0, True)
    assert "a secret" not in out
    (tmp_path / "empty").write_text("")
    assert "is empty" in run("report", "--verify", "r.csv", "--key-file", "empty", server=False)[2]


def test_a_report_goes_to_the_standard_output(folder, capsysbinary):
    with pytest.raises(SystemExit):
        cli.main(
            [
                "report",
                "Weekly / review",
                "--format",
                "json",
                "--output",
                "-",
                "--server",
                f"embedded://{folder}",
            ]
        )
    assert json.loads(capsysbinary.readouterr().out)["content"]["session"]["name"] == "Weekly / review"


def test_a_wrong_name_is_answered_with_the_nearest(run):
    status, _, error = run("report", "Weekly review")
    assert (status, "Did you mean 'Weekly / review'?" in " ".join(error.split())) == (1, True)
    assert "There are 'Dailies', 'Weekly / review'." in " ".join(run("review", "feedback", "xyz")[2].split())


def test_several_with_a_name_are_told_apart_by_project(run):
    status, _, error = run("review", "feedback", "Dailies")
    assert (status, "2 review sessions called 'Dailies'" in " ".join(error.split())) == (1, True)
    assert "(The film, " in " ".join(error.split())
    for project in ("film", "The film"):
        status, out, _ = run("review", "feedback", "Dailies", "--project", project)
        assert (status, out.splitlines()[0]) == (0, "Dailies: open")


def test_a_project_there_is_not_is_answered_with_the_nearest(run):
    status, _, error = run("review", "feedback", "Dailies", "--project", "The films")
    assert (
        status,
        "no project called 'The films'. Did you mean 'The film'?" in error.replace("\n", " "),
    ) == (
        1,
        True,
    )


def test_feedback_is_printed_as_text_and_as_json(run):
    assert "Ada (approver): approved" in run("review", "feedback", "Weekly / review")[1]
    out = run("review", "feedback", "Weekly / review", "--json", "--open")[1]
    assert json.loads(out)["objects"] == []
    out = run("review", "feedback", "Weekly / review", "--json")[1]
    assert "Nice." in {comment["text"] for comment in json.loads(out)["objects"][0]["comments"]}
    status, _, error = run("review", "feedback", "Weekly / review", "--since", "lately")
    assert (status, "no time" in error) == (2, True)


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_no_comment_breaks_or_steers_the_terminal(folder, encoding, as_json):
    command = [sys.executable, "-m", "ftrack_review", "review", "feedback", "Weekly / review"]
    more = ["--server", f"embedded://{folder}", *(["--json"] if as_json else [])]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([*command, *more], env=environment, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    out = done.stdout.decode(encoding)
    assert "\x1b" not in out
    if as_json:
        texts = {comment["text"] for comment in json.loads(out)["objects"][0]["comments"]}
        assert "Bright \U0001f600 \x1b[2J\u202e" in texts
    else:
        shown = "\U0001f600" if encoding == "utf-8" else r"\U0001f600"
        assert rf"Bright {shown} \x1b[2J\u202e" in out


def test_a_review_travels_and_its_answers_are_merged(run, tmp_path):
    status, out, _ = run("review", "export", "Weekly / review", "--to", "away", "--for", "ada@example.com")
    assert (status, "index.html" in out) == (0, True)
    text = (tmp_path / "away" / "state.js").read_text()
    state = json.loads(text[text.index("{") : text.rindex("}") + 1])
    answers = {
        "format": "ftrack-review-answers",
        "version": 1,
        "session_id": state["session"]["id"],
        "export_id": state["export_id"],
        "person": state["me"],
        "votes": [],
        "notes": [
            {
                "id": "1",
                "object_id": state["objects"][0]["id"],
                "content": "From afar.",
                "created_at": "2026-01-01T00:00:00Z",
            }
        ],
    }
    (tmp_path / "answers.json").write_text(json.dumps(answers))
    assert "added: comment on comp: From afar." in run("review", "merge", "answers.json")[1]
    assert "present: comment on comp: From afar." in run("review", "merge", "answers.json")[1]
    error = run("review", "merge", "answers.json", "--into", "Dailies", "--project", "film")[2]
    assert "another review session" in " ".join(error.split())
    error = run("review", "export", "Weekly / review", "--to", "other", "--for", "adda@example.com")[2]
    assert "Did you mean ada@example.com?" in " ".join(error.split())


def test_watching_ends_after_a_while(run):
    status, out, _ = run("review", "watch", "Weekly / review", "--for", "0.1")
    assert (status, out.splitlines()[0]) == (0, "Watching Weekly / review. Ctrl-C ends it.")


def test_a_report_needs_a_name_or_a_file(run):
    assert run("report")[0] == 2
    assert run("report", "x", "--verify", "y", server=False)[0] == 2
