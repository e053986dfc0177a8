"""An ELF file → the shared libraries that it names."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

_MAGIC: Final = b"\x7fELF\x02\x01"  # 64 bits, least significant byte first: x86-64 and ARM64
_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3
_NEEDED, _STRINGS, _STRINGS_SIZE = 1, 5, 10
_PLACES: Final = frozenset({15, 29})  # DT_RPATH and DT_RUNPATH
_MOST: Final = 16 << 20  # bytes of one table


@dataclass(frozen=True, slots=True)
class Elf:
    """`needed` are names of libraries, `places` the folders that they are looked for in first.

    `loader` is who puts a program together, if it says.
    """

    needed: tuple[str, ...]
    places: tuple[str, ...]
    loader: str | None


@dataclass(frozen=True, slots=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int


def read_elf(path: Path) -> Elf | None:
    """Return what an ELF file needs, None for any other file, or one that is broken."""
    with path.open("rb") as file:
        header = file.read(64)
        if not header.startswith(_MAGIC) or len(header) < 64:  # noqa: PLR2004 - the format's
            return None
        try:
            return _read(file, header)
        except (struct.error, StopIteration, ValueError):
            return None


def _read(file: BinaryIO, header: bytes) -> Elf:
    (start,) = struct.unpack_from("<Q", header, 32)
    size, count = struct.unpack_from("<HH", header, 54)
    table = _at(file, start, size * count)
    segments = [_segment(table, i * size) for i in range(count)]
    loader = next((_at(file, s.offset, s.size) for s in segments if s.kind == _INTERPRETER), None)
    dynamic = next((s for s in segments if s.kind == _DYNAMIC), None)
    named = [] if dynamic is None else _named(file, dynamic, segments)
    return Elf(
        needed=tuple(text for tag, text in named if tag == _NEEDED),
        places=tuple(p for tag, text in named if tag in _PLACES for p in text.split(":") if p),
        loader=None if loader is None else loader.rstrip(b"\0").decode(),
    )


def _segment(table: bytes, at: int) -> _Segment:
    kind, _, offset, address, _, size = struct.unpack_from("<IIQQQQ", table, at)
    return _Segment(kind, offset, address, size)


def _named(file: BinaryIO, dynamic: _Segment, segments: list[_Segment]) -> list[tuple[int, str]]:
    content = _at(file, dynamic.offset, dynamic.size)
    entries = [struct.unpack_from("<QQ", content, at) for at in range(0, len(content) - 15, 16)]
    table = dict(entries)
    address = table.get(_STRINGS, 0)
    load = next(
        s for s in segments if s.kind == _LOAD and s.address <= address < s.address + s.size
    )
    strings = _at(file, load.offset + address - load.address, table.get(_STRINGS_SIZE, 0))
    return [
        (tag, strings[at : strings.index(b"\0", at)].decode())
        for tag, at in entries
        if tag == _NEEDED or tag in _PLACES
    ]


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(min(size, _MOST))
