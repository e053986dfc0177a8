"""The files of a version as a list: what its digest is of, wherever that is taken."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A file of a tree: a relative path with `/`, bytes, the digest of its content."""

    path: str
    size: int
    digest: str
    executable: bool = False


_encode: Final = msgspec.json.Encoder().encode


def write_tree(entries: Iterable[Entry]) -> bytes:
    """Return the list of files, which is the same for the same files."""
    return _encode(sorted(entries, key=lambda entry: entry.path))


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
