from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.postgres_server import Address, find_programs, run_postgres


@pytest.fixture(scope="session")
def address() -> Iterator[Address]:
    if find_programs() is None:
        pytest.skip("PostgreSQL is not installed (initdb)")
    with run_postgres() as found:
        yield found
