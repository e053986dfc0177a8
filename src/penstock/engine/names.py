"""Names of relations → identifiers, as most databases write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from penstock.errors import EngineError

BACKTICK: Final = "`"


def check_name(name: str) -> None:
    """Raise EngineError for a name no relation can have."""
    if not name or "\0" in name:
        raise EngineError("The database has no such table.")


def quote(name: str, mark: str = '"') -> str:
    """Return an identifier as SQL. Raises EngineError for a name no relation can have."""
    check_name(name)
    return f"{mark}{name.replace(mark, mark * 2)}{mark}"


def quote_path(source: Sequence[str], mark: str = '"') -> str:
    """Return a relation's name as SQL. Raises EngineError for a name no relation can have."""
    return ".".join(quote(part, mark) for part in source)
