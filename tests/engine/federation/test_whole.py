"""One database answers all of it, where others only say which of its rows count."""

from __future__ import annotations

from collections.abc import Mapping
from math import isclose
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pytest

from engine.federation.recording import Recording
from engine.federation.spread import ENGINES, Spread, Spreads
from penstock.engine.federation import Federation
from penstock.explain import explain_question
from penstock.local import Project
from penstock.query.types import Json
from penstock.sql.types import Statement

_FAR: Final = ("part", "partsupp", "supplier", "customer", "nation", "region")
SPREADS: Final[Mapping[str, Spread]] = {
    "duckdb": {"duckdb": ("lineitem", "orders"), "sqlite": _FAR},
    "postgres": {"postgres": ("lineitem", "orders"), "sqlite": _FAR},
}
MEDIAN: Final[Mapping[str, Json]] = {
    "data": {"fields": {"l_extendedprice": ["median", "count"]}, "hints": True},
    "scale": {"fields": ["l_returnflag", "o_orderpriority"]},
    "having": {"l_extendedprice": {"count": {"gt": 3}}},
}
MODEL: Final = """\
tables:
  sales:
    database: tills
    attributes:
      shop: {type: integer}
      amount: {type: integer}
    relationships:
      place: {to: shops, on: {shop: id}}
  shops:
    database: office
    attributes:
      id: {type: integer}
      city: {type: string}
"""
BY_HAND: Final = """
  SELECT l_returnflag, o_orderpriority, MEDIAN(l_extendedprice), COUNT(l_extendedprice)
  FROM lineitem JOIN orders ON o_orderkey = l_orderkey JOIN supplier ON s_suppkey = l_suppkey
  WHERE s_acctbal < {most} GROUP BY ALL HAVING COUNT(l_extendedprice) > 3 ORDER BY ALL
"""


@pytest.fixture(params=["duckdb", "postgres"])
def project(request: pytest.FixtureRequest, spreads: Spreads) -> Project:
    spread = SPREADS[request.param]
    missing = [reason for name in spread if (reason := ENGINES[name].missing())]
    if missing:
        pytest.skip(missing[0])
    return spreads.project("tpch", spread)


def write(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")


def watched(project: Project) -> dict[str, Recording]:
    return {name: Recording(engine) for name, engine in project.pipeline.engines.items()}


def read(engines: Mapping[str, Recording], statement: Statement | None) -> pa.Table:
    assert statement is not None
    running = Federation(engines, memory=1 << 30, threads=2).run(statement, timeout=60)
    return pa.Table.from_batches(list(running), schema=running.schema)


def by_hand(spreads: Spreads, most: int) -> list[tuple[object, ...]]:
    found = spreads.oracle("tpch").execute(BY_HAND.format(most=most)).fetchall()
    return [
        (flag, priority, pytest.approx(float(median)), count)
        for flag, priority, median, count in found
    ]


@pytest.mark.parametrize(("most", "is_whole"), [(-900, True), (-2_000, True), (9_000, False)])
def test_the_answer_is_the_same_whoever_gives_it(
    project: Project,
    spreads: Spreads,
    most: int,
    is_whole: bool,  # noqa: FBT001 - the expectation
) -> None:
    engines = watched(project)
    question = project.ask({**MEDIAN, "filter": {"supplier.s_acctbal": {"lt": most}}})
    home = engines[question.plan.database]

    answer = read(engines, question.rows)

    assert [*zip(*answer.to_pydict().values(), strict=True)] == by_hand(spreads, most)
    assert len(home.asked) == 1
    assert ("GROUP BY" in home.asked[0].text) is is_whole
    assert home.rows == answer.num_rows if is_whole else home.rows > 10_000
    assert read(engines, question.count).column(0).to_pylist() == [answer.num_rows]


def test_two_others_may_say_which_rows_count(project: Project, spreads: Spreads) -> None:
    engines = watched(project)
    told: Mapping[str, Json] = {"supplier.s_acctbal": {"lt": 0}, "part.p_size": {"lte": 5}}
    question = project.ask(
        {"data": {"fields": {"l_quantity": ["median"]}}, "filter": told, "table_name": "lineitem"}
    )

    answer = read(engines, question.rows)

    found = (
        spreads.oracle("tpch")
        .execute("""
      SELECT MEDIAN(l_quantity) FROM lineitem JOIN supplier ON s_suppkey = l_suppkey
      JOIN part ON p_partkey = l_partkey WHERE s_acctbal < 0 AND p_size <= 5
    """)
        .fetchall()
    )
    assert isclose(float(answer.column(0)[0].as_py()), float(found[0][0]), rel_tol=1e-9)
    assert engines[question.plan.database].rows == 1


def test_it_is_explained(project: Project) -> None:
    question = project.ask({**MEDIAN, "filter": {"supplier.s_acctbal": {"lt": 0}}})
    told = explain_question(
        question, project.pipeline.view(project.caller), project.pipeline.dialects
    )

    (whole,) = [each for each in told.further if each.name.startswith("instead")]
    assert "no more than 50 s_suppkey of 'supplier'" in whole.name
    assert "UNNEST" in whole.sql


def test_keys_that_no_list_has_room_for_are_joined(tmp_path: Path) -> None:
    large = (1 << 63) + 5
    tables = {
        "tills": f"CREATE TABLE sales AS SELECT CAST(s AS UBIGINT) AS shop, a AS amount"
        f" FROM (VALUES (1, 4), (NULL, 9), ({large}, 7), ({large}, 8)) AS t(s, a)",
        "office": f"CREATE TABLE shops AS SELECT CAST(i AS UBIGINT) AS id, c AS city"
        f" FROM (VALUES (1, 'X'), (2, 'X'), (3, 'X'), ({large}, 'Y')) AS t(i, c)",
    }
    for name, script in tables.items():
        with duckdb.connect(tmp_path / f"{name}.duckdb") as connection:
            connection.execute(script)
        said = f"engine: duckdb\ndatabase: {name}.duckdb\n"
        write(tmp_path / "connectors" / f"{name}.yaml", said)
    write(tmp_path / "penstock.yaml", "name: shop\n")
    write(tmp_path / "models" / "shop.yaml", MODEL)
    fields: Json = {"amount": ["median"]}

    with Project(tmp_path) as project:
        found = [
            project.query({"data": {"fields": fields}, "filter": {"city": city}})
            .column(0)[0]
            .as_py()
            for city in ("X", "Y", "Z")
        ]

    assert found == [4.0, 7.5, None]
