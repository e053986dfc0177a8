from __future__ import annotations

import pytest

from penstock.engine.duckdb.columns import read_type
from penstock.model.types import DataType


@pytest.mark.parametrize(
    ("native", "type_"),
    [
        ("BIGINT", DataType.INTEGER),
        ("DECIMAL(18,3)", DataType.DECIMAL),
        ("ENUM('a', 'b')", DataType.STRING),
        ("TIMESTAMP WITH TIME ZONE", DataType.TIMESTAMP_TZ),
        ("INTEGER[]", None),
        ("INTEGER[3]", None),
        ("STRUCT(a INTEGER)", None),
        ("INTERVAL", None),
    ],
)
def test_types_are_the_languages_or_none(native: str, type_: DataType | None) -> None:
    assert read_type(native) is type_
