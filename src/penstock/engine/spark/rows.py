"""What comes of one statement on Spark, found there by a tag of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias
from uuid import uuid4

import pyarrow as pa
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from penstock.engine.failures import unanswered
from penstock.engine.spark.errors import is_away, is_lost, translate_error
from penstock.engine.spark.session import Session
from penstock.errors import PenstockError
from penstock.sql.reading import is_reading
from penstock.sql.types import Statement

Answer: TypeAlias = Iterator[pa.Table | StructType]


class Rows:
    """Implements Source."""

    def __init__(
        self, opening: Callable[[], Session], statement: Statement, *, dialect: str
    ) -> None:
        self._opening = opening
        self._statement = statement
        self._dialect = dialect
        self._tag = f"penstock-{uuid4().hex}"
        self._session: Session | None = None
        self._answer: Answer | None = None
        self._left: list[pa.RecordBatch] = []

    def open(self) -> pa.Schema:
        if not is_reading(self._statement.text, dialect=self._dialect):
            raise unanswered() from PermissionError("refused, because it is not one query")
        self._answer = self._send()
        described = StructType([])
        for part in self._answer:
            if isinstance(part, pa.Table):
                # The rows say more of themselves than Spark says of them.
                self._left = part.to_batches()
                return part.schema
            described = part
        return to_arrow_schema(described, timezone="UTC")

    def read(self) -> pa.RecordBatch | None:
        while not self._left:
            part = next(self._answer or iter(()), None)
            if part is None:
                return None
            if isinstance(part, pa.Table):
                self._left = part.to_batches()
        return self._left.pop(0)

    def interrupt(self) -> None:
        session = self._session
        if session is not None:
            session.interrupt(self._tag)

    def close(self) -> None:
        self._left = []
        answer, self._answer = self._answer, None
        close = getattr(answer, "close", None)
        if close is not None:
            close()

    def explain(self, error: Exception) -> PenstockError:
        if self._session is not None and is_away(error):
            self._session.broken = True
        return translate_error(error)

    def _send(self) -> Answer:
        """Send the statement, once more if the server has forgotten the session."""
        self._session = self._opening()
        try:
            return self._session.run(self._statement, self._tag)
        except Exception as error:
            if not is_lost(error):
                raise
        self._session.broken = True
        self._session = self._opening()
        return self._session.run(self._statement, self._tag)
