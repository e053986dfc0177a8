"""What every test may use: one way to search for counterexamples, and the reference world."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import settings

from penstock.policy.permit import Gate
from penstock.policy.types import Policies
from penstock.project.load import load_project
from support import flights, samples

# Derandomised: a run says the same as the one before. No deadline: a slow machine proves nothing.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def gate() -> Gate:
    """The reference model behind the reference roles."""
    return Gate(flights.FLIGHTS, flights.POLICIES)


@pytest.fixture(scope="session")
def warehouse() -> duckdb.DuckDBPyConnection:
    """The real flights, on a bare DuckDB connection."""
    return flights.connect()


@pytest.fixture(scope="session")
def project_gate(warehouse: duckdb.DuckDBPyConnection) -> Gate:
    """The model and the roles of the repository's own project, its tables counted."""
    project = load_project(flights.DATA.parent, {})
    sizes = {name: len(warehouse.table(name)) for name in project.model.tables}
    return Gate(project.model.with_rows(sizes), project.policies)


@pytest.fixture(scope="session")
def sample_gate() -> Gate:
    """A table of every type; whoever may call sees all of it."""
    return Gate(samples.SAMPLES, Policies())


@pytest.fixture(scope="session")
def sample_warehouse() -> duckdb.DuckDBPyConnection:
    return samples.connect()
