"""Whose tokens a project trusts, and where the keys that prove them are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from penstock.errors import ConfigurationError, suggestion
from penstock.secret import Secret

# The digest's size in bytes: RFC 7518 §3.2 wants a shared secret at least that long.
SHARED = {"HS256": 32, "HS384": 48, "HS512": 64}
SIGNED = frozenset(
    f"{family}{size}" for family in ("RS", "PS", "ES") for size in (256, 384, 512)
) | {"EdDSA"}


@dataclass(frozen=True, slots=True)
class SharedSecret:
    secret: Secret


@dataclass(frozen=True, slots=True)
class PublicKeyFile:
    """One public key, PEM."""

    path: Path


@dataclass(frozen=True, slots=True)
class KeySetFile:
    """A JSON Web Key Set on disk."""

    path: Path


@dataclass(frozen=True, slots=True)
class KeySetURL:
    """A JSON Web Key Set at an address, which may be private only if the project says so."""

    url: str
    allow_private_address: bool = False


KeyPlace: TypeAlias = SharedSecret | PublicKeyFile | KeySetFile | KeySetURL


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """`claims` maps a principal's attribute to the claim it is taken from, dots for nesting.

    Raises ConfigurationError for algorithms that do not go with the kind of key, so no token can
    ever be checked with the wrong one.
    """

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    key: KeyPlace
    claims: Mapping[str, str] = field(default_factory=dict)
    roles_claim: str = "roles"
    roles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (self.issuer and self.audience and self.algorithms):
            raise ConfigurationError(
                "A token issuer needs `issuer`, `audience` and `algorithms`.",
                hint="Without all three, tokens meant for somebody else would be accepted.",
            )
        for algorithm in self.algorithms:
            _check_algorithm(algorithm, self.key)


def _check_algorithm(algorithm: str, key: KeyPlace) -> None:
    if algorithm not in SIGNED and algorithm not in SHARED:
        known = [*SHARED, *sorted(SIGNED)]
        raise ConfigurationError(
            f"There is no algorithm {algorithm!r} for tokens.",
            hint=suggestion(algorithm, known) or f"Known are {', '.join(known)}.",
        )
    if (algorithm in SHARED) is not isinstance(key, SharedSecret):
        raise ConfigurationError(
            f"The algorithm {algorithm} does not go with this kind of key.",
            hint="HS256, HS384 and HS512 go with `secret`; every other one with a public key.",
        )
    if isinstance(key, SharedSecret) and len(key.secret.reveal().encode()) < SHARED[algorithm]:
        raise ConfigurationError(
            f"The shared secret is too short for {algorithm}.",
            hint=f"It needs {SHARED[algorithm]} bytes or more; whoever guesses it makes tokens.",
        )
