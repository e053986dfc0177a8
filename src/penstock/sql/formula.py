"""A formula's text → the names it uses and whether it aggregates, or why it is not allowed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from penstock.errors import ConfigurationError
from penstock.model.types import Formula

_MAX_LENGTH: Final = 4_000
_MAX_DEPTH: Final = 100

_AGGREGATES: Final = frozenset(
    {
        exp.Sum,
        exp.Min,
        exp.Max,
        exp.Avg,
        exp.Count,
        exp.Median,
        exp.Stddev,
        exp.StddevPop,
        exp.StddevSamp,
        exp.Variance,
        exp.VariancePop,
    }
)

# What a formula may be made of. A list of what is allowed, since nobody knows all that is not:
# a function that reads a file or a setting, a subquery, a clock would each be one more hole.
_ALLOWED: Final = _AGGREGATES | {
    # values and names
    exp.Column,
    exp.Identifier,
    exp.Literal,
    exp.Boolean,
    exp.Null,
    exp.Interval,
    exp.Var,
    exp.DataType,
    exp.DataTypeParam,
    exp.Paren,
    # arithmetic
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Div,
    exp.Mod,
    exp.Neg,
    # comparison and logic
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
    exp.And,
    exp.Or,
    exp.Not,
    exp.In,
    exp.Between,
    exp.Is,
    exp.Like,
    exp.ILike,
    exp.Escape,
    # choice and conversion
    exp.Case,
    exp.If,
    exp.Coalesce,
    exp.Nullif,
    exp.Greatest,
    exp.Least,
    exp.Cast,
    exp.TryCast,
    # numbers
    exp.Abs,
    exp.Ceil,
    exp.Floor,
    exp.Round,
    exp.Sign,
    exp.Sqrt,
    exp.Pow,
    exp.Exp,
    exp.Ln,
    exp.Log,
    # text
    exp.DPipe,
    exp.Concat,
    exp.ConcatWs,
    exp.Upper,
    exp.Lower,
    exp.Initcap,
    exp.Length,
    exp.Trim,
    exp.Substring,
    exp.Left,
    exp.Right,
    exp.Pad,
    exp.Replace,
    exp.StrPosition,
    # dates
    exp.Extract,
    exp.DateTrunc,
    exp.TimestampTrunc,
    exp.DateAdd,
    exp.DateSub,
    exp.DateDiff,
    exp.Year,
    exp.Quarter,
    exp.Month,
    exp.Week,
    exp.Day,
    exp.Hour,
    exp.Minute,
    exp.Second,
    exp.DayOfWeek,
    exp.DayOfMonth,
    exp.DayOfYear,
    exp.LastDay,
}

_UNIT_HOLDERS: Final = (exp.Extract, exp.Interval, exp.DateDiff, exp.DateAdd, exp.DateSub)

_UNITS: Final = frozenset(
    {"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "DOW", "DOY", "EPOCH"}
)

_TYPES: Final = frozenset(
    {
        *exp.DataType.INTEGER_TYPES,
        *exp.DataType.FLOAT_TYPES,
        exp.DType.BOOLEAN,
        exp.DType.DECIMAL,
        exp.DType.VARCHAR,
        exp.DType.CHAR,
        exp.DType.TEXT,
        exp.DType.DATE,
        exp.DType.TIME,
        exp.DType.TIMESTAMP,
        exp.DType.TIMESTAMPTZ,
    }
)


class FormulaError(ConfigurationError):
    """A formula that is not SQL, or holds what a formula may not."""

    code = "INVALID_FORMULA"
    title = "A formula is not valid"


@dataclass(frozen=True, slots=True)
class Analysis:
    """A formula, with the names it uses outside of its aggregates and inside of them."""

    formula: Formula
    outside: frozenset[str]
    inside: frozenset[str]


def analyse_formula(text: str) -> Analysis:
    """Read one ANSI expression. Raises FormulaError."""
    try:
        tree = _parse(text)
        _check_nodes(tree)
    except RecursionError as error:
        raise _too_deep() from error
    columns = [(column.name, _in_aggregate(column)) for column in tree.find_all(exp.Column)]
    if any(_in_aggregate(node) for node in tree.walk() if type(node) in _AGGREGATES):
        raise FormulaError("An aggregate stands inside another aggregate.")
    return Analysis(
        Formula(
            text=text,
            uses=tuple(sorted({name for name, _ in columns})),
            aggregates=any(type(node) in _AGGREGATES for node in tree.walk()),
        ),
        outside=frozenset(name for name, is_inside in columns if not is_inside),
        inside=frozenset(name for name, is_inside in columns if is_inside),
    )


def _parse(text: str) -> exp.Expr:
    if len(text) > _MAX_LENGTH:
        raise FormulaError(f"The formula is longer than {_MAX_LENGTH} characters.")
    try:
        trees = sqlglot.parse(text)
    except SqlglotError as error:
        raise FormulaError(f"The formula is not SQL{_position(error)}.", hint=_HINT) from error
    if len(trees) != 1 or trees[0] is None:
        raise FormulaError("A formula is one expression.", hint=_HINT)
    if _depth(trees[0]) > _MAX_DEPTH:
        raise _too_deep()
    return trees[0]


_HINT: Final = "Write an expression over attributes of the table, such as SUM(a) / COUNT(b)."


def _too_deep() -> FormulaError:
    return FormulaError(
        f"The formula nests deeper than {_MAX_DEPTH} levels.",
        hint="Make a virtual attribute of a part of it.",
    )


def _position(error: SqlglotError) -> str:
    found = getattr(error, "errors", None) or [{}]
    said, column, word = (found[0].get(key) for key in ("description", "col", "highlight"))
    return f": {said} near {word!r}, column {column}" if said and column and word else ""


def _depth(tree: exp.Expr) -> int:
    deepest, level = 0, [tree]
    while level and deepest <= _MAX_DEPTH:
        deepest += 1
        level = [child for node in level for child in node.iter_expressions()]
    return deepest


def _check_nodes(tree: exp.Expr) -> None:
    for node in _nodes(tree):
        if type(node) not in _ALLOWED:
            raise _not_allowed(node)
        if node.comments:
            raise FormulaError("A formula has no comments.", hint="Use the description.")
        _check_node(node)


def _check_node(node: exp.Expr) -> None:
    match node:
        case exp.Column():
            _check_column(node)
        case exp.DataType():
            _check_type(node)
        case exp.Var() if not isinstance(node.parent, _UNIT_HOLDERS):
            raise _not_allowed(node)
        case exp.Var():
            _check_unit(node)
        case exp.DateTrunc() | exp.TimestampTrunc():
            _check_unit(node.args["unit"])
        case exp.DateDiff(this=exp.Literal()):
            raise FormulaError(
                "The unit of DATEDIFF comes last.", hint="Write DATEDIFF(later, earlier, DAY)."
            )
        case _:
            pass


def _nodes(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Walk, but COUNT(*) and COUNT(DISTINCT a) hold nodes that are allowed only there."""
    for node in tree.walk():
        is_count = isinstance(node.parent, exp.Count)
        is_distinct = type(node) is exp.Distinct and type(node.parent) in _AGGREGATES
        if not (is_count and isinstance(node, exp.Star)) and not is_distinct:
            yield node
        elif is_distinct and len(node.expressions) != 1:
            raise FormulaError("DISTINCT takes one expression.", hint="Concatenate the values.")


def _check_column(column: exp.Column) -> None:
    if column.args.get("table") is not None:
        raise FormulaError(
            f"{column.sql()!r} names a table; a formula is about attributes of its own table.",
            hint=f"Write {column.name}.",
        )


def _check_type(node: exp.DataType) -> None:
    if node.this not in _TYPES or node.args.get("nested"):
        raise FormulaError(
            f"A formula cannot convert to {node.sql()}.",
            hint="Convert to a number, text, a date, a time, a timestamp or a boolean.",
        )


def _check_unit(node: exp.Expr) -> None:
    if node.name.upper() not in _UNITS:
        raise FormulaError(
            f"{node.name!r} is not a part of a date.",
            hint="Parts are year, quarter, month, week, day, hour, minute and second.",
        )


def _not_allowed(node: exp.Expr) -> FormulaError:
    if isinstance(node, exp.Subquery | exp.Query | exp.Exists):
        said, hint = "A subquery", "A formula is about one row, or one group, of its own table."
    elif isinstance(node, exp.Window):
        said, hint = "A window", "Use `scale` in the query to group."
    elif isinstance(node, exp.Placeholder | exp.Parameter):
        said, hint = "A placeholder", "A formula has no parameters."
    elif isinstance(node, exp.Star):
        said, hint = "A star outside of COUNT(*)", None
    elif isinstance(node, exp.Filter):
        said, hint = "FILTER", "Write SUM(CASE WHEN … THEN … END): every database can."
    elif isinstance(node, exp.Func):
        name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
        said, hint = f"The function {name.upper()}", "docs/project.md lists the functions."
    else:
        said, hint = f"{node.key.upper()}", None
    return FormulaError(f"{said} is not allowed in a formula.", hint=hint)


def _in_aggregate(node: exp.Expr) -> bool:
    parent = node.parent
    while parent is not None:
        if type(parent) in _AGGREGATES:
            return True
        parent = parent.parent
    return False
