"""Statements that ask a database whether a model is true of it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp, select

from penstock.sql.types import Statement


def count_duplicates(source: Sequence[str], columns: Sequence[str], *, dialect: str) -> Statement:
    """Count the keys that several rows have; rows without a whole key join nothing."""
    return _counted(_duplicates(source, columns), dialect)


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
    equal = [
        exp.EQ(this=_column(_OWN, own), expression=_column(_ALL, other)) for own, other in columns
    ]
    matched = exp.Exists(
        this=select(exp.Literal.number(1)).from_(_relation(owner, _OWN)).where(*equal)
    )
    duplicates = _duplicates(source, [other for _, other in columns]).where(matched)
    return _counted(duplicates, dialect)


_ALL, _OWN = "all", "own"


def _duplicates(source: Sequence[str], columns: Sequence[str]) -> exp.Select:
    keys = [_column(_ALL, name) for name in columns]
    return (
        select(exp.Literal.number(1).as_("one"))
        .from_(_relation(source, _ALL))
        .where(*(exp.Not(this=exp.Is(this=key, expression=exp.Null())) for key in keys))
        .group_by(*keys)
        .having(exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1)))
    )


def _counted(inner: exp.Select, dialect: str) -> Statement:
    counted = select(exp.Count(this=exp.Star()).as_("duplicates")).from_(inner.subquery("found"))
    return Statement(counted.sql(dialect=dialect, identify=True), ())


def _relation(source: Sequence[str], alias: str) -> exp.Expr:
    *qualifiers, name = [exp.to_identifier(part, quoted=True) for part in source]
    table = exp.Table(
        this=name,
        db=qualifiers[-1] if qualifiers else None,
        catalog=qualifiers[-2] if len(qualifiers) > 1 else None,
    )
    return exp.alias_(table, alias, quoted=True, table=True)


def _column(scan: str, name: str) -> exp.Column:
    return exp.column(name, table=scan, quoted=True)
