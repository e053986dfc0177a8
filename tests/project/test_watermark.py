from __future__ import annotations

from pathlib import Path

import pytest

from project.folders import SHOP, issues, load, write


def models(watermark: str) -> dict[str, str]:
    text = SHOP["models/orders.yaml"]
    return {
        "models/orders.yaml": text.replace(
            "    attributes:", f"    watermark: {watermark}\n    attributes:", 1
        )
    }


def test_a_table_may_say_which_attribute_tells_how_new_it_is(tmp_path: Path) -> None:
    assert load(write(tmp_path, models("day"))).model.tables["orders"].watermark == "day"


@pytest.mark.parametrize(
    ("watermark", "expected"),
    [
        ("dya", "models/orders.yaml:4:16 UNKNOWN_ATTRIBUTE The table 'orders' has no attribute"),
        ("amount", "models/orders.yaml:4:16 INVALID_VALUE orders.amount cannot tell how new"),
        ("mean", "models/orders.yaml:4:16 INVALID_VALUE orders.mean cannot tell how new"),
    ],
)
def test_what_cannot_tell_is_an_issue(tmp_path: Path, watermark: str, expected: str) -> None:
    found = issues(write(tmp_path, models(watermark)))

    assert len(found) == 1
    assert found[0].startswith(expected)


def test_who_may_not_see_the_watermark_has_none(tmp_path: Path) -> None:
    model = load(write(tmp_path, models("day"))).model

    assert model.without({"orders": frozenset({"day"})}).tables["orders"].watermark is None


def test_tables_are_counted_on_a_schedule_of_seconds_or_more(tmp_path: Path) -> None:
    folder = write(tmp_path, {"penstock.yaml": "name: shop\nrefresh: 1h\n"})
    assert load(folder).refresh == 3600

    (folder / "penstock.yaml").write_text("name: shop\nrefresh: 10ms\n")
    assert issues(folder)[0].startswith("penstock.yaml:2:10 INVALID_VALUE")
