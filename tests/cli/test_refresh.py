from __future__ import annotations

import json
import os
from pathlib import Path

from cli.conftest import Shell
from engine.databases import make_database
from penstock.pipeline import Pipeline
from penstock.policy.permit import Gate
from penstock.project.ceased import list_ceased
from penstock.project.open import close_engines, open_engines
from penstock.store.counts import CountRepository
from penstock.store.database import open_database
from project.folders import SHOP, load, write

DATED = SHOP["models/orders.yaml"].replace(
    "    attributes:", "    watermark: day\n    attributes:", 1
)


def test_it_counts_every_table_and_says_how_new_it_is(shell: Shell, tmp_path: Path) -> None:
    folder = write(tmp_path / "shop", {"models/orders.yaml": DATED})
    done = shell("refresh", folder)
    told = [line.split("│") for line in done.text.splitlines() if "│" in line]

    assert (done.code, done.err) == (0, "")
    assert [(cells[1].strip(), cells[2].strip(), cells[5].strip()) for cells in told] == [
        ("orders", "2", "2024-01-02"),
        ("shops", "2", ""),
    ]


def test_what_it_counted_is_kept_beside_what_was_before(shell: Shell, tmp_path: Path) -> None:
    folder = write(tmp_path / "shop", {"models/orders.yaml": DATED})
    shell("refresh", folder)
    with (folder / "data/orders.csv").open("a") as file:
        file.write("3,a,1.0,2024-02-01\n")
    told = json.loads(shell("refresh", folder, "--format", "json").out)["tables"]
    with open_database(Path(os.environ["PENSTOCK_HOME"])) as database:
        kept = CountRepository(database).read("shop")

    assert (told[0]["rows"], told[0]["before"], told[0]["newest"]) == (3, 2, "2024-02-01")
    assert (kept["orders"].count.rows, kept["orders"].count.newest) == (3, "2024-02-01")
    assert kept["shops"].count.rows == 2


def test_a_table_that_cannot_be_counted_does_not_hide_the_others(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "shop/data").mkdir(parents=True)
    make_database(tmp_path / "shop/data/other.duckdb")
    lost = "  gone:\n    database: other\n    attributes: {a: {type: integer}}\n"
    folder = write(
        tmp_path / "shop",
        {
            "models/shops.yaml": SHOP["models/shops.yaml"] + lost,
            "connectors/other.yaml": "engine: duckdb\ndatabase: data/other.duckdb\n",
        },
    )
    told = shell("refresh", folder, "--format", "json")

    rows = {each["table"]: each["rows"] for each in json.loads(told.out)["tables"]}
    assert told.code == 1
    assert rows == {"gone": None, "orders": 2, "shops": 2}


SURE = (
    SHOP["models/orders.yaml"]
    .replace("on: {shop: code}}", "on: {shop: code}, mandatory: true}")
    .replace("amount: {type: float}", "amount: {type: float, not_null: true}")
)


def test_what_the_data_has_ceased_to_be_is_warned_of_as_a_node_does(
    shell: Shell, tmp_path: Path
) -> None:
    folder = write(tmp_path / "shop", {"models/orders.yaml": SURE})
    before = json.loads(shell("refresh", folder, "--format", "json").out)
    with (folder / "data/orders.csv").open("a") as file:
        file.write("3,nowhere,,2024-02-01\n")
    after = shell("refresh", folder, "--format", "json")
    as_text = shell("refresh", folder)

    assert before["warnings"] == {}
    assert (after.code, after.err) == (0, "")
    assert json.loads(after.out)["warnings"] == as_a_node(folder)
    assert as_text.code == 0
    assert as_text.err.splitlines() == [
        f"warning: {name}: {said}" for name, said in as_a_node(folder).items()
    ]
    assert [*as_a_node(folder)] == ["orders.place", "orders.amount"]


def as_a_node(folder: Path) -> dict[str, str]:
    """Return what a node says once it has counted anew, which was there before the data was so."""
    project = load(folder)
    engines = open_engines(project)
    try:
        gate = Gate(project.model, project.policies)
        now = Pipeline(gate, engines, project.limits, project.serving.timeout).recounted()
    finally:
        close_engines(engines)
    return list_ceased(project.model, now.gate.model)
