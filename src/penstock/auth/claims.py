"""The claims of a proved token -> Principal, by the mapping its issuer declares."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.auth.issuer import Issuer
from penstock.auth.principal import AttributeValue, Principal, Scalar
from penstock.auth.refusal import RefusalReason

_LAST_TIME = 2**53  # beyond it, a float no longer tells one second from the next


def claimed_principal(claims: Mapping[str, object], issuer: Issuer, expires: float) -> Principal:
    """Return who the token is about; RefusalReason where it does not say."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise RefusalReason("the token has no subject")
    found = {name: _attribute(_claim(claims, path)) for name, path in issuer.claims.items()}
    roles = (*issuer.roles, *_roles(_claim(claims, issuer.roles_claim)))
    return Principal(
        subject=subject,
        kind="jwt",
        roles=tuple(dict.fromkeys(roles)),
        attributes={name: value for name, value in found.items() if value is not None},
        expires=expires,
    )


def _claim(claims: object, path: str) -> object:
    """Follow a path. A claim that has dots in its own name, as addresses do, is found first."""
    if not isinstance(claims, dict):
        return None
    if path in claims:
        found: object = claims[path]
        return found
    first, dot, rest = path.partition(".")
    return _claim(claims.get(first), rest) if dot else None


def _attribute(claim: object) -> AttributeValue:
    """Return a claim as an attribute; None, which is left out, for what cannot be one.

    A row filter that needs it then refuses, which is safer than filtering by half a claim.
    """
    if not isinstance(claim, list):
        return _scalar(claim)
    items = tuple(_scalar(item) for item in claim)
    return None if None in items else items


def _scalar(claim: object) -> Scalar:
    return claim if isinstance(claim, str | int | float) else None


def _roles(claim: object) -> tuple[str, ...]:
    """Read a list of names, or one text with spaces in between as `scope` has."""
    if isinstance(claim, str):
        return tuple(claim.split())
    if isinstance(claim, list):
        return tuple(role for role in claim if isinstance(role, str))
    return ()


def claimed_time(claims: Mapping[str, object], name: str) -> float | None:
    """Return `exp` or `nbf` in epoch seconds, None where absent; RefusalReason where odd."""
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RefusalReason(f"the claim {name} is not a time")
    if abs(value) > _LAST_TIME:
        raise RefusalReason(f"the claim {name} is out of range")
    return float(value)
