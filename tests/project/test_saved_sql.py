from __future__ import annotations

from pathlib import Path

import pytest

import penstock
from penstock.errors import UnknownColumnError
from penstock.local import As
from penstock.project.saved_text import split_sql
from project.folders import issues, load, write

BODY = """\
SELECT shop, SUM(amount) AS total
FROM orders
WHERE day >= :day OR :day IS NULL
GROUP BY shop
"""
HEADERS = {
    "a comment": "/*\ntitle: Shops\nparameters: {day: {type: date}}\n*/\n",
    "lines": "-- title: Shops\n-- parameters:\n--   day: {type: date}\n\n",
    "front matter": "---\ntitle: Shops\nparameters: {day: {type: date}}\n---\n",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_a_header_is_a_comment_or_front_matter(tmp_path: Path, header: str) -> None:
    project = load(
        write(tmp_path, {"queries/by-shop.yaml": None, "queries/by-shop.sql": header + BODY})
    )

    saved = project.saved["by-shop"]

    assert (saved.is_sql, saved.title, list(saved.parameters)) == (True, "Shops", ["day"])


def test_a_line_of_the_sql_stays_the_line_of_the_file() -> None:
    _, sql = split_sql(HEADERS["a comment"] + BODY)

    assert sql.splitlines()[4] == "SELECT shop, SUM(amount) AS total"


def test_parameters_are_values_of_their_type(tmp_path: Path) -> None:
    write(tmp_path, {"queries/totals.sql": HEADERS["a comment"] + BODY})

    with penstock.Project(tmp_path) as project:
        assert project.saved("totals", day="2024-01-02").to_pylist() == [
            {"shop": "b", "total": 4.5}
        ]
        assert project.saved("totals").num_rows == 2


def test_without_a_header_there_are_no_parameters(tmp_path: Path) -> None:
    assert load(write(tmp_path, {"queries/all.sql": "SELECT * FROM orders\n"})).saved["all"].is_sql


def test_a_parameter_that_is_not_used_is_told_with_its_line(tmp_path: Path) -> None:
    wrong = "/*\nparameters: {unused: {type: date}}\n*/\nSELECT shop\nFROM orders\n"

    (found,) = issues(write(tmp_path, {"queries/wrong.sql": wrong}))

    assert found.startswith("queries/wrong.sql:2:14 UNUSED_PARAMETER")


def test_names_that_are_not_there_are_told_with_their_line(tmp_path: Path) -> None:
    found = issues(
        write(tmp_path, {"queries/wrong.sql": "SELECT shop,\n  nowhere\nFROM orders, nothing\n"})
    )

    assert [line.split(" There")[0] for line in found] == ["queries/wrong.sql:3:14 NO_TABLE"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("DROP TABLE orders\n", "SQL_NOT_ALLOWED"),
        ("SELECT :day FROM orders\n", "UNKNOWN_PARAMETER"),
        ("/*\ndialect: cobol\n*/\nSELECT 1\n", "INVALID_QUERY"),
        ("/*\ntitel: x\n*/\nSELECT 1\n", "UNKNOWN_KEY"),
        ("SELECT * FROM orders WHERE\n", "INVALID_SQL"),
    ],
)
def test_a_query_that_cannot_run_is_an_issue(tmp_path: Path, text: str, code: str) -> None:
    (found,) = issues(write(tmp_path, {"queries/wrong.sql": text}))

    assert f" {code} " in found


def test_a_query_of_either_kind_has_its_name_alone(tmp_path: Path) -> None:
    (found,) = issues(write(tmp_path, {"queries/by-shop.sql": "SELECT 1\n"}))

    assert "DUPLICATE_FILE" in found


def test_a_folder_asks_in_sql(tmp_path: Path) -> None:
    with penstock.Project(write(tmp_path)) as project:
        assert project.sql(
            "SELECT TOP 1 [id] FROM orders ORDER BY 1 DESC", dialect="tsql"
        ).to_pylist() == [{"id": 2}]
        assert (
            project.sql("SELECT id FROM orders WHERE shop = :s", parameters={"s": "a"}).num_rows
            == 1
        )
        assert project.sql("SELECT id FROM orders", limit=1).num_rows == 1


def test_a_role_narrows_what_a_folder_answers(tmp_path: Path) -> None:
    with penstock.Project(write(tmp_path), as_=As(("clerk",), {"shops": ("a",)})) as project:
        assert project.sql("SELECT id FROM orders").to_pylist() == [{"id": 1}]
        with pytest.raises(UnknownColumnError):
            project.sql("SELECT amount FROM orders")
