"""Projects about tables that Delta Lake and Iceberg keep a log of."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pytest

from cli.conftest import Shell
from engine.duckdb.lakes import Written, sales, write_delta, write_iceberg

Write = Callable[[Path, pa.Table, Sequence[str]], Written]

_WRITTEN_BY: Final[dict[str, tuple[Write, str]]] = {
    "delta": (write_delta, "deltalake"),
    "iceberg": (write_iceberg, "pyiceberg"),
}

both = pytest.mark.parametrize("write_table", [write_delta, write_iceberg])


def lay(folder: Path, write_table: Write) -> Path:
    """Write a table of two rows, whose files have a third that was deleted."""
    write_table(folder, sales(1, 2, 3), ()).delete("id = 2")
    return folder


def counted(shell: Shell, project: Path) -> str:
    query = json.dumps({"data": {"fields": {"id": ["count"]}}})
    return shell("query", project, query, "--format", "csv").text.splitlines()[-1]


@both
@pytest.mark.parametrize("named", ["data", "data/sales"])
def test_deleted_rows_do_not_count(
    shell: Shell, tmp_path: Path, write_table: Write, named: str
) -> None:
    lay(tmp_path / "data/sales", write_table)
    made = shell("init", tmp_path, "--from", tmp_path / named)

    assert (made.code, made.err) == (0, "")
    written = next((tmp_path / "connectors").iterdir()).read_text()
    assert "  sales: data/sales\n" in written
    assert shell("check", tmp_path).code == 0
    assert counted(shell, tmp_path) == "2"


@both
@pytest.mark.parametrize("named", ["there", "there/sales"])
def test_a_table_is_copied_whole(
    shell: Shell, tmp_path: Path, write_table: Write, named: str
) -> None:
    lake = lay(tmp_path / "there/sales", write_table)
    made = shell("init", tmp_path / "shop", "--from", tmp_path / named, "--copy")

    assert made.code == 0, made.err
    assert {path.name for path in lake.rglob("[!.]*")} == {
        path.name for path in (tmp_path / "shop/data/sales").rglob("*")
    }
    assert counted(shell, tmp_path / "shop") == "2"


@both
def test_nothing_of_an_older_copy_is_left(shell: Shell, tmp_path: Path, write_table: Write) -> None:
    table = write_table(tmp_path / "old/data/sales", sales(1, 2, 3), ())
    table.add(sales(4))
    shell("init", tmp_path / "shop", "--from", tmp_path / "old/data", "--copy")
    write_table(tmp_path / "new/data/sales", sales(1), ())
    again = ("init", tmp_path / "shop", "--from", tmp_path / "new/data", "--copy")

    assert "data/sales" in shell(*again).err
    assert counted(shell, tmp_path / "shop") == "4"
    assert shell(*again, "--force").code == 0
    assert counted(shell, tmp_path / "shop") == "1"


@both
def test_a_project_does_not_lie_in_a_table(
    shell: Shell, tmp_path: Path, write_table: Write
) -> None:
    lake = lay(tmp_path / "sales", write_table)
    refused = shell("init", lake, "--from", lake)

    assert refused.code != 0
    assert "lies in the folder of the table" in refused.err
    assert not (lake / "penstock.yaml").exists()


@pytest.mark.parametrize("extra", ["delta", "iceberg"])
def test_what_is_not_installed_is_said(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extra: str
) -> None:
    write_table, package = _WRITTEN_BY[extra]
    lay(tmp_path / "data/sales", write_table)
    for module in [*sys.modules]:
        if module.split(".")[0] == package or module == f"penstock.engine.duckdb.{extra}":
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    refused = shell("init", tmp_path, "--from", tmp_path / "data")

    assert refused.code != 0
    assert f'pip install "penstock[{extra}]"' in refused.err
    assert not (tmp_path / "penstock.yaml").exists()
