"""What a project was read from → one text that changes when any of it does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from penstock.project.files import SourceFile


def digest_project(
    files: Iterable[SourceFile], keys: Iterable[Path], variables: Mapping[str, str], root: Path
) -> str:
    """Hash names and contents, in an order that no file system decides.

    A digest is shown to people, so what comes from the environment goes through scrypt: nobody
    can try out passwords against it at any speed.
    """
    parts = {file.path: _hash(file.text.encode()) for file in files}
    parts |= {path.relative_to(root).as_posix(): _hash(path.read_bytes()) for path in keys}
    if variables:
        values = {name: str(value) for name, value in variables.items()}
        secret = msgspec.json.encode(values, order="sorted")
        salt = _hash(msgspec.json.encode(parts, order="sorted")).encode()
        parts["$"] = hashlib.scrypt(secret, salt=salt, n=1 << 13, r=8, p=1, dklen=32).hex()
    return _hash(msgspec.json.encode(parts, order="sorted"))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
