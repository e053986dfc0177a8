"""Statements that ask a database whether a model is true of it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp, select

from penstock.model.types import DataType
from penstock.sql.dialects.find import find_dialect
from penstock.sql.types import Statement


def count_duplicates(source: Sequence[str], columns: Sequence[str], *, dialect: str) -> Statement:
    """Count the keys that several rows have; rows without a whole key join nothing."""
    return _counted(_duplicates(source, columns, dialect), dialect)


def count_matched_duplicates(
    source: Sequence[str],
    owner: Sequence[str],
    columns: Sequence[tuple[str, str]],
    *,
    dialect: str,
) -> Statement:
    """Count the duplicate keys that some row of the owning relation has: those that a join feels.

    `columns` are pairs of the owner's column and the relation's.
    """
    keys = [exp.column(f"k{i}", table=_FOUND, quoted=True) for i, _ in enumerate(columns)]
    equal = [
        exp.EQ(this=_key(_OWN, own, dialect), expression=key)
        for (own, _), key in zip(columns, keys, strict=True)
    ]
    matched = exp.Exists(
        this=select(exp.Literal.number(1)).from_(_relation(owner, _OWN)).where(*equal)
    )
    # The duplicates are few: it is they that are looked for, not each row of the relation.
    duplicates = _duplicates(source, [other for _, other in columns], dialect)
    return _counted(duplicates, dialect, matched)


def count_alone(
    source: Sequence[str],
    owner: Sequence[str],
    columns: Sequence[tuple[str, str]],
    *,
    dialect: str,
) -> Statement:
    """Count the rows of the owning relation that have no partner: those that an inner join drops.

    `columns` are pairs of the owner's column and the relation's.
    """
    equal = [
        exp.EQ(this=_key(_OWN, own, dialect), expression=_key(_ALL, other, dialect))
        for own, other in columns
    ]
    partner = exp.Exists(
        this=select(exp.Literal.number(1)).from_(_relation(source, _ALL)).where(*equal)
    )
    counted = select(exp.Count(this=exp.Star()).as_("alone")).from_(_relation(owner, _OWN))
    return Statement(find_dialect(dialect).write(counted.where(exp.Not(this=partner))).text, ())


def find_duplicates(
    source: Sequence[str],
    columns: Sequence[str],
    types: tuple[DataType, ...],
    most: int,
    *,
    dialect: str,
) -> Statement:
    """Find the keys that several rows have, no more than so many, as columns k0, k1 and so on."""
    tongue = find_dialect(dialect)
    found = _duplicates(source, columns, dialect).limit(most)
    return Statement(tongue.write(found).text, (), types)


def find_keys(
    source: Sequence[str], columns: Sequence[str], types: tuple[DataType, ...], *, dialect: str
) -> Statement:
    """Find the different keys of a relation, as columns k0, k1 and so on."""
    keys = [exp.alias_(_column(_ALL, name), f"k{i}", quoted=True) for i, name in enumerate(columns)]
    different = select(*keys).distinct().from_(_relation(source, _ALL))
    return Statement(find_dialect(dialect).write(different).text, (), types)


def count_filled(source: Sequence[str], column: str, *, dialect: str) -> Statement:
    """Count the rows that have a value in this column."""
    counted = select(exp.Count(this=_column(_ALL, column)).as_("filled"))
    return Statement(counted.from_(_relation(source, _ALL)).sql(dialect=dialect, identify=True), ())


def count_met(
    source: Sequence[str], owner: Sequence[str], pair: tuple[str, str], *, dialect: str
) -> Statement:
    """Count the rows of the owning relation whose value is found in the other one.

    `pair` is the owner's column and the relation's.
    """
    others = select(_column(_ALL, pair[1])).from_(_relation(source, _ALL))
    met = exp.In(this=_column(_OWN, pair[0]), query=others.subquery())
    counted = select(exp.Count(this=exp.Star()).as_("met")).from_(_relation(owner, _OWN))
    return Statement(counted.where(met).sql(dialect=dialect, identify=True), ())


def count_unfilled(source: Sequence[str], columns: Sequence[str], *, dialect: str) -> Statement:
    """Count the rows that have no value, for each column: as n0, n1 and so on, in one look."""
    rows = exp.Count(this=exp.Star())
    counted = [
        exp.alias_(rows - exp.Count(this=_column(_ALL, name)), f"n{i}", quoted=True)
        for i, name in enumerate(columns)
    ]
    statement = select(*counted).from_(_relation(source, _ALL))
    return Statement(find_dialect(dialect).write(statement).text, ())


def find_newest(source: Sequence[str], column: str, type_: DataType, *, dialect: str) -> Statement:
    """Find the largest value of a column, null where there is none."""
    newest = select(exp.Max(this=_column(_ALL, column)).as_("newest"))
    text = newest.from_(_relation(source, _ALL)).sql(dialect=dialect, identify=True)
    return Statement(text, (), (type_,))


_ALL, _OWN, _FOUND = "all", "own", "found"


def _duplicates(source: Sequence[str], columns: Sequence[str], dialect: str) -> exp.Select:
    keys = [_key(_ALL, name, dialect) for name in columns]
    return (
        select(*(exp.alias_(key, f"k{i}", quoted=True) for i, key in enumerate(keys)))
        .from_(_relation(source, _ALL))
        .where(*(exp.Not(this=exp.Is(this=key, expression=exp.Null())) for key in keys))
        .group_by(*keys)
        .having(exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1)))
    )


def _counted(inner: exp.Select, dialect: str, *conditions: exp.Expr) -> Statement:
    counted = select(exp.Count(this=exp.Star()).as_("duplicates"))
    counted = counted.from_(inner.subquery(_FOUND)).where(*conditions)
    return Statement(find_dialect(dialect).write(counted).text, ())


def _relation(source: Sequence[str], alias: str) -> exp.Expr:
    *qualifiers, name = [exp.to_identifier(part, quoted=True) for part in source]
    table = exp.Table(
        this=name,
        db=qualifiers[-1] if qualifiers else None,
        catalog=qualifiers[-2] if len(qualifiers) > 1 else None,
    )
    return exp.alias_(table, alias, quoted=True, table=True)


def _key(scan: str, name: str, dialect: str) -> exp.Expr:
    """Return a column as a join compares it: 'a' and 'A' are two keys to every engine."""
    return find_dialect(dialect).key(_column(scan, name))


def _column(scan: str, name: str) -> exp.Column:
    return exp.column(name, table=scan, quoted=True)
