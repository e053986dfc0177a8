"""A secret, and the place it is of -> what may lie in a database, and back."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from penstock.errors import ConfigurationError, StateError
from penstock.store.failures import translated

FILE: Final = "master.key"
VARIABLE: Final = "PENSTOCK_MASTER_KEY"

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_NAME_BYTES: Final = 8
_FORMAT: Final = b"\x01"


@dataclass(frozen=True, slots=True, repr=False)
class Vault:
    """AES-256-GCM by the first key; the others only open what was sealed before a rotation.

    What is sealed is bound to its place: put into another row it does not open.
    """

    keys: tuple[bytes, ...]

    def seal(self, plain: bytes, place: str) -> bytes:
        """Return format, name of the key, nonce, and the text with its tag."""
        key = self.keys[0]
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, plain, place.encode())
        return _FORMAT + _name(key) + nonce + sealed

    def open(self, sealed: bytes, place: str) -> bytes:
        """Raise StateError for what was sealed by an unknown key, changed, or moved."""
        name, rest = sealed[1 : 1 + _NAME_BYTES], sealed[1 + _NAME_BYTES :]
        key = next((one for one in self.keys if _name(one) == name), None)
        if key is None or sealed[:1] != _FORMAT:
            raise StateError(
                "A secret was encrypted with a master key that is not here.",
                hint=f"Put the old key after the new one, with a comma, in {VARIABLE} or {FILE}.",
            )
        try:
            nonce, text = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
            return AESGCM(key).decrypt(nonce, text, place.encode())
        except InvalidTag as error:
            raise StateError(
                f"The secret of {place} does not open: it was changed, or is another one's.",
                hint="Set it again, or put back a backup.",
            ) from error

    def is_current(self, sealed: bytes) -> bool:
        """Whether the first key sealed it."""
        return sealed[1 : 1 + _NAME_BYTES] == _name(self.keys[0])

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for another purpose, that tell nothing of the key."""
        made = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=purpose.encode())
        return made.derive(self.keys[0])


def open_vault(home: Path, environment: Mapping[str, str]) -> Vault:
    """Take the master key from the environment, or from a file in the state folder.

    Raises ConfigurationError for text that is no key, StateError for a file that cannot be read.
    """
    text = environment.get(VARIABLE)
    if text:
        return Vault(_parse(text, VARIABLE))
    path = home / FILE
    with translated(str(path)):
        if not path.exists():
            _make(path)
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        return Vault(_parse(path.read_text(), str(path)))


def new_master_key() -> str:
    """Return the text of a new key: 32 random bytes in base64."""
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def _make(path: Path) -> None:
    """Make the file whole or not at all; of two that start at once the first one wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{FILE}.{secrets.token_hex(8)}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(f"{new_master_key()}\n")
            file.flush()
            os.fsync(file.fileno())
        if not path.exists():
            os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink(missing_ok=True)


def _parse(text: str, place: str) -> tuple[bytes, ...]:
    keys: list[bytes] = []
    for part in text.replace("\n", ",").split(","):
        if not part.strip():
            continue
        try:
            key = base64.b64decode(part.strip(), validate=True)
        except ValueError:
            key = b""
        if len(key) != _KEY_BYTES:
            raise _no_key(place)
        keys.append(key)
    if not keys:
        raise _no_key(place)
    return tuple(keys)


def _no_key(place: str) -> ConfigurationError:
    return ConfigurationError(
        f"{place} does not hold a master key.",
        hint=f"It is {_KEY_BYTES} random bytes in base64: openssl rand -base64 {_KEY_BYTES}",
    )


def _name(key: bytes) -> bytes:
    return hashlib.sha256(b"penstock master key\n" + key).digest()[:_NAME_BYTES]
