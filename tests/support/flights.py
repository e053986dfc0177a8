"""The reference model, by hand: the core is tested apart from the loading of projects.

It has the tables of the repository's own project, and formulas of its own that the tests need. The
worked answers are asked of both (tests/oracle).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import duckdb

from penstock.auth.principal import Principal
from penstock.model.types import (
    Attribute,
    Column,
    DataType,
    Formula,
    Key,
    Model,
    Relationship,
    SemiAdditive,
    Table,
    Take,
)
from penstock.policy.types import Policies, Role, RowFilter

DATA: Final = Path(__file__).parents[2] / "data"

_D, _F, _I, _S = DataType.DATE, DataType.FLOAT, DataType.INTEGER, DataType.STRING


def columns(**types: DataType) -> dict[str, Attribute]:
    return {n: Attribute(name=n, type=type_, source=Column(n)) for n, type_ in types.items()}


def formula(
    name: str, text: str, *uses: str, type_: DataType = _F, aggregates: bool = False
) -> Attribute:
    source = Formula(text=text, uses=uses, aggregates=aggregates)
    return Attribute(name=name, type=type_, source=source)


def balance(
    name: str,
    column: str,
    *per: str,
    over: str,
    take: Take = Take.LAST,
    type_: DataType = _I,
) -> Attribute:
    """Return a column that adds up over everything but time."""
    semi = SemiAdditive(over=over, take=take, per=per)
    return Attribute(name=name, type=type_, source=Column(column), semi_additive=semi)


def relationship(name: str, table: str, **keys: str) -> Relationship:
    """Relate own attributes to the other's: `origin="faa"`."""
    pairs = tuple(Key(own, other, own, other) for own, other in keys.items())
    return Relationship(name=name, table=table, keys=pairs)


def table(
    name: str,
    attributes: dict[str, Attribute],
    *relationships: Relationship,
    rows: int | None = None,
    labels: dict[str, tuple[str, str]] | None = None,
) -> Table:
    named = {n: replace(a, label=(labels or {}).get(n)) for n, a in attributes.items()}
    return Table(
        name=name,
        database="demo",
        source=(name,),
        attributes=named,
        relationships={r.name: _typed(r, attributes) for r in relationships},
        rows=rows,
    )


def _typed(found: Relationship, attributes: Mapping[str, Attribute]) -> Relationship:
    """Say of what type the keys are: both sides are of that of the owner's attribute."""
    types = {name: attribute.type for name, attribute in attributes.items()}
    keys = tuple(
        replace(key, own_type=types[key.own], other_type=types[key.own]) for key in found.keys
    )
    return replace(found, keys=keys)


def model(*tables: Table) -> Model:
    return Model(digest="a model of the tests", tables={t.name: t for t in tables})


_LATE = "SUM(CASE WHEN arr_delay > 15 THEN 1 ELSE 0 END) / COUNT(arr_delay)"

_FLIGHTS = table(
    "flights",
    {
        **columns(flight_date=_D, year=_I, month=_I, day=_I, dep_time=_I, sched_dep_time=_I),
        **columns(dep_delay=_I, arr_time=_I, sched_arr_time=_I, arr_delay=_I, carrier=_S),
        **columns(flight=_I, tailnum=_S, origin=_S, dest=_S, air_time=_I, distance=_I),
        **columns(hour=_I, minute=_I),
        "gained": formula("gained", "dep_delay - arr_delay", "dep_delay", "arr_delay", type_=_I),
        "square": formula("square", "distance * distance", "distance", type_=_I),
        "speed_mph": formula("speed_mph", "distance / air_time * 60", "distance", "air_time"),
        "route": formula("route", "origin || '-' || dest", "origin", "dest", type_=_S),
        "haul": formula(
            "haul", "CASE WHEN square > 1000000 THEN 'long' ELSE 'short' END", "square", type_=_S
        ),
        "late_share": formula("late_share", _LATE, "arr_delay", aggregates=True),
        "gained_share": formula(
            "gained_share", "SUM(gained) / COUNT(gained)", "gained", aggregates=True
        ),
        # Of each day, month or year the miles of its last day: of all, or of each aircraft's own.
        "last_miles": balance("last_miles", "distance", over="flight_date"),
        "craft_miles": balance("craft_miles", "distance", "tailnum", over="flight_date"),
        "craft_mean": formula(
            "craft_mean",
            "SUM(craft_miles) / COUNT(carrier)",
            "craft_miles",
            "carrier",
            aggregates=True,
        ),
        "doubtful": formula("doubtful", "late_share * 100", "late_share", aggregates=True),
    },
    relationship("plane", "planes", tailnum="tailnum"),
    relationship("airline", "airlines", carrier="carrier"),
    relationship("origin_airport", "airports", origin="faa"),
    relationship("dest_airport", "airports", dest="faa"),
    relationship("weather", "weather", origin="origin", flight_date="weather_date", hour="hour"),
    rows=336_776,
    labels={"carrier": ("airline", "name"), "dest": ("dest_airport", "name")},
)

_PLANES = columns(
    tailnum=_S, year=_F, type=_S, manufacturer=_S, model=_S, engines=_I, seats=_I, speed=_F
)

FLIGHTS: Final = model(
    _FLIGHTS,
    table("airlines", columns(carrier=_S, name=_S), rows=16),
    table("airports", columns(faa=_S, name=_S, lat=_F, lon=_F, alt=_I, tz=_I, dst=_S), rows=1_458),
    table("planes", _PLANES, rows=3_322),
    table(
        "weather",
        columns(origin=_S, weather_date=_D, hour=_I, temp=_F, wind_speed=_F, precip=_F),
        rows=26_115,
    ),
)

POLICIES: Final = Policies(
    roles={
        "analyst": Role(name="analyst"),
        "station_agent": Role(
            name="station_agent",
            rows=(
                RowFilter(
                    tables=("flights", "weather"), filter={"origin": {"in": "$principal.stations"}}
                ),
            ),
            hidden={"flights": frozenset({"tailnum"}), "planes": frozenset(_PLANES)},
        ),
        "southerner": Role(
            name="southerner",
            rows=(RowFilter(tables=("airports",), filter={"lat": {"lt": 35}}),),
        ),
    }
)

ANALYST: Final = Principal(subject="ada", kind="key", roles=("analyst",))
AGENT: Final = Principal(
    subject="bob", kind="key", roles=("station_agent",), attributes={"stations": ("JFK",)}
)
SOUTHERNER: Final = Principal(subject="cy", kind="key", roles=("southerner",))


def connect() -> duckdb.DuckDBPyConnection:
    """Open the real flights, each table a view of its file."""
    connection = duckdb.connect()
    for name in FLIGHTS.tables:
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM '{DATA / name}.parquet'")
    return connection
