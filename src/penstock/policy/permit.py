"""What this principal may see of what they asked for."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from penstock.auth.principal import AttributeValue, Principal
from penstock.errors import ForbiddenError, MissingAttributeError, PenstockError
from penstock.model.types import Model, Table
from penstock.policy.types import Guard, Permitted, Policies, Role, RowFilter, View
from penstock.query.conditions import Reader, all_of, any_of
from penstock.query.types import Asked, Json, Limits, Predicate

PRINCIPAL = "$principal."

_GUARD_LIMITS = Limits(max_values=1_000_000, max_conditions=100_000, max_depth=64)
"""A team's own filters are not a caller's: only a runaway one is stopped."""

_MEMO = 10_000
_MEMO_BYTES = 4 << 20
"""Of keys; what hangs on one is some ten times as large, and grows with a caller's attributes."""

_MEMO_OF_WORLDS = 100


@dataclass(slots=True)
class Gate:
    """Holds the model and the rules; every query passes through `permit` to the planner."""

    model: Model
    policies: Policies
    _views: dict[bytes, View] = field(default_factory=dict)
    _held: int = 0
    _worlds: dict[frozenset[str], Model] = field(default_factory=dict)

    def permit(self, asked: Asked, principal: Principal) -> Permitted:
        return Permitted(asked, self.view(principal))

    def view(self, principal: Principal) -> View:
        """Return the world as this principal sees it.

        Raises ForbiddenError where no role of theirs exists here, MissingAttributeError where a
        row filter needs an attribute they lack.
        """
        try:
            key = msgspec.json.encode((principal.roles, dict(principal.attributes)))
        except (UnicodeEncodeError, OverflowError) as error:
            raise _unfit(None) from error
        view = self._views.get(key)
        if view is None:
            view = self._narrow(principal)
            self._held += len(key)
            if len(self._views) >= _MEMO or self._held > _MEMO_BYTES:
                self._views.clear()
                self._held = len(key)
            self._views[key] = view
        return view

    def _narrow(self, principal: Principal) -> View:
        """Narrow a model once for all who have the same roles: it may be large, they many."""
        roles = _roles(self.policies, principal)
        names = frozenset(role.name for role in roles)
        if names not in self._worlds:
            if len(self._worlds) >= _MEMO_OF_WORLDS:
                self._worlds.clear()
            self._worlds[names] = narrow_model(self.model, roles)
        return _view(self.model, self._worlds[names], roles, principal)


def narrow_model(model: Model, roles: Sequence[Role]) -> Model:
    """Return the model without what any of the roles hides."""
    hidden = _hidden(model, roles)
    if not hidden:
        return model
    tables = {name: _unlinked(table, hidden) for name, table in model.tables.items()}
    return replace(model, tables=tables).without(hidden)


def _unlinked(table: Table, hidden: Mapping[str, frozenset[str]]) -> Table:
    """Cut the relationships whose one side is hidden: the other side would show its values."""
    own = hidden.get(table.name, frozenset())
    kept = {
        name: relationship
        for name, relationship in table.relationships.items()
        if all(
            (key.own in own) == (key.other in hidden.get(relationship.table, ()))
            for key in relationship.keys
        )
    }
    return replace(table, relationships=kept)


def _view(model: Model, narrowed: Model, roles: Sequence[Role], principal: Principal) -> View:
    reader = Reader(_GUARD_LIMITS, guard=True)
    guards = {
        name: Guard(predicate, model.tables[name].attributes)
        for name in sorted(model.tables)
        if (predicate := _guard(name, roles, principal, reader)) is not None
    }
    if reader.problems:
        raise _unfit(reader.problems[0])
    shape = _digest(
        model.digest,
        _missing(model, narrowed),
        {name: repr(guard.predicate) for name, guard in guards.items()},
    )
    return View(
        model=narrowed,
        guards=guards,
        values=tuple(reader.values),
        shape=shape,
        fingerprint=_digest(shape, reader.values),
    )


def nothing_to_see(model: Model) -> View:
    """Return the world of somebody unknown: no table at all."""
    empty = model.without({name: frozenset(t.attributes) for name, t in model.tables.items()})
    return View(model=empty, guards={}, values=(), shape="nothing", fingerprint="nothing")


def _roles(policies: Policies, principal: Principal) -> tuple[Role, ...]:
    """Return the roles that count, in one order. A project without roles narrows nothing."""
    if not policies.roles:
        return (Role(name="everyone"),)
    known = sorted({name for name in principal.roles if name in policies.roles})
    roles = tuple(policies.roles[name] for name in known)
    if not roles:
        raise ForbiddenError(
            "Your credential has no role in this project.",
            hint="Ask the project's owner for a role; every query needs one.",
        )
    return roles


def _hidden(model: Model, roles: Sequence[Role]) -> dict[str, frozenset[str]]:
    """Return what any of the roles hides.

    Roles widen each other's rows, never each other's attributes: otherwise the rows of one role
    would show what only the other may see.
    """
    hidden: dict[str, frozenset[str]] = {}
    for name in model.tables:
        names = frozenset[str]().union(*(role.hidden.get(name, frozenset()) for role in roles))
        if names:
            hidden[name] = names
    return hidden


def _guard(
    table: str, roles: Sequence[Role], principal: Principal, reader: Reader
) -> Predicate | None:
    """Join a table's filters: all of one role's must hold, of any of the roles."""
    per_role = [
        all_of([_read(row_filter, principal, reader) for row_filter in filters])
        for role in roles
        if (filters := [f for f in role.rows if table in f.tables])
    ]
    if len(per_role) < len(roles):
        return None
    return any_of([predicate for predicate in per_role if predicate is not None])


def _read(row_filter: RowFilter, principal: Principal, reader: Reader) -> Predicate:
    filled = {name: _fill(value, principal) for name, value in row_filter.filter.items()}
    predicate = reader.read_filter(filled, "")
    if predicate is None:
        raise _unfit(reader.problems[0] if reader.problems else None)
    return predicate


def _fill(value: Json, principal: Principal) -> Json:
    """Put the principal's attributes in the place of `$principal.<name>`, as values."""
    if isinstance(value, str) and value.startswith(PRINCIPAL):
        found = _attribute(value.removeprefix(PRINCIPAL), principal)
        return list(found) if isinstance(found, tuple | list) else found
    if isinstance(value, Mapping):
        return {name: _fill(item, principal) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [filled for item in value for filled in _spread(item, principal)]
    return value


def _spread(item: Json, principal: Principal) -> Iterator[Json]:
    """Fill one item of a list: an attribute that has several values gives several items."""
    filled = _fill(item, principal)
    if isinstance(item, str) and isinstance(filled, list):
        yield from filled
    else:
        yield filled


def _attribute(name: str, principal: Principal) -> AttributeValue:
    """Return an attribute's value; a null in it is as good as none, and could widen a filter."""
    value = principal.attributes.get(name)
    items = value if isinstance(value, tuple | list) else (value,)
    if any(isinstance(item, float) and not math.isfinite(item) for item in items):
        raise _unfit(None)
    if None in items:
        raise MissingAttributeError(
            f"Your credential carries no attribute {name!r}, which decides the rows you may see.",
            hint=f"Ask for a credential with {name!r}.",
        )
    return value


def _unfit(problem: PenstockError | None) -> PenstockError:
    said = f" ({problem.detail})" if problem else ""
    return ForbiddenError(
        f"An attribute of your credential does not fit the row filter it decides{said}",
        hint="Ask for a credential whose attributes have the expected form.",
    )


def _missing(model: Model, narrowed: Model) -> dict[str, list[str]]:
    """Return what each table lacks in the narrowed model: attributes, and ways to others."""
    found: dict[str, list[str]] = {}
    for name, table in model.tables.items():
        seen = narrowed.tables.get(name)
        kept = (*seen.attributes, *seen.relationships) if seen else ()
        gone = sorted({*table.attributes, *table.relationships}.difference(kept))
        if gone:
            found[name] = gone
    return found


def _digest(*parts: object) -> str:
    return hashlib.blake2b(msgspec.json.encode(parts), digest_size=16).hexdigest()
