"""Tables that cannot be written without an entry in the audit log."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar, Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExecutionContext
from sqlalchemy.engine.interfaces import DBAPICursor

_WRITE: Final = re.compile(
    r"\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM)\s+\"?(\w+)", re.IGNORECASE
)


class UnauditedWriteError(RuntimeError):
    """A fault of ours: something that is to be audited was about to be written without."""


class Audited:
    """Mixed into the rows whose every change must stand in the audit log."""

    tables: ClassVar[set[str]] = set()

    def __init_subclass__(cls, **options: object) -> None:
        name = getattr(cls, "__tablename__", None)
        if isinstance(name, str):
            Audited.tables.add(name)
        super().__init_subclass__(**options)


@dataclass(slots=True)
class AuditedWrites:
    """What one transaction wrote; `exempt` tables are known to change without an entry."""

    exempt: frozenset[str] = frozenset()
    tables: set[str] = field(default_factory=set)


def watch_writes(engine: Engine) -> None:
    """Refuse, on this engine, writes to audited tables outside of a unit of work."""
    event.listen(engine, "before_cursor_execute", _check)


def _check(
    connection: Connection,
    _cursor: DBAPICursor,
    statement: str,
    _parameters: object,
    _context: ExecutionContext | None,
    _many: bool,  # noqa: FBT001 SQLAlchemy calls it so
) -> None:
    found = _WRITE.match(statement)
    if found is None or found[1] not in Audited.tables:
        return
    writes = connection.get_execution_options().get("audited")
    if not isinstance(writes, AuditedWrites):
        raise UnauditedWriteError(f"{found[1]} is written outside of a unit of work")
    if found[1] not in writes.exempt:
        writes.tables.add(found[1])
