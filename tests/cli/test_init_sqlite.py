"""`penstock init` of a SQLite file, whose columns and keys promise less than others."""

from __future__ import annotations

from pathlib import Path

from cli.conftest import Shell
from engine.sqlite.opening import make_file

SALES = (
    "CREATE TABLE emp (id INTEGER PRIMARY KEY, boss INTEGER REFERENCES emp (id))",
    "CREATE TABLE sale (day TEXT, amount REAL, seller INTEGER NOT NULL REFERENCES emp (id))",
    "INSERT INTO emp VALUES (1, NULL), (2, 1)",
    "INSERT INTO sale VALUES ('2024-01-01', 2.5, 1), ('2024-01-02', 2.5, 1), ('2024-02-01', 7, 2)",
)


def init(shell: Shell, folder: Path, *statements: str) -> str:
    """Return the model that is drafted of a file, which nothing is wrong with."""
    make_file(folder / "shop.db", *statements)
    made = shell("init", folder, "--from", folder / "shop.db")
    checked = shell("check", folder)
    assert (made.code, made.err) == (0, "")
    assert checked.code == 0, checked.text
    return (folder / "models/shop.yaml").read_text()


def ask(shell: Shell, folder: Path, query: str) -> list[str]:
    answered = shell("query", folder, query, "--format", "csv")
    assert answered.code == 0, answered.err
    return answered.text.split()


def test_the_computed_columns_of_a_view_are_drafted_by_their_values(
    shell: Shell, tmp_path: Path
) -> None:
    view = (
        "CREATE VIEW best AS SELECT seller, COUNT(*) AS n, SUM(amount) AS total, DATE(MAX(day))"
        " AS latest, UPPER('é' || seller) AS code, NULL AS gone, CASE seller WHEN 1 THEN 1 ELSE"
        " 'x' END AS mixed FROM sale GROUP BY seller"
    )
    model = init(shell, tmp_path, *SALES, view)

    for written in ("n: {type: integer", "total: {type: float", "latest: {type: date"):
        assert written in model
    assert "code: {type: string" in model
    assert "gone (no declared type, no value that would tell one)" in model
    assert "mixed (no declared type, integers and text)" in model
    assert "()" not in model


def test_computed_columns_are_summed_filtered_grouped_and_ordered(
    shell: Shell, tmp_path: Path
) -> None:
    view = (
        "CREATE VIEW best AS SELECT seller, SUM(amount) AS total, DATE(MAX(day)) AS latest"
        " FROM sale GROUP BY seller"
    )
    init(shell, tmp_path, *SALES, view)

    assert ask(shell, tmp_path, '{"data": {"fields": {"total": ["sum"]}}}') == ["total_sum", "12"]
    assert ask(
        shell,
        tmp_path,
        '{"data": {"fields": {"total": ["count"]}}, "filter": {"total": 5, "latest":'
        ' "2024-01-02"}}',
    ) == ["total_count", "1"]
    assert ask(
        shell,
        tmp_path,
        '{"data": {"fields": {"total": ["sum"]}}, "scale": {"fields": ["latest:month"]},'
        ' "order": {"total": "desc"}}',
    ) == ["latest:month,total_sum", "2024-02-01,7", "2024-01-01,5"]


def test_a_table_without_declared_types_is_a_table(shell: Shell, tmp_path: Path) -> None:
    inserted = "INSERT INTO nokey VALUES (1, 'x'), (5, 'y'), (10, 'Z'), (NULL, NULL)"
    model = init(shell, tmp_path, "CREATE TABLE nokey (a, b)", inserted, "CREATE TABLE empty (a)")

    assert "a: {type: integer" in model
    assert "b: {type: string" in model
    assert "empty: its columns have no declared type, and no value that would tell one" in (
        " ".join(model.split())
    )
    assert ask(
        shell,
        tmp_path,
        '{"data": {"fields": {"a": ["select"], "b": ["select"]}}, "filter": {"a": {"gte": 5}, "b":'
        ' {"in": ["y", "Z"]}}, "order": {"a": "desc"}}',
    ) == ["a,b", "10,Z", "5,y"]


def test_a_view_of_what_is_gone_leaves_the_rest(shell: Shell, tmp_path: Path) -> None:
    model = init(shell, tmp_path, *SALES, "CREATE VIEW broken AS SELECT q FROM nowhere")

    assert "Left out: broken: the database cannot say what columns it has." in model


def test_a_foreign_key_that_each_row_keeps_is_mandatory(shell: Shell, tmp_path: Path) -> None:
    model = init(shell, tmp_path, *SALES)

    assert "each row has its partner now; the database itself does not see to it" in model
    assert "emp: {to: emp, on: {seller: id}, mandatory: true}" in model


def test_a_foreign_key_that_some_row_breaks_is_not_mandatory(shell: Shell, tmp_path: Path) -> None:
    model = init(shell, tmp_path, *SALES, "INSERT INTO sale VALUES ('2024-03-01', 1, 77)")

    assert "emp: {to: emp, on: {seller: id}}" in model
    assert "mandatory" not in model


def test_a_foreign_key_of_no_rows_is_not_mandatory(shell: Shell, tmp_path: Path) -> None:
    model = init(shell, tmp_path, *SALES, "DELETE FROM sale")

    assert "mandatory" not in model


def test_a_reference_to_the_own_table_is_called_by_its_column(shell: Shell, tmp_path: Path) -> None:
    assert "boss_emp: {to: emp, on: {boss: id}}" in init(shell, tmp_path, *SALES)


def test_the_first_question_adds_up_no_balances(shell: Shell, tmp_path: Path) -> None:
    created = "CREATE TABLE balances (day DATE, account TEXT, balance DECIMAL(9, 2))"
    inserted = "INSERT INTO balances VALUES ('2024-01-01', 'a', 5), ('2024-01-02', 'a', 6)"
    init(shell, tmp_path, created, inserted)

    assert "balance: [sum]" not in (tmp_path / "queries/first.yaml").read_text()
