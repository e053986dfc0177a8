"""Where a node has its keys from: the state file, or the manager's snapshot."""

from __future__ import annotations

from typing import Protocol

from penstock.auth.keyring import KeyRing


class KeySource(Protocol):
    """Any thread may ask; `ring` costs nothing, since every request asks."""

    def ring(self) -> KeyRing:
        """Return the keys in force. Raises a PenstockError where there are none yet."""

    def note_used(self, key_id: str, now: float) -> None:
        """Take note that a key was used."""

    @property
    def unready(self) -> str | None:
        """What a readiness probe is told, None when all is well."""
