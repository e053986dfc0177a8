"""Answers that stop at the most that a project gives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter

import pytest

from penstock.answer import AnswerStream, open_answer
from penstock.encode.formats import find_format
from penstock.errors import LimitError
from penstock.local import Project
from penstock.pipeline import Stages, warn
from penstock.query.types import Json

FILES = {
    "penstock.yaml": "name: shop\nlimits: {default_rows: 2, max_rows: 4}\n",
    "connectors/shop.yaml": "engine: duckdb\nfiles: {sales: data/sales.csv}\n",
    "models/sales.yaml": """\
tables:
  sales:
    database: shop
    attributes:
      day: {type: integer}
      shop: {type: string}
""",
    "policies/roles.yaml": "roles:\n  everything: {}\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "data").mkdir()
    return tmp_path


def write_days(folder: Path, rows: int) -> None:
    lines = ["day,shop", *(f"{n},a" for n in range(rows))]
    (folder / "data/sales.csv").write_text("\n".join(lines) + "\n")


def answer(folder: Path, rows: int, data: Mapping[str, Json], options: Json) -> list[str]:
    """Return the lines of an answer about days, each with a row."""
    write_days(folder, rows)
    asked = {
        "data": {"fields": {"shop": ["count"]}, **data},
        "scale": {"fields": ["day"]},
        "options": options,
    }
    body = json.dumps(asked).encode()
    with Project(folder) as project:
        question = project.ask(body)
        encoder, opening = find_format("csv").encoder(), open_answer(question, body)
        began = perf_counter()
        stream = AnswerStream(project.pipeline, question, encoder, opening, Stages(), began)
        return b"".join(stream).decode().splitlines()


PIVOT: Json = {"scales": {"x": ["day"]}}


@pytest.mark.parametrize(
    ("data", "rows"), [({}, 2), ({"limit": None}, 4), ({"limit": None}, 5), ({"limit": 4}, 5)]
)
def test_a_pivot_of_which_cells_may_be_missing_is_refused(
    folder: Path, data: Mapping[str, Json], rows: int
) -> None:
    with pytest.raises(LimitError) as told:
        answer(folder, rows, data, PIVOT)

    assert told.value.pointer == "/data/limit"
    assert "null" not in (told.value.hint or "")


@pytest.mark.parametrize("data", [{"limit": None}, {"limit": 3}])
def test_a_pivot_of_fewer_rows_than_there_may_be_is_whole(
    folder: Path, data: Mapping[str, Json]
) -> None:
    assert answer(folder, 3, data, PIVOT) == ["0,1,2", "shop_count,shop_count,shop_count", "1,1,1"]


def test_a_list_may_have_as_many_rows_as_there_may_be(folder: Path) -> None:
    assert len(answer(folder, 5, {"limit": None}, {})) == 1 + 4


@pytest.mark.parametrize(
    ("rows", "limit", "said"),
    [(3, None, ""), (4, None, "4 rows, as many as the project"), (4, 3, ""), (2, 2, "")],
)
def test_a_list_that_stops_at_the_most_there_may_be_says_so(
    folder: Path, rows: int, limit: int | None, said: str
) -> None:
    write_days(folder, rows)
    body = json.dumps(
        {"data": {"fields": {"shop": ["count"]}, "limit": limit}, "scale": {"fields": ["day"]}}
    ).encode()

    with Project(folder) as project:
        question = project.ask(body)
        found = warn(question, project.run(question).num_rows, project.pipeline.limits.max_rows)

    assert said in (found or "")
    assert (found is None) is (said == "")
