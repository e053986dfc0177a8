"""Folders whose paths are short enough for the sockets in them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.gateway.site import Site, site


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="penstock-") as name:
        yield Path(name)


@pytest.fixture
def two(folder: Path) -> Iterator[Site]:
    """A running gateway with two nodes, blue and green, that it does not know yet."""
    with site(folder, "blue", "green") as opened:
        yield opened
