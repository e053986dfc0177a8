"""The row filters of some roles, and a principal's attributes → the filter of a table's rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from penstock.auth.principal import AttributeValue, Principal
from penstock.policy.refusal import lacking, unfit
from penstock.policy.types import Role, RowFilter
from penstock.query.conditions import Reader, all_of, any_of
from penstock.query.types import Json, Limits, Predicate

PRINCIPAL = "$principal."

GUARD_LIMITS = Limits(max_values=1_000_000, max_conditions=100_000, max_depth=64)
"""A team's own filters are not a caller's: only a runaway one is stopped."""


def guard_rows(
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
        raise unfit(principal, *reader.problems[:1])
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
        raise unfit(principal)
    if None in items:
        raise lacking(principal, name)
    return value
