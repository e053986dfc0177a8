from __future__ import annotations

from pathlib import Path

import pytest

from penstock.model.types import SemiAdditive, Take
from project.folders import ROOT, issues, load, write

_MODEL = """\
tables:
  stocks:
    database: shop
    attributes:
      item: {type: string}
      place: {type: string}
      day: {type: date}
      seen: {type: timestamp}
      tags: {type: json}
      pieces: {type: integer, semi_additive: {over: day, per: [item, place]}}
      first: {type: integer, column: pieces, semi_additive: {over: day, take: first}}
      dozens: {formula: pieces / 12, type: float}
      is_low: {formula: dozens < 1, type: boolean}
      total: {formula: SUM(pieces), type: integer}
"""


def files(old: str = "", new: str = "") -> dict[str, str]:
    assert old in _MODEL
    return {
        "models/stocks.yaml": _MODEL.replace(old, new, 1),
        "connectors/shop.yaml": "engine: duckdb\nfiles:\n  orders: data/orders.csv\n"
        "  shops: data/shops.csv\n  stocks: data/stocks.csv\n",
        "data/stocks.csv": "item,place,day,seen,tags,pieces\n"
        'pen,a,2024-01-01,2024-01-01 10:00:00,"[1]",7\n',
    }


def test_an_attribute_may_say_that_it_adds_up_over_all_but_time(tmp_path: Path) -> None:
    attributes = load(write(tmp_path, files())).model.tables["stocks"].attributes

    assert attributes["pieces"].semi_additive == SemiAdditive(over="day", per=("item", "place"))
    assert attributes["first"].semi_additive == SemiAdditive(over="day", take=Take.FIRST)
    assert attributes["item"].semi_additive is None


def test_a_number_made_of_a_balance_is_one(tmp_path: Path) -> None:
    attributes = load(write(tmp_path, files())).model.tables["stocks"].attributes

    assert attributes["dozens"].semi_additive == attributes["pieces"].semi_additive
    assert attributes["is_low"].semi_additive is None
    assert attributes["total"].semi_additive is None


def test_what_is_semi_additive_makes_another_model(tmp_path: Path) -> None:
    whole = load(write(tmp_path / "a", files())).model
    changed = load(write(tmp_path / "b", files("over: day, take", "over: seen, take"))).model

    assert whole.digest != changed.digest


def test_a_formula_of_two_kinds_may_say_which_it_is(tmp_path: Path) -> None:
    said = "formula: pieces - first, type: integer, semi_additive: {over: seen}"
    attributes = load(write(tmp_path, files("formula: pieces / 12, type: float", said))).model
    found = attributes.tables["stocks"].attributes["dozens"].semi_additive

    assert found == SemiAdditive(over="seen")


_PER = "[item, place]"
_INVALID = "INVALID_SEMI_ADDITIVE"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("over: day, per", "over: dayy, per", "10:53 UNKNOWN_ATTRIBUTE The table 'stocks' has"),
        ("over: day, per", "over: orders.day, per", "10:53 UNKNOWN_ATTRIBUTE The table 'stocks'"),
        ("over: day, per", "over: place, per", f"10:53 {_INVALID} 'place' is of type string: it"),
        ("over: day, per", "per", "10:31 MISSING_KEY The key 'over' of 'semi_additive' is missing"),
        ("take: first", "take: middle", "11:79 INVALID_VALUE 'take' cannot be 'middle'."),
        (_PER, "[item, day]", f"10:70 {_INVALID} Per 'day' every row would count."),
        (_PER, "[pieces]", f"10:64 {_INVALID} Per 'pieces' every row would count."),
        (_PER, "[item, item]", f"10:70 {_INVALID} 'item' stands twice."),
        (_PER, "[total]", f"10:64 {_INVALID} 'total' aggregates: rows are not told apart by it."),
        (_PER, "[tags]", f"10:64 {_INVALID} 'tags' is of type json: rows are not told apart"),
        (_PER, "[shop]", "10:64 UNKNOWN_ATTRIBUTE The table 'stocks' has no attribute 'shop'."),
        ("json}", "json, semi_additive: {over: day}}", f"9:26 {_INVALID} 'tags' is of type json:"),
        (
            "SUM(pieces), type: integer",
            "SUM(pieces), type: integer, semi_additive: {over: day}",
            f"14:52 {_INVALID} 'total' aggregates already: only numbers of rows are semi-additive.",
        ),
        (
            "formula: pieces / 12",
            "formula: pieces - first",
            f"12:25 {_INVALID} It is made of first and pieces, which are semi-additive in differ",
        ),
    ],
)
def test_what_cannot_be_semi_additive_is_an_issue(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    found = issues(write(tmp_path, files(old, new)))

    assert any(line.startswith(f"models/stocks.yaml:{expected}") for line in found), found


def test_the_times_that_there_are_stand_in_the_hint(tmp_path: Path) -> None:
    found = issues(write(tmp_path, files("over: day, per", "over: place, per")))

    assert found[0].endswith("| Name a date or a timestamp of the table: day, seen.")


def test_the_example_of_the_documentation_is_a_model(tmp_path: Path) -> None:
    page = (ROOT / "docs/project.md").read_text()
    section = page.partition("### Semi-additive attributes")[2]
    example = section.partition("```yaml\n")[2].partition("```")[0]
    connector = files()["connectors/shop.yaml"] + "  balances: data/balances.csv\n"
    folder = write(
        tmp_path,
        {
            **files(),
            "connectors/shop.yaml": connector,
            "models/balances.yaml": example.replace("database: lake", "database: shop"),
            "data/balances.csv": "day,account,branch,balance\n2024-01-01,a,x,7.5\n",
        },
    )

    attributes = load(folder).model.tables["balances"].attributes
    assert attributes["in_euro"].semi_additive == attributes["balance"].semi_additive is not None
    assert attributes["highest"].semi_additive is None
