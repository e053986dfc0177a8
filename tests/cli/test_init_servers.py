"""`penstock init` from real servers: nothing that is secret is written, and all of it checks."""

from __future__ import annotations

import json
from pathlib import Path

import pymysql
import pytest

from cli.conftest import Shell
from support.mariadb_server import run_mariadb
from support.postgres_server import find_programs, run_postgres

ORDERS = """\
CREATE TABLE orders (
  id BIGINT PRIMARY KEY, amount DECIMAL(10, 2), day DATE, buyer INTEGER, seller INTEGER NOT NULL,
  FOREIGN KEY (buyer) REFERENCES customers (id), FOREIGN KEY (seller) REFERENCES customers (id)
)"""
TABLES = (
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR(20))",
    ORDERS,
    "INSERT INTO customers VALUES (1, 'Ann'), (2, 'Bob')",
    "INSERT INTO orders VALUES (1, 2.50, '2024-01-02', 1, 2), (2, 4.50, '2024-01-03', 2, 2)",
)


@pytest.mark.skipif(find_programs() is None, reason="there is no PostgreSQL here")
def test_a_server_of_postgres_becomes_a_project(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run_postgres() as server:
        server.execute(*TABLES)
        made = shell("init", tmp_path, "--from", server.url, "--format", "json")
        assert made.code == 0, made.err
        answer_as_the_project(shell, tmp_path, monkeypatch, json.loads(made.out), server.password)


def test_a_server_of_mariadb_becomes_a_project(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run_mariadb() as server:
        connection = pymysql.connect(
            host=server.host,
            port=server.port,
            user=server.user,
            password=server.password,
            database="test",
            autocommit=True,
        )
        with connection, connection.cursor() as cursor:
            for statement in TABLES:
                cursor.execute(statement)
        place = f"{server.host}:{server.port}/test"
        monkeypatch.setenv("SHOP_SECRET", server.password)
        url = f"mariadb://{server.user}:${{SHOP_SECRET}}@{place}"
        made = shell("init", tmp_path, "--from", url, "--format", "json")
        assert made.code == 0, made.err
        answer_as_the_project(shell, tmp_path, monkeypatch, json.loads(made.out), server.password)


def answer_as_the_project(
    shell: Shell,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    made: dict[str, list[str]],
    password: str,
) -> None:
    """Check what was written, and ask it; the password stands nowhere."""
    (variable,) = made["variables"]
    monkeypatch.setenv(variable, password)
    checked = shell("check", folder)
    answered = shell("query", folder, "--saved", "first", "--format", "csv")

    assert checked.code == 0, checked.text
    assert answered.text.splitlines() == ["day:month,amount_sum", "2024-01-01,7.00"]
    for path in (folder / "connectors").iterdir():
        assert f"password: ${{{variable}}}" in path.read_text()
        assert password not in path.read_text()
    (model,) = (path.read_text() for path in (folder / "models").iterdir())
    assert "{to: customers, on: {buyer: id}}" in model
    assert "{to: customers, on: {seller: id}, mandatory: true}" in model
    assert "seller: {type: integer, not_null: true, description: ''}" in model
    assert "buyer: {type: integer, description: ''}" in model
