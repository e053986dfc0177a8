"""What the parts of a question in SQL are, once they are understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from penstock.model.types import DataType, Table
from penstock.plan.types import Column
from penstock.query.types import Value
from penstock.sql.dialects.kinds import is_exact
from penstock.sql.types import Template


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """SQL of the engine for every question of one shape.

    `constants` are the values that the text itself held; they follow the caller's, and the number
    of rows is the last. `own_limit` is the LIMIT of the text: a number, or a slot of the caller's.
    """

    template: Template
    constants: tuple[Value, ...]
    columns: tuple[Column, ...]
    tables: tuple[str, ...]
    database: str | None
    own_limit: Limit | None


@dataclass(frozen=True, slots=True)
class Limit:
    """A number, or the slot that holds it."""

    rows: int | None
    slot: int | None


@dataclass(frozen=True, slots=True)
class Named:
    """A column that can be named: what the caller calls it, and what we do.

    `is_measure`: it is worked out of groups of rows. `is_exact`: it is surely a decimal, though its
    type may be taken for a float.
    """

    name: str
    emitted: str
    type: exp.DataType | None
    attribute: str | None = None
    is_measure: bool = False
    is_exact: bool = False


@dataclass(slots=True)
class Output:
    """A column that a SELECT gives."""

    name: str
    tree: exp.Expr
    emitted: str
    attribute: str | None = None
    is_measure: bool = False

    @property
    def named(self) -> Named:
        return Named(
            name=self.name,
            emitted=self.emitted,
            type=self.type,
            attribute=self.attribute,
            is_measure=self.is_measure,
            is_exact=is_exact(self.tree),
        )

    @property
    def type(self) -> exp.DataType | None:
        is_several = isinstance(self.tree.unnest(), exp.Tuple)
        return exp.DataType(this=exp.DType.STRUCT) if is_several else self.tree.type


@dataclass(slots=True)
class Source:
    """What stands in a FROM. `table` is set for a table of the model, `used` says what of it."""

    name: str
    alias: str
    columns: Sequence[Named]
    tree: exp.Expr
    table: Table | None = None
    used: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Result:
    """A whole SELECT, or several put together. `weight` counts the readings of tables in it."""

    tree: exp.Query
    columns: tuple[Named, ...]
    weight: int


_BY_TYPE: Final = {
    DataType.BOOLEAN: exp.DType.BOOLEAN,
    DataType.INTEGER: exp.DType.BIGINT,
    DataType.FLOAT: exp.DType.DOUBLE,
    DataType.DECIMAL: exp.DType.DECIMAL,
    DataType.STRING: exp.DType.VARCHAR,
    DataType.DATE: exp.DType.DATE,
    DataType.TIMESTAMP: exp.DType.TIMESTAMP,
    DataType.TIMESTAMP_TZ: exp.DType.TIMESTAMPTZ,
    DataType.TIME: exp.DType.TIME,
}


def type_to_sql(type_: DataType) -> exp.DataType | None:
    found = _BY_TYPE.get(type_)
    return None if found is None else exp.DataType(this=found)


def type_from_sql(type_: exp.DataType | None) -> DataType | None:
    """Return the type of the language, None where it has none or it is not known."""
    if type_ is None or type_.args.get("nested"):
        return None
    return _FROM_SQL.get(type_.this)


_FROM_SQL: Final = {
    **dict.fromkeys(exp.DataType.INTEGER_TYPES, DataType.INTEGER),
    **dict.fromkeys(exp.DataType.FLOAT_TYPES, DataType.FLOAT),
    **dict.fromkeys(exp.DataType.TEXT_TYPES, DataType.STRING),
    exp.DType.BOOLEAN: DataType.BOOLEAN,
    exp.DType.DECIMAL: DataType.DECIMAL,
    exp.DType.DATE: DataType.DATE,
    exp.DType.TIMESTAMP: DataType.TIMESTAMP,
    exp.DType.TIMESTAMPNTZ: DataType.TIMESTAMP,
    exp.DType.DATETIME: DataType.TIMESTAMP,
    exp.DType.DATETIME2: DataType.TIMESTAMP,
    exp.DType.TIMESTAMPTZ: DataType.TIMESTAMP_TZ,
    exp.DType.TIME: DataType.TIME,
}
