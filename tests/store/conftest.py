"""An empty database of today's schema: on SQLite, and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from penstock.store.database import Database, open_database, open_database_at
from support.postgres_server import Address, find_programs, run_postgres

_numbers = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Address]:
    if find_programs() is None:
        pytest.skip("PostgreSQL is not installed (initdb)")
    with run_postgres() as address:
        address.execute("CREATE DATABASE pattern")
        open_database_at(address.url.replace("/penstock", "/pattern")).close()
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Database]:
    """Return what opens one and the same database, as often as it is called."""
    if request.param == "sqlite":
        return lambda: open_database(tmp_path / "state")
    address: Address = request.getfixturevalue("server")
    name = f"test{next(_numbers)}"
    address.execute(f"CREATE DATABASE {name} TEMPLATE pattern")
    url = address.url.replace("/penstock", f"/{name}")
    return lambda: open_database_at(url)


@pytest.fixture
def database(place: Callable[[], Database]) -> Iterator[Database]:
    with place() as found:
        yield found
