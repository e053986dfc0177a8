from __future__ import annotations

import pytest

from cli.conftest import Shell
from project.folders import ROOT

SQL = "SELECT origin, COUNT(*) AS n FROM flights WHERE month = :month GROUP BY 1 ORDER BY 1"


def test_sql_is_asked_with_parameters(shell: Shell) -> None:
    done = shell("query", ROOT, "--sql", SQL, "--param", "month=2", "--format", "csv")

    assert done.text.splitlines() == ["origin,n", "EWR,9107", "JFK,8421", "LGA,7423"]


def test_sql_is_asked_in_a_dialect_and_as_a_role(shell: Shell) -> None:
    sql = "SELECT TOP 1 [origin], COUNT(*) AS n FROM flights GROUP BY [origin] ORDER BY n DESC"
    who = ("--as", "station_agent/stations=LGA")
    done = shell("query", ROOT, "--sql", sql, "--dialect", "tsql", "--format", "csv", *who)

    assert done.text.splitlines() == ["origin,n", "LGA,104662"]


@pytest.mark.parametrize("form", ["table", "json", "ndjson"])
def test_a_saved_query_in_sql_is_asked_by_name(shell: Shell, form: str) -> None:
    asked = ("query", ROOT, "--saved", "traffic/busiest-days", "--param", "origin=JFK")

    assert "2013-01-02" in shell(*asked, "--format", form).text


def test_sql_is_explained(shell: Shell) -> None:
    told = shell(
        "query", ROOT, "--explain", "--sql", "SELECT dest FROM flights WHERE carrier = 'UA'"
    )

    assert '"flights"."carrier" = $2' in told.text
    assert "$2 = 'UA'" in told.text


def test_one_question_is_asked_at_a_time(shell: Shell) -> None:
    assert "either a query" in shell("query", ROOT, "{}", "--sql", "SELECT 1").err
