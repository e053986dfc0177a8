"""An engine that tells what went through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from penstock.engine.types import Engine, FoundColumn, FoundRelation, Running
from penstock.sql.types import Statement


@dataclass(slots=True)
class Watched:
    """Implements Running: the rows that leave the database are kept."""

    running: Running
    batches: list[pa.RecordBatch]

    @property
    def schema(self) -> pa.Schema:
        return self.running.schema

    def __iter__(self) -> Watched:
        return self

    def __next__(self) -> pa.RecordBatch:
        batch = next(self.running)
        self.batches.append(batch)
        return batch

    def cancel(self) -> None:
        self.running.cancel()

    def close(self) -> None:
        self.running.close()


@dataclass(slots=True)
class Recording:
    """Implements Engine: `asked` are the statements, `left` the rows that left the database."""

    engine: Engine
    asked: list[Statement] = field(default_factory=list)
    left: list[pa.RecordBatch] = field(default_factory=list)

    @property
    def dialect(self) -> str:
        return self.engine.dialect

    @dialect.setter
    def dialect(self, name: str) -> None:
        self.engine.dialect = name

    @property
    def rows(self) -> int:
        return sum(batch.num_rows for batch in self.left)

    def values(self, column: str) -> set[object]:
        """Return every value of a column that left."""
        return {
            value
            for batch in self.left
            if column in batch.schema.names
            for value in batch.column(column).to_pylist()
        }

    def run(self, statement: Statement, *, timeout: float) -> Watched:
        self.asked.append(statement)
        return Watched(self.engine.run(statement, timeout=timeout), self.left)

    def columns(self, source: Sequence[str]) -> tuple[FoundColumn, ...] | None:
        return self.engine.columns(source)

    def relations(self) -> tuple[FoundRelation, ...]:
        return self.engine.relations()

    def count(self, source: Sequence[str]) -> int:
        return self.engine.count(source)

    def version(self, *, now: bool = False) -> str | None:
        return self.engine.version(now=now)

    def ping(self) -> None:
        self.engine.ping()

    def close(self) -> None:
        self.engine.close()
