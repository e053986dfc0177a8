"""The values of a list → the one text that fills its placeholder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import msgspec

from penstock.sql.types import Bound, Writing


def write_list(values: Sequence[Bound], writing: Writing) -> str:
    """Write whole numbers, texts or dates; each of them once, in the order given."""
    different = dict.fromkeys(values)
    match writing:
        case Writing.JSON:
            return msgspec.json.encode([*different]).decode()
        case Writing.ARRAY:
            return f"{{{','.join(_member(value) for value in different)}}}"
        case unreachable:
            assert_never(unreachable)


def _member(value: Bound) -> str:
    if not isinstance(value, str):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
