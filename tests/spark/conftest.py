"""`make test-spark` runs what is here: to start a cluster takes half a minute and 2 GB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.engine.spark import Spark
from spark.sessions import opened
from support.spark_cluster import Cluster, find_missing, run_cluster


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:  # noqa: ARG001 - pytest's own signature
    """Leave this folder out of runs that do not name it."""
    return None if any("spark" in argument for argument in config.args) else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a cluster on a busy machine its time: the first to ask opens a whole project."""
    for item in items:
        item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    missing = find_missing()
    if missing is not None:
        pytest.skip(missing)
    with run_cluster(tmp_path_factory.mktemp("spark")) as running:
        yield running


@pytest.fixture(scope="session")
def flights(cluster: Cluster) -> Iterator[Spark]:
    """The flights, as views of the files of the repository."""
    with opened(cluster) as engine:
        yield engine
