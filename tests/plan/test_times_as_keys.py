"""A relationship by a time of SQLite's, where each time is the text that somebody wrote."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from penstock.local import Project

MODEL = """\
tables:
  meters:
    database: lake
    attributes: {{at: {{type: {type_}}}, n: {{type: integer}}}}
    relationships: {{event: {{to: events, on: {{at: at}}}}}}
  events:
    database: lake
    attributes: {{at: {{type: {type_}}}, name: {{type: string}}}}
"""


def write(folder: Path, moment: str, type_: str) -> Path:
    (folder / "connectors").mkdir()
    (folder / "models").mkdir()
    (folder / "penstock.yaml").write_text("name: meters\n", encoding="utf-8")
    connector = "engine: sqlite\ndatabase: lake.db\n"
    (folder / "connectors" / "lake.yaml").write_text(connector, encoding="utf-8")
    (folder / "models" / "m.yaml").write_text(MODEL.format(type_=type_), encoding="utf-8")
    days = [moment.format(day) for day in (1, 2)]
    declared = "TIMESTAMP" if type_ == "timestamp" else "TIMESTAMPTZ"
    with closing(sqlite3.connect(folder / "lake.db")) as connection, connection:
        connection.execute(f"CREATE TABLE meters (at {declared}, n INTEGER)")
        connection.execute(f"CREATE TABLE events (at {declared}, name TEXT)")
        rows = [(days[0], 1), (days[0], 2), (days[1], 4)]
        connection.executemany("INSERT INTO meters VALUES (?, ?)", rows)
        connection.executemany("INSERT INTO events VALUES (?, ?)", zip(days, "ab", strict=True))
    return folder


@pytest.mark.parametrize("type_", ["timestamp", "timestamp_tz"])
@pytest.mark.parametrize(
    "moment", ["2024-01-0{} 10:00:00", "2024-01-0{}T10:00", "2024-01-0{}", "2024-01-0{} 10:00:00.5"]
)
def test_groups_by_a_key_find_the_partners_that_rows_find(
    tmp_path: Path, moment: str, type_: str
) -> None:
    fields = {"n": ["sum"]}

    with Project(write(tmp_path, moment, type_)) as project:
        by_both = project.query(
            {"data": {"fields": fields}, "scale": {"fields": ["meters.at", "name"]}}
        )

    assert by_both.column("name").to_pylist() == ["a", "b"]
    assert by_both.column("n_sum").to_pylist() == [3, 4]
