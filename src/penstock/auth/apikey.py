"""An API key as text: `pk_<live|test>_<id>_<secret><crc>`, in base62."""

from __future__ import annotations

import hashlib
import hmac
import re
import zlib
from dataclasses import dataclass
from enum import StrEnum

from penstock.secret import Secret

PREFIX = "pk_"
SECRET_BYTES = 32
ID_BYTES = 9

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_WIDTH = 43  # 62**43 > 2**256
_CRC_WIDTH = 6  # 62**6 > 2**32
_ID_WIDTH = 13  # 62**13 > 2**72
_FORM = re.compile(
    rf"(pk_(live|test)_([0-9A-Za-z]{{1,32}})_([0-9A-Za-z]{{{_SECRET_WIDTH}}}))"
    rf"([0-9A-Za-z]{{{_CRC_WIDTH}}})"
)
_NOBODY = bytes(hashlib.sha256().digest_size)


class Environment(StrEnum):
    LIVE = "live"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedKey:
    """What a caller sent, well formed and without typing errors; nothing is proved yet."""

    environment: str
    id: str
    hash: bytes


def new_key_id(random: bytes) -> str:
    """Name a key after `ID_BYTES` random bytes."""
    return _base62(int.from_bytes(_exactly(ID_BYTES, random)), _ID_WIDTH)


def mint(environment: Environment, key_id: str, random: bytes) -> tuple[Secret, bytes]:
    """Make a key of `SECRET_BYTES` random bytes: its text, shown once, and the hash to keep."""
    secret = _base62(int.from_bytes(_exactly(SECRET_BYTES, random)), _SECRET_WIDTH)
    text = f"{PREFIX}{environment}_{key_id}_{secret}"
    return Secret(text + _checksum(text)), _digest(secret)


def parse(text: str) -> PresentedKey | None:
    """Read a key; None for what no key can look like, which its checksum tells without a store."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    signed, environment, key_id, secret, checksum = found.groups()
    if _checksum(signed) != checksum:
        return None
    return PresentedKey(environment=environment, id=key_id, hash=_digest(secret))


def matches(presented: bytes, stored: bytes | None) -> bool:
    """Compare hashes in constant time; None, for no such key, takes as long and is never equal."""
    equal = hmac.compare_digest(presented, stored or _NOBODY)
    return equal and stored is not None


def _exactly(size: int, random: bytes) -> bytes:
    if len(random) != size:
        raise ValueError(f"{size} random bytes are needed, not {len(random)}")
    return random


def _digest(secret: str) -> bytes:
    # A fast hash is right here: 256 random bits cannot be guessed, unlike a password.
    return hashlib.sha256(secret.encode("ascii")).digest()


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode("ascii")), _CRC_WIDTH)


def _base62(number: int, width: int) -> str:
    digits: list[str] = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
