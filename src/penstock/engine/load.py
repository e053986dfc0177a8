"""An engine's name → the engine, open."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from penstock.engine.types import Engine, EngineSettings
from penstock.errors import ConfigurationError, suggestion

_GROUP: Final = "penstock.engines"
# Ours are also entry points, for others to find; a source tree that was never installed has none.
_OWN: Final = {"duckdb": "penstock.engine.duckdb:DuckDB"}


def engine_names() -> tuple[str, ...]:
    """Return the names of the engines that can be opened, ours and third parties'."""
    return tuple(sorted({*_OWN, *entry_points(group=_GROUP).names}))


def open_engine(name: str, settings: EngineSettings) -> Engine:
    """Open a database. Raises ConfigurationError, UnavailableError."""
    point = EntryPoint(name, _OWN[name], _GROUP) if name in _OWN else _find(name)
    return _load(point)(settings)


def _find(name: str) -> EntryPoint:
    for point in entry_points(group=_GROUP, name=name):
        return point
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
