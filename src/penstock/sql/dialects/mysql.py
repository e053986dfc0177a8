"""How MySQL and MariaDB say it."""

from __future__ import annotations

from typing import ClassVar, Final

from sqlglot import exp

from penstock.model.types import DataType
from penstock.query.types import AnyCompute, Compute, Granularity
from penstock.sql.dialects.marked import Marked
from penstock.sql.dialects.mysql_formulas import fill, precise, rewrite_formulas, truncate
from penstock.sql.dialects.numbers import interpolate, is_float, is_statistic
from penstock.sql.types import Written

_HALF: Final = "0.5"
_UTC: Final = "+00:00"

# Neither has an aggregate for it (MariaDB a window function only): the values of the group, sorted
# and put together as text, and of them the two on either side of the place asked for. `Rows` sees
# it when the text had to be cut off.
_PERCENTILE: Final = """
  (SUBSTRING_INDEX(SUBSTRING_INDEX(
      GROUP_CONCAT(:x ORDER BY :x SEPARATOR ','),
      ',', FLOOR((COUNT(:x) - 1) * :share) + 1), ',', -1) + 0e0)
    * (1 - ((COUNT(:x) - 1) * :share - FLOOR((COUNT(:x) - 1) * :share)))
  + (SUBSTRING_INDEX(SUBSTRING_INDEX(
      GROUP_CONCAT(:x ORDER BY :x SEPARATOR ','),
      ',', CEIL((COUNT(:x) - 1) * :share) + 1), ',', -1) + 0e0)
    * ((COUNT(:x) - 1) * :share - FLOOR((COUNT(:x) - 1) * :share))
"""

# A server without its time zone tables gives null for any zone, and before 1970 and after 2038 it
# leaves times as they are: better an error, which two rows for one are.
_ZONED: Final = """
  IF(CONVERT_TZ('2000-01-01', '+00:00', :zone) IS NULL
      OR :x NOT BETWEEN '1970-01-02' AND '2038-01-18',
    (SELECT 1 UNION SELECT 2),
    CONVERT_TZ(:x, :before, :after))
"""

_FRACTIONS: Final = {DataType.FLOAT: exp.DType.FLOAT, DataType.DECIMAL: exp.DType.DECIMAL}


class MySQL(Marked):
    """From version 8.0.17 on."""

    name = "mysql"
    converts_safely = True

    has_booleans = False

    collation: ClassVar[str] = "utf8mb4_0900_bin"
    """Tells capitals from small letters and "a" from "a ", in the order of code points."""

    types: ClassVar[dict[DataType, exp.DType]] = {
        **Marked.types,
        DataType.TIMESTAMP: exp.DType.DATETIME,
        DataType.TIMESTAMP_TZ: exp.DType.DATETIME,
    }

    def write(self, tree: exp.Expr) -> Written:
        tree = rewrite_formulas(tree, self)
        for select in list(tree.find_all(exp.Select)):
            _widen_floats(select)
            _put_nulls_last(select)
        for test in list(tree.find_all(exp.EQ, exp.In)):
            _let_index_help(test)
        return super().write(tree)

    def column(self, tree: exp.Expr, type_: DataType) -> exp.Expr:
        """Return a column; text is compared, grouped and ordered by its code points.

        A column's own collation, `utf8mb4_general_ci` or the like, would make one group of 'a' and
        'A', and of 'a' and 'a '.
        """
        if type_ in _FRACTIONS:
            tree.type = exp.DataType(this=_FRACTIONS[type_])
        if type_ is not DataType.STRING:
            return tree
        charset = exp.DataType(this=exp.DType.CHARACTER_SET, kind=exp.Var(this="utf8mb4"))
        wide = exp.Cast(this=tree, to=charset)
        return exp.Collate(this=wide, expression=exp.Var(this=self.collation))

    def key(self, tree: exp.Expr) -> exp.Expr:
        return self.column(tree, DataType.STRING)

    def cast(self, tree: exp.Expr, type_: DataType) -> exp.Expr:
        match type_:
            case DataType.INTEGER if isinstance(tree, exp.Column) and tree.type is None:
                return tree  # it calculates with 64 bits anyway, and this cast fails silently
            case DataType.INTEGER:
                return exp.Anonymous(this="ROUND", expressions=[tree])
            case DataType.BOOLEAN:
                return exp.NEQ(this=exp.Paren(this=tree), expression=exp.Literal.number(0))
            case DataType.TIMESTAMP | DataType.TIMESTAMP_TZ | DataType.TIME:
                return exp.Cast(this=tree, to=precise(self.types[type_]))
            case _:
                return super().cast(tree, type_)

    # Dates and times

    def extract(self, granularity: Granularity, argument: exp.Expr) -> exp.Expr:
        if granularity is Granularity.WEEKDAY:
            return fill("(WEEKDAY(:x) + 1)", x=argument)
        return super().extract(granularity, argument)

    def truncate(self, granularity: Granularity, argument: exp.Expr) -> exp.Expr:
        return truncate(granularity.value.upper(), argument)

    def semester(self, argument: exp.Expr) -> exp.Expr:
        return self.truncate(Granularity.SEMESTER, argument)

    def zoned(self, argument: exp.Expr, zone: str) -> exp.Expr:
        return _converted(argument, _UTC, zone, zone)

    def moment(self, argument: exp.Expr, zone: str) -> exp.Expr:
        return _converted(argument, zone, _UTC, zone)

    # Aggregates

    def aggregate(self, compute: AnyCompute, argument: exp.Expr, type_: DataType) -> exp.Expr:
        if compute is Compute.SUM and type_ is DataType.INTEGER:
            return exp.Sum(this=argument)  # a decimal of 65 digits, which is read as an integer
        if compute is Compute.COUNT_APPROX_DISTINCT:
            return exp.Count(this=exp.Distinct(expressions=[argument]))
        if compute is Compute.MEDIAN:
            return self.percentile(argument, _HALF)
        if is_statistic(compute) and not is_float(argument):
            # An average of whole numbers has four digits after the point.
            argument = self.cast(argument, DataType.FLOAT)
        return super().aggregate(compute, argument, type_)

    def percentile(self, argument: exp.Expr, share: str) -> exp.Expr:
        tree = interpolate(_PERCENTILE, "mysql", argument, share)
        return exp.Paren(this=tree)

    # Comparisons

    def like(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        # A pattern's own backslash is one: it cannot be told to have no escape at all.
        one, two = exp.Literal.string("\\"), exp.Literal.string("\\\\")
        return self.literal_like(left, exp.Replace(this=pattern, expression=one, replacement=two))

    def ilike(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return self.like(exp.Lower(this=left), exp.Lower(this=pattern))

    def literal_like(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        tree = exp.Like(this=left, expression=pattern)
        return exp.Escape(this=tree, expression=exp.Literal.string("\\"))


def _converted(argument: exp.Expr, before: str, after: str, zone: str) -> exp.Expr:
    names = {"before": before, "after": after, "zone": zone}
    return fill(_ZONED, x=argument, **{k: exp.Literal.string(v) for k, v in names.items()})


def _widen_floats(select: exp.Select) -> None:
    """Send a FLOAT of four bytes with all its digits: as itself it is sent with six."""
    for output in select.expressions:
        tree = output.unalias()
        inner = tree.this if isinstance(tree, exp.Min | exp.Max) else tree
        if isinstance(inner, exp.Column) and inner.is_type(exp.DType.FLOAT):
            tree.replace(exp.Cast(this=tree.copy(), to=exp.DataType(this=exp.DType.DOUBLE)))


def _put_nulls_last(select: exp.Select) -> None:
    """They are less than everything here: last when descending, first otherwise."""
    order = select.args.get("order")
    if not isinstance(order, exp.Order):
        return
    ways: list[exp.Expr] = []
    for way in order.expressions:
        descending = bool(way.args.get("desc"))
        tree = _at(select, way.this)
        if not descending and not isinstance(tree, exp.Count):
            null = exp.Is(this=tree, expression=exp.Null())
            ways.append(exp.Ordered(this=null, desc=False, nulls_first=True))
        ways.append(exp.Ordered(this=way.this, desc=descending, nulls_first=not descending))
    order.set("expressions", ways)


def _at(select: exp.Select, tree: exp.Expr) -> exp.Expr:
    """Return what a position stands for: an alias could also be the name of a column."""
    if isinstance(tree, exp.Literal) and tree.is_int:
        output: exp.Expr = select.expressions[int(tree.name) - 1]
        return output.unalias().copy()
    return tree.copy()


def _let_index_help(test: exp.Expr) -> None:
    """Ask for equality by the column's own collation too: it is wider, and an index knows it."""
    values = test.expressions or [test.expression]
    sides = [_own(side) for side in (test.this, *values)]
    if isinstance(test.this, exp.Collate) and all(sides):
        native = test.copy()
        for collated in list(native.find_all(exp.Collate)):
            collated.replace(collated.this.this)
        test.replace(exp.Paren(this=exp.And(this=native, expression=test.copy())))


def _own(tree: exp.Expr) -> bool:
    """Whether it is a column that `column` made comparable, or a value."""
    if isinstance(tree, exp.Collate) and isinstance(tree.this, exp.Cast):
        return isinstance(tree.this.this, exp.Column)
    return isinstance(tree, exp.Var)
