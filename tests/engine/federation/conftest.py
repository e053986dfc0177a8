from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from engine.federation.spread import Spreads


@pytest.fixture(scope="session")
def spreads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spreads]:
    with ExitStack() as stack:
        yield Spreads(tmp_path_factory.mktemp("spread"), stack)
