"""A statement that answers with one number → the number."""

from __future__ import annotations

from penstock.engine.types import Engine
from penstock.sql.types import Statement


def read_number(engine: Engine, statement: Statement, *, timeout: float) -> int:
    """Run a statement. Raises EngineError, UnavailableError, QueryTimeoutError."""
    running = engine.run(statement, timeout=timeout)
    try:
        return sum(int(value.as_py()) for batch in running for value in batch.column(0))
    finally:
        running.close()
