"""What this principal may see of what they asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from penstock.auth.memo import remember
from penstock.auth.principal import Principal
from penstock.model.types import Model
from penstock.policy.guard import GUARD_LIMITS, guard_rows
from penstock.policy.narrow import missing, narrow_model
from penstock.policy.refusal import no_role, unfit
from penstock.policy.types import Guard, Permitted, Policies, Role, View
from penstock.query.conditions import Reader
from penstock.query.types import Asked

_MEMO = 10_000
_MEMO_BYTES = 4 << 20
"""Of keys; what hangs on one is some ten times as large, and grows with a caller's attributes."""

_RECENT = 256
_MEMO_OF_WORLDS = 100


@dataclass(slots=True)
class Gate:
    """Holds the model and the rules; every query passes through `permit` to the planner."""

    model: Model
    policies: Policies
    _views: dict[bytes, View] = field(default_factory=dict)
    _held: int = 0
    _recent: dict[int, tuple[Principal, View]] = field(default_factory=dict)
    _worlds: dict[frozenset[str], Model] = field(default_factory=dict)

    def permit(self, asked: Asked, principal: Principal) -> Permitted:
        return Permitted(asked, self.view(principal))

    def view(self, principal: Principal) -> View:
        """Return the world as this principal sees it.

        Raises ForbiddenError where no role of theirs exists here, MissingAttributeError where a
        row filter needs an attribute they lack.
        """
        # The same key gives the same principal, unchangeable; kept here, nobody else has its id.
        recent = self._recent.get(id(principal))
        if recent is not None:
            return recent[1]
        view = self._find(principal)
        remember(self._recent, id(principal), (principal, view), limit=_RECENT)
        return view

    def _find(self, principal: Principal) -> View:
        try:
            key = msgspec.json.encode((principal.roles, dict(principal.attributes)))
        except (UnicodeEncodeError, OverflowError) as error:
            raise unfit(principal) from error
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


def _view(model: Model, narrowed: Model, roles: Sequence[Role], principal: Principal) -> View:
    reader = Reader(GUARD_LIMITS, guard=True)
    guards = {
        name: Guard(predicate, model.tables[name].attributes, tuple(role.name for role in roles))
        for name in sorted(model.tables)
        if (predicate := guard_rows(name, roles, principal, reader)) is not None
    }
    if reader.problems:
        raise unfit(principal, reader.problems[0])
    shape = _digest(
        model.digest,
        missing(model, narrowed),
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
        raise no_role(principal, sorted(policies.roles))
    return roles


def _digest(*parts: object) -> str:
    return hashlib.blake2b(msgspec.json.encode(parts), digest_size=16).hexdigest()
