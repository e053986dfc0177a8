"""All cases, on the engine that a test file is named after: `test_sqlite.py`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from oracle.cases import read_cases
from oracle.engines.registry import ENGINES
from oracle.laboratory import Laboratory


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        engine = ENGINES[metafunc.module.__name__.rpartition("test_")[2]]
        cases = [pytest.param(engine, asked, id=asked.id) for asked in read_cases()]
        metafunc.parametrize(("engine", "asked"), cases)


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with ExitStack() as stack:
        yield Laboratory(tmp_path_factory.mktemp("oracle"), stack)


@pytest.fixture(autouse=True)
def _missing(request: pytest.FixtureRequest) -> None:
    engine = getattr(getattr(request.node, "callspec", None), "params", {}).get("engine")
    if engine is not None and (reason := engine.missing()) is not None:
        pytest.skip(reason)
