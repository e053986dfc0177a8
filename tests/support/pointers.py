"""JSON pointers (RFC 6901), followed."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.query.types import Json


def tokens(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def resolves(pointer: str, document: Json) -> bool:
    """Whether a pointer leads to something that is there."""
    current = document
    for token in tokens(pointer):
        if isinstance(current, Mapping) and token in current:
            current = current[token]
        elif isinstance(current, list) and token.isdigit() and int(token) < len(current):
            current = current[int(token)]
        else:
            return False
    return True
