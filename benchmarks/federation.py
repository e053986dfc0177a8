"""A million rows joined with ten thousand: in two databases, against the same in one."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import duckdb

from benchmarks.effort import Effort
from benchmarks.report import Result
from penstock.local import Project
from penstock.query.types import Json

TARGET: Final = 2.0
WARM_UP: Final = 3

_SALES: Final = """
CREATE TABLE sales AS SELECT
  i AS id, CAST(hash(i) % 10000 AS INTEGER) AS shop, CAST(hash(i + 1) % 50 AS INTEGER) AS units,
  (hash(i + 2) % 100000) / 7 AS amount,
  DATE '2024-01-01' + CAST(hash(i + 3) % 366 AS INTEGER) AS day
FROM range(1000000) t(i)
"""
_SHOPS: Final = """
CREATE TABLE shops AS SELECT
  CAST(i AS INTEGER) AS id, 'city ' || (hash(i) % 500) AS city,
  'region ' || (hash(i + 9) % 12) AS region
FROM range(10000) t(i)
"""
_MODEL: Final = """
tables:
  sales:
    database: {sales}
    attributes:
      id: {{type: integer}}
      shop: {{type: integer}}
      units: {{type: integer}}
      amount: {{type: float}}
      day: {{type: date}}
    relationships:
      place: {{to: shops, on: {{shop: id}}}}
  shops:
    database: {shops}
    attributes:
      id: {{type: integer}}
      city: {{type: string}}
      region: {{type: string}}
"""

QUESTIONS: Final[Mapping[str, Mapping[str, Json]]] = {
    "sums and means by an attribute of the other database": {
        "data": {"fields": {"amount": ["sum", "avg"], "units": ["sum"]}},
        "scale": {"fields": ["region"]},
    },
    "the same by month too": {
        "data": {"fields": {"amount": ["sum", "avg"], "units": ["sum"]}},
        "scale": {"fields": ["region", "day:month"]},
    },
    "medians, for which every row has to come": {
        "data": {"fields": {"amount": ["median"]}},
        "scale": {"fields": ["region"]},
    },
    "distinct counts, a filter on either side": {
        "data": {"fields": {"shop": ["count_distinct"]}},
        "scale": {"fields": ["city"]},
        "filter": {"day": {"during": "2024-Q2"}, "region": ["region 1", "region 2", "region 3"]},
    },
    "a few shops, picked in the other database": {
        "data": {"fields": {"amount": ["sum", "median"]}},
        "scale": {"fields": ["day"]},
        "filter": {"city": "city 7"},
    },
    "the first thousand rows of a listing": {
        "data": {"fields": {"amount": ["select"], "city": ["select"]}, "limit": 1000},
        "order": {"amount": "desc"},
    },
}


def measure_federation(effort: Effort) -> Sequence[Result]:
    with tempfile.TemporaryDirectory() as room:
        one = _make(Path(room, "one"), {"all": (_SALES, _SHOPS)}, sales="all", shops="all")
        two = _make(Path(room, "two"), {"a": (_SALES,), "b": (_SHOPS,)}, sales="a", shops="b")
        with Project(one) as together, Project(two) as apart:
            return [
                _compared(what, query, together, apart, max(5, effort.turns // 20))
                for what, query in QUESTIONS.items()
            ]


def _make(folder: Path, databases: Mapping[str, Sequence[str]], *, sales: str, shops: str) -> Path:
    for part in ("connectors", "models", "data"):
        (folder / part).mkdir(parents=True)
    (folder / "penstock.yaml").write_text("name: sales\n", encoding="utf-8")
    model = _MODEL.format(sales=sales, shops=shops)
    (folder / "models" / "sales.yaml").write_text(model, encoding="utf-8")
    for name, scripts in databases.items():
        said = f"engine: duckdb\ndatabase: data/{name}.duckdb\n"
        (folder / "connectors" / f"{name}.yaml").write_text(said, encoding="utf-8")
        with duckdb.connect(folder / "data" / f"{name}.duckdb") as connection:
            for script in scripts:
                connection.execute(script)
    return folder


def _compared(
    what: str, query: Mapping[str, Json], together: Project, apart: Project, turns: int
) -> Result:
    """Ask both in turn, so that what else the machine does falls on both."""
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(WARM_UP + turns):
        for project, times in zip((together, apart), took, strict=True):
            begun = time.perf_counter()
            project.query(query)
            times.append((time.perf_counter() - begun) * 1e3)
    one, two = (statistics.median(times[WARM_UP:]) for times in took)
    return Result(
        what=f"1 million rows × 10,000 in two databases: {what}",
        target=f"≤ {TARGET:g} × one database",
        measured=f"{two / one:.2f} × ({two:.1f} ms, {one:.1f} ms in one)",
        reached=two / one <= TARGET,
        basis=f"medians of {turns}, DuckDB files, 2 threads",
    )
