"""A model of columns without a declared type: the model decides, and the values may deny it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from engine.sqlite.opening import make_file
from penstock.errors import EngineError
from penstock.local import Project as LocalProject
from penstock.project.inspect import inspect
from penstock.project.open import close_engines, open_engines
from penstock.query.types import Json
from project.folders import load

TABLES = (
    "CREATE TABLE sale (shop TEXT, amount REAL, day TEXT)",
    """INSERT INTO sale VALUES ('a', 0.1, '2024-01-01'), ('a', 0.2, '2024-01-02'),
    ('b', 5, '2024-02-01'), ('c', 10, '2024-02-02')""",
    """CREATE VIEW big AS SELECT shop || '' AS shop, SUM(amount) AS total,
    DATE(MAX(day)) AS latest, COUNT(*) > 1 AS many FROM sale GROUP BY shop""",
    "CREATE TABLE nokey (a, b)",
    "INSERT INTO nokey VALUES (1, 'x'), (2, 3)",
)


def write(folder: Path, **types: str) -> Path:
    """Write a project of the view, and of the table by its own columns."""
    make_file(folder / "shop.db", *TABLES)
    declared = {
        "big": {"shop": "string", "total": "decimal", "latest": "date", "many": "boolean"},
        "nokey": {"a": "integer"},
    }
    lines = ["tables:"]
    for table, attributes in declared.items():
        lines += [f"  {table}:", "    database: shop", "    attributes:"]
        chosen = {**attributes, **{n.partition("_")[2]: t for n, t in types.items()
                                   if n.startswith(f"{table}_")}}  # fmt: skip
        lines += [f"      {name}: {{type: {type_}}}" for name, type_ in chosen.items()]
    files = {
        "penstock.yaml": "name: shop\n",
        "connectors/shop.yaml": "engine: sqlite\ndatabase: shop.db\n",
        "models/shop.yaml": "\n".join(lines) + "\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def found(folder: Path) -> list[str]:
    project = load(folder)
    engines = open_engines(project)
    try:
        issues = inspect(project, engines).issues
    finally:
        close_engines(engines)
    return [f"{i.code} {i.message} | {i.hint}" for i in issues]


@pytest.mark.parametrize("type_", ["decimal", "float"])
def test_a_computed_column_may_be_declared_as_what_reads_it(tmp_path: Path, type_: str) -> None:
    assert found(write(tmp_path, big_total=type_)) == []


@pytest.mark.parametrize(
    ("types", "said", "hint"),
    [
        (
            {"big_total": "integer"},
            "big.total is declared integer, its column {} floats.",
            "Declare it `type: float`.",
        ),
        (
            {"nokey_a": "date"},
            "nokey.a is declared date, its column {} integers.",
            "Declare it `type: integer`.",
        ),
        (
            {"nokey_b": "string"},
            "nokey.b is declared string, its column {} integers and text.",
            "Mend the data, or name a view with `source` that has a CAST of the column.",
        ),
    ],
)
def test_values_that_a_type_does_not_read_are_said(
    tmp_path: Path, types: dict[str, str], said: str, hint: str
) -> None:
    told = said.format("has no declared type and holds")

    assert found(write(tmp_path, **types)) == [f"TYPE_MISMATCH {told} | {hint}"]


def answer(folder: Path, query: dict[str, Json]) -> pa.Table:
    with LocalProject(folder) as project:
        return project.query(query)


def test_a_computed_decimal_is_read_and_summed_exactly(tmp_path: Path) -> None:
    query: dict[str, Json] = {"data": {"fields": {"total": ["select"]}}, "order": {"total": "asc"}}
    folder = write(tmp_path)

    assert answer(folder, query).column("total").to_pylist() == [
        Decimal("0.3"), Decimal(5), Decimal(10),
    ]  # fmt: skip
    summed = answer(folder, {"data": {"fields": {"total": ["sum"]}}})
    assert summed.to_pylist() == [{"total_sum": Decimal("15.3")}]


@pytest.mark.parametrize("type_", ["decimal", "float"])
@pytest.mark.parametrize(
    ("filter_", "shops"),
    [
        ({"total": 5}, ["b"]),
        ({"total": "5"}, ["b"]),
        ({"total": {"gte": 5}}, ["b", "c"]),
        ({"total": {"between": [1, 9]}}, ["b"]),
        ({"total": {"in": [5, 10]}}, ["b", "c"]),
        ({"latest": "2024-02-01"}, ["b"]),
        ({"latest": {"lt": "2024-02-01"}}, ["a"]),
        ({"many": True}, ["a"]),
        ({"shop": {"in": ["a", "c"]}}, ["a", "c"]),
    ],
)
def test_a_filter_finds_values_of_columns_without_a_type(
    tmp_path: Path, type_: str, filter_: Json, shops: list[str]
) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"shop": ["select"]}},
        "filter": filter_,
        "order": {"shop": "asc"},
    }

    assert answer(write(tmp_path, big_total=type_), query).column("shop").to_pylist() == shops


def test_columns_without_a_type_are_grouped_by(tmp_path: Path) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"total": ["max"], "shop": ["count"]}},
        "scale": {"fields": ["latest:month"]},
        "order": {"latest:month": "asc"},
    }
    months = answer(write(tmp_path), query).to_pydict()

    assert months["total_max"] == [Decimal("0.3"), Decimal(10)]
    assert months["shop_count"] == [1, 2]


def test_a_value_that_came_later_and_does_not_fit_is_the_known_error(tmp_path: Path) -> None:
    folder = write(tmp_path)
    query: dict[str, Json] = {"data": {"fields": {"a": ["select"]}}, "table_name": "nokey"}
    with LocalProject(folder) as project:
        make_file(folder / "shop.db", "INSERT INTO nokey VALUES ('x', 'x')")

        with pytest.raises(EngineError) as caught:
            project.query(query)

    assert caught.value.hint
