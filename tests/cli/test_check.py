from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from penstock.cli.check import Schema, check
from project.folders import ROOT, SHOP, write

MISTAKES = Path(__file__).parents[1] / "project" / "mistakes"


def run(*arguments: str, environ: dict[str, str] | None = None) -> Result:
    app = typer.Typer()
    app.command()(check)
    return CliRunner().invoke(app, [*arguments], env=environ)


def test_a_good_project_says_what_was_found() -> None:
    result = run(str(ROOT))

    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "✓ flights: 5 tables, 60 attributes, 6 relationships, 7 saved queries, 3 roles.",
        "✓ demo (duckdb: 5 tables, 367,687 rows)",
    ]


def test_offline_opens_no_database(tmp_path: Path) -> None:
    folder = write(tmp_path, {"data/shops.csv": "wrong\n1\n"})

    assert run(str(folder), "--offline").exit_code == 0
    assert run(str(folder)).exit_code == 1


def test_issues_are_printed_by_file_with_place_and_hint_and_exit_with_1() -> None:
    result = run(str(MISTAKES))

    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert "penstock.yaml:3:3 UNKNOWN_KEY Unknown key 'max_row'." in lines
    assert "    hint: Did you mean 'max_rows'?" in lines
    assert lines[-1] == "10 issues in 5 files"


def test_colours_are_for_terminals_that_want_them() -> None:
    coloured = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}

    assert "\x1b[" in run(str(MISTAKES), environ=coloured).output
    assert "\x1b[3" not in run(str(MISTAKES), environ={**coloured, "NO_COLOR": "1"}).output


def test_json_is_for_programs() -> None:
    result = run(str(MISTAKES), "--format", "json")
    printed = json.loads(result.output)

    assert result.exit_code == 1
    assert len(printed["issues"]) == 10
    assert printed["issues"][3] == {
        "code": "UNKNOWN_KEY",
        "message": "Unknown key 'max_row'.",
        "hint": "Did you mean 'max_rows'?",
        "file": "penstock.yaml",
        "line": 3,
        "column": 3,
    }
    assert printed["project"] is None


def test_json_of_a_good_project_has_the_row_counts() -> None:
    printed = json.loads(run(str(ROOT), "--format", "json").output)

    assert printed["issues"] == []
    assert printed["rows"]["flights"] == 336776
    assert printed["project"]["tables"] == 5


def test_text_that_looks_like_markup_is_printed_as_it_is(tmp_path: Path) -> None:
    folder = write(tmp_path, {"penstock.yaml": "name: shop\n'[bold]x': 1\n"})

    assert "Unknown key '[bold]x'." in run(str(folder)).output


def test_a_database_that_cannot_be_opened_is_an_issue_of_its_file(tmp_path: Path) -> None:
    connector = SHOP["connectors/shop.yaml"] + "options: {nonsense: 1}\n"
    result = run(str(write(tmp_path, {"connectors/shop.yaml": connector})))

    assert result.exit_code == 1
    assert result.output.startswith("connectors/shop.yaml:1:1 CONFIGURATION")


@pytest.mark.parametrize("schema", list(Schema))
def test_every_kind_of_file_has_a_schema_for_editors(schema: Schema) -> None:
    printed = json.loads(run("--schema", schema.value).output)

    assert printed["type"] == "object"
    assert printed["additionalProperties"] is False


def test_a_file_that_a_variable_names_is_warned_of_as_no_artifact_holds_it(tmp_path: Path) -> None:
    connector = SHOP["connectors/shop.yaml"].replace("data/shops.csv", '"${SHOPS}"')
    folder = write(tmp_path, {"connectors/shop.yaml": connector})

    result = run(str(folder), environ={"SHOPS": "data/shops.csv"})

    assert result.exit_code == 0
    assert "connectors/shop.yaml FILE_FROM_VARIABLE Which file the table 'shops'" in result.output
    assert "✓ shop" in result.output
