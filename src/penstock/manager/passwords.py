"""Passwords -> argon2id hashes, two at a time at most: each takes 19 MB while it is made."""

from __future__ import annotations

import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's parameters: 19 MiB, two passes, one lane.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_few: Final = threading.BoundedSemaphore(2)


def hash_password(password: str) -> str:
    with _few:
        return _HASHER.hash(password)


def is_password(stored: str | None, password: str) -> bool:
    """Compare with a hash; None, for nobody, takes as long and is never equal."""
    with _few:
        try:
            _HASHER.verify(stored or _NOBODYS, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None


_NOBODYS: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA"
    "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
