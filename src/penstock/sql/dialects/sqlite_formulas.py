"""What a formula may say and SQLite has no word for → functions that engine/sqlite lends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

_PARTS: Final[dict[type[exp.Expr], str]] = {
    exp.Year: "YEAR",
    exp.Quarter: "QUARTER",
    exp.Month: "MONTH",
    exp.Week: "WEEK",
    exp.Day: "DAY",
    exp.Hour: "HOUR",
    exp.Minute: "MINUTE",
    exp.Second: "SECOND",
    exp.DayOfWeek: "DOW",
    exp.DayOfMonth: "DAY",
    exp.DayOfYear: "DOY",
}
_CASTS: Final = {
    exp.DType.DATE: "penstock_date",
    exp.DType.TIME: "penstock_time",
    exp.DType.TIMESTAMP: "penstock_timestamp",
    exp.DType.TIMESTAMPTZ: "penstock_utc",
    exp.DType.BIGINT: "penstock_integer",
    exp.DType.BOOLEAN: "penstock_boolean",
}
_DECIMALS: Final = 2  # of DECIMAL(p, s)


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def number(value: int | str) -> exp.Expr:
    return exp.Literal.number(value)


def substring(tree: exp.Expr, start: int, length: int) -> exp.Expr:
    return exp.Anonymous(this="SUBSTR", expressions=[tree, number(start), number(length)])


def rewrite_formulas(tree: exp.Expr) -> exp.Expr:
    # What is inside comes first: what is rewritten is not looked into again.
    for node in reversed(list(tree.walk())):
        rewritten = _rewrite(node)
        if node is tree:
            tree = rewritten
        elif rewritten is not node:
            node.replace(rewritten)
    return tree


def _rewrite(node: exp.Expr) -> exp.Expr:
    if type(node) in _PARTS:
        return call("penstock_part", text(_PARTS[type(node)]), node.this)
    rewrite = _REWRITES.get(type(node))
    return node if rewrite is None else rewrite(node)


def _cast(node: exp.Expr) -> exp.Expr:
    to = node.args["to"]
    if to.this is exp.DType.DECIMAL:
        scale = to.expressions[1].name if len(to.expressions) == _DECIMALS else "0"
        return call("penstock_decimal", node.this, number(scale)) if to.expressions else node
    if to.this is exp.DType.BIGINT and isinstance(node.this, exp.Column | exp.Sum | exp.Anonymous):
        return node  # ours: of integers, or of text that is one
    name = _CASTS.get(to.this)
    return node if name is None else call(name, node.this)


def _moved(node: exp.Expr) -> exp.Expr:
    """Rewrite a date plus or minus an interval, in whatever way it is written."""
    interval = node.expression
    is_less = isinstance(node, exp.Sub | exp.DateSub)
    if isinstance(interval, exp.Interval):
        amount, unit = interval.this, interval.args.get("unit")
    elif isinstance(node, exp.DateAdd | exp.DateSub):
        amount, unit = interval, node.args.get("unit")
    else:
        return node
    if isinstance(amount, exp.Literal):
        amount = number(amount.name)
    amount = exp.Neg(this=exp.Paren(this=amount)) if is_less else amount
    return call("penstock_moved", node.this, amount, text(unit.name.upper() if unit else "DAY"))


def _difference(node: exp.Expr) -> exp.Expr:
    unit = node.args.get("unit")
    said = text(unit.name.upper() if unit else "DAY")
    return call("penstock_difference", node.this, node.expression, said)


def _escaped(node: exp.Expr) -> exp.Expr:
    """Give a comparison with a pattern, which is a call already, its escape."""
    like = node.this
    if not isinstance(like, exp.Anonymous):
        return node
    return call(str(like.this), *like.expressions, node.expression)


def _padded(node: exp.Expr) -> exp.Expr:
    name = "penstock_lpad" if node.args.get("is_left") else "penstock_rpad"
    filling = node.args.get("fill_pattern") or text(" ")
    return call(name, node.this, node.expression, filling)


_REWRITES: Final[dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]]] = {
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Extract: lambda n: call("penstock_part", text(n.name.upper()), n.expression),
    exp.DateTrunc: lambda n: call("penstock_start", text(n.args["unit"].name.upper()), n.this),
    exp.TimestampTrunc: lambda n: call("penstock_start", text(n.args["unit"].name.upper()), n.this),
    exp.Add: _moved,
    exp.Sub: _moved,
    exp.DateAdd: _moved,
    exp.DateSub: _moved,
    exp.DateDiff: _difference,
    exp.LastDay: lambda n: call("penstock_last_day", n.this),
    exp.Left: lambda n: call("SUBSTR", n.this, number(1), n.expression),
    exp.Right: lambda n: call("penstock_right", n.this, n.expression),
    exp.Pad: _padded,
    exp.Initcap: lambda n: call("penstock_initcap", n.this),
    # SQLite's own know no letters but those of English.
    exp.Upper: lambda n: call("penstock_upper", n.this),
    exp.Lower: lambda n: call("penstock_lower", n.this),
    exp.Like: lambda n: call("penstock_like", n.this, n.expression),
    exp.ILike: lambda n: call("penstock_ilike", n.this, n.expression),
    exp.Escape: _escaped,
    exp.Median: lambda n: call("penstock_percentile", n.this, number("0.5")),
    exp.Stddev: lambda n: call("penstock_stddev", n.this),
    exp.StddevSamp: lambda n: call("penstock_stddev", n.this),
    exp.StddevPop: lambda n: call("penstock_stddev_pop", n.this),
    exp.Variance: lambda n: call("penstock_variance", n.this),
    exp.VariancePop: lambda n: call("penstock_variance_pop", n.this),
}
