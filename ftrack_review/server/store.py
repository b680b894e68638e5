"""The database: connections, transactions, and the only place where statements run.

A :class:`Store` is a SQLite file in WAL mode or, by URL, a PostgreSQL database. Any number of readers work in
parallel, each on a snapshot; writers take turns, in this process by a lock and between processes by one of the
database (see ``engine``). Nothing here knows what the tables mean. Every wait has a limit, and every error of the
database leaves as one of ours.

Called by ``application``, which opens it, and by all that hold one of its connections.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Union,
)

from sqlalchemy import event, func, make_url, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError

from ftrack_review.exception import ConfigurationError, DatabaseBusyError, DatabaseError
from ftrack_review.server.engine import begin_writing, driver_connection, make_engine, translate, translated

if TYPE_CHECKING:
    from sqlalchemy import Column, MetaData, Row, Table
    from sqlalchemy import Connection as EngineConnection
    from sqlalchemy.sql import Executable

    from ftrack_review.server.catalogue import Catalogue

__all__ = ["Connection", "Store"]

Parameters = Union[Mapping[str, Any], Sequence[Mapping[str, Any]], None]


class Connection:
    """One transaction on the database. It is used by one thread at a time and ends with its block."""

    def __init__(self, store: Store, connection: EngineConnection, *, is_writer: bool) -> None:
        """Initialise on *connection*, which *store* has begun a transaction on."""
        self._store = store
        self._connection = connection
        self._after_commit: List[Callable[[], object]] = []
        self._in_turn: List[Callable[[], object]] = []
        #: Whether the transaction may write.
        self.is_writer = is_writer
        #: What the catalogue is numbered once this is committed, None where it stays the same.
        self.generation: Optional[int] = None

    def run(self, statement: Executable, parameters: Parameters = None) -> List[Row[Any]]:
        """Run *statement* and return its rows, none where it gives none.

        *parameters* are the values of its named parameters; a list of such runs it once for each.

        Raise a :exc:`~ftrack_review.exception.DatabaseError`.
        """
        result = self._execute(statement, parameters)
        return list(result.all()) if result.returns_rows else []

    def change(self, statement: Executable, parameters: Parameters = None) -> int:
        """Run *statement*, which writes, and return the number of rows it concerned.

        Raise a :exc:`~ftrack_review.exception.DatabaseError`, with
        :exc:`~ftrack_review.exception.DatabaseDuplicateError` for a key that is taken.
        """
        if not self.is_writer:
            raise DatabaseError("A reading transaction cannot write.")
        return int(self._execute(statement, parameters).rowcount)

    def after_commit(self, action: Callable[[], object]) -> None:
        """Call *action* once what this transaction has written can be seen by others, and not if it fails."""
        self._after_commit.append(action)

    def in_turn(self, action: Callable[[], object]) -> None:
        """Call *action* once the transaction is committed, before the next one begins, and not if it fails.

        The calls of this process are thus in the order of its commits. *action* must neither wait nor fail.
        """
        self._in_turn.append(action)

    def change_catalogue(self) -> None:
        """Let other processes find out, once this is committed, that the catalogue has changed."""
        from ftrack_review.server.preparation import next_generation

        if self._store.is_shared:
            self.generation = next_generation(self)

    def run_aside(self, text: str) -> Any:
        """Run the plain SQL *text*, which is no part of what a request asks. Return its first row, or None."""
        with translated():
            return driver_connection(self._connection).execute(text).fetchone()

    def create_tables(self, metadata: MetaData) -> None:
        """Create the tables of *metadata* that are not there yet, with their indexes."""
        with translated():
            metadata.create_all(self._connection)

    def count_from(self, table: Table, column: Column[Any]) -> None:
        """Let the database count *column* of *table*, which was filled by hand, up from what it holds."""
        if self._store.is_sqlite:
            return
        highest = select(func.max(column)).scalar_subquery()
        sequence = func.pg_get_serial_sequence(self.quoted(table.name), column.name)
        self.run(select(func.setval(sequence, func.coalesce(highest, 0) + 1, False)))

    def quoted(self, name: str) -> str:
        """Return *name*, of a table or column, as SQL has it."""
        return str(self._connection.dialect.identifier_preparer.quote(name))

    def table_names(self) -> List[str]:
        """Return the names of the tables in the database."""
        with translated():
            return list(self._connection.dialect.get_table_names(self._connection))

    def _execute(self, statement: Executable, parameters: Parameters) -> Any:
        self._store.statements_run += 1
        with translated():
            return self._connection.execute(statement, parameters)


class Store:
    """A database and its connections. Usable from any number of threads.

    ``statements_run`` counts the statements that ran since it was opened.
    """

    def __init__(
        self,
        location: Union[str, os.PathLike[str]],
        *,
        timeout_s: float = 30.0,
        is_durable: bool = True,
    ) -> None:
        """Open the database at *location*: the path of a file, which is made if missing, or an SQLAlchemy
        URL, such as ``postgresql://user:password@host/name``.

        Nobody waits longer than *timeout_s* for a connection or for the turn to write. With *is_durable*,
        what is committed survives a loss of power; without, only that of the process, which is quicker.

        Raise :exc:`~ftrack_review.exception.DatabaseError` where it cannot be opened, and
        :exc:`~ftrack_review.exception.ConfigurationError` for a URL of something else.
        """
        text = os.fspath(location)
        url = _read_url(text) if "://" in text else URL.create("sqlite", database=os.path.abspath(text))
        self.url = url
        self.timeout_s = timeout_s
        self.statements_run = 0
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._turn = threading.Lock()
        self._writer: Optional[int] = None
        #: Whether other processes may use the database, too.
        self.is_shared = is_durable or not self.is_sqlite
        self._catalogue: Optional[Catalogue] = None
        # Which number the catalogue has in the database; None where that is not known.
        self._generation: Optional[int] = None
        self._catalogue_lock = threading.Lock()
        self._engine = make_engine(url, timeout_s=timeout_s, is_durable=is_durable)
        if self.is_sqlite:
            self._use_write_ahead_log()

    def __repr__(self) -> str:
        """Return where the database is, without a password."""
        return f"<Store {self.url.render_as_string(hide_password=True)}>"

    @property
    def path(self) -> Optional[str]:
        """The path of the file, None for a database that is not one."""
        return self.url.database if self.is_sqlite else None

    @property
    def catalogue(self) -> Catalogue:
        """What the database holds now. Known once :meth:`prepare` has run."""
        if self._catalogue is None:
            raise DatabaseError("The database has not been prepared.")
        return self._catalogue

    @catalogue.setter
    def catalogue(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def prepare(
        self, document: Optional[List[Dict[str, Any]]] = None, *, may_upgrade: bool = True
    ) -> Tuple[Catalogue, Optional[str]]:
        """Make the tables and the first data where the database is new, and find out what it holds.

        *document* is the schema document that shapes a new database, the project's own by default. One of an older
        version is upgraded, or refused without *may_upgrade*.

        Return the catalogue and, if the database was new, the administrator's API key in clear, else None.

        Raise :exc:`~ftrack_review.exception.DatabaseVersionError` for a database that this version cannot
        use.
        """
        from ftrack_review.server.preparation import prepare

        self._generation = None
        self._catalogue, first_key = prepare(self, document, may_upgrade=may_upgrade)
        return self._catalogue, first_key

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Return a connection that sees the database as it is now, whatever is written meanwhile.

        Raise :exc:`~ftrack_review.exception.DatabaseBusyError` if none is free in time.
        """
        with translated(), self._engine.connect() as plain:
            connection = Connection(self, plain, is_writer=False)
            plain.begin()
            self._keep_up(connection)
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """Return the one connection that may write. What it wrote is committed at the end of the block.

        Any exception undoes everything, and is raised.

        Raise :exc:`~ftrack_review.exception.DatabaseBusyError` if the turn does not come in time, and
        :exc:`~ftrack_review.exception.DatabaseFullError` where there is no room.
        """
        if self._writer == threading.get_ident():
            raise DatabaseError("This thread is writing already. A transaction cannot begin within another.")
        if not self._turn.acquire(timeout=self.timeout_s):
            raise DatabaseBusyError(
                f"Another request has been writing for more than {self.timeout_s:g} seconds."
            )
        connection: Optional[Connection] = None
        try:
            self._writer = threading.get_ident()
            with translated(), self._engine.connect() as plain:
                connection = Connection(self, begin_writing(plain), is_writer=True)
                self._keep_up(connection)
                yield connection
                plain.commit()
                if connection.generation is not None:
                    self._generation = connection.generation
                for action in connection._in_turn:
                    action()
        except BaseException:
            if connection is not None and connection.generation is not None:
                # What was taken for the catalogue did not come to be: it is read anew.
                self._generation = None
            raise
        finally:
            self._writer = None
            self._turn.release()
        for action in connection._after_commit:
            action()

    @contextlib.contextmanager
    def write_aside(self) -> Iterator[Connection]:
        """Return a connection that writes beside others, for rows that nobody else changes at the same time.

        On SQLite that is :meth:`write`, as there is one writer only.
        """
        if self.is_sqlite:
            with self.write() as connection:
                yield connection
            return
        with translated(), self._engine.connect() as plain:
            yield Connection(self, begin_writing(plain, takes_turn=False), is_writer=True)
            plain.commit()

    def _keep_up(self, connection: Connection) -> None:
        """Find out whether another process has changed the catalogue, and read it anew if so."""
        if not self.is_shared or self._catalogue is None:
            return
        from ftrack_review.server.preparation import load_catalogue, read_generation

        found = read_generation(connection)
        # A reader may see an older state than the one that is known already.
        if self._generation is not None and found <= self._generation:
            return
        catalogue = load_catalogue(connection, self._catalogue)
        with self._catalogue_lock:
            if self._generation is None or found > self._generation:
                self._catalogue, self._generation = catalogue, found

    @contextlib.contextmanager
    def recorded(self) -> Iterator[List[str]]:
        """Return a list that receives the text of every statement that runs meanwhile, of any thread."""
        texts: List[str] = []

        def record(_connection: Any, _cursor: Any, text: str, *_: Any) -> None:
            if not text.startswith(("BEGIN", "PRAGMA")):
                texts.append(text)

        event.listen(self._engine, "before_cursor_execute", record)
        try:
            yield texts
        finally:
            event.remove(self._engine, "before_cursor_execute", record)

    def copy_to(self, path: str) -> None:
        """Copy the database as it is now to the new file *path*, while others go on reading and writing.

        Raise :exc:`~ftrack_review.exception.DatabaseError` for a database that is not a file, or where there is no
        room; *path* is then not there.
        """
        if not self.is_sqlite:
            raise DatabaseError("A database that is not a file is copied with its own tools.")
        driver: Any = self._engine.dialect.dbapi
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            with translated(), contextlib.closing(driver.connect(path)) as target:
                with contextlib.closing(self._engine.raw_connection()) as source:
                    # In one step, on one snapshot: step by step it would begin anew after each write of another.
                    plain: Any = source.driver_connection
                    plain.backup(target)
                damage = target.execute("PRAGMA quick_check(1)").fetchone()[0]
            if damage != "ok":
                raise DatabaseError(f"The database is damaged: {damage}")
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.remove(path)
            raise

    def close(self) -> None:
        """Close all connections that are not in use; those in use close when their block ends."""
        self._engine.dispose()

    def _use_write_ahead_log(self) -> None:
        # Once for all connections, as the file remembers it; not possible within a transaction.
        driver: Any = self._engine.dialect.dbapi
        end, pause = time.monotonic() + self.timeout_s, threading.Event()
        while True:
            try:
                with contextlib.closing(self._engine.raw_connection()) as connection:
                    connection.cursor().execute("PRAGMA journal_mode=WAL")
                return
            except (driver.Error, DBAPIError) as error:
                translated = translate(getattr(error, "orig", error))
                # For this, SQLite does not wait by itself while another process writes.
                if not isinstance(translated, DatabaseBusyError) or time.monotonic() > end:
                    raise type(translated)(
                        f"The database {self.path} cannot be opened: {translated}"
                    ) from error
            pause.wait(0.02)


def _read_url(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # Without the text, which may hold a password, also as the cause.
        raise ConfigurationError(
            "The database is no URL such as postgresql://user:password@host/name."
        ) from None
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgresql", "postgres") else url
