from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import duckdb
import pytest

from penstock.local import Project
from penstock.project.load import check_project
from penstock.query.types import Json

CALLS = """\
CREATE TABLE calls AS SELECT * FROM (VALUES
  (1, TIMESTAMPTZ '2013-03-30 23:30:00+00'),
  (2, TIMESTAMPTZ '2013-03-31 21:59:59+00'),
  (3, TIMESTAMPTZ '2013-03-31 22:00:00+00')) calls(id, "at")
"""
MODEL = """\
tables:
  calls:
    database: calls
    attributes: {id: {type: integer}, at: {type: timestamp_tz}}
"""
COUNT: Mapping[str, Json] = {"fields": {"id": ["count"]}}


@pytest.fixture
def calls(tmp_path: Path) -> Iterator[Project]:
    with duckdb.connect(tmp_path / "calls.duckdb") as database:
        database.execute("SET TimeZone = 'UTC'")
        database.execute(CALLS)
    (tmp_path / "models").mkdir()
    (tmp_path / "connectors").mkdir()
    (tmp_path / "penstock.yaml").write_text("name: calls\ntimezone: Europe/Paris\n")
    connector = "engine: duckdb\ndatabase: calls.duckdb\n"
    (tmp_path / "connectors/calls.yaml").write_text(connector)
    (tmp_path / "models/calls.yaml").write_text(MODEL)
    with Project(tmp_path) as project:
        yield project


def ask(project: Project, query: Mapping[str, Json]) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in project.query(query).to_pylist()]


def test_a_day_is_the_projects(calls: Project) -> None:
    days = ask(calls, {"data": COUNT, "scale": {"fields": ["at:day"]}})

    assert days == [(date(2013, 3, 31), 2), (date(2013, 4, 1), 1)]


def test_a_day_is_the_queries_where_it_says_so(calls: Project) -> None:
    asked: Mapping[str, Json] = {"data": COUNT, "scale": {"fields": ["at:day"]}, "timezone": "UTC"}

    assert ask(calls, asked) == [(date(2013, 3, 30), 1), (date(2013, 3, 31), 2)]


def test_hours_are_those_of_the_clocks(calls: Project) -> None:
    hours = ask(calls, {"data": COUNT, "scale": {"fields": ["at:hour_of_day"]}})

    assert hours == [(0, 2), (23, 1)]


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ({"during": "2013-03"}, 2),
        ({"during": "2013-03-31"}, 2),
        ({"gte": "2013-04-01T00:00:00"}, 1),
        ({"gte": "2013-04-01T00:00:00Z"}, 0),
    ],
)
def test_a_filter_is_read_by_the_same_clocks(
    calls: Project, condition: Mapping[str, Json], count: int
) -> None:
    assert ask(calls, {"data": COUNT, "filter": {"at": condition}}) == [(count,)]


def test_a_zone_that_is_none_is_an_issue(tmp_path: Path) -> None:
    (tmp_path / "penstock.yaml").write_text("name: calls\ntimezone: Europe/Pari\n")

    issues = check_project(tmp_path, {})[1]

    assert ["Europe/Paris" in (issue.hint or "") for issue in issues if issue.line == 2] == [True]
