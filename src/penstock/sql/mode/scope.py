"""The names that can be used at a place of the SQL, and what each of them stands for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlglot import exp

from penstock.errors import AmbiguousNameError, ComputeNotAllowedError, UnknownColumnError
from penstock.model.types import Attribute, Column
from penstock.plan.types import ColumnOf, Expression, FormulaOf
from penstock.sql.dialects.kinds import EXACT
from penstock.sql.expressions import column
from penstock.sql.mode.draft import NAMED, Draft, near_to
from penstock.sql.mode.types import Named, Output, Result, Source

T = TypeVar("T")

_HINT = "GET /dataset lists the tables and their attributes."
_AFTER = frozenset({"group", "having", "qualify", "order"})


@dataclass(frozen=True, slots=True)
class Shared:
    """A column that USING or NATURAL has made of two."""

    name: str
    tree: exp.Expr


@dataclass(slots=True)
class Scope:
    """One SELECT's names. `clause` says which part of it is being read; `outer` is around it."""

    draft: Draft
    outer: Scope | None = None
    ctes: dict[str, tuple[str, Result]] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)
    shared: list[Shared] = field(default_factory=list)
    doubled: set[tuple[str, str]] = field(default_factory=set)
    outputs: list[Output] = field(default_factory=list)
    clause: str = "from"
    weight: int = 0

    def find(self, node: exp.Column) -> tuple[exp.Expr, str | None] | None:
        """Return what a column stands for and its attribute, None after noting a problem."""
        name, qualifier = node.name, node.table
        if node.args.get("db") or node.args.get("catalog"):
            self._unknown(node, name)
            return None
        scope: Scope | None = self
        while scope is not None:
            found = scope.look(name, qualifier, node)
            if found is None and scope is self and not qualifier:
                found = self._output(name)
            if found is not None:
                return found[0]
            scope = scope.outer
        self._unknown(node, name)
        return None

    def look(
        self, name: str, qualifier: str, node: exp.Column
    ) -> tuple[tuple[exp.Expr, str | None] | None] | None:
        """Look here only. None: nothing of this name; a tuple of None: a problem, noted."""
        if not qualifier:
            shared = matching(name, self.shared, lambda each: each.name)
            if shared:
                return ((shared[0].tree.copy(), shared[0].name),)
            sources: Sequence[Source] = self.sources
        else:
            sources = matching(qualifier, self.sources, lambda each: each.name)
        found = [
            (source, member)
            for source in sources
            for member in matching(name, members(source), lambda each: each.name)
            if qualifier or (source.alias, member.emitted) not in self.doubled
        ]
        if len(found) > 1:
            owners = " and ".join(sorted({source.name for source, _ in found}))
            self.draft.note(
                AmbiguousNameError,
                f"{name!r} could be of {owners}.",
                f"Write {found[0][0].name}.{name}.",
                node,
            )
            return (None,)
        if found:
            return ((self.use(*found[0]), found[0][1].attribute),)
        if qualifier and sources:
            self._unknown(node, name)
            return (None,)
        return None

    def _output(self, name: str) -> tuple[tuple[exp.Expr, str | None]] | None:
        """Look among the columns that the SELECT gives, where they may be named already."""
        if self.clause not in _AFTER:
            return None
        found = matching(name, self.outputs, lambda each: each.name)
        if len(found) != 1 or found[0].tree.find(exp.Query) is not None:
            return None
        tree = exp.Paren(this=found[0].tree.copy())
        self.draft.count(sum(1 for _ in tree.walk()))
        tree.type = found[0].type
        return ((tree, found[0].attribute),)

    def use(self, source: Source, member: Named) -> exp.Expr:
        if source.table is not None:
            source.used.add(member.emitted)
        tree = column(source.alias, member.emitted)
        tree.type = member.type
        tree.meta[NAMED] = member.name
        if member.is_exact:
            tree.meta[EXACT] = True
        return tree

    def aggregating(self, node: exp.Column) -> tuple[Source, Attribute] | None:
        """Return the attribute of a group that a column names, if it names one here."""
        for source in self.sources:
            if source.table is None or (node.table and node.table.lower() != source.name.lower()):
                continue
            groups = [a for a in source.table.attributes.values() if a.aggregates]
            found = matching(node.name, groups, lambda each: each.name)
            if found:
                return source, found[0]
        return None

    def refuses(self, node: exp.Column, source: Source, attribute: Attribute) -> bool:
        """Whether an attribute of a group is made of what only the last rows of it have."""
        balances = _semi_additive(attribute, source)
        if balances:
            self.draft.note(
                ComputeNotAllowedError,
                f"{attribute.name!r} is worked out of {' and '.join(balances)}, of which only the"
                " last of each group counts: in SQL each row does.",
                "Ask for it in JSON, or say in SQL which rows count.",
                node,
            )
        return bool(balances)

    def _unknown(self, node: exp.Column, name: str) -> None:
        known = [m.name for source in self.sources for m in members(source)]
        near = near_to(name, known)
        said = f"{node.table}.{name}" if node.table else name
        self.draft.note(UnknownColumnError, f"There is no column {said!r}.", near or _HINT, node)


def members(source: Source) -> Sequence[Named]:
    return source.columns


def matching(name: str, among: Sequence[T], named: Callable[[T], str]) -> list[T]:
    """Return those of a name: as it is written, else whatever its capitals."""
    exact = [each for each in among if named(each) == name]
    return exact or [each for each in among if named(each).lower() == name.lower()]


def _semi_additive(attribute: Attribute, source: Source) -> tuple[str, ...]:
    """Return what is semi-additive of what an attribute of a group is made of."""
    assert source.table is not None  # noqa: S101 - only tables have attributes of groups
    siblings = source.table.attributes
    found = attribute.source
    if attribute.semi_additive is not None:
        return (repr(attribute.name),)
    if isinstance(found, Column) or not attribute.aggregates:
        return ()
    return tuple(each for name in found.uses for each in _semi_additive(siblings[name], source))


def grouped_attribute(attribute: Attribute, source: Source) -> Expression:
    """Return an attribute of a group over the columns of a source, which it uses from then on."""
    assert source.table is not None  # noqa: S101 - only tables have attributes of groups
    siblings = source.table.attributes
    found = attribute.source
    if isinstance(found, Column) or not attribute.aggregates:
        source.used.add(attribute.name)
        return ColumnOf(source.alias, attribute.name, attribute.type)
    inputs = tuple((name, grouped_attribute(siblings[name], source)) for name in found.uses)
    return FormulaOf(found.text, inputs, attribute.type)
