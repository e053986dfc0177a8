from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.conftest import Shell


@pytest.mark.parametrize("template", ["query", "empty", "handlers"])
def test_a_new_project_is_without_fault(shell: Shell, tmp_path: Path, template: str) -> None:
    made = shell("new", "api", "sales", tmp_path / "sales", "--template", template)
    checked = shell("check", tmp_path / "sales")

    assert (made.code, made.err) == (0, "")
    assert "penstock check" in made.text
    assert "penstock up --detach && penstock deploy" in made.text
    assert "penstock deploy" in (tmp_path / "sales/README.md").read_text()
    assert checked.code == 0, checked.text


@pytest.mark.parametrize("template", ["query", "handlers"])
def test_it_answers_at_once(shell: Shell, tmp_path: Path, template: str) -> None:
    shell("new", "api", "sales", tmp_path / "sales", "--template", template)
    by_month = shell("query", tmp_path / "sales", "--saved", "sales/by-month", "--format", "csv")
    best = shell("query", tmp_path / "sales", "--saved", "sales/best-customers", "--format", "csv")

    assert by_month.text.splitlines()[:2] == [
        "ordered_on:month,order_id_count,amount_sum",
        "2024-01-01,14,817.75",
    ]
    assert best.text.splitlines()[1] == "Corner Café,restaurant,1100.75"


def test_the_folder_has_the_projects_name(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shell("new", "api", "my_shop")

    assert "name: my_shop" in (tmp_path / "my_shop/penstock.yaml").read_text()
    assert "# my_shop" in (tmp_path / "my_shop/README.md").read_text()
    assert ".penstock/" in (tmp_path / "my_shop/.gitignore").read_text()


def test_json_says_what_was_made(shell: Shell, tmp_path: Path) -> None:
    said = json.loads(shell("new", "api", "sales", tmp_path / "sales", "--json").out)

    made = {p.relative_to(tmp_path / "sales").as_posix() for p in (tmp_path / "sales").rglob("*")}
    assert {*said["files"]} < made
    assert said["project"] == "sales"


def test_a_folder_with_anything_in_it_is_left_alone(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "sales").mkdir()
    (tmp_path / "sales/mine.txt").write_text("mine")
    done = shell("new", "api", "sales", tmp_path / "sales")

    assert done.code == 1
    assert "is there already" in done.err
    assert [p.name for p in (tmp_path / "sales").iterdir()] == ["mine.txt"]


def test_a_name_that_is_none_is_told_with_one_that_would_do(shell: Shell, tmp_path: Path) -> None:
    done = shell("new", "api", "my-shop", tmp_path / "shop")

    assert done.code == 1
    assert "'my_shop' would do" in done.err
    assert not (tmp_path / "shop").exists()


def test_an_unknown_template_is_told(shell: Shell, tmp_path: Path) -> None:
    done = shell("new", "api", "sales", tmp_path / "sales", "--template", "nothing")

    assert done.code == 2
    assert "query" in done.err


def test_the_place_for_own_code_says_what_works_today(shell: Shell, tmp_path: Path) -> None:
    shell("new", "api", "sales", tmp_path / "sales", "--template", "handlers")
    folder = tmp_path / "sales/handlers"
    command = [sys.executable, "-m", "doctest", "-v", str(folder / "greeting.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert "does not call what is here" in (folder / "README.md").read_text()
    assert "2 passed" in done.stdout
    assert done.returncode == 0
