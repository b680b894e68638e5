import gc
import re

import pytest

from ftrack_review._loading import load
from ftrack_review.symbol import NOT_SET
from tests.session_transport import AnsweredSession, record


def test_a_missing_attribute_is_fetched_for_all_that_came_along(session, answers):
    answers.rows["Task"] = [record("Task", f"t{index}") for index in range(5)]
    tasks = session.query("select id from Task").all()
    answers.take_requests()
    answers.rows["Task"] = [record("Task", f"t{index}", name=f"n{index}") for index in range(5)]
    assert [task["name"] for task in tasks] == [f"n{index}" for index in range(5)]
    assert answers.take_queries() == [
        'select name from Task where id in ("t0", "t1", "t2", "t3", "t4") offset 0 limit 500'
    ]


def test_references_are_followed_together(session, answers):
    """The loop that sent a request per version and attribute: here it sends one per attribute."""
    answers.rows["Task"] = [record("Task", f"t{index}") for index in range(200)]
    tasks = session.query("select id from Task").all()
    answers.rows["Task"] = [
        record("Task", f"t{index}", status=record("Status", f"s{index}")) for index in range(200)
    ]
    answers.rows["Status"] = [record("Status", f"s{index}", name=f"n{index}") for index in range(200)]
    answers.take_requests()
    assert [task["status"]["name"] for task in tasks] == [f"n{index}" for index in range(200)]
    assert len(answers.take_requests()) == 2


def test_at_most_a_chunk_is_fetched_at_a_time_beginning_where_the_reader_is(session, answers):
    tasks = load(session, [record("Task", f"t{index}") for index in range(700)])
    answers.on_action = lambda action: {
        "action": "query",
        "data": [
            record("Task", key.strip('" '), name="n")
            for key in action["expression"].split("(")[1].split(")")[0].split(",")
        ],
        "metadata": {"next": {"offset": None}},
    }
    assert tasks[300]["name"] == "n"
    (query,) = answers.take_queries()
    assert query.count('"t') == 500
    assert '("t300", "t301"' in query
    assert '"t99"' in query
    assert '"t100"' not in query
    assert tasks[0]["name"] == "n"
    assert answers.requests == []
    assert tasks[100]["name"] == "n"
    assert len(answers.take_requests()) == 1


def answer_queries(answers, values):
    """Answer each query with those of the values of a key that it asks for. Return the keys asked for, by query."""
    asked = []

    def answer(action):
        if action["action"] != "query":
            return None
        keys = re.findall(r'"(t\d+)"', action["expression"])
        asked.append(keys)
        first = re.match(r"select (\w+)", action["expression"])[1]
        rows = [record("Task", key, **{first: values(key)[first]}) for key in keys]
        return {"action": "query", "data": rows, "metadata": {"next": {"offset": None}}}

    answers.on_action = answer
    return asked


class TestWhatWasFetchedAhead:
    """Collections that nobody has read, and what the server works out, are as commits left them."""

    def test_is_fetched_again_after_a_commit_that_may_have_changed_it(self, session, answers):
        tasks = load(session, [record("Task", f"t{index}") for index in range(5)])
        asked = answer_queries(answers, lambda key: {"notes": [], "link": [key], "name": key})
        read = tasks[0]["notes"]
        assert tasks[0]["link"] == ["t0"]
        assert tasks[0]["name"] == "t0"
        assert [len(keys) for keys in asked] == [5, 5, 5]
        session.create("Note", {"content": "new", "parent_id": "t1"})
        session.commit()
        asked.clear()
        answer_queries(answers, lambda key: {"notes": [record("Note", "n1")], "link": ["renamed"]})
        assert [note["id"] for note in tasks[1]["notes"]] == ["n1"]
        assert tasks[2]["link"] == ["renamed"]
        # What somebody has read and may hold is his.
        assert tasks[0]["notes"] is read
        assert list(read) == []
        # A name changes with its own entity only.
        assert tasks[4]["name"] == "t4"

    def test_stays_where_only_plain_values_changed(self, session, answers):
        tasks = load(session, [record("Task", f"t{index}") for index in range(5)])
        asked = answer_queries(answers, lambda _: {"notes": []})
        assert list(tasks[0]["notes"]) == []
        tasks[0]["name"] = "new"
        session.commit()
        assert [list(task["notes"]) for task in tasks] == [[]] * 5
        assert [len(keys) for keys in asked] == [5]

    def test_stays_set_where_it_was_set(self, session, answers):
        tasks = load(session, [record("Task", f"t{index}") for index in range(3)])
        note = load(session, [record("Note", "n1")])[0]
        answer_queries(answers, lambda _: {"notes": []})
        assert list(tasks[0]["notes"]) == []
        tasks[1]["notes"] = [note]
        session.call([{"action": "delete", "entity_type": "Task", "entity_key": ["t9"]}])
        assert list(tasks[1]["notes"]) == [note]
        assert len(session.recorded_operations) == 1

    def test_is_known_of_those_that_came_again(self, session, answers):
        rows = [record("Task", f"t{index}") for index in range(3)]
        tasks = load(session, [dict(row) for row in rows])
        answer_queries(answers, lambda _: {"notes": []})
        assert list(tasks[0]["notes"]) == []
        assert load(session, [dict(row) for row in rows]) == tasks
        gc.collect()
        session.create("Note", {"content": "new", "parent_id": "t1"})
        session.commit()
        answer_queries(answers, lambda _: {"notes": [record("Note", "n1")]})
        assert [note["id"] for note in tasks[1]["notes"]] == ["n1"]

    def test_is_less_in_a_loop_that_commits_each_time(self, session, answers):
        tasks = load(session, [record("Task", f"t{index}") for index in range(100)])
        asked = answer_queries(answers, lambda _: {"notes": []})
        for task in tasks[:20]:
            assert list(task["notes"]) == []
            session.create("Note", {"content": "new", "parent_id": task["id"]})
            session.commit()
        assert len(asked) <= 20
        assert sum(map(len, asked)) < 100 + 20 * 4
        asked.clear()
        # And as much as ever once the loop only reads.
        for task in tasks[20:]:
            assert list(task["notes"]) == []
        assert len(asked) <= 5


def test_siblings_can_be_left_alone(answers):
    answers.rows["Task"] = [record("Task", "t1"), record("Task", "t2")]
    with AnsweredSession(answers, populate_siblings=False) as session:
        tasks = session.query("select id from Task").all()
        answers.take_requests()
        tasks[0]["name"]
        assert answers.take_queries() == ['select name from Task where id is "t1" offset 0 limit 500']


def test_a_reference_is_fetched_with_the_default_projections_of_its_type(session, answers):
    (task,) = load(session, [record("Task", "t1")])
    task["project"]
    assert answers.take_queries() == [
        'select project.id, project.name from Task where id is "t1" offset 0 limit 500'
    ]


def test_nothing_is_fetched_without_auto_population(session, answers):
    (task,) = load(session, [record("Task", "t1")])
    with session.auto_populating(False):
        assert task["name"] is NOT_SET
        assert list(task["notes"]) == []
    assert answers.requests == []


def test_new_entities_have_nothing_to_fetch(session, answers):
    task = session.create("Task", {"name": "a"})
    assert task["end_date"] is NOT_SET
    assert list(task["notes"]) == []
    assert dict(task["metadata"]) == {}
    session.populate(task, "name, bid")
    assert len(list(task.items())) == len(task)
    assert [query for query in answers.take_queries() if "CustomAttribute" not in query] == []


def test_populate_splits_by_type_and_number(session, answers):
    tasks = load(session, [record("Task", f"t{index}") for index in range(501)])
    (status,) = load(session, [record("Status", "s1")])
    session.populate([status, *tasks, status], "name, id")
    queries = answers.take_queries()
    assert queries[0] == 'select name, id from Status where id is "s1" offset 0 limit 500'
    assert [query.count('"t') for query in queries[1:]] == [500, 1]


def test_populate_of_composite_keys(session, answers):
    data = load(
        session, [{"__entity_type__": "Metadata", "parent_id": 'a"', "key": key} for key in ("x", "y")]
    )
    session.populate(data, "value")
    (query,) = answers.take_queries()
    assert query.endswith(
        ' where parent_id is "a\\"" and key is "x" or parent_id is "a\\"" and key is "y" offset 0 limit 500'
    )


def test_all_values_take_one_request(session, answers):
    (task,) = load(session, [record("Task", "t1", name="a")])
    values = dict(task.items())
    assert values["name"] == "a"
    assert values["end_date"] is NOT_SET
    assert len(answers.take_requests()) == 1


@pytest.mark.parametrize("populated", [0, 2000])
def test_populate_does_not_look_at_pending_changes_of_others(session, answers, populated):
    for index in range(populated):
        session.create("Status", {"name": str(index)})
    tasks = load(session, [record("Task", f"t{index}") for index in range(100)])
    session.populate(tasks, "name")
    assert len(answers.take_requests()) == 1


def test_of_several_types_each_gets_the_projections_that_it_has(session, answers):
    (task, note) = load(session, [record("Task", "t1"), record("Note", "n1")])
    session.populate([task, note], "name, content, metadata.value")
    assert answers.take_queries() == [
        'select name, metadata.value from Task where id is "t1" offset 0 limit 500',
        'select content, metadata.value from Note where id is "n1" offset 0 limit 500',
    ]


def test_a_projection_that_no_type_has_is_the_servers_to_refuse(session, answers):
    session.populate(load(session, [record("Task", "t1"), record("Note", "n1")]), "nonsense")
    assert [query.split(" from ")[0] for query in answers.take_queries()] == ["select nonsense"] * 2


def test_thousands_of_entities_are_fetched_in_chunks(session, answers):
    tasks = load(session, [record("Task", f"t{number}") for number in range(1800)])
    notes = load(session, [record("Note", f"n{number}") for number in range(700)])
    session.populate([entity for pair in zip(tasks, notes) for entity in pair] + tasks + notes, "metadata")
    queries = answers.take_queries()
    assert [query.split(" from ")[1].split()[0] for query in queries] == ["Task"] * 4 + ["Note"] * 2
    assert sum(query.count('"t') for query in queries) == 1800
