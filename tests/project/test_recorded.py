from __future__ import annotations

from pathlib import Path

from penstock.model.types import Count
from penstock.project.open import close_engines, open_engines, open_pipeline
from penstock.project.recorded import read_versions, recall_counts, record_counts
from project.folders import SHOP, load, write

COUNTS = {"orders": Count(2, 1.0), "shops": Count(2, 1.0)}
SEEN = {"shop": "v1"}


def test_counts_of_the_same_data_are_recalled(tmp_path: Path) -> None:
    project = load(write(tmp_path))
    kept = record_counts(project, SEEN, COUNTS)

    assert recall_counts(project, SEEN, kept) == COUNTS


def test_counts_of_a_database_that_changed_are_not(tmp_path: Path) -> None:
    project = load(write(tmp_path))
    kept = record_counts(project, SEEN, COUNTS)

    assert recall_counts(project, {"shop": "v2"}, kept) == {}


def test_counts_of_a_database_that_cannot_say_are_recalled_until_they_are_refreshed(
    tmp_path: Path,
) -> None:
    project = load(write(tmp_path))
    kept = record_counts(project, {"shop": None}, COUNTS)

    assert recall_counts(project, {"shop": None}, kept) == COUNTS


def test_counts_of_other_files_or_of_another_watermark_are_not(tmp_path: Path) -> None:
    kept = record_counts(load(write(tmp_path / "a")), SEEN, COUNTS)
    moved = load(write(tmp_path / "b"))
    dated = SHOP["models/orders.yaml"].replace(
        "    attributes:", "    watermark: day\n    attributes:"
    )
    watched = load(write(tmp_path / "a", {"models/orders.yaml": dated}))

    assert recall_counts(moved, SEEN, kept) == {}
    assert recall_counts(watched, SEEN, kept) == {"shops": COUNTS["shops"]}


def test_what_is_known_is_not_counted_again(tmp_path: Path) -> None:
    project = load(write(tmp_path))
    engines = open_engines(project)
    try:
        pipeline = open_pipeline(project, engines, known={"orders": Count(77, 1.0)})
        versions = read_versions(engines)
    finally:
        close_engines(engines)

    rows = {name: table.rows for name, table in pipeline.gate.model.tables.items()}
    assert rows == {"orders": 77, "shops": 2}
    assert versions["shop"] is not None
