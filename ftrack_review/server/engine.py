"""Engines of SQLAlchemy: how a transaction begins on SQLite and on PostgreSQL, and what their errors mean.

SQLite: a file in WAL mode, readers on snapshots, one writer by ``BEGIN IMMEDIATE``. PostgreSQL: readers in
``REPEATABLE READ READ ONLY``, which is a snapshot; writers in ``READ COMMITTED`` behind one advisory lock, which
is what makes numbers that are counted up and values that are read and written back safe there: whoever holds the
lock sees all that was committed before, and nobody else writes.

Called by ``store``.
"""

from __future__ import annotations

import contextlib
import functools
import re
from typing import TYPE_CHECKING, Any, Dict, Iterator, Optional

from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool

from ftrack_review.exception import (
    ConfigurationError,
    DatabaseBusyError,
    DatabaseDuplicateError,
    DatabaseError,
    DatabaseFullError,
    DatabaseValueError,
    MissingDependencyError,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection as EngineConnection
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL

__all__ = ["GONE_SETTINGS", "begin_writing", "driver_connection", "make_engine", "translate", "translated"]

# Readers that may be busy at once in this process; more wait their turn. PostgreSQL has a process for each
# connection, and 100 of them for all by default.
_SQLITE_CONNECTIONS = 64
_POSTGRESQL_CONNECTIONS = 20
_KEPT_OPEN = 8

_WRITES = "ftrack_review_writes"

#: The advisory lock of PostgreSQL that who writes holds: any number, the same in every version.
WRITE_LOCK = 4_719_110_901

#: How this side of a connection to PostgreSQL knows within about a minute that the other is gone, whatever TCP thinks.
GONE_SETTINGS: Dict[str, Any] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

# What a writer that hangs, or whose machine is gone, may cost the others, in seconds.
_IDLE_IN_TRANSACTION_S = 60

# What SQLite's primary result codes and PostgreSQL's SQLSTATEs mean. Python 3.9 and 3.10 give SQLite's text
# only.
_BUSY = (5, 6, "55P03", "57014", "40P01", "40001", "53300", "database is locked", "database table is locked")
_FULL = (13, "53100", "database or disk is full")
# The connection broke or cannot be made; the server is starting, stopping or switching over.
_GONE = re.compile(r"08\w{3}|57P0[1-5]|25P03")
# Data that a column or an index cannot take, and statements beyond a limit.
_VALUE = re.compile(r"22\w{3}|54\w{3}")
_DUPLICATE = re.compile(r"UNIQUE constraint failed: (?P<columns>[\w., ]+)")


def make_engine(url: URL, *, timeout_s: float, is_durable: bool) -> Engine:
    """Return an engine for the database at *url*, on which nobody waits longer than *timeout_s*.

    Raise :exc:`~ftrack_review.exception.ConfigurationError` for a kind of database that is not supported, and
    :exc:`~ftrack_review.exception.MissingDependencyError` where its driver is not installed.
    """
    backend = url.get_backend_name()
    if backend == "sqlite":
        return _sqlite_engine(url, timeout_s=timeout_s, is_durable=is_durable)
    if backend == "postgresql":
        return _postgresql_engine(url, timeout_s=timeout_s, is_durable=is_durable)
    raise ConfigurationError(f"A database is the path of a file or postgresql://..., not {backend}://...")


def begin_writing(connection: EngineConnection, *, takes_turn: bool = True) -> EngineConnection:
    """Begin a transaction on *connection* that may write. Return the connection to use for it.

    Writers wait for each other, other than on PostgreSQL those that do not take their turn.
    """
    if connection.dialect.name == "sqlite":
        # Take the lock now. A lock that is taken halfway may come too late for the snapshot.
        writer = connection.execution_options(**{_WRITES: True})
        writer.begin()
        return writer
    writer = connection.execution_options(isolation_level="READ COMMITTED", postgresql_readonly=False)
    writer.begin()
    if takes_turn:
        driver_connection(writer).execute(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
    return writer


def driver_connection(connection: EngineConnection) -> Any:
    """Return the driver's own connection, for statements that are no part of what a request asks."""
    return connection.connection.driver_connection


def _sqlite_engine(url: URL, *, timeout_s: float, is_durable: bool) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=_KEPT_OPEN,
        max_overflow=_SQLITE_CONNECTIONS - _KEPT_OPEN,
        pool_timeout=timeout_s,
        # Without an isolation level the driver begins no transaction of its own; `begin` below does. A
        # connection serves different threads, though never two at once.
        connect_args={"timeout": timeout_s, "isolation_level": None, "check_same_thread": False},
    )
    synchronous = "FULL" if is_durable else "OFF"

    def set_up(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA cache_size=-16000")
        # LIKE and lower() of SQLite fold ASCII only.
        connection.create_function("unicode_lower", 1, _unicode_lower, deterministic=True)

    def begin(connection: EngineConnection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", begin)
    return engine


def _postgresql_engine(url: URL, *, timeout_s: float, is_durable: bool) -> Engine:
    try:
        engine = create_engine(
            url,
            pool_size=_KEPT_OPEN,
            max_overflow=_POSTGRESQL_CONNECTIONS - _KEPT_OPEN,
            pool_timeout=timeout_s,
            # After a restart of PostgreSQL the connections that were kept are dead.
            pool_pre_ping=True,
            isolation_level="REPEATABLE READ",
            execution_options={"postgresql_readonly": True},
            connect_args={
                "connect_timeout": max(2, int(timeout_s)),
                "application_name": "ftrack-review",
                **GONE_SETTINGS,
            },
        )
    except ImportError as error:
        raise MissingDependencyError(
            "PostgreSQL needs its driver: pip install 'ftrack-review[postgresql]'."
        ) from error
    settings = {
        "lock_timeout": f"{max(1, int(timeout_s * 1000))}ms",
        "idle_in_transaction_session_timeout": f"{_IDLE_IN_TRANSACTION_S}s",
        # The same for the other side.
        "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "3",
        "synchronous_commit": "on" if is_durable else "off",
        "client_encoding": "UTF8",
        # Compiling a statement takes longer than running it here.
        "jit": "off",
    }

    def set_up(connection: Any, _record: Any) -> None:
        connection.adapters.register_loader("numeric", _make_number_loader())
        connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in settings.items()))
        encoding = connection.execute("SHOW server_encoding").fetchone()[0]
        connection.commit()
        if encoding != "UTF8":
            raise ConfigurationError(
                f"The database is encoded in {encoding}. Make one for UTF-8: CREATE DATABASE ... ENCODING 'UTF8' "
                "TEMPLATE template0."
            )

    event.listen(engine, "connect", set_up)
    return engine


@functools.lru_cache(maxsize=1)
def _make_number_loader() -> Any:
    """Return what reads sums and averages as JSON has them: as integers and floats."""
    from psycopg.adapt import Loader

    class NumberLoader(Loader):
        def load(self, data: Any) -> Any:
            text = bytes(data).decode()
            return int(text) if text.lstrip("-").isdigit() else float(text)

    return NumberLoader


def _unicode_lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Raise errors of the database as ours."""
    try:
        yield
    except DBAPIError as error:
        raise translate(error.orig) from error
    except PoolTimeoutError as error:
        raise DatabaseBusyError("No connection to the database was free in time.") from error
    except Exception as error:
        # From the driver itself, past SQLAlchemy.
        if _sqlstate(error) is None and not _is_drivers(error):
            raise
        raise translate(error) from error


def translate(original: Any) -> DatabaseError:
    """Return the error of ours for the *original* of a driver."""
    text = str(original)
    code = getattr(original, "sqlite_errorcode", None)
    state = _sqlstate(original)
    # The primary code is in the low byte: SQLITE_BUSY_SNAPSHOT (517) is SQLITE_BUSY (5).
    given = (None if code is None else code & 0xFF, state, text)
    duplicate = _DUPLICATE.search(text)
    if duplicate:
        names = [name.strip().rpartition(".") for name in duplicate["columns"].split(",")]
        columns = [column for _, _, column in names]
        return DatabaseDuplicateError(
            f"There is a row with the same {', '.join(columns)} already.", table=names[0][0], columns=columns
        )
    if state == "23505":
        return _duplicate(original)
    if any(part in _BUSY for part in given):
        return DatabaseBusyError("The database is locked by another process.")
    if any(part in _FULL for part in given):
        return DatabaseFullError("The disk of the database is full. Make room and try again.")
    if type(original).__module__.startswith("psycopg"):
        return _translate_postgresql(original, state, text)
    return DatabaseError(f"The database refused: {text}")


def _translate_postgresql(original: Any, state: Optional[str], text: str) -> DatabaseError:
    name = type(original).__name__
    if (state is not None and _GONE.fullmatch(state)) or (state is None and name == "OperationalError"):
        return DatabaseBusyError(f"The database cannot be reached: {text.strip()}")
    if name == "DataError" or (state is not None and _VALUE.fullmatch(state)):
        return DatabaseValueError(
            f"The database cannot hold a value: {text.splitlines()[0] if text else name}"
        )
    return DatabaseError(f"The database refused: {text}")


def _duplicate(original: Any) -> DatabaseDuplicateError:
    """Return the error for a violated unique index, which says ``Key (parent_id, key)=(a, b) already exists``."""
    diagnosis = getattr(original, "diag", None)
    table = str(getattr(diagnosis, "table_name", None) or "")
    found = re.match(
        r"Key \((?P<columns>[\w\", ]+)\)=", str(getattr(diagnosis, "message_detail", None) or "")
    )
    columns = [name.strip(' "') for name in found["columns"].split(",")] if found else []
    return DatabaseDuplicateError(
        f"There is a row with the same {', '.join(columns) or 'key'} already.", table=table, columns=columns
    )


def _sqlstate(error: Any) -> Optional[str]:
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) else None


def _is_drivers(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in ("sqlite3", "psycopg")
