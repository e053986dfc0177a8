"""What both ways to ClickHouse have in common: how it is asked, and what its answer is like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import pyarrow as pa

from penstock.engine.names import check_name

SETTINGS: Final[Mapping[str, str | int]] = {
    # As other databases do it: no row is null, and not the empty text or zero.
    "join_use_nulls": 1,
    "group_by_use_nulls": 1,
    "aggregate_functions_null_for_empty": 1,
    "prefer_column_name_to_alias": 1,
    "count_distinct_implementation": "uniqExact",
    "union_default_mode": "DISTINCT",
    # Dates before 1970, times of day, and no date that silently becomes another one.
    "enable_extended_results_for_datetime_functions": 1,
    "enable_time_time64_type": 1,
    "date_time_overflow_behavior": "throw",
    "session_timezone": "UTC",
    # All rows, or an error.
    "max_result_rows": 0,
    "max_result_bytes": 0,
    "timeout_overflow_mode": "throw",
    "output_format_arrow_string_as_string": 0,
    "output_format_arrow_low_cardinality_as_dictionary": 0,
    "output_format_arrow_date_as_uint16": 0,
    "output_format_arrow_uuid_as_fixed_byte_array": 0,
    "output_format_arrow_compression_method": "none",
}
# Nothing is written; settings are still ours to choose.
READ_ONLY: Final = {"readonly": 2}


@dataclass(frozen=True, slots=True)
class Question:
    """A statement under a name of its own, which stops it. `parameters` are written as text."""

    text: str
    parameters: Mapping[str, str]
    token: str
    timeout: float


class Stream(Protocol):
    """The answer, as it comes. Closing it frees what it held."""

    schema: pa.Schema

    def __iter__(self) -> Iterator[pa.RecordBatch]: ...

    def close(self) -> None: ...


class Link(Protocol):
    """A way to one database. Thread-safe."""

    def open(self, question: Question) -> Stream:
        """Start a statement. Raises the errors of the driver."""
        ...

    def kill(self, token: str) -> None:
        """Stop the statement of this name; raises nothing."""
        ...

    def close(self) -> None: ...


def quote(name: str) -> str:
    """Return an identifier as SQL. Raises EngineError for a name no relation can have."""
    check_name(name)
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
