"""What a formula means → an engine's own words: how several say it, each with texts of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sqlglot import exp

from penstock.sql.dialects.numbers import parsed
from penstock.sql.dialects.rounding import round_half_away
from penstock.sql.dialects.standard import Dialect

Rewrite: TypeAlias = Callable[[exp.Expr, Dialect], exp.Expr]
Rewrites: TypeAlias = Mapping[type[exp.Expr], Rewrite]


@dataclass(frozen=True, slots=True)
class OwnWords:
    """The texts of one engine, with `:x` for the argument.

    `name` is what sqlglot calls its dialect; `cuts` are by the unit a time is cut down to, `parts`
    by the part of it that is asked for.
    """

    name: str
    cuts: Mapping[str, str]
    parts: Mapping[str, str]

    def fill(self, text: str, **arguments: exp.Expr) -> exp.Expr:
        """Return an expression of the engine's, its `:names` filled."""
        return exp.replace_placeholders(parsed(text, self.name).copy(), **arguments)

    def truncate(self, unit: str, argument: exp.Expr) -> exp.Expr:
        return self.fill(self.cuts[unit], x=argument)

    def rewrites(self) -> dict[type[exp.Expr], Rewrite]:
        """Return what every engine with such texts rewrites."""
        return {
            exp.DateAdd: _moved,
            exp.DateSub: _moved,
            exp.DateTrunc: self._cut,
            exp.DayOfWeek: self._part("DOW"),
            exp.Extract: self._extract,
            exp.Median: _median,
            exp.Round: self._round,
            exp.TimestampTrunc: self._cut,
            exp.Week: self._part("WEEK"),
        }

    def _cut(self, node: exp.Expr, _: Dialect) -> exp.Expr:
        return self.truncate(node.args["unit"].name.upper(), node.this)

    def _extract(self, node: exp.Expr, _: Dialect) -> exp.Expr:
        part = node.name.upper()
        return self.fill(self.parts[part], x=node.expression) if part in self.parts else node

    def _round(self, node: exp.Expr, _: Dialect) -> exp.Expr:
        return round_half_away(node, self.fill)

    def _part(self, name: str) -> Rewrite:
        return lambda node, _: self.fill(self.parts[name], x=node.this)


def rewrite(tree: exp.Expr, dialect: Dialect, rewrites: Rewrites) -> exp.Expr:
    """Say in an engine's way what it has another way, or another meaning, for."""
    # From the leaves up, since a rewritten node is not looked at again.
    for node in [node for node in tree.walk() if type(node) in rewrites][::-1]:
        node.replace(rewrites[type(node)](node, dialect))
    return tree


def _median(node: exp.Expr, dialect: Dialect) -> exp.Expr:
    return dialect.percentile(node.this, "0.5")


def _moved(node: exp.Expr, _: Dialect) -> exp.Expr:
    way = exp.Add if isinstance(node, exp.DateAdd) else exp.Sub
    amount = node.expression
    if not isinstance(amount, exp.Interval):
        amount = exp.Interval(this=amount, unit=node.args.get("unit") or exp.Var(this="DAY"))
    return exp.Paren(this=way(this=node.this, expression=amount))
