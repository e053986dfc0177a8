"""What a database calls things → names that a project may use, each once."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_OTHER: Final = re.compile(r"[^A-Za-z0-9_]+")
_RESERVED: Final = frozenset({"and", "or", "not"})
_LONGEST: Final = 100  # leaves room for a number


def to_name(text: str, taken: Collection[str] = (), *, otherwise: str = "unnamed") -> str:
    """Return the name nearest to a text that nobody has taken."""
    name = _OTHER.sub("_", text)[:_LONGEST]
    if name != text:
        name = name.strip("_")
    if not name or name.lower() in _RESERVED:
        name = f"{name}_" if name else otherwise
    if name[0].isdigit():
        name = f"_{name}"
    number, found = 2, name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found


def singular(word: str) -> str:
    """Return an English noun's singular, roughly: `categories` → `category`."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch")):
        if word.endswith(ending):
            return word.removesuffix(ending) + instead
    return word.removesuffix("s") if not word.endswith("ss") else word
