from __future__ import annotations

from pathlib import Path

import pytest

from penstock.project.strays import find_strays
from project.folders import ROOT, issues, write


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("model", "models/"),
        ("Policies", "policies/"),
        ("querys", "queries/"),
        ("modles", "models/"),
    ],
)
def test_a_folder_that_is_called_nearly_like_one_of_ours_is_warned_about(
    tmp_path: Path, name: str, meant: str
) -> None:
    (tmp_path / name).mkdir()
    found = find_strays(tmp_path)

    assert [(stray.file, stray.code) for stray in found] == [(f"{name}/", "STRAY_FILE")]
    assert meant in found[0].message


def test_a_root_file_with_another_suffix_is_warned_about(tmp_path: Path) -> None:
    (tmp_path / "penstock.yml").touch()

    assert [stray.file for stray in find_strays(tmp_path)] == ["penstock.yml"]


def test_what_a_team_keeps_beside_its_project_is_nobodys_business() -> None:
    assert find_strays(ROOT) == ()


def test_models_and_policies_may_lie_in_folders_and_connectors_may_not(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "models/sales").mkdir()
    (folder / "models/orders.yaml").rename(folder / "models/sales/orders.yaml")

    assert issues(folder) == []

    (folder / "connectors/more").mkdir()
    (folder / "connectors/more/other.yaml").write_text("engine: duckdb\n")
    assert "connectors/more/other.yaml:1:1 UNEXPECTED_FILE" in issues(folder)[0]
