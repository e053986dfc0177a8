"""`make test-kubernetes` runs what is here: a Kubernetes that was built from its sources."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.drivers.bench import Bench, make_image
from e2e.docker_engine import NoEngineError
from kubernetes_lab.benches import Pods, bench_in, namespace
from kubernetes_lab.lab import Lab
from kubernetes_lab.lab import lab as open_lab
from penstock.deploy.drivers.types import ImagePlace


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:  # noqa: ARG001 - pytest's own signature
    """Leave this folder out of runs that do not name it."""
    return None if any("kubernetes" in argument for argument in config.args) else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a cluster on a busy machine its time: the first test starts it."""
    for item in items:
        item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> ImagePlace:
    return make_image(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    try:
        with open_lab() as running:
            yield running
    except NoEngineError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def pods(lab: Lab) -> Iterator[Pods]:
    with namespace(lab) as found:
        yield found


@pytest.fixture(scope="module")
def shelf(pods: Pods, image: ImagePlace) -> Iterator[Bench]:
    """An installation with the image prepared: what is there already loads at once."""
    with bench_in(pods, image) as bench:
        bench.driver.prepare(image)
        yield bench


@pytest.fixture
def bench(pods: Pods, shelf: Bench) -> Iterator[Bench]:
    with bench_in(pods, shelf.image) as bench:
        yield bench
