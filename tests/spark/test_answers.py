"""The worked answers of the language, and a selection of the questions asked of every engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pyarrow.parquet as pq
import pytest

from oracle.cases import Asked, read_cases
from oracle.engines.types import Connector, Load
from oracle.laboratory import Laboratory
from oracle.trial import assert_same_answer
from support.spark_cluster import Cluster

# Each costs a second and more on a cluster: all of the first, every third of the others.
WHOLE = frozenset({"worked_answers", "granularities"})
CHOSEN = [
    asked for number, asked in enumerate(read_cases()) if asked.topic in WHOLE or number % 3 == 0
]


@dataclass(frozen=True, slots=True)
class SparkFiles:
    """Spark over Parquet files, the way an oracle's engine is: its own place, always running."""

    cluster: Cluster
    name: str = "spark"

    def missing(self) -> None:
        return None

    @contextmanager
    def start(self) -> Iterator[SparkFiles]:
        yield self

    def load(self, load: Load) -> Connector:
        (load.project / "data").mkdir()
        for name, table in load.tables.items():
            pq.write_table(table, load.project / "data" / f"{name}.parquet")
        files = {name: f"data/{name}.parquet" for name in load.tables}
        return {"engine": "spark", "files": files, "options": {"url": self.cluster.url}}


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with ExitStack() as stack:
        yield Laboratory(tmp_path_factory.mktemp("oracle"), stack)


@pytest.fixture(scope="session")
def engine(cluster: Cluster) -> SparkFiles:
    return SparkFiles(cluster)


@pytest.mark.parametrize("asked", CHOSEN, ids=lambda asked: asked.id)
def test_the_answer_is_that_of_sql_written_by_hand(
    asked: Asked, engine: SparkFiles, laboratory: Laboratory
) -> None:
    assert_same_answer(engine, asked, laboratory)
