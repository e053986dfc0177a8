"""What is known of an answer before its first row → headers, which every format has room for."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from penstock.encode.types import Opening
from penstock.node.whole import Header

_LONGEST: Final = 512  # characters, each of which may become twelve
_GONE: Final = "…"
_PLAIN: Final = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


def notices(opening: Opening) -> tuple[Header, ...]:
    """Return the headers: at how many rows the answer stops, and what is doubtful about it.

    Only JSON says after the last row whether it did stop there.
    """
    found: list[Header] = []
    if opening.cut_at is not None:
        found.append((b"penstock-limit", b"%d" % opening.cut_at))
    if opening.warning is not None:
        found.append((b"penstock-warning", _worded(opening.warning)))
    return tuple(found)


def _worded(text: str) -> bytes:
    """Return the text on one line: what is no ASCII, and `%`, as in an address."""
    line = " ".join(text.split())
    if len(line) > _LONGEST:
        line = line[: _LONGEST - len(_GONE)] + _GONE
    return quote(line, safe=_PLAIN, errors="replace").encode()
