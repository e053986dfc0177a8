"""Every engine that all cases run on: a file beside this one each, which says `ENGINE = …`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Final

from oracle.engines.types import UnderTest

_OTHERS: Final = frozenset({"registry", "types"})


def _find() -> dict[str, UnderTest]:
    names = {path.stem for path in Path(__file__).parent.glob("*.py")} - _OTHERS
    return {name: import_module(f"oracle.engines.{name}").ENGINE for name in sorted(names)}


ENGINES: Final = _find()
