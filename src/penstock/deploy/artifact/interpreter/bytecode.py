"""Python's source → its bytecode, the same wherever it is made: for images nobody can write to."""

from __future__ import annotations

import importlib.util
import marshal
import struct
from pathlib import Path
from types import CodeType
from typing import Final

# A .pyc begins with the magic number, flags, and either time and size of its source or its hash.
_HEAD: Final = struct.Struct("<4sIII")
_UNCHECKED: Final = 1
"""By its hash, and not looked at again: the image does not change."""

# Version 2 writes each value out; later ones refer back to it or not, as memory happens to be.
_PLAIN: Final = 2


def make_bytecode(source: Path, place: str) -> bytes | None:
    """Return the .pyc of a source file that lies at `place` in the image, None if it is no Python.

    What Python has compiled already is used, if it is of this very source.
    """
    text = source.read_bytes()
    try:
        code = _compiled(source) or compile(text, place, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return None  # a template, or of another version of Python
    head = importlib.util.MAGIC_NUMBER + struct.pack("<I", _UNCHECKED)
    return head + importlib.util.source_hash(text) + marshal.dumps(_moved(code, place), _PLAIN)


def cache_path(path: str) -> str:
    """Return where the bytecode of a source file lies in an image: `a/b.py` → `a/__pycache__/…`."""
    return importlib.util.cache_from_source(path, optimization="")


def _compiled(source: Path) -> CodeType | None:
    try:
        content = Path(cache_path(str(source))).read_bytes()
        seen = source.stat()
        magic, flags, modified, size = _HEAD.unpack_from(content)
    except (OSError, struct.error):
        return None
    wanted = (importlib.util.MAGIC_NUMBER, 0, int(seen.st_mtime), seen.st_size & 0xFFFFFFFF)
    if (magic, flags, modified, size) != wanted:
        return None
    try:
        found: object = marshal.loads(content[_HEAD.size :])  # noqa: S302 - Python's own, of this very source
    except (EOFError, TypeError, ValueError):
        return None
    return found if isinstance(found, CodeType) else None


def _moved(code: CodeType, place: str) -> CodeType:
    """Return code that says it is from `place`, and not from where it was compiled."""
    constants = tuple(_moved(c, place) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(co_filename=place, co_consts=constants)
