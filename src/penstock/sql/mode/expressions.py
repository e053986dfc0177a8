"""An expression of the caller's → the same of ours: only what is allowed, every name looked up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from sqlglot import exp

from penstock.errors import (
    ComputeNotAllowedError,
    InvalidParameterError,
    SQLNotAllowedError,
    UnknownParameterError,
)
from penstock.model.types import Attribute
from penstock.sql.dialects.kinds import EXACT
from penstock.sql.expressions import compile_expression
from penstock.sql.mode.allowed import (
    AGGREGATES,
    DAY,
    FORMAT,
    NODES,
    NUMBER,
    PARAMETER,
    RANKINGS,
    SEPARATOR,
    SIDES,
    TYPES,
    UNITS,
    WHOLE,
    cannot_fail,
    is_usual,
    keys_of,
)
from penstock.sql.mode.casts import refused_type
from penstock.sql.mode.draft import NAMED, OURS, Draft, near_to, pending
from penstock.sql.mode.frames import read_frame
from penstock.sql.mode.scope import Scope, grouped_attribute
from penstock.sql.mode.tongues import OWN
from penstock.sql.mode.types import Result, Source, type_from_sql, type_to_sql

LIST_HINT: Final = "docs/query-language.md lists what SQL may hold."
_PARAMETER_HINT: Final = 'Give it: {"parameters": {"name": value}}.'

CTEs: TypeAlias = dict[str, tuple[str, Result]]
Subquery: TypeAlias = Callable[[exp.Expr, Scope | None, CTEs], Result]

_SQL_AGGREGATES: Final = ("select", "having", "qualify", "order")


@dataclass(slots=True)
class Expressions:
    """Reads the expressions of one SELECT. `subquery` reads the SELECTs inside them."""

    draft: Draft
    scope: Scope
    subquery: Subquery

    def read(self, node: exp.Expr) -> exp.Expr:
        """Return our own tree of a node. What is wrong is noted, and stands as NULL."""
        self.draft.count()
        reader = _READERS.get(type(node))
        if reader is not None:
            return reader(self, node)
        if isinstance(node, exp.Query):
            return self._query(node)
        return self._node(node) if type(node) in NODES else self.refuse(node)

    def refuse(self, node: exp.Expr, said: str | None = None, hint: str | None = None) -> exp.Expr:
        detail = said or f"{_called(node)} is not allowed in SQL here."
        self.draft.note(SQLNotAllowedError, detail, hint or LIST_HINT, node)
        return exp.Null()

    # Names and values

    def column(self, node: exp.Expr) -> exp.Expr:
        identifier = node.this
        if not isinstance(node, exp.Column) or isinstance(identifier, exp.Star):
            return self.refuse(node, "'*' stands only at the start of a SELECT, and in COUNT(*).")
        name = node.name
        if name.startswith("$") and not identifier.args.get("quoted") and not node.table:
            return self._parameter(node, name[1:])
        group = self.scope.aggregating(node)
        if group is not None:
            return self._aggregating(node, *group)
        found = self.scope.find(node)
        return exp.Null() if found is None else found[0]

    def _aggregating(self, node: exp.Column, source: Source, attribute: Attribute) -> exp.Expr:
        """Expand an attribute of a group, where its rows are those of its own table alone."""
        if self.scope.clause not in _SQL_AGGREGATES or len(self.scope.sources) != 1:
            self.draft.note(
                ComputeNotAllowedError,
                f"{attribute.name!r} is worked out of a group of rows of {source.name!r}: it can be"
                " selected from that table alone, grouped or not, or tested in HAVING.",
                "Group in a WITH, and join its result.",
                node,
            )
            return exp.Null()
        if self.scope.refuses(node, source, attribute):
            return exp.Null()
        expression = grouped_attribute(attribute, source)
        tree = compile_expression(expression, self.draft.dialect)
        tree.type = type_to_sql(attribute.type)
        tree.meta.update({OURS: True, NAMED: attribute.name})
        self.draft.count(sum(1 for _ in tree.walk()))
        return tree

    def literal(self, node: exp.Expr) -> exp.Expr:
        if node.args.get("is_string"):
            return pending(self.draft.constant(node.name), None, node)
        if NUMBER.fullmatch(node.name) is None:
            return self.refuse(node, "A number has 40 digits at most.")
        return exp.Literal.number(node.name)

    def placeholder(self, node: exp.Expr) -> exp.Expr:
        return self._parameter(node, node.name)

    def _parameter(self, node: exp.Expr, name: str) -> exp.Expr:
        if PARAMETER.fullmatch(name) is None:
            return self.refuse(node, "A parameter has a name: write :name.")
        argument = self.draft.argument(name)
        if argument is None:
            near = near_to(name, self.draft.argument_names)
            self.draft.note(
                UnknownParameterError,
                f"There is no parameter {name!r}.",
                near or _PARAMETER_HINT,
                node,
            )
            return exp.Null()
        if argument.many:
            self.draft.note(
                InvalidParameterError,
                f"{name!r} is a list, which stands only after IN.",
                f"Write x IN (:{name}).",
                node,
            )
            return exp.Null()
        if not argument.slots:
            return exp.Null()
        return pending(argument.slots[0], argument.type, node)

    def _many(self, node: exp.Expr) -> list[exp.Expr] | None:
        """Return the values of a list, None where the node is none."""
        while isinstance(node, exp.Paren):
            node = node.this
        is_column = isinstance(node, exp.Column) and node.name.startswith("$")
        if not isinstance(node, exp.Placeholder | exp.Parameter) and not is_column:
            return None
        argument = self.draft.argument(node.name.removeprefix("$"))
        if argument is None or not argument.many:
            return None
        return [pending(slot, argument.type, node) for slot in argument.slots]

    # Nodes

    def _node(self, node: exp.Expr) -> exp.Expr:
        if not cannot_fail(node):
            self.draft.can_fail = True
        if type(node) in RANKINGS and not isinstance(node.parent, exp.Window):
            return self.refuse(node, f"{_called(node)} needs OVER (…).")
        args: dict[str, object] = {}
        for key, value in node.args.items():
            if value is None or isinstance(value, bool) or value == []:
                args[key] = value
            elif is_usual(node, key, self.draft.tongue):
                continue
            elif key not in keys_of(node):
                return self.refuse(node, f"{_called(node)} is not allowed with {key.upper()}.")
            else:
                args[key] = self._argument(node, key, value)
        return self._safe(type(node)(**args))

    def _safe(self, node: exp.Expr) -> exp.Expr:
        """Make a remainder by zero null, as a division is, in our own dialect."""
        if isinstance(node, exp.In) and node.args.get("expressions") == []:
            return exp.false()  # nothing is in an empty list, and all is not in it
        if isinstance(node, exp.Mod) and self.draft.tongue == OWN:
            divisor = exp.Nullif(this=node.expression, expression=exp.Literal.number(0))
            node.set("expression", divisor)
        return node

    def _argument(self, node: exp.Expr, key: str, value: object) -> object:
        if isinstance(node, exp.In) and key == "expressions" and isinstance(value, list):
            return self._listed(value)
        if isinstance(value, list):
            return [self._part(node, key, each) for each in value]
        return self._part(node, key, value)

    def _part(self, node: exp.Expr, key: str, value: object) -> object:
        """Read one argument: most are expressions, some are words that stand as they are."""
        if key == "position" and isinstance(node, exp.Trim):
            return value if value in SIDES else None
        if not isinstance(value, exp.Expr):
            return self.refuse(node)
        if key == "unit" or (key == "this" and isinstance(node, exp.Extract)):
            return self._unit(node, value)
        if key == "to" and isinstance(value, exp.DataType):
            return self._type(value)
        if key in _WRITTEN:
            return self._written(node, key, value)
        return self._operand(node, key, value)

    def _operand(self, node: exp.Expr, key: str, value: exp.Expr) -> exp.Expr:
        if key == "expression":
            if isinstance(node, exp.DateAdd | exp.DateSub) and value.is_string:
                return self._whole(value)
            if isinstance(node, exp.Escape) and len(value.name) == 1:
                return exp.Literal.string(value.name)
        if key == "this":
            if isinstance(node, exp.Count) and isinstance(value, exp.Star):
                return exp.Star()
            if type(node) in AGGREGATES:
                return self._aggregated(node, value)
        return self.read(value)

    def _aggregated(self, node: exp.Expr, value: exp.Expr) -> exp.Expr:
        """Read what is aggregated: it may say DISTINCT, and a list of texts its order."""
        match value:
            case exp.Distinct() if not value.args.get("on") and len(value.expressions) == 1:
                return exp.Distinct(expressions=[self.read(value.expressions[0])])
            case exp.Order() if isinstance(node, exp.GroupConcat) and value.this is not None:
                return exp.Order(
                    this=self._aggregated(node, value.this), expressions=self.ordered(value)
                )
            case _:
                return self.read(value)

    def _written(self, node: exp.Expr, key: str, value: exp.Expr) -> exp.Expr:
        """Keep a text that engines want to see as it is, if it can do no harm."""
        if isinstance(value, exp.Literal) and _WRITTEN[key].fullmatch(value.name):
            return exp.Literal(this=value.name, is_string=value.is_string)
        return self.refuse(node, f"{_called(node)} does not take this {key.replace('_', ' ')}.")

    def _unit(self, node: exp.Expr, value: exp.Expr) -> exp.Expr:
        word = value.name.upper()
        if not isinstance(value, exp.Var | exp.Literal | exp.Column) or word not in UNITS:
            return self.refuse(node, f"{_called(node)} takes a part of a date, such as MONTH.")
        return exp.Literal.string(word) if isinstance(node, exp.DateTrunc) else exp.Var(this=word)

    def _whole(self, value: exp.Expr) -> exp.Expr:
        if WHOLE.fullmatch(value.name.strip()):
            return exp.Literal.number(int(value.name))
        return self.refuse(value, "Here stands a whole number.")

    def _type(self, node: exp.DataType) -> exp.Expr:
        sizes = [each.this for each in node.expressions if isinstance(each, exp.DataTypeParam)]
        are_sizes = len(sizes) == len(node.expressions) and all(
            isinstance(size, exp.Literal) and WHOLE.fullmatch(size.name) for size in sizes
        )
        if node.this not in TYPES or node.args.get("nested") or not are_sizes:
            said, near = refused_type(node)
            self.refuse(node, said, near)
            return exp.DataType(this=exp.DType.VARCHAR)
        kept = [exp.DataTypeParam(this=exp.Literal.number(size.name)) for size in sizes]
        return exp.DataType(this=node.this, expressions=kept, nested=False)

    def interval(self, node: exp.Expr) -> exp.Expr:
        self.draft.can_fail = True
        amount, unit = node.this, node.args.get("unit")
        if isinstance(amount, exp.Paren):
            amount = amount.this
        is_known = isinstance(amount, exp.Literal) and WHOLE.fullmatch(amount.name)
        if not is_known or unit is None or node.args.get("fraction_in_string"):
            return self.refuse(node, "An interval is a whole number and a unit: INTERVAL '1' DAY.")
        return exp.Interval(this=exp.Literal.string(amount.name), unit=self._unit(node, unit))

    def converted(self, node: exp.Expr) -> exp.Expr:
        if node.args.get("style") is not None or not isinstance(node.this, exp.DataType):
            return self.refuse(node, "CONVERT takes a type and a value.")
        self.draft.can_fail = True
        return exp.Cast(this=self.read(node.expression), to=self._type(node.this))

    def _listed(self, values: list[exp.Expr]) -> list[exp.Expr]:
        most = self.draft.limits.max_values
        found: list[exp.Expr] = []
        for value in values:
            many = self._many(value)
            found.extend([self.read(value)] if many is None else many)
        if len(found) > most:
            self.refuse(values[0], f"A list has {most} values at most.")
        return found

    def connected(self, node: exp.Expr) -> exp.Expr:
        """Read a row of ANDs or ORs, as flat as can be: it may be long."""
        parts = [self.read(part) for part in node.flatten(unnest=False)]
        kind = type(node)
        while len(parts) > 1:
            pairs = zip(parts[::2], parts[1::2], strict=False)
            odd = parts[-1:] if len(parts) % 2 else []
            parts = [*(kind(this=left, expression=right) for left, right in pairs), *odd]
        return parts[0]

    # Windows, groups and subqueries

    def window(self, node: exp.Expr) -> exp.Expr:
        function = node.this
        inner = function.this if isinstance(function, exp.Filter) else function
        if type(inner) not in AGGREGATES | RANKINGS or node.args.get("alias"):
            return self.refuse(node, "OVER follows an aggregate or a ranking, and is written out.")
        if node.args.get("first") is not None or node.args.get("over") not in {None, "OVER"}:
            return self.refuse(node)
        order = node.args.get("order")
        return exp.Window(
            this=self.read(function),
            partition_by=[self.read(each) for each in node.args.get("partition_by") or ()],
            order=None if order is None else exp.Order(expressions=self.ordered(order)),
            spec=self._frame(node),
            over="OVER",
        )

    def _frame(self, node: exp.Expr) -> exp.Expr | None:
        spec = node.args.get("spec")
        frame = None if spec is None else read_frame(spec)
        if spec is not None and frame is None:
            self.refuse(spec, "This frame of a window is not allowed.")
        return frame

    def ordered(self, order: exp.Expr) -> list[exp.Expr]:
        """Read the items of an ORDER BY that names columns, no positions."""
        return [
            self.refuse(item)
            if not isinstance(item, exp.Ordered) or item.args.get("with_fill")
            else reordered(item, self.read(item.this))
            for item in order.expressions
        ]

    def within_group(self, node: exp.Expr) -> exp.Expr:
        function, order = node.this, node.expression
        if type(function) not in _ORDERED_SETS or not isinstance(order, exp.Order):
            return self.refuse(node, "WITHIN GROUP follows PERCENTILE_CONT or PERCENTILE_DISC.")
        share = function.this
        if not isinstance(share, exp.Literal) or share.is_string or len(order.expressions) != 1:
            return self.refuse(node, "A percentile is a number from 0 to 1, of one column.")
        kept = type(function)(this=exp.Literal.number(share.name))
        ways = exp.Order(expressions=self.ordered(order))
        return exp.WithinGroup(this=kept, expression=ways)

    def filtered(self, node: exp.Expr) -> exp.Expr:
        where = node.expression
        inner = node.this.this if isinstance(node.this, exp.WithinGroup) else node.this
        if type(inner) not in AGGREGATES | _ORDERED_SETS or not isinstance(where, exp.Where):
            return self.refuse(node, "FILTER follows an aggregate.")
        return exp.Filter(
            this=self.read(node.this), expression=exp.Where(this=self.read(where.this))
        )

    def _query(self, node: exp.Expr) -> exp.Expr:
        parent = node.parent
        result = self.subquery(node, self.scope, self.scope.ctes)
        self.scope.weight += result.weight
        is_exists = isinstance(parent, exp.Exists)
        if len(result.columns) != 1 and not is_exists:
            return self.refuse(node, "A subquery that stands for a value has one column.")
        if not isinstance(parent, exp.Exists | exp.In | exp.Any | exp.All):
            self.draft.can_fail = True  # several rows where one is due
        found = result.tree if is_exists else exp.Subquery(this=result.tree)
        type_ = None if is_exists or not result.columns else result.columns[0].type
        # It has a type in any case: nobody need look inside for one again.
        is_known = type_from_sql(type_) is not None
        found.type = type_ if is_known else exp.DataType(this=exp.DType.VARIANT)
        if not is_exists and result.columns and result.columns[0].is_exact:
            found.meta[EXACT] = True
        return found


_WRITTEN: Final = {"format": FORMAT, "separator": SEPARATOR, "default_date": DAY}
_ORDERED_SETS: Final = frozenset({exp.PercentileCont, exp.PercentileDisc})

_READERS: Final[Mapping[type[exp.Expr], Callable[[Expressions, exp.Expr], exp.Expr]]] = {
    exp.Column: Expressions.column,
    exp.Literal: Expressions.literal,
    exp.Placeholder: Expressions.placeholder,
    exp.Parameter: Expressions.placeholder,
    exp.And: Expressions.connected,
    exp.Or: Expressions.connected,
    exp.Window: Expressions.window,
    exp.WithinGroup: Expressions.within_group,
    exp.Filter: Expressions.filtered,
    exp.Interval: Expressions.interval,
    exp.Convert: Expressions.converted,
}


def reordered(item: exp.Expr, tree: exp.Expr) -> exp.Expr:
    """Return an item of an ORDER BY about our own tree."""
    return exp.Ordered(
        this=tree, desc=bool(item.args.get("desc")), nulls_first=bool(item.args.get("nulls_first"))
    )


def _called(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous):
        return f"The function {node.name.upper()[:40]!r}"
    if isinstance(node, exp.Func):
        return f"The function {node.sql_name().upper()!r}"
    return f"{node.key.upper()!r}"
