"""A file of a query in SQL → its header in YAML, and its SELECT."""

from __future__ import annotations

import re
from typing import Final

_HEADERS: Final = (
    re.compile(r"\A\s*/\*(?P<header>.*?)\*/", re.DOTALL),
    re.compile(r"\A---[ \t]*\n(?P<header>.*?\n)---[ \t]*(?=\n)", re.DOTALL),
)
_LINES: Final = re.compile(r"\A(?:[ \t]*--[^\n]*\n)+")


def split_sql(text: str) -> tuple[str, str]:
    """Return the header and the SELECT of a file, each on the lines where it stands there."""
    for pattern in _HEADERS:
        found = pattern.match(text)
        if found is not None:
            before = "\n" * text.count("\n", 0, found.start("header"))
            return before + found["header"], _blank(text, found.end())
    lines = _LINES.match(text)
    if lines is None:
        return "", text
    header = "\n".join(_uncommented(line) for line in lines[0].splitlines())
    return header, _blank(text, lines.end())


def _uncommented(line: str) -> str:
    return line.strip().removeprefix("--").removeprefix(" ")


def _blank(text: str, end: int) -> str:
    return "\n" * text.count("\n", 0, end) + text[end:]
