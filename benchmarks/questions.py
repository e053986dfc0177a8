"""The two questions everybody is asked: a small grouped one, and 100,000 rows by 8 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import lineitem
from benchmarks.places import FLIGHTS

BIG_ROWS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A table and its two questions, said once; each contender says them in its own tongue.

    `groups` and `measures` are of the small question: name -> SQL that DuckDB and DataFusion both
    read. `total` is the measure by whose sum an answer is checked. `columns` are the big one's.
    `guard` is a column and its values: a row filter that lets everything pass, and must be run.
    """

    name: str
    table: str
    file: Path
    groups: Mapping[str, str]
    measures: Mapping[str, str]
    where: str
    total: str
    columns: Sequence[str]
    guard: tuple[str, Sequence[str]]

    @property
    def used(self) -> Sequence[str]:
        """Every column that either question reads by its own name."""
        grouped = (sql for sql in self.groups.values() if sql.isidentifier())
        return tuple(dict.fromkeys((*self.columns, *grouped)))

    @property
    def small_sql(self) -> str:
        selected = {**self.groups, **self.measures}
        listed = ", ".join(f"{sql} AS {name}" for name, sql in selected.items())
        grouped = ", ".join(self.groups.values())
        return f"SELECT {listed} FROM {self.table} WHERE {self.where} GROUP BY {grouped}"  # noqa: S608 our own text

    @property
    def big_sql(self) -> str:
        return f"SELECT {', '.join(self.columns)} FROM {self.table} LIMIT {BIG_ROWS}"  # noqa: S608 our own text


def tpch(scale: float = 0.1) -> Topic:
    """Revenue and count by ship year and return flag, 1995 to 1997: five rows."""
    return Topic(
        name="tpch",
        table="lineitem",
        file=lineitem(scale),
        groups={"ship_year": "EXTRACT(year FROM l_shipdate)", "l_returnflag": "l_returnflag"},
        measures={
            "revenue": "SUM(l_extendedprice * (1 - l_discount))",
            "line_count": "COUNT(l_orderkey)",
        },
        where="l_shipdate BETWEEN DATE '1995-01-01' AND DATE '1997-12-31'",
        total="revenue",
        columns=(
            "l_orderkey",
            "l_linenumber",
            "l_quantity",
            "l_extendedprice",
            "l_discount",
            "l_returnflag",
            "l_shipdate",
            "l_shipmode",
        ),
        guard=("l_linestatus", ("F", "O")),
    )


def flights() -> Topic:
    """Distance and count by month and origin, January to June: eighteen rows."""
    return Topic(
        name="flights",
        table="flights",
        file=FLIGHTS / "flights.parquet",
        groups={"month": "month", "origin": "origin"},
        measures={"distance_sum": "SUM(distance)", "flight_count": "COUNT(flight)"},
        where="month BETWEEN 1 AND 6",
        total="distance_sum",
        columns=(
            "flight_date",
            "carrier",
            "flight",
            "origin",
            "dest",
            "dep_delay",
            "arr_delay",
            "distance",
        ),
        guard=("origin", ("EWR", "JFK", "LGA")),
    )
