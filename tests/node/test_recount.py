from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from node.running import Node, eventually, objects, run_node
from penstock.model.types import Model
from penstock.node.recount import is_due
from penstock.query.types import Json
from penstock.store.counts import CountRepository
from penstock.store.database import open_database
from penstock.store.keys import KeyDraft
from project.folders import SHOP, load, write

DATED = (
    SHOP["models/orders.yaml"]
    .replace("    attributes:", "    watermark: day\n    attributes:", 1)
    .replace("on: {shop: code}}", "on: {shop: code}, mandatory: true}")
    .replace("amount: {type: float}", "amount: {type: float, not_null: true}")
)


def counted(folder: Path, at: float) -> Model:
    model = load(folder).model
    tables = {n: replace(t, rows=1, counted=at) for n, t in model.tables.items()}
    return replace(model, tables=tables)


@pytest.mark.parametrize(
    ("refresh", "tried", "now", "due"),
    [
        (0, 0, 1e9, False),
        (60, 0, 159, False),
        (60, 0, 160, True),
        (60, 150, 160, False),
        (60, 150, 210, True),
    ],
)
def test_tables_are_counted_when_the_oldest_count_is_too_old(
    tmp_path: Path, refresh: float, tried: float, now: float, *, due: bool
) -> None:
    model = counted(write(tmp_path), 100)

    assert is_due(model, refresh, tried=tried, now=now) is due


DRAFTS = (
    KeyDraft(name="boss", roles=("boss",), permissions=frozenset({"refresh"})),
    KeyDraft(name="clerk", roles=("clerk",), attributes={"shops": ("a",)}),
    KeyDraft(name="blind", roles=("blind",)),
)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A shop whose tables are counted every second."""
    folder = tmp_path_factory.mktemp("counted")
    roles = SHOP["policies/roles.yaml"] + "  boss: {}\n  blind: {hidden: [orders.day]}\n"
    write(
        folder / "shop",
        {
            "penstock.yaml": "name: shop\nrefresh: 1s\n",
            "models/orders.yaml": DATED,
            "policies/roles.yaml": roles,
            "queries/by-shop.yaml": None,
        },
    )
    with run_node(folder / "shop", folder / "home", "--no-reload", drafts=DRAFTS) as running:
        yield running


def table(node: Node, who: str) -> Mapping[str, Json]:
    tables = objects(node.get("/dataset", who).object()["tables"])
    return next(found for found in tables if found["name"] == "orders")


def test_the_catalogue_tells_how_large_and_how_new_a_table_is(node: Node) -> None:
    orders = table(node, "boss")

    assert (orders["rows"], orders["watermark"]) == (
        2,
        {"attribute": "day", "newest": "2024-01-02"},
    )
    assert str(orders["refreshed"]).endswith("Z")


def test_who_sees_some_rows_is_not_told_of_the_newest(node: Node) -> None:
    assert {"rows", "refreshed", "watermark"}.isdisjoint(table(node, "clerk"))


def test_a_watermark_that_is_hidden_is_not_told(node: Node) -> None:
    orders = table(node, "blind")

    assert orders["rows"] == 2
    assert "watermark" not in orders


def test_tables_are_counted_on_schedule_and_the_counts_are_kept(node: Node) -> None:
    with (node.home.parent / "shop/data/orders.csv").open("a") as file:
        file.write("3,a,1.0,2024-02-01\n")

    assert eventually(lambda: table(node, "boss")["rows"] == 3, "a count of the new row")
    assert table(node, "boss")["watermark"] == {"attribute": "day", "newest": "2024-02-01"}
    with open_database(node.home) as database:
        kept = CountRepository(database)
        assert eventually(lambda: kept.read("shop")["orders"].count.rows == 3, "what it counted")
    assert node.post("/refresh", b"", "boss").object()["rows"] == {"orders": 3, "shops": 2}


def test_rows_that_lose_their_partner_are_kept_and_told_of(node: Node) -> None:
    with (node.home.parent / "shop/data/orders.csv").open("a") as file:
        file.write("9,nowhere,1.0,2024-02-02\n")

    warned = node.post("/refresh", b"", "boss").object()["warnings"]
    asked: dict[str, Json] = {
        "data": {"fields": {"id": ["max"]}},
        "scale": {"fields": ["city"]},
    }
    assert isinstance(warned, Mapping)
    assert list(warned) == ["orders.place"]
    assert node.get("/readyz", None).object()["warnings"] == warned
    assert {"city": None, "id_max": 9} in node.post("/query?shape=rows", asked, "boss").rows()


def test_rows_that_have_got_nulls_are_told_of_and_no_longer_counted(node: Node) -> None:
    asked: dict[str, Json] = {"data": {"fields": {"id": ["count"], "amount": ["count"]}}}
    (before,) = node.post("/query?shape=rows", asked, "boss").rows()
    with (node.home.parent / "shop/data/orders.csv").open("a") as file:
        file.write("10,a,,2024-02-03\n")

    warned = node.post("/refresh", b"", "boss").object()["warnings"]
    (after,) = node.post("/query?shape=rows", asked, "boss").rows()
    assert isinstance(warned, Mapping)
    assert "HAS_NULLS" in str(warned["orders.amount"])
    assert after["amount_count"] == before["amount_count"]
    assert after["id_count"] == int(str(before["id_count"])) + 1
