"""SQL in, the engine's SQL out: golden files, and what each dialect means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from penstock.errors import PenstockError
from penstock.model.types import DataType
from penstock.query.sql import read_sql
from penstock.query.types import Limits
from penstock.sql.mode.translate import translate_sql
from penstock.sql.pretty import pretty_sql
from sql.mode.worlds import MINE, UNGUARDED, VIEW, answer, narrowed, translated, whole
from support.ask import problems, run

GOLDEN = Path(__file__).parent / "golden"


def cases() -> Iterator[tuple[str, dict[str, str], str]]:
    """Give each case of the golden files: its name, what is asked, and the SQL that it becomes."""
    for path in sorted(GOLDEN.glob("*.sql")):
        for block in path.read_text().strip().removesuffix(";").split(";\n\n"):
            lines = block.splitlines()
            meta = dict(line[3:].split(": ", 1) for line in lines if line.startswith("-- "))
            text = "\n".join(line for line in lines if not line.startswith("-- "))
            yield f"{path.stem}: {meta['case']}", meta, text


@pytest.mark.parametrize(("meta", "sql"), [c[1:] for c in cases()], ids=[c[0] for c in cases()])
def test_sql_becomes_this(meta: dict[str, str], sql: str) -> None:
    view = UNGUARDED if meta.get("as") == "everybody" else VIEW
    _, statement = translated(meta["sql"], view, dialect=meta.get("dialect"))

    assert pretty_sql(statement.text, "duckdb") == sql
    assert repr(list(statement.parameters)) == meta["binds"]


@pytest.fixture(scope="module")
def shop() -> Iterator[duckdb.DuckDBPyConnection]:
    with narrowed() as database:
        yield database


@pytest.mark.parametrize(
    ("dialect", "sql", "expected"),
    [
        (None, "SELECT 7 / 2 AS x", 3.5),
        ("postgres", "SELECT 7 / 2 AS x", 3),
        ("postgres", "SELECT -7 / 2 AS x", -3),
        ("mysql", "SELECT 7 / 2 AS x", 3.5),
        ("mysql", "SELECT 7 DIV 2 AS x", 3),
        ("mysql", "SELECT IFNULL(NULL, 2) AS x", 2),
        ("mysql", "SELECT IF(1 > 2, 'a', \"b\") AS x", "b"),
        ("mysql", "SELECT id FROM orders ORDER BY id LIMIT 1, 1", 2),
        ("mysql", "SELECT DATE_FORMAT(DATE '2013-02-03', '%Y-%m') AS x", "2013-02"),
        ("snowflake", "SELECT IFF(1 > 2, 1, 2) AS x", 2),
        ("snowflake", "SELECT NVL(NULL, 2) AS x", 2),
        ("snowflake", "SELECT COUNT_IF(owner = 'acme') AS x FROM orders", 2),
        ("snowflake", "SELECT DATEDIFF(day, DATE '2013-01-01', DATE '2013-01-31') AS x", 30),
        ("snowflake", "SELECT id FROM orders QUALIFY ROW_NUMBER() OVER (ORDER BY id DESC) = 1", 4),
        ("bigquery", "SELECT COUNTIF(owner = 'acme') AS x FROM `shop.orders`", 2),
        ("bigquery", "SELECT SAFE_DIVIDE(1, 0) AS x", None),
        ("bigquery", "SELECT DATE_DIFF(DATE '2013-01-31', DATE '2013-01-01', DAY) AS x", 30),
        ("bigquery", 'SELECT COUNT(*) AS x FROM orders WHERE owner = "acme"', 2),
        ("tsql", "SELECT TOP 1 [id] FROM [orders] ORDER BY [id] DESC", 4),
        ("tsql", "SELECT ISNULL(NULL, 2) AS x", 2),
        ("tsql", "SELECT LEN('four') AS x", 4),
        ("tsql", "SELECT DATEADD(day, 1, DATE '2013-01-31') AS x", date(2013, 2, 1)),
        ("duckdb", "SELECT 7 // 2 AS x", 3),
        ("duckdb", "SELECT COUNT(*) FROM orders GROUP BY ALL", 4),
        ("duckdb", "SELECT DATE_DIFF('day', DATE '2013-01-01', DATE '2013-01-31') AS x", 30),
        ("postgres", "SELECT MAX(id)::TEXT AS x FROM orders", "4"),
        ("postgres", "SELECT COUNT(*) FILTER (WHERE owner = 'acme') AS x FROM orders", 2),
        ("postgres", "SELECT amount FROM orders ORDER BY amount DESC LIMIT 1", None),
        (None, "SELECT amount FROM orders ORDER BY amount DESC LIMIT 1", 3),
        (
            "oracle",
            "SELECT NVL(amount, 9) AS x FROM orders ORDER BY id DESC FETCH FIRST 1 ROW ONLY",
            9,
        ),
        ("trino", "SELECT APPROX_DISTINCT(owner) AS x FROM orders", 2),
    ],
)
def test_a_dialect_means_what_it_says(
    shop: duckdb.DuckDBPyConnection, dialect: str | None, sql: str, expected: object
) -> None:
    (found,) = run(shop, translated(sql, UNGUARDED, dialect=dialect)[1])[0]

    if isinstance(expected, date):
        assert str(found)[:10] == str(expected)
    else:
        assert found == expected


def test_columns_say_what_they_are() -> None:
    found, _ = translated(
        "SELECT owner, COUNT(*) AS n, SUM(amount), mean, 1.5 FROM orders GROUP BY 1"
    )

    assert [(c.name, c.type, c.role.value) for c in found.columns] == [
        ("owner", DataType.STRING, "scale"),
        ("n", DataType.INTEGER, "measure"),
        ("sum", DataType.INTEGER, "measure"),
        ("mean", DataType.FLOAT, "measure"),
        ("column_5", DataType.FLOAT, "scale"),
    ]
    assert found.tables == ("orders",)


def test_columns_of_one_name_are_told_apart() -> None:
    found, _ = translated("SELECT a.id, b.id, 1 AS ID FROM orders AS a, orders AS b")

    assert [column.name for column in found.columns] == ["id", "id_2", "ID_3"]


@pytest.mark.parametrize("written", [":who", "$who", "@who"])
def test_a_parameter_is_bound_and_never_written(written: str) -> None:
    hostile = "x' OR 1=1; --"
    sql = f"SELECT id FROM orders WHERE owner = {written}"
    _, statement = translated(sql, UNGUARDED, parameters={"who": hostile})

    assert hostile in statement.parameters
    assert hostile not in statement.text


def test_a_list_stands_after_in(shop: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT id FROM orders WHERE id IN (:ids) ORDER BY id"

    def ids(values: list[int]) -> list[tuple[object, ...]]:
        return run(shop, translated(sql, UNGUARDED, parameters={"ids": values})[1])

    assert ids([1, 3]) == [(1,), (3,)]
    assert ids([]) == []
    assert problems(lambda: translated("SELECT :ids", parameters={"ids": [1]}))


def test_null_is_null(shop: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT COUNT(*) FROM orders WHERE :who IS NULL OR owner = :who"

    assert run(shop, translated(sql, UNGUARDED, parameters={"who": None})[1]) == [(4,)]
    assert run(shop, translated(sql, UNGUARDED, parameters={"who": "acme"})[1]) == [(2,)]


@pytest.mark.parametrize(
    ("sql", "bound"),
    [
        ("SELECT id FROM orders WHERE amount > '3'", 3),
        ("SELECT id FROM orders WHERE '3' < amount", 3),
        ("SELECT id FROM orders WHERE amount BETWEEN '3' AND 4", 3),
        ("SELECT id FROM orders WHERE amount IN ('3')", 3),
        ("SELECT id FROM orders WHERE CAST('2013-01-01' AS DATE) IS NULL", date(2013, 1, 1)),
        ("SELECT id FROM orders WHERE owner = '3'", "3"),
        ("SELECT COALESCE(amount, '3') FROM orders", 3),
    ],
)
def test_text_is_read_as_what_it_is_compared_with(sql: str, bound: object) -> None:
    assert bound in translated(sql, UNGUARDED)[1].parameters


@pytest.mark.parametrize(
    "order", ["id", "amount DESC", "amount * 2", "1", "RANK() OVER (ORDER BY amount)"]
)
def test_what_qualifies_is_found_before_the_page_is_cut(
    shop: duckdb.DuckDBPyConnection, order: str
) -> None:
    sql = (
        "SELECT id FROM orders QUALIFY ROW_NUMBER() OVER (PARTITION BY owner ORDER BY id DESC) = 1"
    )
    statement = translated(f"{sql} ORDER BY {order} LIMIT 2", UNGUARDED)[1]

    assert sorted(run(shop, statement)) == [(2,), (4,)]
    assert "QUALIFY" not in statement.text


def test_text_that_is_no_number_is_told() -> None:
    found = problems(lambda: translated("SELECT id FROM orders WHERE amount > 'many'"))

    assert [(each.code, each.pointer) for each in found] == [("INVALID_VALUE", "/sql")]


@pytest.mark.parametrize(
    ("dialect", "safe"),
    [("postgres", True), ("mariadb", True), ("sqlite", True), ("duckdb", False)],
)
@pytest.mark.parametrize(
    "condition",
    [
        "LENGTH(note) > 7",
        "id > 0.5",
        "NOT (id = 1 OR COALESCE(name, note) = 'x')",
        "id IN (SELECT key FROM customers)",
        "name = note",
    ],
)
def test_what_is_not_known_never_to_fail_is_tried_on_rows_that_may_be_seen(
    dialect: str,
    safe: bool,  # noqa: FBT001 - the expectation
    condition: str,
) -> None:
    assert ("CASE" not in guarded(f"SELECT id FROM orders WHERE {condition}", dialect)) is safe


@pytest.mark.parametrize("dialect", ["postgres", "duckdb", "clickhouse", "trino"])
def test_what_no_engine_has_to_convert_is_left_to_it(dialect: str) -> None:
    plain = (
        "SELECT o.owner, SUM(o.amount) AS s FROM orders o JOIN customers c ON c.key = o.buyer"
        " WHERE (o.note = '7' OR o.id BETWEEN 1 AND 9) AND NOT o.id IN (2, 3)"
        " AND o.name IS NOT NULL"
        " GROUP BY o.owner HAVING COUNT(*) > 1 ORDER BY s"
    )

    assert "CASE" not in guarded(plain, dialect)
    assert "CASE WHEN" in guarded("SELECT id FROM orders WHERE CAST(note AS INT) = 7", dialect)


def guarded(sql: str, dialect: str) -> str:
    asked = read_sql({"sql": sql}, Limits())
    return translate_sql(asked.query, VIEW, Limits(), {"shop": dialect}).template.text


@pytest.mark.parametrize("like", ["Ann%", "Zoe%"])
@pytest.mark.parametrize(
    "fails",
    [
        "CASE WHEN {} THEN 'boom' ELSE 'true' END",
        "CASE WHEN {} THEN 1000000000000 ELSE 1 END > 0.0000000000000000000000000000000000001",
        (
            "CASE WHEN {} THEN 1000000000000 ELSE 1 END"
            " IN (0.0000000000000000000000000000000000001, 1)"
        ),
    ],
)
def test_no_condition_fails_at_a_row_that_may_not_be_seen(fails: str, like: str) -> None:
    failing = fails.format(f"o.owner = 'rival' AND o.name LIKE '{like}'")
    sql = f"SELECT COUNT(*) AS n FROM orders o JOIN customers c ON {failing} AND c.key = o.buyer"
    hidden = [(i, "rival", 1, 1, "Ann", "x", "s") for i in range(20, 400)]

    with whole([*MINE, *hidden]) as more, whole(MINE) as mine:
        assert answer(more, sql) == answer(mine, sql)


@pytest.mark.parametrize(
    ("condition", "rows"), [("id IN (:l)", 0), ("id NOT IN (:l)", 4), ("note NOT IN (:l)", 4)]
)
def test_nothing_is_in_an_empty_list(
    shop: duckdb.DuckDBPyConnection, condition: str, rows: int
) -> None:
    sql = f"SELECT COUNT(*) AS n FROM orders WHERE {condition}"
    _, statement = translated(sql, UNGUARDED, parameters={"l": []})

    assert run(shop, statement) == [(rows,)]


@pytest.mark.parametrize("column", ["INTERVAL '1' DAY", "(1, 2)", "(id, owner)"])
def test_what_is_no_value_is_refused(column: str) -> None:
    (problem,) = problems(lambda: translated(f"SELECT {column} AS x FROM orders"))

    assert (problem.code, problem.pointer) == ("INVALID_SQL", "/sql")
    assert problem.detail == "The column 'x' is no value of the language."


def test_every_problem_is_told_with_its_place() -> None:
    found = problems(lambda: translated("SELECT nope,\n  version()\nFROM orders WHERE never = 1"))

    assert {(each.code, each.position) for each in found} == {
        ("UNKNOWN_COLUMN", (1, 8)),
        ("SQL_NOT_ALLOWED", (2, 3)),
        ("UNKNOWN_COLUMN", (3, 19)),
    }


def test_an_error_of_the_reader_says_no_more_than_the_text() -> None:
    with pytest.raises(PenstockError) as told:
        translated("SELECT * FROM orders WHERE (")

    assert "sqlglot" not in str(told.value)


@pytest.mark.parametrize(
    ("dialect", "sql", "said", "hint"),
    [
        (None, "SELECT CAST(owner AS INTEGR) FROM orders", "not to 'INTEGR'", "'INTEGER'"),
        ("postgres", "SELECT owner::varcar(10) FROM orders", "not to 'varcar'", "'VARCHAR'"),
        ("snowflake", "SELECT CAST(owner AS INTEGR) FROM orders", "near 'INTEGR'", "dialect"),
        (None, "SELECT CAST(owner AS JSON) FROM orders", "not to 'JSON'", "query-language.md"),
        ("postgres", "SELECT CAST(owner AS a.b) FROM orders", "not to 'a.b'", "query-language.md"),
        (None, "SELECT CAST(owner AS VARCHAR(MAX)) FROM orders", "the size of a type", ".md"),
    ],
)
def test_a_type_that_nothing_is_converted_to_is_named(
    dialect: str | None, sql: str, said: str, hint: str
) -> None:
    told = problems(lambda: translated(sql, dialect=dialect))

    assert len(told) == 1
    assert said in told[0].detail
    assert hint in (told[0].hint or "")


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("id > 'foo'", "'foo' is not a value of 'id', which is of type integer."),
        ("'foo' < (o.id)", "'foo' is not a value of 'id', which is of type integer."),
        ("id IN ('1', 'foo')", "'foo' is not a value of 'id', which is of type integer."),
        ("CAST('foo' AS DATE) IS NULL", "'foo' is not a value of type date."),
        ("id + 1 = 'foo'", "'foo' is not a value of type integer."),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_the_column_it_is_compared_with(
    where: str, said: str
) -> None:
    told = problems(lambda: translated(f"SELECT o.id FROM orders AS o WHERE {where}"))

    assert [problem.detail for problem in told] == [said]
