"""A session does what a dictionary would: create, set, append, remove, delete, commit, fail, roll back, ask again."""

from __future__ import annotations

import contextlib
import copy
import itertools

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import ftrack_review
from ftrack_review import exception, inspection
from ftrack_review.protocol.batch import collapse
from ftrack_review.symbol import CREATED, DELETED, MODIFIED, NOT_SET

names = st.text(alphabet='ab ü"\\%{}\n', min_size=1, max_size=6)
numbers = st.none() | st.sampled_from([0.0, 1.5, -3.25, 1e6])
keys = st.sampled_from(["lens", "a b", 'q"uote', "ü"])
SCALARS = {"name": names, "description": names, "bid": numbers}
#: What the server makes of a task of which nobody said more. A bid cannot be null.
DEFAULTS = {"description": None, "bid": 0.0}
changes = st.sampled_from(sorted(SCALARS)).flatmap(lambda name: st.tuples(st.just(name), SCALARS[name]))

REFUSALS = [
    # What comes in place of the server's answer, where the server has not heard of the request.
    lambda: exception.ServerConnectionError("refused"),
    lambda: b'{"exception": "ServerError", "content": "full {0}", "error_code": null}',
    lambda: b"<html><body>502 Bad Gateway</body></html>",
    lambda: b'[{"action": "crea',
    lambda: b"[]",
]


def _lose(_answer):
    raise exception.ServerConnectionError("The connection broke.")


# What becomes of the server's answer on its way.
LOSSES = [_lose, lambda answer: answer[: len(answer) // 2], lambda _: b"<html>504 Gateway Timeout</html>"]


class Server:
    """One server for all examples. Each has a project of its own."""

    def __init__(self, folder):
        self.address = f"embedded://{folder}"
        self.counter = itertools.count()
        self.keeper = self.open()
        self.schema_id = self.keeper.query('ProjectSchema where name is "VFX"').one()["id"]
        self.category_id = self.keeper.query("ListCategory").first()["id"]

    def open(self):
        return ftrack_review.Session(self.address, schema_cache_path=False)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("model") / "server")
    yield made
    made.keeper.close()


class Task:
    """What the model knows of a task."""

    def __init__(self, **values):
        # Until the server has decided on a value, there is none.
        self.values = {"description": NOT_SET, "bid": NOT_SET, **values}
        self.metadata = {}


class SessionModel(RuleBasedStateMachine):
    """Tasks and one list of them, in a session and in dictionaries.

    *local* is what the program sees, *committed* what the server must hold. A task that the program deletes leaves the
    list first, as it would stay in the collection that the program holds.
    """

    server: Server
    tasks = Bundle("tasks")

    @initialize()
    def start(self):
        self.session = self.server.open()
        project = self.session.create(
            "Project",
            {
                "name": f"film-{next(self.server.counter)}",
                "full_name": "Film",
                "project_schema_id": self.server.schema_id,
            },
        )
        self.shot = self.session.create("Shot", {"name": "sh010", "parent": project})
        values = {"name": "today", "project": project, "category_id": self.server.category_id, "items": []}
        self.list = self.session.create("TypedContextList", values)
        self.session.commit()
        self.list_id, self.shot_id = self.list["id"], self.shot["id"]
        self.entities = {}
        self.committed, self.committed_items = {}, []
        self.local, self.items = {}, []
        self.deleted = set()

    def teardown(self):
        self.session.recorded_operations.clear()
        self.session.close()

    def is_here(self, key):
        return key in self.local and key not in self.deleted

    # --- What programs do. ---

    @rule(target=tasks, name=names, metadata=st.dictionaries(keys, names, max_size=2))
    def create(self, name, metadata):
        values = {"name": name, "parent": self.session.get("Shot", self.shot_id)}
        if metadata:
            values["metadata"] = metadata
        entity = self.session.create("Task", values)
        self.entities[entity["id"]] = entity
        task = self.local[entity["id"]] = Task(name=name)
        task.metadata = dict(metadata)
        return entity["id"]

    @rule(key=tasks, change=changes)
    def set_value(self, key, change):
        if self.is_here(key):
            self.entities[key][change[0]] = change[1]
            self.local[key].values[change[0]] = change[1]

    @rule(key=tasks)
    def append(self, key):
        if not self.is_here(key):
            return
        if key in self.items:
            with pytest.raises(exception.DuplicateItemInCollectionError):
                self.list["items"].append(self.entities[key])
        else:
            self.list["items"].append(self.entities[key])
            self.items.append(key)

    @rule(key=tasks)
    def remove(self, key):
        if key in self.items:
            self.list["items"].remove(self.entities[key])
            self.items.remove(key)

    @rule(chosen=st.lists(tasks, max_size=3, unique=True))
    def replace_items(self, chosen):
        self.items = [key for key in chosen if self.is_here(key)]
        self.list["items"] = [self.entities[key] for key in self.items]

    @rule(key=tasks, name=keys, value=names)
    def set_metadata(self, key, name, value):
        if self.is_here(key):
            self.entities[key]["metadata"][name] = value
            self.local[key].metadata[name] = value

    @rule(key=tasks, name=keys)
    def delete_metadata(self, key, name):
        if not self.is_here(key):
            return
        if name in self.local[key].metadata:
            del self.entities[key]["metadata"][name]
            del self.local[key].metadata[name]
        else:
            with pytest.raises(KeyError):
                del self.entities[key]["metadata"][name]

    @rule(key=tasks, metadata=st.dictionaries(keys, names, max_size=3))
    def replace_metadata(self, key, metadata):
        if self.is_here(key):
            self.entities[key]["metadata"] = metadata
            self.local[key].metadata = dict(metadata)

    @rule(key=consumes(tasks))
    def delete(self, key):
        if not self.is_here(key):
            return
        self.remove(key)
        self.session.delete(self.entities[key])
        self.deleted.add(key)

    # --- What happens to it. ---

    @rule()
    def commit(self):
        self.session.commit()
        self.settle()

    def settle(self):
        for key in self.deleted:
            self.local.pop(key, None)
            self.entities.pop(key, None)
        self.deleted.clear()
        for task in self.local.values():
            for name, value in DEFAULTS.items():
                if task.values[name] is NOT_SET or (name == "bid" and task.values[name] is None):
                    task.values[name] = value
        self.committed, self.committed_items = copy.deepcopy(self.local), list(self.items)
        assert len(self.session.recorded_operations) == 0
        assert self.session.created == self.session.modified == self.session.deleted == []

    @precondition(lambda self: len(self.session.recorded_operations))
    @rule(refusal=st.sampled_from(REFUSALS), again=st.booleans())
    def fail_to_commit(self, refusal, again):
        held = list(self.session.recorded_operations)
        transport = self.session.transport

        def call(*_):
            answer = refusal()
            if isinstance(answer, Exception):
                raise answer
            return answer

        # After an answer that was lost, the session first asks what became of it.
        is_asking = self.session._unit_of_work._doubt is not None
        caught = None
        transport.call = call
        try:
            self.session.commit()
        except exception.ServerError as error:
            caught = error
        finally:
            del transport.call
        if caught is None:
            # Operations that cancel each other are not sent, and cannot fail.
            assert not self.is_sending(held)
            self.settle()
            return
        assert is_asking or self.is_sending(held)
        assert str(caught)
        assert list(self.session.recorded_operations) == held
        if again:
            self.commit()

    @precondition(lambda self: len(self.session.recorded_operations))
    @rule(loss=st.sampled_from(LOSSES), between=st.none() | names)
    def lose_the_answer(self, loss, between):
        """The server has done it, and nobody was told. The next commit does not do it twice."""
        held = list(self.session.recorded_operations)
        transport = self.session.transport
        real = transport.call
        transport.call = lambda *arguments: loss(real(*arguments))
        try:
            with pytest.raises(exception.ServerError) if self.is_sending(held) else contextlib.nullcontext():
                self.session.commit()
        finally:
            del transport.call
        for key in list(self.local) if between else ():
            self.set_value(key, ("name", between))
        self.commit()

    @staticmethod
    def is_sending(operations):
        return bool(collapse(operations))

    @rule()
    def roll_back(self):
        self.session.rollback()
        self.local, self.items = copy.deepcopy(self.committed), list(self.committed_items)
        self.deleted.clear()
        self.entities = {key: entity for key, entity in self.entities.items() if key in self.local}
        assert len(self.session.recorded_operations) == 0

    @rule(mode=st.sampled_from(["reset", "other session", "populate"]))
    def ask_again(self, mode):
        """What the server holds is what was committed."""
        if mode == "populate":
            self.session.populate(list(self.entities.values()), "name, bid, description")
            return
        asking = self.session if mode == "reset" else self.server.keeper
        asking.reset()
        text = f'select name, bid, description, metadata from Task where parent_id is "{self.shot_id}"'
        found = {task["id"]: task for task in asking.query(text)}
        assert set(found) == set(self.committed)
        items = asking.get("TypedContextList", self.list_id)
        assert sorted(task["id"] for task in items["items"]) == sorted(self.committed_items)
        for key, task in self.committed.items():
            assert {name: found[key][name] for name in SCALARS} == task.values
            assert dict(found[key]["metadata"]) == task.metadata
        if mode == "reset":
            self.local, self.items = copy.deepcopy(self.committed), list(self.committed_items)
            self.deleted.clear()
            self.entities, self.list = found, items

    # --- What must be true after every step. ---

    @invariant()
    def the_session_shows_what_the_model_shows(self):
        for key, task in self.local.items():
            entity = self.entities[key]
            assert {name: entity[name] for name in SCALARS} == task.values
            assert dict(entity["metadata"]) == task.metadata
        assert sorted(task["id"] for task in self.list["items"]) == sorted(self.items)

    @invariant()
    def states_tell_what_a_commit_would_do(self):
        for key in self.local:
            state = inspection.state(self.entities[key])
            if key in self.deleted:
                assert state is DELETED
            elif key not in self.committed:
                assert state is CREATED
            elif self.local[key].values != self.committed[key].values:
                assert state is MODIFIED
            else:
                assert state in (MODIFIED, NOT_SET)
        assert {entity["id"] for entity in self.session.created if entity.entity_type == "Task"} == {
            key for key in self.local if key not in self.committed and key not in self.deleted
        }


def test_a_session_does_what_a_dictionary_would(server):
    SessionModel.server = server
    run_state_machine_as_test(
        SessionModel,
        settings=settings(
            max_examples=100,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
