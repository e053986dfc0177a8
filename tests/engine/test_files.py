from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.engine.files import check_files, find_files, read_files, read_token
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
