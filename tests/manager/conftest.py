from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from manager.asking import Asked, managing


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Asked]:
    with managing(tmp_path / "state") as asked:
        yield asked
