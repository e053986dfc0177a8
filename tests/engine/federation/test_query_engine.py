"""A Trino that has the tables of all databases of a project: what needs several runs there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import duckdb
import pytest

from engine.federation.test_projects import JOINED, ask, rows, rows_of_sql, write
from penstock.explain import explain_sql
from penstock.local import As, Project
from penstock.query.types import Json
from support.trino_coordinator import Coordinator, run_coordinator

BY_CITY: Final[Mapping[str, Json]] = {
    "data": {"fields": {"amount": ["sum"]}},
    "scale": {"fields": ["city"]},
}
TOTAL: Final = "SELECT SUM(amount) AS total FROM sales"


@pytest.fixture
def coordinator() -> Iterator[Coordinator]:
    """The same tables as in the files, with one sale more, so that who answers can be told."""
    with duckdb.connect() as database:
        database.execute(
            "ATTACH ':memory:' AS pg; CREATE SCHEMA pg.public; ATTACH ':memory:' AS files;"
            "CREATE TABLE pg.public.sales AS"
            " SELECT * FROM (VALUES ('a', 1), ('a', 2), ('b', 4), ('b', 800), ('c', 16), ('d', 32))"
            " rows(shop, amount);"
            "CREATE TABLE files.main.shops AS"
            " SELECT * FROM (VALUES ('a', 'Lyon'), ('b', 'Bonn'), ('c', 'Lyon'), ('d', 'Rome'))"
            " rows(code, city)"
        )
        with run_coordinator(database) as running:
            yield running


@pytest.fixture
def folder(tmp_path: Path, coordinator: Coordinator) -> Path:
    address = f"host: localhost, port: {coordinator.port}, tls: false, user: penstock"
    files = {
        "penstock.yaml": "name: shop\nquery_engine: lake\n",
        "connectors/lake.yaml": (
            f"engine: trino\noptions: {{{address}, catalog: memory, schema: main}}\n"
        ),
        "connectors/tills.yaml": (
            "engine: duckdb\nfiles: {sales: data/sales.csv}\ncatalog: pg.public\n"
        ),
        "connectors/office.yaml": (
            "engine: duckdb\nfiles: {shops: data/shops.csv}\ncatalog: files.main\n"
        ),
    }
    return write(tmp_path, **files)


@pytest.fixture
def lake(folder: Path) -> Iterator[Project]:
    with Project(folder) as project:
        yield project


def test_json_about_several_databases_is_answered_there(lake: Project) -> None:
    assert rows(lake, BY_CITY) == [("Bonn", 804), ("Lyon", 19), ("Rome", 32)]


def test_sql_about_several_databases_is_answered_there(lake: Project) -> None:
    question = ask(lake, JOINED)

    assert rows_of_sql(lake, JOINED) == [("Bonn", 804), ("Lyon", 18), ("Rome", 32)]
    assert (question.plan.database, question.rows.parts) == ("lake", ())


def test_sql_about_one_database_is_answered_by_that_one(lake: Project) -> None:
    assert ask(lake, TOTAL).plan.database == "tills"
    assert rows_of_sql(lake, TOTAL) == [(823,)]


def test_sql_about_a_database_that_it_does_not_know_is_joined_here(lake: Project) -> None:
    sql = "SELECT city, SUM(refund) AS refund FROM returns JOIN shops ON shop = code GROUP BY city"

    assert [part.fragment.plan.database for part in ask(lake, sql).rows.parts] == ["desk", "office"]
    assert sorted(rows_of_sql(lake, sql)) == [("Lyon", 1), ("Rome", 2)]


def test_every_way_to_name_tables_leads_there(lake: Project) -> None:
    sql = (
        "WITH big AS (SELECT shop, amount FROM tills.sales WHERE amount > 3)"
        " SELECT (SELECT COUNT(*) FROM big) AS big, COUNT(*) AS shops FROM office.shops s"
        " WHERE EXISTS (SELECT 1 FROM big WHERE big.shop = s.code)"
        " UNION ALL SELECT MAX(amount), MIN(amount) FROM sales"
    )

    assert rows_of_sql(lake, sql) == [(4, 3), (800, 1)]


def test_what_a_caller_may_not_see_is_left_out_there(folder: Path) -> None:
    with Project(folder, as_=As(["clerk"], {"cities": ("Bonn", "Rome")})) as project:
        everything = "SELECT city, amount FROM sales JOIN shops ON shop = code ORDER BY amount"

        assert ask(project, everything).plan.database == "lake"
        assert rows_of_sql(project, everything) == [("Bonn", 4), ("Rome", 32)]


def test_it_is_explained_in_the_words_of_that_engine(lake: Project) -> None:
    told = explain_sql(ask(lake, JOINED), lake.pipeline.dialects)

    assert (told.database, told.parts) == ("lake", [])
    assert '"pg"."public"."sales"' in told.sql
    assert '"files"."main"."shops"' in told.sql
