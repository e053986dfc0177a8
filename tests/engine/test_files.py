from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.engine.files import (
    Lake,
    check_files,
    find_files,
    find_lake,
    lakes_of,
    read_files,
    read_token,
)
from penstock.errors import ConfigurationError


def test_a_path_means_itself_and_a_glob_its_files_in_order(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", ".hidden.csv", "deep/c.csv", "folder.csv/d.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")

    assert find_files(tmp_path / "a.csv") == (str(tmp_path / "a.csv"),)
    assert find_files(tmp_path / "*.csv") == (str(tmp_path / "a.csv"), str(tmp_path / "b.csv"))
    assert len(find_files(tmp_path / "**" / "*.csv")) == 3
    assert find_files(tmp_path / "none.csv") == ()


def lay(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


@pytest.mark.parametrize(
    ("log", "lake"),
    [("_delta_log/0.json", Lake.DELTA), ("metadata/v1.metadata.json", Lake.ICEBERG)],
)
def test_a_folder_with_a_log_is_a_table_and_all_of_it_belongs_to_it(
    tmp_path: Path, log: str, lake: Lake
) -> None:
    lay(tmp_path / "sales", log, "a=1/b.parquet", ".b.crc", "old.parquet")

    found = find_files(tmp_path / "sales")
    assert find_lake(tmp_path / "sales") is lake
    assert {*found} == {
        str(tmp_path / "sales" / name) for name in (log, "a=1/b.parquet", "old.parquet")
    }
    assert lakes_of(found) == {lake}


def test_a_folder_without_a_log_is_no_table(tmp_path: Path) -> None:
    lay(tmp_path / "sales", "a.parquet", "metadata/notes.txt")

    assert find_lake(tmp_path / "sales") is None
    assert find_files(tmp_path / "sales") == ()
    assert lakes_of([str(tmp_path / "a.parquet")]) == frozenset()


def test_a_table_that_gets_a_version_has_another_token(tmp_path: Path) -> None:
    lay(tmp_path / "sales", "_delta_log/0.json", "a.parquet")
    files = read_files({"sales": tmp_path / "sales"})
    assert not files.have_changed()
    lay(tmp_path / "sales", "_delta_log/1.json")

    assert files.have_changed()


def test_the_token_changes_with_size_time_and_presence(tmp_path: Path) -> None:
    path = tmp_path / "a"
    tokens = [read_token([str(path)])]
    path.write_text("1")
    tokens.append(read_token([str(path)]))
    path.write_text("12")
    tokens.append(read_token([str(path)]))
    os.utime(path, ns=(1, 1))
    tokens.append(read_token([str(path)]))

    assert len(set(tokens)) == 4
    assert read_token([str(path)]) == tokens[-1]


def test_files_know_whether_they_changed(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    files = read_files({"t": tmp_path / "a"})

    assert not files.have_changed()
    (tmp_path / "a").unlink()
    assert files.have_changed()


def test_a_table_without_a_file_is_named(tmp_path: Path) -> None:
    patterns = {"t": tmp_path / "*.csv"}

    with pytest.raises(ConfigurationError, match=r"'t'.*'demo'"):
        check_files(read_files(patterns), patterns, "demo")
