"""All cases, on DuckDB. A file for each engine: workers take whole files."""

from __future__ import annotations

from oracle.cases import Asked
from oracle.engines.types import UnderTest
from oracle.laboratory import Laboratory
from oracle.trial import assert_same_answer


def test_the_answer_is_that_of_sql_written_by_hand(
    engine: UnderTest, asked: Asked, laboratory: Laboratory
) -> None:
    assert_same_answer(engine, asked, laboratory)
