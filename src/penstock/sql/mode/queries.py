"""A SELECT, several put together, and WITH → the same of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from penstock.errors import LimitError, SQLNotAllowedError, SQLSyntaxError
from penstock.model.types import DataType
from penstock.sql.expressions import identifier
from penstock.sql.mode.allowed import is_whole
from penstock.sql.mode.draft import Draft, pending
from penstock.sql.mode.expressions import LIST_HINT, CTEs, Expressions, reordered
from penstock.sql.mode.scope import Scope, matching
from penstock.sql.mode.select import Selecting
from penstock.sql.mode.types import Named, Result, type_from_sql

_MOST_CTES: Final = 64
_MOST_READINGS: Final = 128  # of tables, each as often as it would be read
_WHOLE: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Queries:
    draft: Draft

    def read(self, node: exp.Expr, outer: Scope | None, ctes: CTEs) -> Result:
        """Return what a SELECT, a union or a subquery in brackets gives."""
        self.draft.count()
        if isinstance(node, exp.Subquery):
            return self._bracketed(node, outer, ctes)
        ctes = self._with(node, ctes)
        match node:
            case exp.Select():
                result = self._select(node, outer, ctes)
            case exp.Union() | exp.Intersect() | exp.Except():
                result = self._together(node, outer, ctes)
            case _:
                self.refuse(node, "Only SELECT is allowed here.")
                return self._nothing()
        if result.weight > _MOST_READINGS:
            raise LimitError(
                f"The SQL reads tables more than {_MOST_READINGS} times.",
                hint="Mind what a WITH that is used several times adds up to.",
                pointer="/sql",
            )
        return result

    def _bracketed(self, node: exp.Subquery, outer: Scope | None, ctes: CTEs) -> Result:
        extra = [key for key, value in node.args.items() if value and key not in _BRACKETS]
        if extra or not isinstance(node.this, exp.Query):
            self.refuse(node, "Brackets hold a SELECT; ORDER BY and LIMIT may follow.")
            return self._nothing()
        ctes = self._with(node, ctes)
        result = self.read(node.this, outer, ctes)
        order = node.args.get("order")
        if order is None and node.args.get("limit") is None and node.args.get("offset") is None:
            return result
        tree = self._apart(result)
        if order is not None:
            tree.set("order", self._order_of_union(order, result.columns))
        self._page(node, tree)
        return Result(tree, result.columns, result.weight)

    def _nothing(self) -> Result:
        """Return what stands for what is refused: nothing can be said of its names."""
        self.draft.blind = True
        return Result(exp.Select(expressions=[_as(exp.Null(), "nothing")]), (), 0)

    def refuse(self, node: exp.Expr, said: str) -> None:
        self.draft.note(SQLNotAllowedError, said, LIST_HINT, node)

    def _with(self, node: exp.Expr, outer: CTEs) -> CTEs:
        clause = node.args.get("with_")
        if clause is None:
            return outer
        if any(value for key, value in clause.args.items() if key != "expressions"):
            self.refuse(clause, "WITH RECURSIVE is not allowed.")
        ctes = dict(outer)
        for cte in clause.expressions:
            if len(self.draft.ctes) >= _MOST_CTES:
                raise LimitError(f"WITH has more than {_MOST_CTES} parts.", pointer="/sql")
            self._add(cte, ctes)
        return ctes

    def _add(self, cte: exp.Expr, ctes: CTEs) -> None:
        """Read one part of a WITH. It sees those before it, and nothing of what is around it."""
        if not isinstance(cte, exp.CTE) or not isinstance(cte.this, exp.Query):
            self.refuse(cte, "A part of WITH is a SELECT.")
            return
        if cte.args.get("scalar") or cte.args.get("key_expressions"):
            self.refuse(cte, "A part of WITH is a SELECT, and nothing else is said of it.")
            return
        result = self.read(cte.this, None, ctes)
        names = [each.name for each in cte.args["alias"].args.get("columns") or ()]
        if len(names) > len(result.columns):
            self.draft.note(
                SQLSyntaxError, f"{cte.alias!r} names more columns than it has.", None, cte
            )
        columns = [
            Named(names[i], old.emitted, old.type, is_exact=old.is_exact) if i < len(names) else old
            for i, old in enumerate(result.columns)
        ]
        emitted = self.draft.name(cte.alias, "w", as_table=True)
        alias = exp.TableAlias(this=identifier(emitted))
        self.draft.ctes.append(exp.CTE(this=result.tree, alias=alias))
        ctes[cte.alias.lower()] = (emitted, Result(result.tree, tuple(columns), result.weight))

    def _select(self, node: exp.Select, outer: Scope | None, ctes: CTEs) -> Result:
        extra = [key for key, value in node.args.items() if value and key not in _SELECT]
        if extra:
            self.refuse(node, f"{extra[0].strip('_').upper()!r} of a SELECT is not allowed.")
            return self._nothing()
        scope = Scope(self.draft, outer, ctes)
        selecting = Selecting(scope, self.read)
        selecting.read(node)
        self._page(node, selecting.tree)
        columns = tuple(output.named for output in scope.outputs)
        return Result(selecting.tree, columns, scope.weight)

    def _together(self, node: exp.SetOperation, outer: Scope | None, ctes: CTEs) -> Result:
        extra = [key for key, value in node.args.items() if value and key not in _UNION]
        if extra:
            self.refuse(node, f"{extra[0].strip('_').upper()!r} of a {node.key} is not allowed.")
            return self._nothing()
        left = self._side(node, node.this, outer, ctes)
        right = self._side(node, node.expression, outer, ctes)
        if len(left.columns) != len(right.columns):
            self.draft.note(
                SQLSyntaxError,
                f"One side has {len(left.columns)} columns, the other {len(right.columns)}.",
                None,
                node,
            )
            return left
        distinct = node.args.get("distinct")
        tree = type(node)(
            this=left.tree, expression=right.tree, distinct=True if distinct is None else distinct
        )
        columns = tuple(_joined(a, b) for a, b in zip(left.columns, right.columns, strict=True))
        order = node.args.get("order")
        if order is not None:
            tree.set("order", self._order_of_union(order, columns))
        self._page(node, tree)
        return Result(tree, columns, left.weight + right.weight)

    def _side(
        self, node: exp.SetOperation, side: exp.Expr, outer: Scope | None, ctes: CTEs
    ) -> Result:
        """Read one side; engines do not agree on what comes first where brackets are left out."""
        if isinstance(node, exp.Intersect) and isinstance(side, exp.Union | exp.Except):
            self.refuse(side, "UNION or EXCEPT beside INTERSECT needs brackets around one of them.")
        result = self.read(side, outer, ctes)
        if isinstance(side, exp.Subquery):
            is_simple = isinstance(result.tree, exp.Select) and not any(
                result.tree.args.get(key) for key in ("order", "limit", "offset")
            )
            if not is_simple:
                return Result(self._apart(result), result.columns, result.weight)
        return result

    def _apart(self, result: Result) -> exp.Select:
        """Put a result in brackets, in a way that every engine takes."""
        alias = self.draft.name("part", "part")
        around = exp.Subquery(this=result.tree, alias=exp.TableAlias(this=identifier(alias)))
        return exp.Select(
            expressions=[
                _as(exp.Column(this=identifier(c.emitted), table=identifier(alias)), c.emitted)
                for c in result.columns
            ],
            from_=exp.From(this=around),
        )

    def _order_of_union(self, order: exp.Expr, columns: Sequence[Named]) -> exp.Order:
        items: list[exp.Expr] = []
        for item in order.expressions:
            found = _position(item.this, len(columns))
            if found is None and isinstance(item.this, exp.Column) and not item.this.table:
                named = matching(item.this.name, columns, lambda each: each.name)
                found = columns.index(named[0]) if len(named) == 1 else None
            if found is None or item.args.get("with_fill"):
                self.refuse(item, "After a UNION, ORDER BY takes names or numbers of its columns.")
                continue
            name = exp.Column(this=identifier(columns[found].emitted))
            items.append(reordered(item, name))
        return exp.Order(expressions=items)

    def _page(self, node: exp.Expr, tree: exp.Expr) -> None:
        limit = self._rows(node.args.get("limit"))
        offset = self._rows(node.args.get("offset"))
        if limit is not None:
            tree.set("limit", exp.Limit(expression=limit))
        if offset is not None:
            tree.set("offset", exp.Offset(expression=offset))

    def _rows(self, node: exp.Expr | None) -> exp.Expr | None:
        """Read the number of rows of LIMIT, FETCH, TOP or OFFSET."""
        if node is None:
            return None
        options = node.args.get("limit_options")
        is_odd = options is not None and any(options.args.get(k) for k in ("percent", "with_ties"))
        number = node.args.get("count") if isinstance(node, exp.Fetch) else node.expression
        if is_odd or node.expressions or node.args.get("offset") or number is None:
            self.refuse(node, "LIMIT and OFFSET take a number of rows, and nothing else.")
            return None
        while isinstance(number, exp.Paren):
            number = number.this
        if isinstance(number, exp.Literal) and not number.is_string:
            if is_whole(number.name) and int(number.name) < _WHOLE:
                return pending(self.draft.constant(int(number.name)), DataType.INTEGER, node)
            self.refuse(node, "LIMIT and OFFSET take a whole number, 0 or more.")
            return None
        if isinstance(number, exp.Placeholder | exp.Parameter) or number.name.startswith("$"):
            reader = Expressions(self.draft, Scope(self.draft), self.read)
            found = reader.read(number)
            return None if isinstance(found, exp.Null) else settle_rows(found)
        self.refuse(node, "LIMIT and OFFSET take a number of rows or a parameter.")
        return None


def _position(node: exp.Expr, columns: int) -> int | None:
    if not isinstance(node, exp.Literal) or node.is_string or not is_whole(node.name):
        return None
    return int(node.name) - 1 if 1 <= int(node.name[:6]) <= columns else None


def _joined(left: Named, right: Named) -> Named:
    """Return a column of a union: called as on the left, of the type of both."""
    kinds = (type_from_sql(left.type), type_from_sql(right.type))
    type_ = left.type if kinds[0] is kinds[1] else None
    is_exact = left.is_exact or right.is_exact
    is_sure = all(
        named.is_exact or kind is DataType.INTEGER
        for named, kind in zip((left, right), kinds, strict=True)
    )
    return Named(
        left.name,
        left.emitted,
        type_,
        is_measure=left.is_measure,
        is_exact=is_exact and is_sure,
    )


def settle_rows(node: exp.Expr) -> exp.Expr:
    slot = node.name.partition(":")[0]
    node.set("this", f"{slot}:{DataType.INTEGER.value}")
    return node


def _as(tree: exp.Expr, name: str) -> exp.Expr:
    return exp.Alias(this=tree, alias=identifier(name))


_BRACKETS: Final = frozenset({"this", "alias", "with_", "order", "limit", "offset"})
_SELECT: Final = frozenset(
    {"with_", "expressions", "distinct", "from_", "joins", "where", "group", "having", "qualify"}
    | {"order", "limit", "offset"}
)
_UNION: Final = frozenset({"with_", "this", "expression", "distinct", "order", "limit", "offset"})
