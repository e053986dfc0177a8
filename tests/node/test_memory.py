from __future__ import annotations

from pathlib import Path

import pytest

from penstock.errors import StateError
from penstock.model.types import Count
from penstock.node.memory import FileCounts
from penstock.project.recorded import Recorded

THREE = Recorded("here", "v1", Count(3, 10.0, "2013-01-01"))
FOUR = Recorded("here", None, Count(4, 11.0, None))


def test_counts_of_other_tables_and_projects_stay(tmp_path: Path) -> None:
    counts = FileCounts(tmp_path / "counts.json")
    counts.write("shop", {"orders": THREE, "goods": THREE})
    counts.write("farm", {"cows": FOUR})
    counts.write("shop", {"orders": FOUR})

    again = FileCounts(tmp_path / "counts.json")
    assert again.read("shop") == {"orders": FOUR, "goods": THREE}
    assert again.read("farm") == {"cows": FOUR}
    assert again.read("nobody") == {}


def test_what_cannot_be_read_is_counted_anew(tmp_path: Path) -> None:
    file = tmp_path / "counts.json"
    file.write_bytes(b'{"shop": {"orders": ')
    counts = FileCounts(file)

    assert counts.read("shop") == {}
    counts.write("shop", {"orders": THREE})
    assert counts.read("shop") == {"orders": THREE}


def test_counts_that_cannot_be_written_are_an_error_and_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "counts.json").mkdir()
    counts = FileCounts(tmp_path / "counts.json")

    with pytest.raises(StateError):
        counts.write("shop", {"orders": THREE})
    assert [path.name for path in tmp_path.iterdir()] == ["counts.json"]
