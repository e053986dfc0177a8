"""`semi_additive` as written → checked, and what formulas have of it by what they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from penstock.errors import suggestion
from penstock.model.types import Attribute, DataType, Formula, SemiAdditive, Take
from penstock.project.document import Document, Step
from penstock.project.names import Names
from penstock.project.report import Report

_CODE = "INVALID_SEMI_ADDITIVE"


class WrittenSemiAdditive(Protocol):
    @property
    def over(self) -> str: ...
    @property
    def take(self) -> Take: ...
    @property
    def per(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Owner:
    """A table whose attributes are read, and where it stands."""

    table: str
    attributes: Mapping[str, Attribute]
    names: Names
    document: Document
    report: Report

    def issue(self, loc: tuple[Step, ...], code: str, message: str, hint: str | None) -> None:
        place = self.document.place("tables", self.table, "attributes", *loc)
        self.report.add(place, code, message, hint)

    def find(self, name: str, loc: tuple[Step, ...]) -> Attribute | None:
        found = self.attributes.get(name)
        if found is None and not self.names.has(self.table, name):
            self.issue(
                loc,
                "UNKNOWN_ATTRIBUTE",
                f"The table {self.table!r} has no attribute {name!r}.",
                suggestion(name, sorted(self.attributes))
                or f"Name an attribute of {self.table!r} itself, by its name alone.",
            )
        return found


def read_semi_additive(
    written: Mapping[str, WrittenSemiAdditive], owner: Owner
) -> dict[str, SemiAdditive]:
    """Return what is semi-additive, by attribute: what says so, and numbers made of these."""
    declared = {
        name: _checked(name, said, owner)
        for name, said in written.items()
        if name in owner.attributes
    }
    found = {name: semi for name, semi in declared.items() if semi is not None}
    pending = [a for a in owner.attributes.values() if a.name not in declared and _can_be(a)]
    while pending:
        # A formula is looked at after those that it is made of; none is made of itself.
        names = {attribute.name for attribute in pending}
        ready = [a for a in pending if not names.intersection(_uses(a))]
        if not ready:
            break
        for attribute in ready:
            semi = _inherited(attribute, found, owner)
            if semi is not None:
                found[attribute.name] = semi
        pending = [attribute for attribute in pending if attribute not in ready]
    return found


def _can_be(attribute: Attribute) -> bool:
    return attribute.type.is_number and not attribute.aggregates


def _uses(attribute: Attribute) -> tuple[str, ...]:
    return attribute.source.uses if isinstance(attribute.source, Formula) else ()


def _inherited(
    attribute: Attribute, found: Mapping[str, SemiAdditive], owner: Owner
) -> SemiAdditive | None:
    """Return what a formula is by its inputs: made of a balance, it is one."""
    made_of = [name for name in _uses(attribute) if name in found]
    kinds = {(s.over, s.take, frozenset(s.per)): s for s in (found[name] for name in made_of)}
    if len(kinds) > 1:
        said = f"It is made of {' and '.join(made_of)}, which are semi-additive in different ways."
        hint = f"Write `semi_additive` of {attribute.name!r} too."
        owner.issue((attribute.name, "formula"), _CODE, said, hint)
    return next(iter(kinds.values()), None)


def _checked(name: str, written: WrittenSemiAdditive, owner: Owner) -> SemiAdditive | None:
    """Return what was declared of an attribute, None after reporting all that cannot be so."""
    attribute, loc = owner.attributes[name], (name, "semi_additive")
    if not _can_be(attribute):
        what, hint = f"is of type {attribute.type}", "Declare it of a number, such as a balance."
        if attribute.aggregates:
            what, hint = "aggregates already", "Declare it of what the formula is made of."
        owner.issue(loc, _CODE, f"{name!r} {what}: only numbers of rows are semi-additive.", hint)
        return None
    time = _time(written.over, owner, loc)
    good = [_is_key(i, name, written, owner) for i, _ in enumerate(written.per)]
    if time is None or not all(good):
        return None
    return SemiAdditive(over=written.over, take=written.take, per=tuple(written.per))


def _time(over: str, owner: Owner, loc: tuple[Step, ...]) -> Attribute | None:
    time = owner.find(over, (*loc, "over"))
    if time is None or (time.type.is_temporal and not time.aggregates):
        return time
    hints = list(_times(owner.attributes))
    owner.issue(
        (*loc, "over"),
        _CODE,
        f"{over!r} is of type {time.type}: it does not say when."
        if not time.type.is_temporal
        else f"{over!r} aggregates: it is not the time of a row.",
        f"Name a date or a timestamp of the table: {', '.join(hints)}."
        if hints
        else "The table needs a date or a timestamp that says when each row was true.",
    )
    return None


def _times(attributes: Mapping[str, Attribute]) -> Iterator[str]:
    for name, attribute in attributes.items():
        if attribute.type.is_temporal and not attribute.aggregates:
            yield name


def _is_key(at: int, name: str, written: WrittenSemiAdditive, owner: Owner) -> bool:
    key, loc = written.per[at], (name, "semi_additive", "per", at)
    attribute = owner.find(key, loc)
    if attribute is None:
        return False
    said = None
    if key in {name, written.over}:
        said = f"Per {key!r} every row would count."
    elif key in written.per[:at]:
        said = f"{key!r} stands twice."
    elif attribute.aggregates or attribute.type is DataType.JSON:
        what = "aggregates" if attribute.aggregates else "is of type json"
        said = f"{key!r} {what}: rows are not told apart by it."
    if said is not None:
        hint = "Name what has a value of its own at each time, such as an account."
        owner.issue(loc, _CODE, said, hint)
    return said is None
