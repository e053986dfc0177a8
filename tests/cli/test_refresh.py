from __future__ import annotations

import json
import os
from pathlib import Path

from cli.conftest import Shell
from engine.databases import make_database
from penstock.store.counts import CountRepository
from penstock.store.database import open_database
from project.folders import SHOP, write

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
