"""The cases of the oracle, their tables in several databases: the answers are those of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import duckdb
import pytest

from engine.federation.spread import ENGINES, Spread, Spreads
from oracle.cases import Asked, Who, read_cases
from oracle.engines.types import UnderTest
from oracle.laboratory import Laboratory
from oracle.trial import Trial
from penstock.local import Project

SPREADS: Final[Mapping[str, tuple[Spread, ...]]] = {
    "flights": (
        {
            "duckdb": ("flights", "weather"),
            "sqlite": ("planes", "airlines"),
            "postgres": ("airports",),
        },
        {
            "postgres": ("flights", "weather"),
            "duckdb": ("planes",),
            "sqlite": ("airports", "airlines"),
        },
    ),
    "tpch": (
        {
            "duckdb": ("lineitem", "orders", "region"),
            "sqlite": ("part", "partsupp", "supplier"),
            "postgres": ("customer", "nation"),
        },
    ),
}

CASES = [
    pytest.param(asked, spread, id=f"{'+'.join(spread)}: {asked.id}")
    for asked in read_cases()
    for spread in SPREADS.get(asked.dataset, ())
]


@dataclass(slots=True, kw_only=True)
class Scattered(Laboratory):
    """The oracle's laboratory, in which the data is spread."""

    spreads: Spreads
    spread: Spread

    def oracle(self, name: str) -> duckdb.DuckDBPyConnection:
        return self.spreads.oracle(name)

    def project(self, engine: UnderTest, name: str, who: Who | None) -> Project:
        assert engine.name in self.spread
        return self.spreads.project(name, self.spread, who)


@pytest.mark.parametrize(("asked", "spread"), CASES)
def test_the_answer_is_that_of_sql_written_by_hand_for_one_database(
    asked: Asked, spread: Spread, spreads: Spreads
) -> None:
    missing = [reason for name in spread if (reason := ENGINES[name].missing())]
    if missing:
        pytest.skip(missing[0])
    scattered = Scattered(room=spreads.room, open=spreads.open, spreads=spreads, spread=spread)
    trial = Trial(ENGINES[next(iter(spread))], asked, scattered)

    said = trial.differ(None)

    if said:
        pytest.fail(trial.report(said), pytrace=False)
