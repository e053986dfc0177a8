from __future__ import annotations

import json
import shlex
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cli.conftest import Shell
from engine.databases import make_database
from project.folders import ROOT

ORDERS = (
    "id,customer_id,amount,day\n1,10,2.5,2024-01-01\n2,10,4.5,2024-01-02\n3,11,1.0,2024-02-01\n"
)
CUSTOMERS = "id,name\n10,Ann\n11,Bob\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    (folder / "data").mkdir(parents=True)
    (folder / "data/orders.csv").write_text(ORDERS)
    (folder / "data/customers.csv").write_text(CUSTOMERS)
    return folder


def test_a_folder_of_files_becomes_a_project_that_answers_at_once(shell: Shell, shop: Path) -> None:
    made = shell("init", shop, "--from", shop / "data")
    checked = shell("check", shop)
    answered = shell("query", shop, "--saved", "first", "--format", "csv")

    assert (made.code, made.err) == (0, "")
    assert "penstock check" in made.text
    assert checked.code == 0, checked.text
    assert answered.text.splitlines() == [
        "day:month,amount_sum",
        "2024-02-01,1",
        "2024-01-01,7",
    ]


def test_the_model_reads_well(shell: Shell, shop: Path) -> None:
    shell("init", shop, "--from", shop / "data")

    assert (
        (shop / "models/data.yaml").read_text().partition("tables:")[2]
        == """
  customers:
    database: data
    title: ''
    description: ''
    attributes:
      id: {type: integer, description: ''}
      name: {type: string, description: ''}

  orders:
    database: data
    title: ''
    description: ''
    attributes:
      id: {type: integer, description: ''}
      customer_id: {type: integer, description: ''}
      amount: {type: float, description: ''}
      day: {type: date, description: ''}
    relationships:
      # guessed: customers.id is unique, and 100% of the values are there
      customer: {to: customers, on: {customer_id: id}}
"""
    )


def test_the_reference_data_becomes_a_project_too(shell: Shell, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "data", tmp_path / "data")
    made = json.loads(shell("init", tmp_path, "--from", tmp_path / "data", "--format", "json").out)

    links = {(t["name"], link["to"]) for t in made["tables"] for link in t["relationships"]}
    assert links == {("flights", "airlines"), ("flights", "planes")}
    assert shell("check", tmp_path).code == 0
    assert shell("query", tmp_path, "--saved", "first").code == 0


def test_a_database_file_tells_its_own_keys(shell: Shell, tmp_path: Path) -> None:
    make_database(
        tmp_path / "shop.duckdb",
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR, tags VARCHAR[])",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, buyer INTEGER REFERENCES customers(id),"
        ' "unit price" DECIMAL(10, 2), "not" BOOLEAN, seller INTEGER NOT NULL REFERENCES'
        " customers(id))",
        "INSERT INTO customers VALUES (1, 'Ann', [])",
        "INSERT INTO orders VALUES (1, 1, 2.50, true, 1)",
    )
    made = shell("init", tmp_path, "--from", tmp_path / "shop.duckdb", "--format", "json")
    model = (tmp_path / "models/shop.yaml").read_text()

    assert made.code == 0, made.err
    assert json.loads(made.out)["tables"][1]["relationships"] == [
        {"name": "buyer_customer", "to": "customers", "on": {"buyer": "id"}, "guessed": False},
        {"name": "seller_customer", "to": "customers", "on": {"seller": "id"}, "guessed": False},
    ]
    assert "buyer_customer: {to: customers, on: {buyer: id}}" in model
    assert "seller_customer: {to: customers, on: {seller: id}, mandatory: true}" in model
    assert "id: {type: integer, not_null: true, description: ''}" in model
    assert "buyer: {type: integer, description: ''}" in model
    assert "seller: {type: integer, not_null: true, description: ''}" in model
    assert "unit_price: {type: decimal, column: unit price, description: ''}" in model
    assert "not_: {type: boolean, column: not, description: ''}" in model
    assert "# left out, as the language has no type for them: tags (VARCHAR[])" in model
    assert shell("check", tmp_path).code == 0
    assert shell("query", tmp_path, "--saved", "first").code == 0


def test_nothing_is_overwritten_unless_that_is_wanted(shell: Shell, shop: Path) -> None:
    shell("init", shop, "--from", shop / "data")
    (shop / "penstock.yaml").write_text("name: mine\n")
    refused = shell("init", shop, "--from", shop / "data")

    assert refused.code == 1
    for file in ("penstock.yaml", "connectors/data.yaml", "models/data.yaml", "queries/first.yaml"):
        assert file in refused.err
    assert "--force" in refused.err
    assert (shop / "penstock.yaml").read_text() == "name: mine\n"
    assert shell("init", shop, "--from", shop / "data", "--force").code == 0
    assert "name: shop" in (shop / "penstock.yaml").read_text()


def test_data_that_lies_elsewhere_is_copied_if_that_is_wanted(
    shell: Shell, shop: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    refused = shell("init", other, "--from", shop / "data")
    made = shell("init", other, "--from", shop / "data", "--copy")

    assert "--copy" in refused.err
    assert not refused.text
    assert made.code == 0, made.err
    assert (other / "data/orders.csv").read_text() == ORDERS
    assert shell("check", other).code == 0


def test_data_without_a_row_makes_a_project_too(shell: Shell, tmp_path: Path) -> None:
    make_database(tmp_path / "new.duckdb", "CREATE TABLE t (a INTEGER)")

    assert shell("init", tmp_path, "--from", tmp_path / "new.duckdb").code == 0
    assert shell("check", tmp_path).code == 0


def test_a_file_beside_the_new_folder_is_named_with_two_ways_forward(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(sqlite3.connect("crm.db")) as database:
        database.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)")
    refused = shell("init", "crm", "--from", "crm.db")

    assert refused.code == 1
    assert f"error: crm.db is not inside the project's folder {tmp_path / 'crm'}," in refused.err
    assert refused.err.strip().endswith("inside: penstock init . --from crm.db")
    assert shell("init", "crm", "--from", "crm.db", "--copy").code == 0
    assert shell("init", ".", "--from", "crm.db").code == 0


@pytest.mark.parametrize(
    ("named", "around"), [("other/data", "other"), ("other/*/a b.csv", "other")]
)
def test_of_a_folder_and_a_pattern_what_was_named_is_said(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, around: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other/data").mkdir(parents=True)
    (tmp_path / "other/data/a b.csv").write_text("id\n1\n")
    refused = shell("init", "crm", "--from", named)

    assert f"error: {named} is not inside the project's folder" in refused.err
    assert f"inside: penstock init {around} --from {shlex.quote(named)}" in refused.err


@pytest.mark.parametrize(
    ("connection", "said"),
    [
        ("nowhere.csv", "There is no file nowhere.csv."),
        ("oracle://host/db", "No engine has addresses that begin with oracle://."),
        ("postgresql:///shop", "The address names no host."),
        ("postgresql://u:${NO_SUCH_PASSWORD}@h/d", "has no variable 'NO_SUCH_PASSWORD'"),
        ("postgresql://u@host:port/d", "cannot be read"),
    ],
)
def test_what_leads_nowhere_is_said_with_a_way_forward(
    shell: Shell, tmp_path: Path, connection: str, said: str
) -> None:
    done = shell("init", tmp_path / "new", "--from", connection)

    assert done.code == 1
    assert said in done.err
    assert "hint:" in done.err
    assert not (tmp_path / "new").exists()


def test_an_empty_database_says_that_there_is_nothing(shell: Shell, tmp_path: Path) -> None:
    make_database(tmp_path / "empty.duckdb")

    assert "There is no table" in shell("init", tmp_path, "--from", tmp_path / "empty.duckdb").err


def test_a_file_of_sqlite_is_known_by_its_first_bytes(shell: Shell, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        connection.executescript(
            "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);"
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, amount REAL,"
            " customer_id INTEGER REFERENCES customers (id));"
            "INSERT INTO customers VALUES (1, 'Ann'); INSERT INTO orders VALUES (1, 2.5, 1)"
        )
    made = shell("init", tmp_path, "--from", tmp_path / "shop.db", "--format", "json")
    told = json.loads(made.out)

    assert told["database"] == {"name": "shop", "engine": "sqlite"}
    assert [link["guessed"] for link in told["tables"][1]["relationships"]] == [False]
    assert shell("check", tmp_path).code == 0
    assert shell("query", tmp_path, "--saved", "first").code == 0
