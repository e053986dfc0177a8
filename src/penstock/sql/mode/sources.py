"""FROM and JOIN → sources: tables of the model, results of WITH, and subqueries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Final

from sqlglot import exp

from penstock.errors import (
    AmbiguousNameError,
    NoTableError,
    SQLNotAllowedError,
    UnknownColumnError,
)
from penstock.model.types import Table
from penstock.sql.expressions import identifier
from penstock.sql.mode.draft import near_to
from penstock.sql.mode.expressions import LIST_HINT, Expressions, Subquery
from penstock.sql.mode.literals import settle
from penstock.sql.mode.scope import Scope, Shared, matching
from penstock.sql.mode.types import Named, Result, Source, type_to_sql

_TABLES: Final = "GET /dataset lists the tables."
_KINDS: Final = frozenset({"", "INNER", "OUTER", "CROSS"})
_SIDES: Final = frozenset({"", "LEFT", "RIGHT", "FULL"})
_MOST: Final = 64  # sources of one SELECT


@dataclass(slots=True)
class Sources:
    """Reads what a SELECT reads, into its scope."""

    scope: Scope
    subquery: Subquery

    def add(self, node: exp.Expr) -> exp.Expr:
        """Return what stands in FROM for a table or a subquery."""
        if len(self.scope.sources) >= _MOST:
            self._refuse(node, f"{_MOST} tables at most are read by one SELECT.")
        match node:
            case exp.Table():
                source = self._table(node)
            case exp.Subquery():
                source = self._derived(node)
            case _:
                source = None
                self._refuse(node, "FROM takes tables of the model and subqueries.")
        if source is None:
            self.scope.draft.blind = True
            return exp.Null()
        if matching(source.name, self.scope.sources, lambda each: each.name):
            self.scope.draft.note(
                AmbiguousNameError,
                f"Two tables here are called {source.name!r}.",
                "Give one of them another name with AS.",
                node,
            )
        self.scope.sources.append(source)
        return source.tree

    def join(self, node: exp.Join) -> exp.Join:
        if any(value for key, value in node.args.items() if key not in _JOIN_KEYS):
            self._refuse(node, "This kind of join is not allowed.")
        side, kind = (str(node.args.get(key) or "").upper() for key in ("side", "kind"))
        method = str(node.args.get("method") or "").upper()
        if kind not in _KINDS or side not in _SIDES or method not in {"", "NATURAL"}:
            self._refuse(node, f"The join {method} {side} {kind} is not allowed.")
        left = list(self.scope.sources)
        shown = self.visible()
        tree = self.add(node.this)
        right = self.scope.sources[-1] if len(self.scope.sources) > len(left) else None
        on: exp.Expr | None = None
        if node.args.get("on") is not None:
            on = self._condition(node.args["on"])
        elif right is not None and method == "NATURAL":
            mine = [named.name for named in right.columns]
            on = self._shared(node, [n for n in mine if matching(n, shown, str)], right, side)
        elif right is not None and node.args.get("using"):
            on = self._shared(node, [each.name for each in node.args["using"]], right, side)
        if on is None:
            return exp.Join(this=tree, kind="CROSS")
        return exp.Join(this=tree, side=side or None, kind=None if side else "INNER", on=on)

    def visible(self) -> list[str]:
        """Return the names that are there without saying whose they are."""
        return [
            member.name
            for source in self.scope.sources
            for member in source.columns
            if (source.alias, member.emitted) not in self.scope.doubled
        ]

    def _condition(self, node: exp.Expr) -> exp.Expr:
        self.scope.clause = "on"
        reader = Expressions(self.scope.draft, self.scope, self.subquery)
        return settle(reader.read(node), self.scope.draft)

    def _shared(
        self, node: exp.Join, names: list[str], right: Source, side: str
    ) -> exp.Expr | None:
        """Equate the columns of two sides that have one name, and make one of them."""
        conditions: list[exp.Expr] = []
        for name in names:
            pair = self._pair(node, name, right)
            if pair is None:
                continue
            old, new = pair
            conditions.append(exp.EQ(this=old.copy(), expression=new.copy()))
            merged = {"RIGHT": new, "FULL": exp.Coalesce(this=old, expressions=[new])}
            tree = merged.get(side, old)
            tree.type = old.type
            kept = [each for each in self.scope.shared if each.name.lower() != name.lower()]
            self.scope.shared = [*kept, Shared(name, tree)]
        if not conditions:
            return None
        return reduce(lambda one, more: exp.And(this=one, expression=more), conditions)

    def _pair(self, node: exp.Join, name: str, right: Source) -> tuple[exp.Expr, exp.Expr] | None:
        scope = self.scope
        shared = matching(name, scope.shared, lambda each: each.name)
        left = [
            (source, member)
            for source in scope.sources
            if source is not right
            for member in matching(name, source.columns, lambda each: each.name)
            if (source.alias, member.emitted) not in scope.doubled
        ]
        mine = matching(name, right.columns, lambda each: each.name)
        if len(mine) != 1 or (not shared and len(left) != 1):
            error = UnknownColumnError if not (mine and left) else AmbiguousNameError
            said = "is not on both sides of the join" if not (mine and left) else "is ambiguous"
            near = near_to(name, [member.name for member in right.columns])
            scope.draft.note(error, f"The column {name!r} {said}.", near, node)
            return None
        old = shared[0].tree.copy() if shared else scope.use(*left[0])
        new = scope.use(right, mine[0])
        scope.doubled |= {(source.alias, member.emitted) for source, member in left}
        scope.doubled.add((right.alias, mine[0].emitted))
        return old, new

    def _table(self, node: exp.Table) -> Source | None:
        if any(value for key, value in node.args.items() if key not in _TABLE_KEYS):
            self._refuse(node, "A table is named, and nothing else is said of it.")
            return None
        if not isinstance(node.this, exp.Identifier):
            self._refuse(node, "Table functions and file readers are not allowed.")
            return None
        name, database = node.name, node.text("db")
        alias = node.args.get("alias")
        called = alias.name if alias is not None and alias.name else name
        cte = None if database or node.text("catalog") else self.scope.ctes.get(name.lower())
        if cte is not None:
            return self._result(called, cte[1], self._columns(node, alias), reference=cte[0])
        table = self._find(name, database, node)
        if table is None:
            return None
        self.scope.draft.read(table)
        self.scope.weight += 1
        return self._reading(table, called, self._columns(node, alias))

    def _find(self, name: str, database: str, node: exp.Table) -> Table | None:
        """Return a table that the caller knows of: one hidden and one that is not are alike."""
        tables = self.scope.draft.view.model.tables
        wanted = self.scope.draft.query.database_name
        known = [
            table
            for table in tables.values()
            if (not database or table.database.lower() == database.lower())
            and (wanted is None or table.database == wanted)
        ]
        found = [] if node.text("catalog") else matching(name, known, lambda each: each.name)
        if len(found) == 1:
            return found[0]
        ctes = [cte for cte in self.scope.ctes if not database]
        near = near_to(name, [*(table.name for table in known), *ctes])
        said = ".".join(part for part in (node.text("catalog"), database, name) if part)
        self.scope.draft.note(NoTableError, f"There is no table {said!r}.", near or _TABLES, node)
        return None

    def _columns(self, node: exp.Expr, alias: exp.Expr | None) -> list[str]:
        given = [] if alias is None else alias.args.get("columns") or []
        if any(not isinstance(each, exp.Identifier) for each in given):
            self._refuse(node, "Columns are named, and nothing else is said of them.")
            return []
        return [each.name for each in given]

    def _reading(self, table: Table, called: str, names: list[str]) -> Source:
        """Prepare a reading of a table: it is written last, when it is known what is used."""
        columns = [
            Named(name, name, type_to_sql(attribute.type), name)
            for name, attribute in table.attributes.items()
            if not attribute.aggregates
        ]
        alias = self.scope.draft.name(called, "t")
        tree = exp.Subquery(alias=exp.TableAlias(this=identifier(alias)))
        source = Source(called, alias, self._renamed(columns, names, tree), tree, table)
        self.scope.draft.readings.append(source)
        return source

    def _renamed(self, columns: list[Named], names: list[str], node: exp.Expr) -> tuple[Named, ...]:
        if len(names) > len(columns):
            self._refuse(node, f"More columns are named than the {len(columns)} there are.")
        renamed = [
            Named(name, old.emitted, old.type, old.attribute, is_exact=old.is_exact)
            for name, old in zip(names, columns, strict=False)
        ]
        return (*renamed, *columns[len(renamed) :])

    def _derived(self, node: exp.Subquery) -> Source | None:
        if isinstance(node.this, exp.Table):
            self._refuse(node, "Brackets around tables are not allowed.")
            return None
        alias = node.args.get("alias")
        # What is beside a subquery in FROM cannot be seen from inside of it.
        result = self.subquery(node, self.scope.outer, self.scope.ctes)
        called = alias.name if alias is not None else ""
        return self._result(called or "(subquery)", result, self._columns(node, alias))

    def _result(
        self, called: str, result: Result, names: list[str], reference: str | None = None
    ) -> Source:
        alias = self.scope.draft.name(called, "q")
        named = exp.TableAlias(this=identifier(alias))
        tree: exp.Expr = (
            exp.Subquery(this=result.tree, alias=named)
            if reference is None
            else exp.Table(this=identifier(reference), alias=named)
        )
        self.scope.weight += result.weight
        return Source(called, alias, self._renamed(list(result.columns), names, tree), tree)

    def _refuse(self, node: exp.Expr, said: str) -> None:
        self.scope.draft.note(SQLNotAllowedError, said, LIST_HINT, node)


_JOIN_KEYS: Final = frozenset({"this", "on", "using", "side", "kind", "method"})
_TABLE_KEYS: Final = frozenset({"this", "db", "catalog", "alias"})


def star(scope: Scope, qualifier: str) -> list[tuple[Named, exp.Expr]]:
    """Return what `*` or `t.*` stands for; what USING has made one comes first, and once."""
    found: list[tuple[Named, exp.Expr]] = []
    if not qualifier:
        found += [
            (Named(each.name, each.name, each.tree.type, each.name), each.tree.copy())
            for each in scope.shared
        ]
    for source in scope.sources:
        if qualifier and source.name.lower() != qualifier.lower():
            continue
        for member in source.columns:
            if qualifier or (source.alias, member.emitted) not in scope.doubled:
                found.append((member, scope.use(source, member)))
    return found
