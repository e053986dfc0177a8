"""A server's engine, and what its owner does behind the engine's back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pymysql

from penstock.engine.mysql import MariaDB
from penstock.engine.types import EngineSettings, Option
from penstock.model.types import DataType
from penstock.secret import Secret
from penstock.sql.types import Bound, Statement
from support.mariadb_server import Server

ENDLESS = "SELECT COUNT(*) AS n FROM seq_1_to_1000000000000 WHERE seq % 7 = 3"


def settings(server: Server, **options: Option) -> EngineSettings:
    address = server.address
    own: dict[str, Option] = {
        "host": address.host,
        "port": address.port,
        "user": address.user,
        "password": Secret(address.password),
        "database": "test",
    }
    return EngineSettings(
        database="shop",
        root=Path(),
        files={},
        options={**own, **options},
        memory=1 << 30,
        threads=2,
    )


@contextmanager
def opened(server: Server, **options: Option) -> Iterator[MariaDB]:
    engine = MariaDB(settings(server, **options))
    try:
        yield engine
    finally:
        engine.close()


def connect(server: Server) -> pymysql.Connection[pymysql.cursors.Cursor]:
    address = server.address
    return pymysql.connect(
        host=address.host,
        port=address.port,
        user=address.user,
        password=address.password,
        database="test",
        autocommit=True,
        charset="utf8mb4",
        init_command="SET time_zone = '+00:00', sql_mode = ''",
    )


def execute(server: Server, *statements: str) -> None:
    with closing(connect(server)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def at_work(server: Server) -> list[str]:
    """Return the statements that other connections are at."""
    with closing(connect(server)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT info FROM information_schema.processlist"
            " WHERE command = 'Query' AND id <> CONNECTION_ID()"
        )
        return [str(row[0]) for row in cursor.fetchall()]


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it never came")


def rows(
    engine: MariaDB, text: str, *parameters: Bound, types: Sequence[DataType] = ()
) -> list[tuple[object, ...]]:
    running = engine.run(Statement(text, parameters, tuple(types)), timeout=30)
    return [tuple(row.values()) for batch in running for row in batch.to_pylist()]
