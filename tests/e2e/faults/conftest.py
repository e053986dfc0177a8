from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.stack import Stack, serving


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A project that serves from two process nodes behind the gateway."""
    with serving(tmp_path_factory.mktemp("stack"), nodes=2) as made:
        yield made


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Stack]:
    """The same, for a test that leaves nothing whole behind."""
    with serving(tmp_path, nodes=2) as made:
        yield made
