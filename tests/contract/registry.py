"""Every engine under contract: a file in `engines/` each, which says `CONTENDER = Contender(…)`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Final

from contract.types import Contender, Gap


def _find() -> dict[str, Contender]:
    names = sorted(path.stem for path in (Path(__file__).parent / "engines").glob("*.py"))
    found = {name: import_module(f"contract.engines.{name}").CONTENDER for name in names}
    return {
        name: contender for name, contender in found.items() if isinstance(contender, Contender)
    }


ENGINES: Final = _find()


def find_gap(engine: str, case: str) -> Gap | None:
    """Return the gap that an engine declares for a test, by its name or by its whole id."""
    whole = case.partition("[")[0]
    return next((gap for gap in ENGINES[engine].gaps if gap.case in {whole, case}), None)
