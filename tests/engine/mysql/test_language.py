"""What the language says of text and clocks, where the server has other customs."""

from __future__ import annotations

import pytest

from contract.asking import ask, compile_question
from contract.types import Sample
from engine.mysql.world import execute, rows
from penstock.engine.mysql import MariaDB
from penstock.model.types import DataType
from penstock.query.types import Json
from penstock.sql.dialects.find import find_dialect
from support.mariadb_server import Server

WORDS = Sample(
    name="words",
    columns={"id": DataType.INTEGER, "word": DataType.STRING, "old": DataType.STRING},
    rows=(),
)
ODD = Sample(
    name="odd",
    columns={
        "id": DataType.INTEGER,
        "ratio": DataType.FLOAT,
        "moment": DataType.TIMESTAMP_TZ,
        "big": DataType.INTEGER,
    },
    rows=(),
)


def groups(engine: MariaDB, attribute: str) -> list[tuple[object, ...]]:
    query: dict[str, Json] = {
        "data": {"fields": {"id": ["count"]}},
        "scale": {"fields": [attribute]},
        "order": {attribute: "asc"},
    }
    return ask(engine, WORDS, query)


def found(engine: MariaDB, condition: dict[str, Json]) -> list[str]:
    query: dict[str, Json] = {"data": {"fields": {"id": ["select"]}}, "filter": condition}
    return sorted(str(row[0]) for row in ask(engine, WORDS, query))


def test_capitals_accents_and_trailing_spaces_make_groups_of_their_own(engine: MariaDB) -> None:
    assert groups(engine, "word") == [("A", 1), ("a", 1), ("a ", 1), ("ä", 1), (None, 1)]
    assert groups(engine, "old") == [("e", 1), ("É", 1), ("é", 2), (None, 1)]


def test_distinct_values_are_counted_as_they_are_grouped(engine: MariaDB) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"word": ["count_distinct", "min", "max"], "old": ["count_distinct"]}}
    }

    assert ask(engine, WORDS, query) == [(4, "A", "ä", 3)]


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ({"word": "a"}, ["1"]),
        ({"word": ["a", "A"]}, ["1", "2"]),
        ({"word": {"not_in": ["a"]}}, ["2", "3", "4"]),
        ({"word": {"like": "a%"}}, ["1", "3"]),
        ({"word": {"ilike": "a%"}}, ["1", "2", "3"]),
        ({"old": "É"}, ["2"]),
        ({"word": {"gt": "a"}}, ["3", "4"]),
    ],
)
def test_text_is_compared_by_its_signs(
    engine: MariaDB, condition: dict[str, Json], ids: list[str]
) -> None:
    assert found(engine, condition) == ids


def test_an_index_of_the_column_is_used_all_the_same(server: Server, engine: MariaDB) -> None:
    execute(server, "CREATE TABLE many (id INT, word VARCHAR(20), KEY (word)) CHARSET utf8mb4")
    execute(server, "INSERT INTO many SELECT seq, CONCAT('w', seq) FROM seq_1_to_5000")
    many = Sample(name="many", columns={"id": DataType.INTEGER, "word": DataType.STRING}, rows=())
    query: dict[str, Json] = {"data": {"fields": {"id": ["select"]}}, "filter": {"word": "w77"}}
    statement = compile_question(engine, many, query)

    plan = rows(engine, f"EXPLAIN {statement.text}", *statement.parameters)
    answer = ask(engine, many, query)
    execute(server, "DROP TABLE many")

    assert "word" in plan[0]
    assert answer == [(77,)]


def test_a_float_of_four_bytes_has_all_its_digits(engine: MariaDB) -> None:
    query: dict[str, Json] = {"data": {"fields": {"ratio": ["max"]}}}

    assert ask(engine, ODD, query) == [(0.10000000149011612,)]


@pytest.mark.parametrize(
    ("zone", "day"), [("Europe/Paris", "2013-08-01"), ("America/New_York", "2013-07-31")]
)
def test_a_moment_is_of_the_day_that_the_zones_clocks_show(
    engine: MariaDB, zone: str, day: str
) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"id": ["count"]}},
        "scale": {"fields": ["moment:day"]},
        "timezone": zone,
    }

    assert [str(row[0]) for row in ask(engine, ODD, query)] == [day]


def test_mysql_is_told_its_own_collation() -> None:
    for name, collation in (("mysql", "utf8mb4_0900_bin"), ("mariadb", "utf8mb4_nopad_bin")):
        assert getattr(find_dialect(name), "collation", None) == collation
