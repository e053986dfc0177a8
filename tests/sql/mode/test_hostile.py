"""Statements that want more than they may have: each is refused, or answers only what may be seen.

A narrowed one is asked twice: of everything, through the policy, and, without any policy, of a
database that has nothing else than what the caller may see. Both must say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from penstock.errors import PenstockError
from sql.mode.worlds import UNGUARDED, VIEW, answer, narrowed, translated, whole
from support.ask import problems

NARROWED = "NARROWED"


@dataclass(frozen=True, slots=True)
class Attempt:
    outcome: str
    dialect: str | None
    sql: str

    def __str__(self) -> str:
        return f"{self.dialect or 'ansi'}: {self.sql}"


def attempts() -> Iterator[Attempt]:
    for line in (Path(__file__).parent / "hostile.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            outcome, dialect, sql = (part.strip() for part in line.split("|", 2))
            yield Attempt(outcome, dialect or None, sql)


ALL = list(attempts())
REFUSED = [each for each in ALL if each.outcome != NARROWED]
ANSWERED = [each for each in ALL if each.outcome == NARROWED]


@pytest.fixture(scope="module")
def everything() -> Iterator[duckdb.DuckDBPyConnection]:
    with whole() as database:
        yield database


@pytest.fixture(scope="module")
def visible() -> Iterator[duckdb.DuckDBPyConnection]:
    with narrowed() as database:
        yield database


def refused(attempt: Attempt) -> tuple[PenstockError, ...]:
    return problems(lambda: translated(attempt.sql, dialect=attempt.dialect))


@pytest.mark.parametrize("attempt", REFUSED, ids=str)
def test_it_is_refused_before_a_database_sees_it(attempt: Attempt) -> None:
    found = refused(attempt)

    assert "+".join(dict.fromkeys(each.code for each in found)) == attempt.outcome
    assert all(each.pointer == "/sql" for each in found)


@pytest.mark.parametrize("attempt", ANSWERED, ids=str)
def test_it_answers_what_may_be_seen_and_nothing_else(
    attempt: Attempt, everything: duckdb.DuckDBPyConnection, visible: duckdb.DuckDBPyConnection
) -> None:
    found = answer(everything, attempt.sql, VIEW, attempt.dialect)

    assert found == answer(visible, attempt.sql, UNGUARDED, attempt.dialect)
    assert "SECRET" not in str(found)


def test_there_are_enough_of_them() -> None:
    assert len(REFUSED) > 200
    assert len(ANSWERED) > 50


@pytest.mark.parametrize("name", ["secret", "shouted", "nothing"])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT {} FROM orders",
        "SELECT o.{} FROM orders AS o",
        "SELECT * EXCEPT ({}) FROM orders",
        "SELECT id FROM orders JOIN customers USING ({})",
        "SELECT id FROM orders ORDER BY {}",
    ],
)
def test_what_is_hidden_and_what_never_was_are_told_alike(sql: str, name: str) -> None:
    def told(column: str) -> list[tuple[str, str]]:
        found = problems(lambda: translated(sql.format(column)))
        return [(each.detail.replace(column, "…"), str(each.hint)) for each in found]

    assert told(name) == told("n" * len(name))


def test_a_hidden_table_and_one_that_never_was_are_told_alike() -> None:
    hidden = problems(lambda: translated("SELECT * FROM vault"))[0]
    never = problems(lambda: translated("SELECT * FROM vowel"))[0]

    assert hidden.detail.replace("vault", "…") == never.detail.replace("vowel", "…")
    assert hidden.hint == never.hint
