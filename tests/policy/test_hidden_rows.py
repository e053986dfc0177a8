"""Nothing is worked out of a hidden row: that it fails would tell that it is there."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from penstock.local import As, Project
from penstock.policy.permit import Gate
from penstock.policy.types import Policies, Role, RowFilter
from penstock.query.types import Json
from penstock.sql.compile import compile_plan
from support.ask import answer, open_gate
from support.flights import AGENT, FLIGHTS

MODEL = """\
tables:
  orders:
    database: lake
    attributes:
      id: {type: integer}
      owner: {type: string}
      buyer: {type: integer}
      name: {type: string}
      amount: {type: integer}
      code: {type: string}
      twice: {formula: amount * 2, type: integer}
      number: {formula: CAST(code AS INTEGER), type: integer}
    relationships:
      customer: {to: customers, on: {buyer: key}}
  customers:
    database: lake
    attributes: {key: {type: integer}, city: {type: string}}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    with duckdb.connect(tmp_path / "lake.duckdb") as connection:
        connection.execute("""
            CREATE TABLE orders AS SELECT i AS id, ['acme', 'corner', 'rival'][i % 3 + 1] AS owner,
              i % 2 + 1 AS buyer, IF(i % 3 = 2, 'To nobody', 'all') AS name,
              IF(i % 3 = 2, 9000000000000000000, 3) AS amount, IF(i % 3 = 2, 'abc', '12') AS code
            FROM range(300) AS t(i)
        """)
        connection.execute("CREATE TABLE customers AS SELECT 1 AS key, 'Rome' AS city")
    files = {
        "penstock.yaml": "name: shop\n",
        "connectors/lake.yaml": "engine: duckdb\ndatabase: lake.duckdb\n",
        "models/shop.yaml": MODEL,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "guard", ["{owner: {in: [acme, corner]}}", "{or: [{owner: acme}, {id: 1}]}"]
)
@pytest.mark.parametrize("tested", [{"twice": {"gt": 5}}, {"number": {"gt": 5}}])
@pytest.mark.parametrize("name", ["To%", "Zz%"])
def test_a_filter_on_a_formula_is_not_tried_on_hidden_rows(
    shop: Path, guard: str, tested: dict[str, Json], name: str
) -> None:
    role = f"roles:\n  clerk:\n    rows: [{{tables: [orders], filter: {guard}}}]\n"
    (shop / "policies").mkdir()
    (shop / "policies" / "roles.yaml").write_text(role, encoding="utf-8")
    asked: dict[str, Json] = {
        "data": {"fields": {"id": ["count"]}},
        "filter": {"name": {"like": name}, "city": {"in": ["Rome", "Oslo"]}, **tested},
        "table_name": "orders",
    }

    with Project(shop, as_=As(("clerk",), {})) as project:
        assert project.query(asked).to_pylist() == [{"id_count": 0}]


@pytest.mark.parametrize("hours", [[5], [5, 6], [*range(12)]])
def test_a_partners_guard_may_list_as_many_numbers_as_it_likes(hours: list[Json]) -> None:
    rule = RowFilter(tables=("weather",), filter={"hour": {"in": hours}})
    policies = Policies(roles={"station_agent": Role(name="station_agent", rows=(rule,))})
    gate: Gate = open_gate(FLIGHTS, policies)
    query: dict[str, Json] = {
        "data": {"fields": {"temp": ["avg"]}},
        "scale": {"fields": ["carrier"]},
    }

    text = compile_plan(answer(query, gate, AGENT).plan, dialect="postgres").rows.text

    assert '"weather"."hour"' in text.partition("LEFT JOIN")[2]
