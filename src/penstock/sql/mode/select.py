"""One SELECT, clause by clause, in the order in which databases understand them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from penstock.errors import LimitError, SQLNotAllowedError, SQLSyntaxError, UnknownColumnError
from penstock.sql.expressions import identifier
from penstock.sql.mode.allowed import PLAIN_NAME, is_whole
from penstock.sql.mode.draft import is_pending
from penstock.sql.mode.expressions import LIST_HINT, Expressions, Subquery, reordered
from penstock.sql.mode.grouping import aggregates_of, refuse_groups, refuse_ungrouped
from penstock.sql.mode.literals import settle
from penstock.sql.mode.qualify import qualified
from penstock.sql.mode.scope import Scope, matching
from penstock.sql.mode.sources import Sources, star
from penstock.sql.mode.types import Named, Output

_LONGEST: Final = 128
_NESTS: Final = (exp.Rollup, exp.Cube, exp.GroupingSets)


@dataclass(slots=True)
class Selecting:
    """Reads one SELECT into `tree`; what it gives is then in `scope.outputs`."""

    scope: Scope
    subquery: Subquery
    tree: exp.Select = field(default_factory=exp.Select)
    keys: list[exp.Expr] = field(default_factory=list)
    tested: list[tuple[exp.Expr, exp.Expr]] = field(default_factory=list)

    def read(self, node: exp.Select) -> None:
        self._from(node)
        where = self._clause(node.args.get("where"), "where")
        if where is not None:
            self.tree.set("where", exp.Where(this=where))
        self._projections(node)
        self._group(node.args.get("group"))
        having = self._clause(node.args.get("having"), "having")
        if having is not None:
            self.tree.set("having", exp.Having(this=having))
        qualify = self._clause(node.args.get("qualify"), "qualify")
        self._distinct(node)
        self._order(node)
        self._check_groups(node)
        if qualify is not None:
            alias = self.scope.draft.name("ranked", "ranked")
            self.tree = qualified(self.tree, qualify, alias)

    def refuse(self, node: exp.Expr, said: str) -> None:
        self.scope.draft.note(SQLNotAllowedError, said, LIST_HINT, node)

    def _expression(self, node: exp.Expr, clause: str) -> exp.Expr:
        self.scope.clause = clause
        draft = self.scope.draft
        tree = settle(Expressions(draft, self.scope, self.subquery).read(node), draft)
        refuse_groups(tree, clause, draft, node)
        return tree

    def _clause(self, node: exp.Expr | None, clause: str) -> exp.Expr | None:
        if node is None:
            return None
        tree = self._expression(node.this, clause)
        if clause != "where":
            self.tested.append((tree, node.this))
        return tree

    # FROM

    def _from(self, node: exp.Select) -> None:
        start = node.args.get("from_")
        if start is None:
            return
        sources = Sources(self.scope, self.subquery)
        self.tree.set("from_", exp.From(this=sources.add(start.this)))
        joins = [sources.join(join) for join in node.args.get("joins") or ()]
        self.tree.set("joins", joins)

    # SELECT

    def _projections(self, node: exp.Select) -> None:
        for item in node.expressions:
            inner = item.this if isinstance(item, exp.Alias) else item
            is_star = isinstance(inner, exp.Star) or (
                isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star)
            )
            if is_star and item is inner:
                self._star(inner)
            else:
                self._output(item, inner)
        most = self.scope.draft.limits.max_fields
        if len(self.scope.outputs) > most:
            raise LimitError(
                f"A SELECT has {len(self.scope.outputs)} columns; {most} at most.",
                hint="Name the columns that you need instead of '*'.",
                pointer="/sql",
            )
        if not self.scope.outputs:
            self.scope.draft.note(SQLSyntaxError, "The SELECT gives no column.", None, node)
        self.tree.set(
            "expressions",
            [
                exp.Alias(this=output.tree, alias=identifier(output.emitted))
                for output in self.scope.outputs
            ],
        )
        self.tested += [(output.tree, node) for output in self.scope.outputs]

    def _output(self, item: exp.Expr, inner: exp.Expr) -> None:
        tree = self._expression(inner, "select")
        name = item.alias if isinstance(item, exp.Alias) else _name_of(inner)
        if len(name) > _LONGEST:
            self.refuse(item, f"A name has {_LONGEST} characters at most.")
        attribute = inner.name if isinstance(inner, exp.Column) else None
        self._add(name or f"column_{len(self.scope.outputs) + 1}", tree, attribute)

    def _star(self, node: exp.Expr) -> None:
        marker = node.this if isinstance(node, exp.Column) else node
        qualifier = node.table if isinstance(node, exp.Column) else ""
        if any(value for key, value in marker.args.items() if key != "except_"):
            self.refuse(node, "'*' takes EXCEPT, and nothing else.")
            return
        found = star(self.scope, qualifier)
        if not found:
            said = f"There is nothing that {qualifier + '.*' if qualifier else '*'!r} stands for."
            self.scope.draft.note(UnknownColumnError, said, None, node)
        without = self._without(marker, [member for member, _ in found])
        self.scope.draft.count(len(found))
        for member, tree in found:
            if member.name not in without:
                self._add(member.name, tree, member.attribute)

    def _without(self, marker: exp.Expr, found: list[Named]) -> set[str]:
        without: set[str] = set()
        for each in marker.args.get("except_") or ():
            named = matching(each.name, found, lambda member: member.name)
            if named and isinstance(each, exp.Column | exp.Identifier):
                without.add(named[0].name)
            else:
                said = f"There is no column {each.name!r}."
                self.scope.draft.note(UnknownColumnError, said, None, each)
        return without

    def _add(self, name: str, tree: exp.Expr, attribute: str | None) -> None:
        stem = name if PLAIN_NAME.fullmatch(name) else "column"
        taken = {output.emitted.lower() for output in self.scope.outputs}
        emitted, number = stem, 1
        while emitted.lower() in taken:
            number += 1
            emitted = f"{stem}_{number}"
        is_measure = bool(aggregates_of(tree))
        self.scope.outputs.append(Output(name, tree, emitted, attribute, is_measure))

    def _distinct(self, node: exp.Select) -> None:
        distinct = node.args.get("distinct")
        if distinct is None:
            return
        if distinct.args.get("on") is not None:
            self.refuse(distinct, "DISTINCT ON is not allowed: group, or rank with a window.")
        self.tree.set("distinct", exp.Distinct())

    # GROUP BY

    def _group(self, node: exp.Expr | None) -> None:
        if node is None:
            return
        group = exp.Group()
        if node.args.get("totals"):
            self.refuse(node, "WITH TOTALS is not allowed.")
        if node.args.get("all"):
            plain = [i for i, o in enumerate(self.scope.outputs) if not aggregates_of(o.tree)]
            self.keys += [self.scope.outputs[i].tree for i in plain]
            group.set("expressions", [exp.Literal.number(i + 1) for i in plain])
        else:
            group.set("expressions", [self._key(each) for each in node.expressions])
        for key in ("rollup", "cube", "grouping_sets"):
            group.set(key, [self._nested(each) for each in node.args.get(key) or ()])
        if any(group.args.values()):
            self.tree.set("group", group)

    def _nested(self, node: exp.Expr) -> exp.Expr:
        """Read what ROLLUP, CUBE and GROUPING SETS hold: keys, and keys in brackets."""
        if isinstance(node, _NESTS):
            if not node.expressions:
                self.refuse(node, "Write GROUP BY ROLLUP (…).")
            return type(node)(expressions=[self._nested(each) for each in node.expressions])
        if isinstance(node, exp.Tuple):
            return exp.Tuple(expressions=[self._nested(each) for each in node.expressions])
        if isinstance(node, exp.Paren):
            return exp.Paren(this=self._nested(node.this))
        tree = self._expression(node, "group")
        self.keys.append(tree)
        return tree

    def _key(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, _NESTS):
            return self._nested(node)
        found = self._position(node)
        if found is None:
            tree = self._expression(node, "group")
            plain = tree.this if isinstance(tree, exp.Paren) else tree
            found = self._same((tree, plain))
            if found is None:
                self.keys.append(tree)
                return tree
        tree = self.scope.outputs[found].tree
        refuse_groups(tree, "group", self.scope.draft, node)
        self.keys.append(tree)
        if any(is_pending(each) or isinstance(each, exp.Query) for each in tree.walk()):
            # Two placeholders are not the same expression to every engine.
            return exp.Literal.number(found + 1)
        return tree.copy()

    def _same(self, trees: tuple[exp.Expr, ...]) -> int | None:
        """Return the output that is one of these expressions."""
        return next((i for i, o in enumerate(self.scope.outputs) if o.tree in trees), None)

    def _position(self, node: exp.Expr) -> int | None:
        """Return the output that a number stands for, from 0; None where it is no number."""
        if not isinstance(node, exp.Literal) or node.is_string:
            return None
        if not is_whole(node.name) or not 1 <= int(node.name[:6]) <= len(self.scope.outputs):
            self.scope.draft.note(
                SQLSyntaxError,
                f"There is no column number {node.name[:20]}.",
                f"The SELECT gives {len(self.scope.outputs)}.",
                node,
            )
            return 0 if self.scope.outputs else None
        return int(node.name) - 1

    def _check_groups(self, node: exp.Select) -> None:
        is_grouped = (
            node.args.get("group") is not None
            or node.args.get("having") is not None
            or any(aggregates_of(tree) for tree, _ in self.tested)
        )
        if is_grouped:
            aliases = frozenset(source.alias for source in self.scope.sources)
            refuse_ungrouped(self.tested, self.keys, aliases, self.scope.draft)

    # ORDER BY

    def _order(self, node: exp.Select) -> None:
        order = node.args.get("order")
        if order is None:
            return
        if any(value for key, value in order.args.items() if key != "expressions"):
            self.refuse(order, "ORDER BY takes expressions, and nothing else.")
        items = [self._ordered(item, node) for item in order.expressions]
        self.tree.set("order", exp.Order(expressions=items))

    def _ordered(self, item: exp.Expr, node: exp.Select) -> exp.Expr:
        if not isinstance(item, exp.Ordered) or item.args.get("with_fill"):
            self.refuse(item, "ORDER BY takes expressions, and nothing else.")
            return exp.Null()
        found = self._position(item.this)
        if found is None:
            found = self._named(item.this)
        if found is None:
            tree = self._expression(item.this, "order")
            self.tested.append((tree, item))
            found = self._same((tree,))
            if found is None:
                if node.args.get("distinct") is not None:
                    self.refuse(item, "With DISTINCT, ORDER BY takes columns that are selected.")
                return reordered(item, tree)
        name = identifier(self.scope.outputs[found].emitted)
        return reordered(item, exp.Column(this=name))

    def _named(self, node: exp.Expr) -> int | None:
        """Return the output of a name: in ORDER BY, the columns that the SELECT gives go first."""
        if not isinstance(node, exp.Column) or node.table or isinstance(node.this, exp.Star):
            return None
        named = matching(node.name, self.scope.outputs, lambda each: each.name)
        return self.scope.outputs.index(named[0]) if len(named) == 1 else None


def _name_of(node: exp.Expr) -> str:
    """Return what a column without a name is called."""
    while isinstance(node, exp.Paren | exp.Window | exp.Filter | exp.WithinGroup):
        node = node.this
    if isinstance(node, exp.Column):
        return node.name
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Column):
        return node.this.name
    if isinstance(node, exp.Anonymous | exp.Connector) or not isinstance(node, exp.Func):
        return ""
    return str(node.sql_name()).lower()
