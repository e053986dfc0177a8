"""Where the next page begins <-> a text that only we can have written, for this list alone."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

import msgspec

from penstock.errors import ManagementError
from penstock.store.vault import Vault

_SEAL_BYTES: Final = 12
_PURPOSE: Final = "penstock cursors"


@dataclass(frozen=True, slots=True)
class Cursors:
    key: bytes

    @classmethod
    def of(cls, vault: Vault) -> Cursors:
        return cls(vault.derive(_PURPOSE))

    def write(self, place: tuple[float, str], listing: str) -> str:
        """Seal a place in a list; `listing` is the list's address with its filters."""
        body = msgspec.json.encode(place)
        return base64.urlsafe_b64encode(self._seal(body, listing) + body).rstrip(b"=").decode()

    def read(self, text: str, listing: str) -> tuple[float, str]:
        """Raise ManagementError for a text that is none of ours, or of another list."""
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            seal, body = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
            if hmac.compare_digest(seal, self._seal(body, listing)):
                return msgspec.json.decode(body, type=tuple[float, str])
        except (binascii.Error, ValueError, msgspec.DecodeError):
            pass
        raise ManagementError(
            "The cursor is not one of this list.",
            hint="Take `next` of the page before, with the same filters.",
            pointer="?cursor",
        )

    def _seal(self, body: bytes, listing: str) -> bytes:
        made = hmac.digest(self.key, listing.encode() + b"\n" + body, hashlib.sha256)
        return made[:_SEAL_BYTES]
