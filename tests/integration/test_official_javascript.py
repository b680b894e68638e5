"""The unmodified official JavaScript client on our server: by node, and in a browser from another origin."""

import base64
import json
import os
import subprocess
import threading
import time

import pytest

import ftrack_review
from ftrack_review.event.base import Event
from tests.conftest import ServerProcess
from tests.integration.javascript import FOLDER, node_command, studio_page
from tests.media_files import make_movie
from tests.web.conftest import ARGUMENTS

pytestmark = pytest.mark.official


def run_by_node(script, server):
    result = subprocess.run(
        node_command(script, server.ready_file), capture_output=True, text=True, timeout=110, check=False
    )
    assert result.returncode == 0, result.stderr[-4000:]
    return json.loads(result.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def browser_page():
    """A page of another origin with the official client, in Chromium."""
    path = os.environ.get("FTRACK_REVIEW_CHROMIUM")
    if not path:
        pytest.fail("FTRACK_REVIEW_CHROMIUM names no Chromium: use tests/run.py")
    from playwright.sync_api import sync_playwright

    with studio_page() as address, sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        page = launched.new_page()
        page.set_default_timeout(90_000)
        page.goto(address)
        page.wait_for_function("window.studio !== undefined")
        yield page
        launched.close()


@pytest.fixture(scope="module", params=["node", "browser"])
def found(request, server_process):
    if request.param == "node":
        return run_by_node("official_javascript.mjs", server_process)
    return request.getfixturevalue("browser_page").evaluate(
        "(ready) => window.studio.work(ready)", server_process.ready
    )


@pytest.fixture(scope="module")
def uploaded(browser_page, server_process, tmp_path_factory):
    movie = tmp_path_factory.mktemp("media") / "shot.mp4"
    make_movie(movie, frames=12, fps="24", size=(320, 180))
    return browser_page.evaluate(
        "([ready, movie]) => window.studio.upload(ready, movie)",
        [server_process.ready, base64.b64encode(movie.read_bytes()).decode()],
    )


@pytest.fixture(scope="module")
def talk(server_process):
    python = os.environ.get("FTRACK_REVIEW_OFFICIAL_PYTHON")
    if not python:
        pytest.fail("FTRACK_REVIEW_OFFICIAL_PYTHON names no Python: use tests/run.py")
    commands = {
        "python": [python, str(FOLDER / "official_talk.py"), str(server_process.ready_file)],
        "javascript": node_command("official_talk.mjs", server_process.ready_file),
    }
    running = {
        name: subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for name, command in commands.items()
    }
    found = {}
    try:
        for name, process in running.items():
            output, errors = process.communicate(timeout=90)
            assert process.returncode == 0, f"{name}: {errors[-3000:]}"
            found[name] = json.loads(output.splitlines()[-1])
    finally:
        for process in running.values():
            process.kill()
            process.communicate()
    return found


class TestWork:
    def test_connects_and_learns_what_there_is(self, found, server_process):
        assert found["initialized"] is True
        assert (found["version"], found["me"]) == ("dev", server_process.ready["api_user"])
        assert found["schemas"] > 100
        assert found["key"] == ["parent_id", "key"]

    def test_creates_with_ids_of_its_own_and_of_the_server(self, found):
        assert found["made_id"] is True
        assert found["batch"] == [["create", "Shot"]] * 3
        assert found["versions"] == [[1, False], [2, True]]
        assert {"Not started", "In progress", "Completed"} <= set(found["statuses"])

    def test_updates_and_reads_back(self, found):
        assert found["shot"] == ['It\'s "grüße" {0}', True, True]

    def test_decodes_times_as_utc_to_the_second(self, found):
        assert found["date"] == "2024-05-01T12:30:45.000Z"
        assert found["iso"].endswith("Z")

    def test_decodes_answers_with_and_without_repetition(self, found):
        assert found["denormalised"] == [True] * 3
        assert found["normalised"] is True

    def test_sets_collections_and_metadata(self, found):
        assert found["items"] == [2, 1]
        assert (found["by_metadata"], found["after_metadata"]) == (["sh010"], [])

    def test_makes_and_uses_a_custom_attribute(self, found):
        assert found["lenses"] == [35, 50.5, 35]
        assert found["by_lens"] == ["sh020"]

    def test_writes_notes_with_replies(self, found):
        assert found["notes"] == [["Too dark", ["Brighter now"], "admin"]]

    def test_queries_in_every_way(self, found):
        first, others = ["sh010"], ["sh020", "sh030"]
        assert found["queries"] == {
            "like": first,
            "not_like": others,
            "in": ["sh010", "sh030"],
            "not_in": others,
            "or": first,
            "path": ["sh020"],
            "has": ["sh020"],
            "any": first,
            "none": others,
            "after": first,
            "cast": [*first, *others],
            "subquery": first,
            "escaped": first,
        }
        assert found["grouped"] == [1, 2]
        assert found["pages"] == [2, 2, 1, None]
        assert found["search"] == ["sh030"]

    def test_ensures(self, found):
        assert found["ensured"] == [True, "ada@studio.org"]

    @pytest.mark.parametrize(
        ("name", "error", "words"),
        [
            ("syntax", "ServerValidationError", "character 12"),
            ("attribute", "ServerValidationError", "nonsense"),
            ("strict", "ServerValidationError", "nonsense"),
            ("action", "ServerValidationError", "Invalid action u'dance'"),
            ("batch", "ServerValidationError", "nobody"),
            ("credentials", "ServerError", "not valid"),
            ("permission", "ServerPermissionDeniedError", "administrator"),
        ],
    )
    def test_gets_the_class_of_each_error(self, found, name, error, words):
        refusal = found["errors"][name]
        assert refusal["name"] == error
        assert words in refusal["message"]
        flags = {flag: refusal[flag] for flag in ("isServerError", "isValidationError", "isPermissionError")}
        assert [flag for flag, is_set in flags.items() if is_set] == [
            {
                "ServerError": "isServerError",
                "ServerValidationError": "isValidationError",
                "ServerPermissionDeniedError": "isPermissionError",
            }[error]
        ]
        assert refusal["code"] == ("api_credentials_invalid" if name == "credentials" else None)

    def test_makes_nothing_of_a_batch_that_fails(self, found):
        assert found["not_made"] == []

    def test_aborts(self, found):
        assert "abort" in found["aborted"]["message"]

    def test_reviews(self, found):
        assert found["review"] == [[["approved", "Ada"]], True]
        assert (found["sent"], found["widget"]) == (True, True)

    def test_deletes_what_is_below(self, found):
        assert found["deleted"] is True
        assert found["left"] == [0, 0, 0]


class TestUploadingFromABrowser:
    def test_sends_in_one_part(self, uploaded):
        assert (uploaded["single"]["is_multipart"], uploaded["single"]["is_same"]) == (False, True)
        assert uploaded["single"]["name"] == "grüße.txt"

    def test_sends_in_many_parts(self, uploaded):
        assert (uploaded["multi"]["is_multipart"], uploaded["multi"]["is_same"]) == (True, True)
        assert uploaded["multi"]["is_measured"] is True

    def test_aborts(self, uploaded):
        assert uploaded["aborted"] is True

    def test_encodes_and_shows_movie_and_pictures(self, uploaded):
        assert (uploaded["job"], uploaded["outputs"]) == ("done", ["video/mp4", "image/jpeg"])
        assert uploaded["movie"] == [320, 180]
        assert max(uploaded["thumbnail"]) == 100
        assert uploaded["thumbnail_of_version"] is True

    def test_announces_what_was_added(self, uploaded):
        assert uploaded["announced"] is True


class TestEvents:
    def test_go_both_ways_with_replies(self, talk):
        assert talk["javascript"]["reply"] == "Python heard grüße"
        assert talk["python"]["reply"] == "JavaScript heard grüße"

    def test_say_who_sent_them(self, talk):
        assert talk["javascript"]["sources"][0] == ["admin", "string"]
        assert talk["python"]["sources"][0] == ["admin", "ftrack.api.javascript"]

    def test_tell_each_of_the_commits_of_the_other(self, talk):
        for hearing, speaking in (("python", "javascript"), ("javascript", "python")):
            names = [
                name or ""
                for action, kind, name in talk[hearing]["updates"]
                if (action, kind) == ("add", "User")
            ]
            assert [name for name in names if name.startswith(f"from_{speaking}")]

    def test_arrive_again_after_the_server_was_away(self, tmp_path):
        first = ServerProcess(tmp_path)
        port = first.ready["url"].rsplit(":", 1)[1]
        with ftrack_review.Session(
            first.ready["url"], first.ready["api_key"], first.ready["api_user"]
        ) as session:
            user = session.query(f'User where username is "{first.ready["api_user"]}"').one()
            lasting = session.reset_remote("api_key", user)["api_key"]
        ready_file = tmp_path / "lasting.json"
        ready_file.write_text(json.dumps({**first.ready, "api_key": lasting}))
        client = subprocess.Popen(
            node_command("official_reconnecting.mjs", ready_file), stdout=subprocess.PIPE, text=True
        )
        lines = []
        reading = threading.Thread(target=lambda: lines.extend(iter(client.stdout.readline, "")))
        reading.start()
        again = None
        try:
            _wait(lambda: "connected\n" in lines)
            first.stop()
            again = ServerProcess(tmp_path, "--port", port)
            with ftrack_review.Session(again.ready["url"], lasting, "admin") as session:
                session.event_hub.connect()
                _wait(
                    lambda: "again\n" in lines,
                    lambda: session.event_hub.publish(Event("reconnecting", data={"text": "again"})),
                )
                session.event_hub.publish(Event("reconnecting", data={"text": "end"}))
                assert client.wait(30) == 0
        finally:
            client.kill()
            client.wait(10)
            reading.join(10)
            client.stdout.close()
            if again is not None:
                again.stop()


def _wait(condition, again=lambda: None, timeout_s=40):
    end, pause = time.monotonic() + timeout_s, threading.Event()
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        again()
        pause.wait(0.1)
