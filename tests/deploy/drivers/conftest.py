"""Benches: an engine for as long as a module's cases run on it, an installation for each case."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.drivers.bench import Bench, make_bench, make_image
from deploy.drivers.engines import ENGINES
from e2e.docker_engine import NoEngineError
from penstock.deploy.drivers.types import ImagePlace


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> ImagePlace:
    return make_image(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="module", params=sorted(ENGINES))
def shelf(request: pytest.FixtureRequest, image: ImagePlace) -> Iterator[Bench]:
    """Each engine in turn, with the image prepared: what is there already loads at once."""
    name: str = request.param
    try:
        with ENGINES[name]() as engine, tempfile.TemporaryDirectory() as home:
            bench = make_bench(name, engine, image, Path(home))
            bench.driver.prepare(image)
            yield bench
            bench.leave()
    except NoEngineError as reason:
        pytest.skip(str(reason))


@pytest.fixture
def bench(shelf: Bench) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as home:
        bench = make_bench(shelf.name, shelf.engine, shelf.image, Path(home))
        try:
            yield bench
        finally:
            bench.leave()
