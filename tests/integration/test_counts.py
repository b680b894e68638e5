"""How much is sent, run and imported: exact counts, which no machine makes faster or slower."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def statements(session):
    """Count the SQL statements that a callable makes the server of *session* run."""
    store = session.transport._instance.server.store

    def count(function):
        before = store.statements_run
        function()
        return store.statements_run - before

    return count


@pytest.fixture
def make_versions(session, project):
    """Make versions, each of an asset and a task of its own."""

    def make(count, prefix="sh"):
        versions = []
        shot = session.create("Shot", {"name": prefix, "parent": project})
        kind = session.query('AssetType where name is "Upload"').one()
        statuses = session.query("select name from Status").all()[:3]
        for number in range(count):
            task = session.create(
                "Task",
                {"name": f"{prefix}-{number}", "parent": shot, "status": statuses[number % len(statuses)]},
            )
            asset = session.create("Asset", {"name": f"{prefix}-{number}", "parent": shot, "type": kind})
            versions.append(session.create("AssetVersion", {"asset": asset, "task": task}))
        session.commit()
        return [version["id"] for version in versions]

    return make


@pytest.fixture
def fresh(session):
    """Forget what *session* has loaded, so that it has to ask."""

    def forget():
        session.reset()
        return session

    return forget


class TestModules:
    def test_importing_loads_at_most_sixty(self):
        bare = "import sys; print(len(sys.modules))"
        loaded = "import ftrack_review, sys; print(len(sys.modules))"
        counts = [
            int(
                subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True).stdout
            )
            for code in (bare, loaded)
        ]
        assert counts[1] - counts[0] <= 60

    def test_opening_a_session_and_one_query_load_what_they_need(self, server_process, tmp_path):
        code = """
import sys, ftrack_review
with ftrack_review.Session(sys.argv[1], sys.argv[2], sys.argv[3], [], schema_cache_path=sys.argv[4]) as session:
    session.query('select name, bid from Task where name is "x" and status.name in ("a", "b") limit 5').all()
print(*sys.modules)
"""
        ready = server_process.ready
        arguments = [ready["url"], ready["api_key"], ready["api_user"], str(tmp_path)]
        # What requests itself loads differs between its releases.
        loaded, floor = (
            set(subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split())
            for command in (
                [sys.executable, "-c", code, *arguments],
                [sys.executable, "-c", "import sys, json, requests; print(*sys.modules)"],
            )
        )
        beyond = loaded - floor
        words = {"dataclasses", "inspect", "ast", "dis", "difflib", "pickle", "getpass", "arrow", "pyparsing"}
        ours = {"event.hub", "event.base", "_storage", "accessor", "entity.location", "_encoding", "plugin"}
        assert not beyond & (words | {f"ftrack_review.{name}" for name in ours - {"plugin"}})
        assert len([name for name in beyond if name.startswith("ftrack_review")]) <= 36

    def test_a_common_query_needs_no_parser_generator_and_no_calendar(self):
        code = """
import sys, ftrack_review
with ftrack_review.Session("embedded://") as session:
    before = set(sys.modules)
    session.query('select name, type.name from Task where project.name is "x" and status.name in ("a", "b")').all()
    print(sorted(name for name in set(sys.modules) - before if name in ("pyparsing", "arrow", "dateutil")))
"""
        environment = {**os.environ, "PYTHONWARNINGS": "error"}
        output = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True
        ).stdout
        assert output.strip() == b"[]"


class TestRequests:
    def test_a_loop_over_references_takes_one_per_step(self, make_versions, fresh, requests_sent):
        make_versions(200)
        session = fresh()
        del requests_sent[:]
        names = [version["task"]["status"]["name"] for version in session.query("AssetVersion")]
        assert len(names) == 200
        # The versions, their tasks, the statuses of those; a status comes with its default projections.
        assert len(requests_sent) <= 4

    @pytest.mark.parametrize(
        ("rows", "pages"), [(0, 1), (1, 1), (499, 1), (500, 1), (501, 2), (1000, 2), (1200, 3)]
    )
    def test_everything_takes_a_page_per_500_rows_and_none_past_the_end(
        self, session, project, requests_sent, rows, pages
    ):
        for number in range(rows):
            session.create(
                "Metadata",
                {"parent_id": project["id"], "parent_type": "Project", "key": f"{number:04d}", "value": "x"},
            )
        session.commit()
        del requests_sent[:]
        assert len(session.query(f'Metadata where parent_id is "{project["id"]}"').all()) == rows
        assert len(requests_sent) == pages

    def test_pages_grow_when_everything_is_wanted(self, session, project, requests_sent):
        for number in range(3001):
            session.create(
                "Metadata",
                {"parent_id": project["id"], "parent_type": "Project", "key": f"{number:04d}", "value": "x"},
            )
        session.commit()
        del requests_sent[:]
        assert len(session.query(f'Metadata where parent_id is "{project["id"]}"').all()) == 3001
        # 500, 500, 2000, and one more.
        assert len(requests_sent) == 4

    def test_a_commit_of_any_size_is_one(self, session, project, requests_sent):
        del requests_sent[:]
        tasks = [
            session.create("Task", {"name": f"task{number}", "parent": project}) for number in range(300)
        ]
        session.commit()
        assert len(requests_sent) == 1
        for task in tasks:
            task["description"] = "changed"
            task["bid"] = 1.0
        session.commit()
        assert len(requests_sent) == 2

    def test_what_was_queried_is_not_asked_for_again(self, make_versions, fresh, requests_sent):
        identifiers = make_versions(10)
        session = fresh()
        versions = session.query("select version, task.status.name, asset.name from AssetVersion").all()
        del requests_sent[:]
        for version in versions:
            version["version"], version["task"]["status"]["name"], version["asset"]["name"]
        for identifier in identifiers:
            session.get("AssetVersion", identifier)
        assert requests_sent == []


class TestPayload:
    def test_an_update_says_what_changed_and_no_more(self, session, project, requests_sent):
        tasks = [session.create("Task", {"name": f"task{number}", "parent": project}) for number in range(10)]
        session.commit()
        del requests_sent[:]
        for task in tasks:
            task["description"] = "first"
            task["description"] = "changed"
            task["bid"] = 1.5
        session.commit()
        expected = [
            {
                "action": "update",
                "entity_type": "Task",
                "entity_key": [task["id"]],
                "entity_data": {"__entity_type__": "Task", "description": "changed", "bid": 1.5},
            }
            for task in tasks
        ]
        (body,) = requests_sent
        assert json.loads(body) == expected
        assert len(body) == len(json.dumps(expected))

    def test_filling_in_an_attribute_asks_for_that_alone(self, session, project, requests_sent):
        for number in range(3):
            session.create("Task", {"name": f"task{number}", "parent": project})
        session.commit()
        session.reset()
        tasks = session.query("select name from Task order by name").all()
        del requests_sent[:]
        assert [task["bid"] for task in tasks] == [0.0] * 3
        (body,) = requests_sent
        keys = ", ".join(f'"{task["id"]}"' for task in tasks)
        assert (
            json.loads(body)[0]["expression"]
            == f"select bid from Task where id in ({keys}) offset 0 limit 500"
        )


class TestStatements:
    NESTED = (
        "select version, asset.name, task.name, status.name, user.username, components.name, notes.content "
        "from AssetVersion"
    )

    def test_a_nested_query_runs_as_many_for_ten_rows_as_for_a_hundred(
        self, make_versions, fresh, statements
    ):
        counts = []
        for count in (10, 90):
            make_versions(count, prefix=f"sh{count}")
            session = fresh()
            counts.append(statements(lambda session=session: session.query(self.NESTED).all()))
        assert counts[0] == counts[1]
        assert counts[0] <= 8

    def test_a_batch_of_creates_runs_as_many_for_five_hundred_as_for_fifty(
        self, session, project, statements
    ):
        counts = []
        for count in (50, 500):
            for number in range(count):
                session.create("Shot", {"name": f"{count}-{number}", "parent": project})
            counts.append(statements(session.commit))
        assert counts[1] <= counts[0] + 2

    def test_a_review_session_opens_with_as_many_for_five_hundred_objects_as_for_five(
        self, session, project, make_versions, statements
    ):
        expression = (
            "select name, review_session_objects.name, review_session_objects.asset_version.version, "
            "review_session_objects.asset_version.asset.name, review_session_objects.asset_version.components.name, "
            "review_session_objects.statuses.status, review_session_objects.notes.content, "
            'review_session_invitees.email from ReviewSession where id is "{}"'
        )
        identifiers = make_versions(500)
        counts = []
        for count in (5, 500):
            review = session.create("ReviewSession", {"name": f"review {count}", "project": project})
            for number, identifier in enumerate(identifiers[:count]):
                session.create(
                    "ReviewSessionObject",
                    {
                        "review_session_id": review["id"],
                        "version_id": identifier,
                        "name": f"object {number}",
                        "version": "Version 1",
                        "description": "",
                    },
                )
            session.commit()
            key = review["id"]
            session.reset()
            found = []
            counts.append(
                statements(
                    lambda key=key, found=found: found.append(session.query(expression.format(key)).one())
                )
            )
            assert len(found[0]["review_session_objects"]) == count
        assert counts[0] == counts[1]
        assert counts[1] <= 12
