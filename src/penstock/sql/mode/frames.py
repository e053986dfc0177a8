"""The frame of a window: which rows around one it looks at."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from penstock.sql.mode.allowed import WHOLE

_ENDS: Final = ("UNBOUNDED", "CURRENT ROW")
_SIDES: Final = ("PRECEDING", "FOLLOWING")
_WORDS: Final = {
    "kind": ("ROWS", "RANGE", "GROUPS"),
    "start": _ENDS,
    "end": _ENDS,
    "start_side": _SIDES,
    "end_side": _SIDES,
}


def read_frame(spec: exp.Expr) -> exp.WindowSpec | None:
    """Return our own frame, None where it holds anything but known words and whole numbers."""
    kept: dict[str, object] = {}
    for key, value in spec.args.items():
        if isinstance(value, str) and value.upper() in _WORDS.get(key, ()):
            kept[key] = value.upper()
        elif isinstance(value, exp.Literal) and key in {"start", "end"}:
            if WHOLE.fullmatch(value.name) is None:
                return None
            kept[key] = exp.Literal.number(value.name)
        elif value:
            return None
    return exp.WindowSpec(**kept)
