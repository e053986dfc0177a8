"""A server of the tests' own, and engines on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from penstock.engine.postgres import PostgreSQL
from penstock.engine.types import EngineSettings, Option
from penstock.model.types import DataType
from penstock.secret import Secret
from penstock.sql.types import Bound, Statement
from support.postgres_server import Address


def settings(**options: Option) -> EngineSettings:
    return EngineSettings(
        database="lake", root=Path("/project"), files={}, options=options, memory=1 << 30, threads=2
    )


def options_of(address: Address) -> dict[str, Option]:
    return {
        "host": address.host,
        "port": address.port,
        "user": address.user,
        "password": Secret(address.password),
        "database": address.database,
    }


@contextmanager
def opened(address: Address, **options: Option) -> Iterator[PostgreSQL]:
    engine = PostgreSQL(settings(**{**options_of(address), **options}))
    try:
        yield engine
    finally:
        engine.close()


def read(
    engine: PostgreSQL, text: str, *parameters: Bound, types: tuple[DataType, ...] = ()
) -> pa.Table:
    running = engine.run(Statement(text, parameters, types), timeout=60)
    return pa.Table.from_batches(list(running), schema=running.schema)


def value(engine: PostgreSQL, text: str, *parameters: Bound) -> object:
    found: object = read(engine, text, *parameters).column(0)[0].as_py()
    return found
