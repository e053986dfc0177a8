from __future__ import annotations

from pathlib import Path

import pytest

from penstock.errors import ConfigurationError
from penstock.project.draft.sources import find_sources


def lay(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def found(folder: Path) -> dict[str, str]:
    return {
        table: path.relative_to(folder).as_posix() for table, path in find_sources(folder).items()
    }


def test_each_file_is_a_table_and_files_that_differ_by_a_number_are_one(tmp_path: Path) -> None:
    lay(tmp_path, "a.csv", "orders-2020.csv", "orders-2021.csv", "b.json.gz", "note.txt", ".x.csv")

    assert found(tmp_path) == {"a": "a.csv", "b": "b.json.gz", "orders": "orders*.csv"}


def test_a_folder_of_parts_is_a_table_of_its_name(tmp_path: Path) -> None:
    lay(tmp_path, "visits/part-0.parquet", "visits/part-1.parquet", "raw/x.csv", "raw/y.csv")
    lay(tmp_path, "sales/year=2020/a.parquet", "sales/year=2021/a.parquet", "models/m.json")

    assert found(tmp_path) == {
        "x": "raw/x.csv",
        "y": "raw/y.csv",
        "sales": "sales/**/*.parquet",
        "visits": "visits/part*.parquet",
    }


def test_a_number_at_the_end_of_one_file_stays(tmp_path: Path) -> None:
    assert found(lay(tmp_path, "report_2024.csv")) == {"report_2024": "report_2024.csv"}


def test_a_glob_is_one_table(tmp_path: Path) -> None:
    lay(tmp_path, "orders-1.csv", "orders-2.csv")

    assert [*find_sources(tmp_path / "orders-*.csv")] == ["orders"]


def test_a_format_that_nobody_reads_is_said(tmp_path: Path) -> None:
    lay(tmp_path, "a.xlsx")

    with pytest.raises(ConfigurationError, match="no format that can be read"):
        find_sources(tmp_path / "a.xlsx")
    with pytest.raises(ConfigurationError, match="no file to read"):
        find_sources(tmp_path)


def test_a_folder_with_a_log_is_one_table_and_its_files_are_none(tmp_path: Path) -> None:
    lay(tmp_path, "sales/_delta_log/00.json", "sales/part-0.parquet", "sales/part-1.parquet")
    lay(tmp_path, "house/shop/stock/metadata/0.metadata.json", "house/shop/stock/data/a.parquet")

    assert found(tmp_path) == {"sales": "sales", "stock": "house/shop/stock"}
    assert find_sources(tmp_path / "sales") == {"sales": tmp_path / "sales"}


@pytest.mark.parametrize("part", ["year=2020", "*/*.parquet", "year=2020/a.parquet"])
def test_a_part_of_a_table_with_a_log_is_refused(tmp_path: Path, part: str) -> None:
    lay(tmp_path, "sales/_delta_log/00.json", "sales/year=2020/a.parquet")

    with pytest.raises(ConfigurationError, match="is a Delta table") as refused:
        find_sources(tmp_path / "sales" / part)
    assert str(tmp_path / "sales") in (refused.value.hint or "")


def test_the_known_kinds_name_the_folders_with_a_log(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        find_sources(tmp_path)

    assert "_delta_log/" in (refused.value.hint or "")
    assert "metadata/*.metadata.json" in (refused.value.hint or "")
