"""A PostgreSQL of the tests' own: started as an unprivileged user on a free port, gone when they end."""

from __future__ import annotations

import contextlib
import ctypes
import glob
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "logging_collector": "off",
}

# Nothing that tests write has to survive a loss of power.
CARELESS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}

_KEEP = """DO $$ DECLARE found text; BEGIN CREATE SCHEMA kept;
FOR found IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
EXECUTE format('CREATE TABLE kept.%1$I AS TABLE public.%1$I', found); END LOOP; END $$"""

_RESET = """DO $$ DECLARE found text; BEGIN
FOR found IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
EXECUTE format('DELETE FROM public.%1$I', found);
EXECUTE format('INSERT INTO public.%1$I SELECT * FROM kept.%1$I', found); END LOOP; END $$"""


def find_programs() -> str:
    """Return the folder of initdb and postgres. Debian keeps them out of the PATH."""
    found = [os.path.dirname(path) for path in sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))]
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise RuntimeError(
            "PostgreSQL is needed to test the server on it. On Debian, as root: apt-get install postgresql"
        )
    return found[-1] if found else os.path.dirname(on_path)


class PostgreSQL:
    """One instance with as many databases as wanted."""

    def __init__(self, *, is_durable: bool = False) -> None:
        """Start it. With *is_durable* it writes as carefully as one that is used."""
        self._is_durable = is_durable
        programs = find_programs()
        self.programs = programs
        # It refuses to run as root.
        name = "postgres" if _exists("postgres") else "nobody"
        account = pwd.getpwnam(name) if os.geteuid() == 0 else None
        self._identity = (
            {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        )
        self.folder = tempfile.mkdtemp(prefix="ftrack-review-postgresql-")
        if account is not None:
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        data = os.path.join(self.folder, "data")
        self._run(
            os.path.join(programs, "initdb"),
            *("--pgdata", data, "--username", "ftrack", "--auth", "trust", "--no-sync"),
            # A language that sorts otherwise than by code points, so that whatever relies on it shows.
            *(
                "--encoding",
                "UTF8",
                "--locale",
                "C.UTF-8",
                "--locale-provider",
                "icu",
                "--icu-locale",
                "en-US",
            ),
        )
        self._numbers = itertools.count()
        self._start(os.path.join(programs, "postgres"), data)

    def _start(self, program: str, data: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        settings = {
            **SETTINGS,
            **({} if self._is_durable else CARELESS),
            "port": str(self.port),
            "unix_socket_directories": self.folder,
        }
        self._log = open(os.path.join(self.folder, "log.txt"), "w+")  # noqa: SIM115 - closed with the instance.
        self.process = subprocess.Popen(
            [program, "-D", data, *(part for item in settings.items() for part in ("-c", "=".join(item)))],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - no thread of the tests runs yet, and nothing is locked.
            **self._identity,
        )
        import psycopg

        deadline, pause = time.monotonic() + 30, threading.Event()
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                break
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    with open(os.path.join(self.folder, "log.txt")) as stream:
                        raise RuntimeError(f"PostgreSQL did not start: {stream.read()}") from None
                pause.wait(0.05)

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=self.folder,
            timeout=120,
            check=False,
            **self._identity,
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")

    def url(self, name: str) -> str:
        """Return the address of the database *name*."""
        return f"postgresql://ftrack@127.0.0.1:{self.port}/{name}"

    def execute(self, statement: str, database: str = "postgres") -> list:
        """Run *statement* outside of a transaction."""
        import psycopg

        with contextlib.closing(psycopg.connect(self.url(database), autocommit=True)) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def create(self, template: str | None = None) -> str:
        """Make a new database, empty or a copy of the database at the address *template*. Return its address."""
        name = f"test_{next(self._numbers)}"
        copied = "" if template is None else f" TEMPLATE {template.rpartition('/')[2]} STRATEGY file_copy"
        self.execute(f"CREATE DATABASE {name}{copied}")
        return self.url(name)

    def keep(self, url: str) -> None:
        """Remember what the database at the address *url* holds, for :meth:`reset`. Making one anew takes longer."""
        self.execute(_KEEP, url.rpartition("/")[2])

    def reset(self, url: str) -> None:
        """Bring the database at the address *url* back to what it held when it was remembered."""
        self.execute(_RESET, url.rpartition("/")[2])

    def drop(self, url: str) -> None:
        """Remove the database at the address *url*, whoever uses it."""
        self.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def stop(self) -> None:
        """End the instance and remove all it kept."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout=30)
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _end_with_parent() -> None:
    """Have the kernel end the instance with the tests, however these end. Elsewhere than on Linux it would stay."""
    with contextlib.suppress(OSError, AttributeError):
        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGQUIT)


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
