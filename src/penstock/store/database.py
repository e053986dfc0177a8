"""The state folder, or a URL -> an open database with today's schema in it, for all threads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sqlalchemy import BigInteger, Engine, Integer
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import DeclarativeBase, Session

from penstock.errors import ConfigurationError, StateError
from penstock.store import postgres, sqlite
from penstock.store.audited import AuditedWrites, watch_writes
from penstock.store.failures import translated
from penstock.store.migrate import HEAD, revision_of, upgrade
from penstock.store.signals import Bell
from penstock.store.sqlite import BUSY_SECONDS

FILE = "penstock.db"
VARIABLE = "PENSTOCK_DATABASE"

BIG: Final = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits in either database; SQLite's own integers always have them."""

_OPEN_SECONDS = 30.0  # how long an opener waits for another one that creates or migrates


class Row(DeclarativeBase):
    """What is stored; no row leaves the store."""


class Database:
    """The open database. Readers never wait for a writer; writers take turns.

    `place` names it to people, without a password. `bell` rings after each commit that somebody
    may wait for.
    """

    def __init__(self, engine: Engine, place: str) -> None:
        self.place = place
        self.engine = engine
        self.bell = Bell()
        self._reading = engine.execution_options(**sqlite.READING)
        self._writing = engine.execution_options(writes=True)
        if engine.dialect.name == postgres.NAME:
            self._reading = engine.execution_options(**postgres.READING)
        watch_writes(engine)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give one consistent look at everything. Raises StateError."""
        with translated(self.place), Session(self._reading) as session:
            yield session

    @contextmanager
    def writing(self, writes: AuditedWrites | None = None) -> Iterator[Session]:
        """Give a transaction that is committed at the end, alone in its turn.

        Raises StateError and StorageFullError. Tables whose changes are audited can only be written
        with `writes`, which `store.unit` gives.
        """
        with translated(self.place), Session(self._writing) as session, session.begin():
            # The turn begins here, and not with the first statement.
            session.connection(execution_options={"audited": writes})
            yield session

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_state(home: Path, environment: Mapping[str, str], *, create: bool = True) -> Database:
    """Open what PENSTOCK_DATABASE names, or else the file in the state folder.

    Raises StateError, also for a folder that is not there when `create` is off, and
    ConfigurationError for what is no address of a database.
    """
    url = environment.get(VARIABLE)
    return open_database_at(url) if url else open_database(home, create=create)


def open_database_at(url: str) -> Database:
    """Open `postgresql://…` or `sqlite:///path`, made and migrated if need be.

    Raises StateError where it cannot be used, ConfigurationError for another kind of address.
    """
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise _no_address() from error
    if address.drivername in postgres.SCHEMES:
        place = f"The database {address.render_as_string(hide_password=True)}"
        database = Database(postgres.engine(address), place)
        with translated(place):
            _migrate(database)
        return database
    if address.drivername == sqlite.NAME and address.database:
        path = Path(address.database)
        return _open_file(path)
    raise _no_address()


def open_database(home: Path, *, create: bool = True) -> Database:
    """Open the state file, made and migrated if need be; safe while others do the same.

    Raises StateError, also for a folder that is not there when `create` is off.
    """
    path = home / FILE
    if not create and not path.exists():
        raise StateError(
            f"There is no state in {home}.",
            hint="Run this in the project's folder, or name the state folder: "
            "--home, or PENSTOCK_HOME.",
        )
    return _open_file(path)


def open_file(path: Path, *, busy: float = BUSY_SECONDS) -> Database:
    """Open a state file that is there, as it is; a statement waits `busy` seconds for its turn."""
    return Database(sqlite.engine(path, busy), f"The state file {path}")


def _open_file(path: Path) -> Database:
    with translated(f"The state file {path}"):
        sqlite.make_private_file(path)
        sqlite.use_write_ahead_log(path, _OPEN_SECONDS)
        with open_file(path, busy=_OPEN_SECONDS) as database:
            _migrate(database)
        return open_file(path)


def _migrate(database: Database) -> None:
    with database.reading() as session:
        if revision_of(session.connection()) == HEAD:
            return
    with database.writing() as session:
        connection = session.connection()
        if revision_of(connection) != HEAD:  # nobody else was faster
            upgrade(connection)


def _no_address() -> ConfigurationError:
    return ConfigurationError(
        f"{VARIABLE} is not the address of a database that can be used.",
        hint="postgresql://user:password@host:5432/name, or leave it out for a file in the state "
        "folder.",
    )
