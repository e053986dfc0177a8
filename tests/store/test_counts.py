from __future__ import annotations

from pathlib import Path

from penstock.model.types import Count
from penstock.project.recorded import Recorded
from penstock.store.counts import CountRepository
from penstock.store.database import open_database

ORDERS = Recorded("here", "v1", Count(3_000_000_000, 100.5, "2024-01-02"))
SHOPS = Recorded("there", None, Count(0, 101.0))


def test_what_is_kept_comes_back_for_its_project_alone(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        counts = CountRepository(database)
        counts.write("shop", {"orders": ORDERS, "shops": SHOPS})
        counts.write("other", {"orders": SHOPS})

    with open_database(tmp_path) as database:
        assert CountRepository(database).read("shop") == {"orders": ORDERS, "shops": SHOPS}


def test_a_newer_count_replaces_the_one_of_its_table(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        counts = CountRepository(database)
        counts.write("shop", {"orders": ORDERS, "shops": SHOPS})
        counts.write("shop", {"orders": SHOPS})
        counts.write("shop", {})

        assert counts.read("shop") == {"orders": SHOPS, "shops": SHOPS}
