"""What comes of one statement on Trino: page after page, each with the address of the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import pyarrow as pa
from trino.client import TrinoQuery

from penstock.engine.failures import unanswered
from penstock.engine.trino.columns import arrow_type, build_batch
from penstock.engine.trino.errors import translate_error
from penstock.engine.trino.literals import write_call
from penstock.errors import PenstockError
from penstock.query.types import Json
from penstock.sql.reading import is_reading
from penstock.sql.types import Statement


class Rows:
    """Implements Source."""

    def __init__(self, asking: Callable[[str], TrinoQuery], statement: Statement) -> None:
        self._asking = asking
        self._statement = statement
        self._query: TrinoQuery | None = None
        self._page: Sequence[Sequence[Json]] = ()
        self._natives: Sequence[str] = ()
        self._names: Sequence[str] = ()

    def open(self) -> pa.Schema:
        if not is_reading(self._statement.text, dialect="trino"):
            raise unanswered() from PermissionError("refused, because it is not one query")
        query = self._query = self._asking(write_call(self._statement))
        self._page = list(query.execute().rows)
        columns = query.columns or ()
        self._natives = [column["type"] for column in columns]
        self._names = [column["name"] for column in columns]
        types = [arrow_type(native) for native in self._natives]
        return pa.schema(list(zip(self._names, types, strict=True)))

    def read(self) -> pa.RecordBatch | None:
        query = self._query
        while query is not None and not self._page:
            if query.finished or query.cancelled:
                return None
            self._page = query.fetch()
        page, self._page = self._page, ()
        return build_batch(page, self._natives, self._names) if page else None

    def interrupt(self) -> None:
        if self._query is not None:
            self._query.cancel()

    def close(self) -> None:
        self._page = ()
        query, self._query = self._query, None
        if query is not None and not query.finished:
            # It may be gone already; and Trino forgets what nobody asks for.
            with suppress(Exception):
                query.cancel()

    def explain(self, error: Exception) -> PenstockError:
        return translate_error(error)
