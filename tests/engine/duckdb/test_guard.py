from __future__ import annotations

import pytest

from engine.databases import DATA, read, rows, settings
from penstock.engine.duckdb import DuckDB
from penstock.engine.duckdb.guard import find_fault
from penstock.errors import EngineError
from penstock.query.types import Json


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 AS a",
        "SELECT count(*) AS n FROM flights",
        "SELECT count(*) AS n FROM FLIGHTS AS f",
        'SELECT count(*) AS n FROM "main"."flights"',
        'SELECT count(*) AS n FROM "data"."main"."flights"',
        "SELECT a.name FROM flights f LEFT JOIN airlines a USING (carrier) LIMIT 1",
        "WITH c AS (SELECT * FROM flights) SELECT count(*) AS n FROM c",
        "WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM a) SELECT * FROM B, a",
        "SELECT x FROM (WITH c AS (SELECT 1 AS x) SELECT (SELECT max(x) FROM c) AS x FROM c)",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) FROM r",
        "SELECT 1 AS a UNION ALL SELECT 2 AS a ORDER BY 1",
        "SELECT * FROM (VALUES (1), (2)) AS v(a)",
        "SELECT * FROM range(3) AS t(a)",
        "SELECT unnest([1, 2]) AS a",
        "SELECT origin, count(*) AS n FROM flights GROUP BY GROUPING SETS ((origin), ())",
        "SELECT row_number() OVER (ORDER BY carrier) AS r FROM airlines QUALIFY r < 3",
        "SELECT 'read_text(1)' AS \"query_table('x')\" -- PRAGMA",
    ],
)
def test_what_a_query_needs_passes(demo: DuckDB, text: str) -> None:
    assert read(demo, text).num_rows > 0


def test_a_name_of_a_with_clause_means_it_only_below_it(demo: DuckDB) -> None:
    with pytest.raises(EngineError):
        read(demo, "SELECT * FROM (WITH c AS (SELECT 1 AS a) SELECT * FROM c) AS t, c")
    with pytest.raises(EngineError):
        read(demo, "WITH duckdb_views AS (SELECT * FROM duckdb_views) SELECT * FROM duckdb_views")


def test_a_deep_tree_is_read_and_one_too_deep_is_refused(demo: DuckDB) -> None:
    assert rows(demo, f"SELECT {' + '.join(['1'] * 200)} AS a") == [(200,)]
    with pytest.raises(EngineError):
        read(demo, f"SELECT {' + '.join(['1'] * 5000)} AS a")


def test_a_statement_is_looked_at_again_on_another_database(demo: DuckDB) -> None:
    text = "SELECT count(*) AS n FROM airlines"
    assert rows(demo, text) == [(16,)]

    other = DuckDB(settings(DATA, {"flights": "flights.parquet"}))
    with pytest.raises(EngineError):
        read(other, text)
    other.close()


@pytest.mark.parametrize(
    "tree", [None, [], {}, {"error": True}, {"error": False, "statements": []}]
)
def test_what_is_no_tree_is_refused(tree: Json) -> None:
    assert find_fault(tree, frozenset()) is not None
