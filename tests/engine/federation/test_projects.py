"""Small projects over several databases, from their files to an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from penstock.errors import PenstockError
from penstock.explain import explain_question, explain_sql
from penstock.local import As, Project
from penstock.pipeline import Stages
from penstock.plan.gather import Gathering
from penstock.project.load import check_project
from penstock.project.types import ProjectError
from penstock.query.types import Json
from penstock.sql_question import SQLQuestion, ask_sql

SHOP: Final[Mapping[str, str]] = {
    "penstock.yaml": "name: shop\nfederation: {memory: 64MB, threads: 1}\n",
    "connectors/tills.yaml": "engine: duckdb\nfiles: {sales: data/sales.csv}\n",
    "connectors/desk.yaml": "engine: duckdb\nfiles: {returns: data/returns.csv}\n",
    "connectors/office.yaml": "engine: duckdb\nfiles: {shops: data/shops.csv}\n",
    "models/shop.yaml": """\
tables:
  sales:
    database: tills
    attributes:
      shop: {type: string, label: place.city}
      amount: {type: integer}
      day: {type: date}
    relationships:
      place: {to: shops, on: {shop: code}}
  returns:
    database: desk
    attributes:
      shop: {type: string}
      refund: {type: integer}
    relationships:
      place: {to: shops, on: {shop: code}}
  shops:
    database: office
    attributes:
      code: {type: string}
      city: {type: string}
""",
    "policies/roles.yaml": """\
roles:
  clerk:
    rows:
      - tables: [shops]
        filter: {city: {in: $principal.cities}}
      - tables: [sales]
        filter: {amount: {lt: 100}}
    hidden: [sales.day]
""",
    "data/sales.csv": (
        "shop,amount,day\na,1,2024-01-01\na,2,2024-01-02\nb,4,2024-02-01\nb,800,2024-02-02\n"
        "c,16,2024-03-01\n"
    ),
    "data/returns.csv": "shop,refund\na,1\nd,2\n",
    "data/shops.csv": "code,city\na,Lyon\nb,Bonn\nc,Lyon\nd,Rome\n",
}


def write(folder: Path, **changed: str) -> Path:
    files = {**SHOP, **changed}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Project]:
    with Project(write(tmp_path)) as project:
        yield project


def rows(project: Project, query: Mapping[str, Json]) -> list[tuple[object, ...]]:
    table = project.query(query)
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def ask(project: Project, sql: str) -> SQLQuestion:
    body = json.dumps({"sql": sql}).encode()
    return ask_sql(project.pipeline, body, project.caller, Stages())


def rows_of_sql(project: Project, sql: str) -> list[tuple[object, ...]]:
    question = ask(project, sql)
    running = project.pipeline.run(question.plan.database, question.rows)
    return [
        row
        for batch in running
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    ]


def test_groups_by_an_attribute_of_another_database(shop: Project) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"amount": ["sum", "count"]}},
        "scale": {"fields": ["city"]},
    }

    assert rows(shop, query) == [("Bonn", 804, 2), ("Lyon", 19, 3)]


def test_no_rows_at_all_are_counted_as_none(shop: Project) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"amount": ["sum", "count", "avg", "min"]}},
        "filter": {"city": "Paris"},
    }

    assert rows(shop, query) == [(None, 0, None, None)]


def test_facts_of_several_databases_are_put_together(shop: Project) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"amount": ["sum"], "refund": ["sum"]}},
        "scale": {"fields": ["city"]},
        "total": {"all": []},
    }

    assert rows(shop, query) == [("Bonn", 804, None), ("Lyon", 19, 1), ("Rome", None, 2)]


def test_a_value_that_does_not_fit_is_told_of_once(shop: Project) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"amount": ["sum"]}},
        "scale": {"fields": ["city"]},
        "filter": {"day": {"gte": "no day"}, "amount": {"lt": "much"}},
    }

    with pytest.raises(PenstockError) as raised:
        shop.query(query)

    assert [part.pointer for part in raised.value.parts] == ["/filter/day/gte", "/filter/amount/lt"]


# --- SQL


JOINED: Final = (
    "SELECT city, SUM(amount) AS total FROM sales JOIN shops ON shop = code"
    " WHERE amount > 1 GROUP BY city ORDER BY city"
)


def test_sql_may_name_tables_of_several_databases(shop: Project) -> None:
    assert rows_of_sql(shop, JOINED) == [("Bonn", 804), ("Lyon", 18)]


def test_what_sql_names_twice_is_the_same_both_times(shop: Project) -> None:
    sql = (
        "WITH big AS (SELECT shop, amount FROM sales WHERE amount > 3)"
        " SELECT a.shop, COUNT(*) FROM big a JOIN big b ON a.shop = b.shop"
        " JOIN shops ON code = a.shop GROUP BY 1 ORDER BY 1"
    )

    assert rows_of_sql(shop, sql) == [("b", 4), ("c", 1)]


def test_a_name_of_the_callers_never_stands_for_a_part(shop: Project) -> None:
    sql = (
        'WITH "rows of shops" AS (SELECT 1 AS code) SELECT COUNT(*) FROM sales, shops'
        ' WHERE shop = code AND EXISTS (SELECT 1 FROM "rows of shops")'
    )

    assert rows_of_sql(shop, sql) == [(5,)]


def test_policies_hold_in_the_parts_of_sql(tmp_path: Path) -> None:
    clerk = As(("clerk",), {"cities": ("Bonn",)})
    with Project(write(tmp_path), as_=clerk) as project:
        question = ask(project, JOINED)

        assert rows_of_sql(project, JOINED) == [("Bonn", 4)]
        assert all("WHERE" in part.statement.text for part in question.rows.parts)
        with pytest.raises(PenstockError):
            ask(project, "SELECT MAX(day) FROM sales JOIN shops ON shop = code")


# --- an engine that holds all of them


def test_a_query_engine_is_asked_for_all_at_once(shop: Project) -> None:
    shop.pipeline.gathering = Gathering("tills", {"office": "files.main"})
    asked = shop.ask({"data": {"fields": {"amount": ["sum"]}}, "scale": {"fields": ["city"]}})

    assert (asked.plan.database, asked.rows.parts) == ("tills", ())
    assert 'LEFT JOIN "files"."main"."shops" AS "place"' in asked.rows.text


def test_what_no_catalog_holds_is_joined_here(shop: Project) -> None:
    shop.pipeline.gathering = Gathering("tills", {"desk": "files"})
    asked = shop.ask({"data": {"fields": {"amount": ["sum"]}}, "scale": {"fields": ["city"]}})

    assert len(asked.rows.parts) == 2


# --- explain


def test_it_is_explained_part_by_part(shop: Project) -> None:
    question = shop.ask({"data": {"fields": {"amount": ["sum"]}}, "scale": {"fields": ["city"]}})
    told = explain_question(question, shop.pipeline.view(shop.caller), shop.pipeline.dialects)

    assert [(part.name, part.database, part.rows) for part in told.parts] == [
        ("sales", "tills", 5),
        ("place", "office", 4),
    ]
    assert told.parts[0].pushed == ["groups, to be put together: shop"]
    joins = [step.what for step in told.plan if step.step == "join"]
    assert joins == ["shops as place on sales.shop = place.code, in office"]
    assert "LEFT JOIN" in told.sql
    assert "LEFT JOIN" not in told.parts[0].sql


def test_sql_is_explained_part_by_part(shop: Project) -> None:
    told = explain_sql(ask(shop, JOINED), shop.pipeline.dialects)

    assert [part.database for part in told.parts] == ["tills", "office"]


# --- what a project may say


def test_a_key_that_is_not_unique_in_the_other_database_is_found(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as raised:
        Project(write(tmp_path, **{"data/shops.csv": "code,city\na,X\na,Y\n"}))

    assert [issue.code for issue in raised.value.issues] == ["NOT_UNIQUE", "NOT_UNIQUE"]
    assert "refer to them (1 ×)" in raised.value.issues[0].message


def test_a_key_that_no_row_of_the_other_database_has_may_be_there_twice(tmp_path: Path) -> None:
    shops = SHOP["data/shops.csv"] + "closed,X\nclosed,Y\n"
    with Project(write(tmp_path, **{"data/shops.csv": shops})) as project:
        found = rows(project, {"data": {"fields": {"amount": ["sum"]}}})

        assert found == [(823,)]


def test_duplicates_too_many_to_be_looked_for_all_count(tmp_path: Path) -> None:
    closed = "".join(f"closed {number},X\nclosed {number},Y\n" for number in range(300))
    with pytest.raises(ProjectError) as raised:
        Project(write(tmp_path, **{"data/shops.csv": SHOP["data/shops.csv"] + closed}))

    assert "may refer to them (300 ×)" in raised.value.issues[0].message


def test_of_a_key_of_two_columns_both_have_to_be_met(tmp_path: Path) -> None:
    files = {
        "models/shop.yaml": SHOP["models/shop.yaml"]
        .replace(", label: place.city", "")
        .replace("{to: shops, on: {shop: code}}", "{to: shops, on: {shop: code, day: since}}", 1)
        .replace("day: {type: date}", "day: {type: string}")
        .replace("code: {type: string}", "code: {type: string}\n      since: {type: string}"),
        "data/sales.csv": "shop,amount,day\na,1,one\nb,2,two\n",
        "data/returns.csv": "shop,refund\nz,1\n",
        "data/shops.csv": "code,city,since\na,X,two\na,Y,two\nb,X,one\n",
    }
    with Project(write(tmp_path, **files)) as project:
        assert rows(project, {"data": {"fields": {"amount": ["sum"]}}}) == [(3,)]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("query_engine: lake\n", "UNKNOWN_DATABASE"),
        ("query_engine: tills\n", "INVALID_VALUE"),
        ("federation: {memory: much}\n", "INVALID_VALUE"),
        ("federation: {threads: 0}\n", "INVALID_VALUE"),
        ("federation: {disk: 1GB}\n", "UNKNOWN_KEY"),
    ],
)
def test_what_is_said_of_several_databases_is_checked(tmp_path: Path, said: str, code: str) -> None:
    files = {"penstock.yaml": f"name: shop\n{said}"}
    _, issues = check_project(write(tmp_path, **files), {})

    assert [issue.code for issue in issues] == [code]
    assert issues[0].file == "penstock.yaml"


def test_a_query_engine_and_its_catalogs_are_read(tmp_path: Path) -> None:
    files = {
        "penstock.yaml": "name: shop\nquery_engine: lake\n",
        "connectors/lake.yaml": "engine: trino\noptions: {host: lake.example.com}\n",
        "connectors/office.yaml": SHOP["connectors/office.yaml"] + "catalog: files.main\n",
    }
    project, issues = check_project(write(tmp_path, **files), {})

    assert issues == ()
    assert project is not None
    assert project.federation.query_engine == "lake"
    assert project.connectors["office"].catalog == "files.main"
