"""Random bytes -> the id of a record: a prefix that says of what, and 80 bits."""

from __future__ import annotations

import base64
from typing import Final

RANDOM_BYTES: Final = 10


def new_id(prefix: str, random: bytes) -> str:
    """Return `prefix` and 16 lower-case letters and digits made of `RANDOM_BYTES` random bytes."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"{RANDOM_BYTES} random bytes are needed, not {len(random)}")
    return prefix + base64.b32encode(random).decode().lower()
