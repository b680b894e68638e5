"""A mixed load of several clients on real server processes: how many requests per second, how late, and nothing lost.

``python -m tests.benchmarks.load`` starts a server on SQLite and one, then two, on PostgreSQL, has eight client
processes query, create, update, vote, write notes and send events, and prints a table. Afterwards it counts: versions
are numbered without gap or double, sums of hours are complete, the last value that each client wrote is there, every
client has received every event once. ``tests/integration/test_load.py`` runs a short one.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import multiprocessing
import pathlib
import queue
import sys
import tempfile
import threading
import time
import uuid

import requests
import websocket

from tests.conftest import ServerProcess
from tests.integration.api import Api
from tests.postgresql import PostgreSQL

#: What a client does in one round, in this order.
ROUND = (
    "query",
    "event",
    "create",
    "query",
    "update",
    "query",
    "vote",
    "event",
    "query",
    "note",
    "query",
    "hours",
)

#: How long the events of all may take to arrive at the end, in seconds.
ARRIVAL_S = 60.0

VERDICTS = ("approved", "require_changes", "seen")


class Site:
    """What the clients work on together. It goes to their processes as JSON."""

    def __init__(self, api: Api, clients: int) -> None:
        project = api.project()
        self.task = api.create("Task", name="comp", parent_id=project, project_id=project)
        self.asset = api.query(f'select asset_id from AssetVersion where id is "{api.version(project)}"')[0][
            "asset_id"
        ]
        self.version = api.query(f'select id from AssetVersion where asset_id is "{self.asset}"')[0]["id"]
        self.review = api.create("ReviewSession", name="Dailies", project_id=project)
        self.object = api.create(
            "ReviewSessionObject", name="x", review_session_id=self.review, version_id=self.version
        )
        self.invitees = [
            api.create(
                "ReviewSessionInvitee",
                name=f"Client {number}",
                email=f"client{number}@example.com",
                review_session_id=self.review,
            )
            for number in range(clients)
        ]
        self.author = api.query(f'select id from User where username is "{api.user}"')[0]["id"]


class Hub:
    """A connection to the event hub that counts what it receives."""

    def __init__(self, api: Api) -> None:
        answer = requests.get(f"{api.url}/socket.io/1/", headers=api.headers, timeout=30)
        session_id = answer.text.partition(":")[0]
        address = f"{api.url.replace('http', 'ws', 1)}/socket.io/1/websocket/{session_id}"
        self.received: collections.Counter = collections.Counter()
        self._arrived = threading.Condition()
        self._socket = websocket.create_connection(address, timeout=30)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._subscribed = threading.Event()
        data = {"subscriber": {"id": uuid.uuid4().hex}, "subscription": "topic=load.tick"}
        self._send("ftrack.meta.subscribe", data, "1+")
        if not self._subscribed.wait(30):
            raise RuntimeError("The subscription was not acknowledged.")

    def _send(self, topic: str, data: dict, number: str = "") -> None:
        event = {"topic": topic, "data": data, "id": uuid.uuid4().hex, "source": {}, "target": ""}
        event.update(sent=None, inReplyToEvent=None)
        self._socket.send(f"5:{number}::{json.dumps({'name': 'ftrack.event', 'args': [event]})}")

    def tick(self, name: str) -> None:
        """Send an event and return when it is back."""
        self._send("load.tick", {"name": name})
        self.wait_for(lambda: self.received[name], 30)

    def wait_for(self, condition, timeout_s: float) -> None:
        """Return when *condition* holds. Raise TimeoutError if it does not in time."""
        with self._arrived:
            if not self._arrived.wait_for(condition, timeout_s):
                raise TimeoutError(f"Events are missing: {sum(self.received.values())} have arrived.")

    def _read(self) -> None:
        with contextlib.suppress(websocket.WebSocketException, OSError):
            while True:
                text = self._socket.recv()
                if not text:
                    return
                if text.startswith("6:"):
                    self._subscribed.set()
                elif text.startswith("2"):
                    self._socket.send("2::")
                elif text.startswith("5") and '"load.tick"' in text:
                    event = json.loads(text.split(":", 3)[3])["args"][0]
                    with self._arrived:
                        self.received[event["data"]["name"]] += 1
                        self._arrived.notify_all()

    def close(self) -> None:
        """End the connection."""
        self._socket.close()
        self._reader.join(10)


class Client:
    """One client: does its rounds, and measures each step."""

    def __init__(self, address: dict, site: dict, number: int) -> None:
        self.api = Api(address["url"], address["api_user"], address["api_key"])
        self.site, self.number, self.count = site, number, 0
        self.hub = Hub(self.api)

    def run(self, rounds: int, results) -> None:
        """Do *rounds* and put (step, seconds, error or None) of each into *results*."""
        for _ in range(rounds):
            for step in ROUND:
                self.count += 1
                started, error = time.perf_counter(), None
                try:
                    getattr(self, step)()
                except Exception as failure:  # noqa: BLE001 - counted, whatever it is.
                    error = f"{step}: {failure!r}"[:500]
                results.append((step, time.perf_counter() - started, error))

    def query(self) -> None:
        found = self.api.query(
            "select version, asset.name, asset.parent.name, task.name, user.username from AssetVersion "
            f'where asset_id is "{self.site["asset"]}" order by version descending limit 25'
        )
        assert found

    def create(self) -> None:
        self.api.create("AssetVersion", asset_id=self.site["asset"], comment=f"{self.number}")

    def update(self) -> None:
        key = [self.site["task"], f"client-{self.number}"]
        values = {"parent_id": key[0], "parent_type": "Task", "key": key[1], "value": str(self.count)}
        action = {"action": "update", "entity_type": "Metadata", "entity_key": key}
        if self.count <= len(ROUND):
            action = {"action": "create", "entity_type": "Metadata"}
        self.api.call({**action, "entity_data": {"__entity_type__": "Metadata", **values}})

    def vote(self) -> None:
        self.api.create(
            "ReviewSessionObjectStatus",
            review_session_object_id=self.site["object"],
            review_session_invitee_id=self.site["invitees"][self.number],
            status=VERDICTS[self.count // len(ROUND) % len(VERDICTS)],
        )

    def note(self) -> None:
        self.api.create(
            "Note",
            content=f"Note {self.count}",
            parent_id=self.site["version"],
            parent_type="AssetVersion",
            user_id=self.site["author"],
        )

    def hours(self) -> None:
        self.api.create("Timelog", context_id=self.site["task"], duration=1.0, user_id=self.site["author"])

    def event(self) -> None:
        self.hub.tick(f"{self.number}-{self.count}")

    def close(self) -> None:
        self.hub.close()
        self.api.http.close()


def work(address: dict, site: dict, number: int, rounds: int, barrier, outcomes) -> None:
    """Be client *number*, and put its measurements and what it received of events into *outcomes*."""
    results: list = []
    try:
        client = Client(address, site, number)
        barrier.wait(120)
        started = time.time()
        client.run(rounds, results)
        ended = time.time()
        expected = len(site["invitees"]) * rounds * ROUND.count("event")
        client.hub.wait_for(lambda: len(client.hub.received) >= expected, ARRIVAL_S)
        # Nobody leaves before all have heard everything.
        barrier.wait(120)
        client.close()
        outcomes.put((results, started, ended, len(client.hub.received), sum(client.hub.received.values())))
    except Exception as error:  # noqa: BLE001 - told to who waits.
        outcomes.put(([("start", 0.0, repr(error))], time.time(), time.time(), 0, 0))


def run(addresses: list, *, clients: int, rounds: int, processes: bool = True) -> dict:
    """Put the load on the servers at *addresses*, by turns, and return what came of it. Raise where something is lost."""
    api = Api(*(addresses[0][name] for name in ("url", "api_user", "api_key")))
    site = vars(Site(api, clients))
    if processes:
        context = multiprocessing.get_context("spawn")
        barrier, outcomes, start = context.Barrier(clients), context.Queue(), context.Process
    else:
        barrier, outcomes, start = threading.Barrier(clients), queue.Queue(), threading.Thread
    workers = [
        start(target=work, args=(addresses[n % len(addresses)], site, n, rounds, barrier, outcomes))
        for n in range(clients)
    ]
    for worker in workers:
        worker.start()
    found = [outcomes.get(timeout=600) for _ in workers]
    for worker in workers:
        worker.join(60)
    steps = [step for results, *_ in found for step in results]
    errors = [error for _, _, error in steps if error]
    lost = [] if errors else check(api, site, clients, rounds, found)
    api.http.close()
    duration = max(ended for _, _, ended, *_ in found) - min(started for _, started, *_ in found)
    return {"steps": steps, "duration_s": duration, "errors": errors, "lost": lost}


def check(api: Api, site: dict, clients: int, rounds: int, found: list) -> list:
    """Return what is not as it must be after the load, in words."""
    wrong = []

    def expect(name: str, actual: object, wanted: object) -> None:
        if actual != wanted:
            wrong.append(f"{name}: {str(actual)[:200]} instead of {str(wanted)[:200]}")

    total = clients * rounds
    versions = api.query(f'select version from AssetVersion where asset_id is "{site["asset"]}"')
    expect("versions", sorted(row["version"] for row in versions), list(range(1, total + 2)))
    task = api.query(f'select time_logged from Task where id is "{site["task"]}"')[0]
    expect("hours", task["time_logged"], float(total))
    notes = api.query(f'select id from Note where parent_id is "{site["version"]}"')
    expect("notes", len(notes), total)
    metadata = api.query(f'select key, value from Metadata where parent_id is "{site["task"]}"')
    last = (rounds - 1) * len(ROUND) + ROUND.index("update") + 1
    expect(
        "values",
        {row["key"]: row["value"] for row in metadata},
        {f"client-{n}": str(last) for n in range(clients)},
    )
    votes = api.query(
        "select status, review_session_invitee_id from ReviewSessionObjectStatus "
        f'where review_session_object_id is "{site["object"]}"'
    )
    final = VERDICTS[((rounds - 1) * len(ROUND) + ROUND.index("vote") + 1) // len(ROUND) % len(VERDICTS)]
    expect(
        "votes",
        sorted((row["review_session_invitee_id"], row["status"]) for row in votes),
        sorted((invitee, final) for invitee in site["invitees"]),
    )
    events = total * ROUND.count("event")
    for number, (_, _, _, distinct, received) in enumerate(found):
        expect(f"events at client {number}", (distinct, received), (events, events))
    return wrong


@contextlib.contextmanager
def serving(folder: pathlib.Path, database: str | None, servers: int):
    """Run *servers* processes on one database and give their addresses."""
    running = []
    try:
        for number in range(servers):
            own = folder / f"server-{number}"
            own.mkdir()
            arguments = ["--media", str(folder / "media")]
            running.append(ServerProcess(own, *arguments, *(["--database", database] if database else [])))
        yield [process.ready for process in running]
    finally:
        for process in running:
            process.stop()


def percentile(values: list, share: float) -> float:
    """Return the value below which *share* of *values* lie, in milliseconds."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def report(name: str, outcome: dict) -> str:
    """Return the lines of the table for one run."""
    times = collections.defaultdict(list)
    for step, seconds, _ in outcome["steps"]:
        times[step].append(seconds)
        times["all"].append(seconds)
    lines = []
    for step in ("all", *sorted(set(ROUND))):
        values = times[step]
        rate = len(values) / outcome["duration_s"]
        lines.append(
            f"{name:24} {step:8} {len(values):7d} {rate:9.1f} {percentile(values, 0.5):9.1f} "
            f"{percentile(values, 0.99):9.1f}"
        )
    lines.append(f"{name:24} errors {len(outcome['errors'])}, lost {len(outcome['lost'])}")
    lines.extend(f"  {line}" for line in [*outcome["errors"][:5], *outcome["lost"]])
    return "\n".join(lines)


def main(arguments: list) -> int:
    """Run what *arguments* ask for and print the table. Return 1 where something failed or was lost."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.load", description="Mixed load, measured."
    )
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument(
        "--rounds", type=int, default=20, help=f"rounds of {len(ROUND)} steps for each client"
    )
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    options = parser.parse_args(arguments)
    print(f"{'server':24} {'step':8} {'count':>7} {'per s':>9} {'p50 ms':>9} {'p99 ms':>9}")
    kinds = [("sqlite, 1 process", 1), ("postgresql, 1 process", 1), ("postgresql, 2 processes", 2)]
    failed = False
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        postgresql = None
        for number, (name, servers) in enumerate(kinds):
            if options.only and not name.startswith(options.only):
                continue
            database = None
            if name.startswith("postgresql"):
                if postgresql is None:
                    postgresql = PostgreSQL(is_durable=True)
                    stack.callback(postgresql.stop)
                database = postgresql.create()
            folder = pathlib.Path(scratch) / str(number)
            folder.mkdir()
            with serving(folder, database, servers) as addresses:
                outcome = run(addresses, clients=options.clients, rounds=options.rounds)
            print(report(name, outcome), flush=True)
            failed = failed or bool(outcome["errors"] or outcome["lost"])
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
