"""An engine's name → the engine, open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Final, Protocol

from penstock.engine.files import Lake
from penstock.engine.types import Across, Engine, EngineSettings
from penstock.errors import ConfigurationError, suggestion

_GROUP: Final = "penstock.engines"
# Ours are also entry points, for others to find; a source tree that was never installed has none.
_OWN: Final = {
    "clickhouse": "penstock.engine.clickhouse:ClickHouse",
    "databricks": "penstock.engine.databricks:Databricks",
    "duckdb": "penstock.engine.duckdb:DuckDB",
    "mariadb": "penstock.engine.mysql:MariaDB",
    "mysql": "penstock.engine.mysql:MySQL",
    "postgres": "penstock.engine.postgres:PostgreSQL",
    "spark": "penstock.engine.spark:Spark",
    "sqlite": "penstock.engine.sqlite:SQLite",
    "trino": "penstock.engine.trino:Trino",
}
# Their SQL is written, and tested by golden files; nothing here connects to them yet.
_SPOKEN: Final = {
    "bigquery": "BigQuery",
    "mssql": "SQL Server",
    "redshift": "Redshift",
    "snowflake": "Snowflake",
}


def engine_names() -> tuple[str, ...]:
    """Return the names of the engines that can be opened, ours and third parties'."""
    return tuple(sorted({*_OWN, *entry_points(group=_GROUP).names}))


def open_federation(engines: Mapping[str, Engine], *, memory: int, threads: int) -> Across | None:
    """Return what joins the answers of several databases, None where DuckDB is not installed."""
    try:
        opening: _Opening = import_module("penstock.engine.federation").Federation
    except ImportError:
        return None
    return opening(engines, memory=memory, threads=threads)


class _Opening(Protocol):
    def __call__(self, engines: Mapping[str, Engine], *, memory: int, threads: int) -> Across: ...


def open_engine(name: str, settings: EngineSettings) -> Engine:
    """Open a database. Raises ConfigurationError, UnavailableError."""
    point = EntryPoint(name, _OWN[name], _GROUP) if name in _OWN else _find(name)
    return _load(point)(settings)


def engine_dialect(name: str, settings: EngineSettings) -> str:
    """Return how a database speaks, opened only if its engine does not say so beforehand.

    Raises ConfigurationError.
    """
    point = EntryPoint(name, _OWN[name], _GROUP) if name in _OWN else _find(name)
    opening = _load(point)
    said: object = getattr(opening, "dialect", None)
    if isinstance(said, str):
        return said
    engine = opening(settings)
    try:
        return engine.dialect
    finally:
        engine.close()


def engine_package(name: str) -> str | None:
    """Return the distribution that a third party's engine is in, None for ours and for lakes."""
    if name in _OWN or name in set(Lake):
        return None
    distribution = _find(name).dist
    return None if distribution is None else distribution.name


def _find(name: str) -> EntryPoint:
    for point in entry_points(group=_GROUP, name=name):
        return point
    if name in _SPOKEN:
        raise ConfigurationError(
            f"Penstock writes the SQL of {_SPOKEN[name]}, but cannot connect to it yet.",
            hint="Reach it through Trino, or install a package that adds the engine.",
        )
    known = engine_names()
    raise ConfigurationError(
        f"There is no engine {name!r}.",
        hint=suggestion(name, known) or f"There are: {', '.join(known)}.",
    )


def _load(point: EntryPoint) -> Callable[[EngineSettings], Engine]:
    try:
        opening: Callable[[EngineSettings], Engine] = getattr(
            import_module(point.module), point.attr
        )
    except ImportError as error:
        missing = error.name or point.module
        raise ConfigurationError(
            f"The engine {point.name!r} needs the package {missing!r}, which is not installed.",
            hint=f'pip install "penstock[{point.name}]"',
        ) from error
    except AttributeError as error:
        raise ConfigurationError(
            f"The engine {point.name!r} is declared as {point.value!r}, which does not exist.",
            hint="Its package is broken, or of another version.",
        ) from error
    return opening
