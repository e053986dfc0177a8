"""What SQL may be made of.

Lists of what is allowed, since nobody knows all that is not: each node by its type, each argument
of it by its key, each word that would be written as it stands by its value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

AGGREGATES: Final = frozenset(
    {
        exp.AnyValue,
        exp.ApproxDistinct,
        exp.ArgMax,
        exp.ArgMin,
        exp.Avg,
        exp.Corr,
        exp.Count,
        exp.CountIf,
        exp.CovarPop,
        exp.CovarSamp,
        exp.GroupConcat,
        exp.LogicalAnd,
        exp.LogicalOr,
        exp.Max,
        exp.Median,
        exp.Min,
        exp.PercentileCont,
        exp.PercentileDisc,
        exp.Stddev,
        exp.StddevPop,
        exp.StddevSamp,
        exp.Sum,
        exp.Variance,
        exp.VariancePop,
    }
)

RANKINGS: Final = frozenset(
    {
        exp.CumeDist,
        exp.DenseRank,
        exp.FirstValue,
        exp.Lag,
        exp.LastValue,
        exp.Lead,
        exp.NthValue,
        exp.Ntile,
        exp.PercentRank,
        exp.Rank,
        exp.RowNumber,
    }
)
"""Functions that need a window."""

COMPARISONS: Final = frozenset(
    {exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ}
)

_HARMLESS: Final = frozenset(
    {
        exp.Boolean,
        exp.Null,
        exp.Paren,
        exp.Tuple,
        exp.And,
        exp.Or,
        exp.Not,
        exp.Is,
        exp.In,
        exp.Between,
        exp.Case,
        exp.If,
        exp.Coalesce,
        exp.Nullif,
        exp.Greatest,
        exp.Least,
        exp.Upper,
        exp.Lower,
        exp.Length,
        exp.Trim,
        exp.StrPosition,
        exp.StartsWith,
        exp.EndsWith,
        exp.Contains,
        exp.Exists,
        exp.Any,
        exp.All,
        exp.Grouping,
    }
)

_OTHERS: Final = frozenset(
    {
        # arithmetic
        exp.Add,
        exp.Sub,
        exp.Mul,
        exp.Div,
        exp.IntDiv,
        exp.Mod,
        exp.Neg,
        exp.SafeDivide,
        # conversion and choice
        exp.Cast,
        exp.TryCast,
        exp.DecodeCase,
        # numbers
        exp.Abs,
        exp.Ceil,
        exp.Floor,
        exp.Round,
        exp.Trunc,
        exp.Sign,
        exp.Sqrt,
        exp.Pow,
        exp.Exp,
        exp.Ln,
        exp.Log,
        # text; a pattern fails where a text is like it as far as its escape that nothing follows
        exp.Like,
        exp.ILike,
        exp.Escape,
        exp.DPipe,
        exp.Concat,
        exp.ConcatWs,
        exp.Initcap,
        exp.Substring,
        exp.Left,
        exp.Right,
        exp.Replace,
        # dates and times
        exp.Interval,
        exp.Extract,
        exp.DateTrunc,
        exp.TimestampTrunc,
        exp.DateAdd,
        exp.DateSub,
        exp.DateDiff,
        exp.TsOrDsToDate,
        exp.TsOrDsToTimestamp,
        exp.TimeStrToTime,
        exp.TimeToStr,
        exp.Year,
        exp.Quarter,
        exp.Month,
        exp.Week,
        exp.Day,
        exp.Hour,
        exp.Minute,
        exp.Second,
        exp.DayOfWeek,
        exp.DayOfWeekIso,
        exp.DayOfMonth,
        exp.DayOfYear,
        exp.LastDay,
    }
)

NODES: Final = _HARMLESS | _OTHERS | COMPARISONS | AGGREGATES | RANKINGS
"""Expressions that are copied node by node; the rest has rules of its own."""

CANNOT_FAIL: Final = _HARMLESS | AGGREGATES | RANKINGS
"""What gives a value, whatever the value it is given; aggregates see filtered rows only."""


def cannot_fail(node: exp.Expr) -> bool:
    """Whether an expression gives a value, whatever the values that it is given."""
    kind = type(node)
    if kind is exp.Escape and isinstance(node.this, exp.Like | exp.ILike):
        return _is_plain(node.this, node.expression.name)
    if kind in _PATTERNS:
        return _is_plain(node, "\\")
    return kind in CANNOT_FAIL or kind in COMPARISONS


_PATTERNS: Final = frozenset({exp.Like, exp.ILike})


def _is_plain(like: exp.Expr, escape: str) -> bool:
    """Whether a pattern is known, and no sign of it is the one that may be an escape."""
    pattern = like.expression
    return isinstance(pattern, exp.Literal) and escape not in pattern.name


_PLAIN: Final = frozenset({"this", "expression", "expressions"})

_KEYS: Final[Mapping[type[exp.Expr], set[str]]] = {
    exp.Between: {"low", "high"},
    exp.Case: {"ifs", "default"},
    exp.DateAdd: {"unit"},
    exp.DateDiff: {"unit"},
    exp.DateSub: {"unit"},
    exp.DateTrunc: {"unit"},
    exp.GroupConcat: {"separator"},
    exp.If: {"true", "false"},
    exp.In: {"query"},
    exp.Interval: {"unit"},
    exp.Lag: {"offset", "default"},
    exp.Lead: {"offset", "default"},
    exp.NthValue: {"offset"},
    exp.Replace: {"replacement"},
    exp.Round: {"decimals"},
    exp.StrPosition: {"substr", "position"},
    exp.Substring: {"start", "length"},
    exp.TimeToStr: {"format"},
    exp.TimestampTrunc: {"unit"},
    exp.Trim: {"position"},
    exp.Trunc: {"decimals"},
    exp.TsOrDsToDate: {"default_date"},
    exp.Cast: {"to"},
    exp.TryCast: {"to"},
}


def keys_of(node: exp.Expr) -> frozenset[str]:
    """Return which arguments of a node may hold something."""
    return _PLAIN | _KEYS.get(type(node), set())


def is_usual(node: exp.Expr, key: str, tongue: str) -> bool:
    """Whether an argument is what the reader adds: most engines mean it, and cannot be told."""
    if not isinstance(node, exp.Initcap) or key != "expression":
        return False
    usual: str = Dialect.get_or_raise(tongue).INITCAP_DEFAULT_DELIMITER_CHARS
    return bool(node.expression.name == usual)


SIDES: Final = frozenset({"LEADING", "TRAILING", "BOTH"})

UNITS: Final = frozenset(
    {"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "DOW", "DOY"}
    | {"DAYOFWEEK", "DAYOFYEAR", "DAYOFWEEKISO", "ISODOW", "EPOCH", "ISOWEEK", "WEEKISO"}
)

TYPES: Final = frozenset(
    {
        *exp.DataType.INTEGER_TYPES,
        *exp.DataType.FLOAT_TYPES,
        exp.DType.BOOLEAN,
        exp.DType.DECIMAL,
        exp.DType.VARCHAR,
        exp.DType.NVARCHAR,
        exp.DType.CHAR,
        exp.DType.NCHAR,
        exp.DType.TEXT,
        exp.DType.DATE,
        exp.DType.TIME,
        exp.DType.DATETIME,
        exp.DType.DATETIME2,
        exp.DType.TIMESTAMP,
        exp.DType.TIMESTAMPNTZ,
        exp.DType.TIMESTAMPTZ,
    }
)

NUMBER: Final = re.compile(
    r"(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?"
)
WHOLE: Final = re.compile(r"-?[0-9]{1,9}")
SEPARATOR: Final = re.compile(r"[ ,;|/+-]{1,3}")
FORMAT: Final = re.compile(r"(?:%-?[YmdHMSBbAajyfIpuw]|[ :/.,_TZ-]){1,40}")
DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}")
PARAMETER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


def is_whole(text: str) -> bool:
    """Whether a text is a whole number; other scripts have digits too, which are none here."""
    return text.isascii() and text.isdigit()
