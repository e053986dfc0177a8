"""A model and its database → a first question that it answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from penstock.auth.principal import LOCAL, Principal
from penstock.engine.types import Engine
from penstock.errors import PenstockError
from penstock.model.types import Attribute, DataType, Model, Table
from penstock.plan.build import build_plan
from penstock.policy.permit import Gate
from penstock.policy.types import Policies
from penstock.project.rehearse import prepare
from penstock.query.parse import read_query
from penstock.query.types import Json, Limits

_SECONDS: Final = 120.0
_LIMITS: Final = Limits()
_TRIED: Final = 5  # tables, the largest first
_LATEST: Final = 24  # periods

# Words of names that are worth a sum: the sum of other numbers, of hours say, may be nonsense.
_SUMMED: Final = frozenset(
    {
        *("amount", "cost", "distance", "duration", "fee", "price", "profit", "qty", "quantity"),
        *("revenue", "sales", "spend", "tax", "total", "value", "volume", "weight"),
    }
)
# Words of names that add up to nonsense over days, however good the rest of the name sounds.
_STOCKS: Final = frozenset(
    {"balance", "balances", "headcount", "inventory", "level", "levels", "stock", "stocks"}
)


def find_first(model: Model, engine: Engine) -> dict[str, Json]:
    """Return a query that the database has just answered. Raises what the last one raised."""
    refusal: PenstockError | None = None
    # An empty table is refused when it is asked; here it may stand for what it will hold.
    filled = model.with_rows({name: table.rows or 1 for name, table in model.tables.items()})
    for table, query in _candidates(model):
        try:
            if _table_of(query, filled) == table:
                _run(query, filled, engine)
                return query
        except PenstockError as error:
            refusal = error
    assert refusal is not None  # noqa: S101 - a query that forces its table is about no other
    raise refusal


def _candidates(model: Model) -> Iterator[tuple[str, dict[str, Json]]]:
    tables = sorted(model.tables.values(), key=lambda table: (-(table.rows or 0), table.name))
    for table in tables[:_TRIED]:
        measure, scale = _measure(table), _scale(table)
        if measure is not None and scale is not None:
            yield from _asked(table, measure, "sum", scale)
    for table in tables[:_TRIED]:
        yield from _asked(table, next(iter(table.attributes.values())), "count", _scale(table))
    for table in tables[:_TRIED]:
        yield from _asked(table, next(iter(table.attributes.values())), "count", None)


def _asked(
    table: Table, measure: Attribute, compute: str, scale: Attribute | None
) -> Iterator[tuple[str, dict[str, Json]]]:
    """Yield a question in plain names, and in words that can mean nothing else."""
    for prefix, forced in (("", {}), (f"{table.name}.", {"table_name": table.name})):
        name = f"{prefix}{measure.name}"
        query: dict[str, Json] = {"data": {"fields": {name: [compute]}, "limit": 10}, **forced}
        if scale is not None:
            by = f"{prefix}{scale.name}"
            is_time = scale.type.is_temporal
            key = f"{by}:month" if is_time else by
            query["data"] = {
                "fields": {name: [compute]},
                "limit": _LATEST if is_time else 10,
            }
            query["scale"] = {"fields": [key]}
            query["order"] = {key if is_time or key == name else name: "desc"}
        yield table.name, query


def _measure(table: Table) -> Attribute | None:
    """Return a number that it makes sense to add up, as far as its name and type tell."""
    numbers = [
        a
        for a in table.attributes.values()
        if a.type.is_number and not _is_key(a, table) and not _STOCKS & _words(a)
    ]
    named = (a for a in numbers if _SUMMED & _words(a))
    decimals = (a for a in numbers if a.type is DataType.DECIMAL)
    return _first(named) or _first(decimals)


def _words(attribute: Attribute) -> set[str]:
    return {*attribute.name.lower().split("_")}


def _scale(table: Table) -> Attribute | None:
    """Return what to group by: a time, else what leads to another table, else a text."""
    attributes = [*table.attributes.values()]
    linked = [a for a in attributes if _is_key(a, table) and a is not attributes[0]]
    texts = [a for a in attributes[1:] if a.type in {DataType.STRING, DataType.BOOLEAN}]
    times = [a for a in attributes if a.type.is_temporal]
    return _first(times) or _first(linked) or _first(texts)


def _first(attributes: Iterable[Attribute]) -> Attribute | None:
    return next(iter(attributes), None)


def _is_key(attribute: Attribute, table: Table) -> bool:
    is_linked = any(k.own == attribute.name for r in table.relationships.values() for k in r.keys)
    return is_linked or attribute.name.lower().endswith("id")


def _table_of(query: Mapping[str, Json], model: Model) -> str:
    caller = Principal(subject="init", kind=LOCAL)
    return build_plan(Gate(model, Policies()).permit(read_query(query, _LIMITS), caller)).table


def _run(query: Mapping[str, Json], model: Model, engine: Engine) -> None:
    """Ask a question of the database, as somebody will. Raises why it has no answer."""
    statement = prepare(query, model, _LIMITS, dialect=engine.dialect)
    running = engine.run(statement, timeout=_SECONDS)
    try:
        for _ in running:
            pass
    finally:
        running.close()
