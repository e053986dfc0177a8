"""Every case runs on every engine; where a gap is declared, it has to be that gap."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack

import pytest

from contract.data import SAMPLES
from contract.registry import ENGINES, find_gap
from contract.types import Contender, Gap, Server
from penstock.engine.load import open_engine
from penstock.engine.types import Engine
from penstock.errors import PenstockError


@pytest.fixture(scope="session", params=ENGINES)
def contender(request: pytest.FixtureRequest) -> Contender:
    found = ENGINES[request.param]
    missing = found.missing()
    if missing is not None:
        pytest.skip(missing)
    return found


@pytest.fixture(scope="session")
def server(contender: Contender) -> Iterator[Server]:
    """The engine's database, running, with all samples in it."""
    with contender.start() as started:
        for sample in SAMPLES:
            started.load(sample)
        yield started


@pytest.fixture(scope="session")
def engine(contender: Contender, server: Server) -> Iterator[Engine]:
    """One engine for the cases that leave it as it was."""
    opened = open_engine(contender.name, server.settings())
    yield opened
    opened.close()


@pytest.fixture
def opened(contender: Contender, server: Server) -> Iterator[Engine]:
    """An engine of the case's own."""
    with ExitStack() as stack:
        found = open_engine(contender.name, server.settings())
        stack.callback(found.close)
        yield found


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    gap = _find_gap(pyfuncitem)
    try:
        found = yield
    except (Exception, pytest.fail.Exception) as error:
        if gap is None:
            raise
        assert _told(error) == gap.error, "another error than the gap declares"  # noqa: PT017 - a hook, not a test
        return True
    assert gap is None, f"the gap is closed: declare it no more ({gap})"
    return found


def _find_gap(item: pytest.Function) -> Gap | None:
    parameters: dict[str, object] = getattr(getattr(item, "callspec", None), "params", {})
    engine = parameters.get("contender")
    if not isinstance(engine, str):
        return None
    # `test_x[postgres-month]` is the case `x[month]`.
    whole, _, inside = item.name.removeprefix("test_").partition("[")
    own = inside.removesuffix("]").removeprefix(engine).removeprefix("-")
    return find_gap(engine, f"{whole}[{own}]" if own else whole)


def _told(error: BaseException) -> str:
    if isinstance(error, PenstockError):
        return f"{error.code}: {error.detail}"
    return "other"
