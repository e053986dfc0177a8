"""Tables of results: for people at a terminal, and between two markers of docs/performance.md."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from benchmarks.places import REPOSITORY

PAGE = REPOSITORY / "docs" / "performance.md"
PACKAGES = ("penstock", "duckdb", "pyarrow", "sqlglot", "uvicorn")


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table of targets; `reached` is None where there is no target to reach."""

    what: str
    target: str
    measured: str
    reached: bool | None
    basis: str = ""


def targets_table(results: Sequence[Result]) -> Table:
    signs = {True: "✓", False: "✗", None: "–"}
    rows = [
        (result.what, result.target, result.measured, signs[result.reached], result.basis)
        for result in results
    ]
    return Table("Targets", ("what", "target", "measured", "", "taken from"), rows)


def in_one_line(error: Exception) -> str:
    """Return an error's last line, for a table's cell, without a folder of this machine."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return re.sub(r"(/[\w.+-]+){2,}/", "…/", lines[-1] if lines else type(error).__name__)


def show(table: Table) -> None:
    drawn = RichTable(title=table.title, title_justify="left", show_lines=True)
    for column in table.columns:
        drawn.add_column(column)
    for row in table.rows:
        drawn.add_row(*(escape(cell) for cell in row))
    Console().print(drawn)


def write(marker: str, tables: Sequence[Table], *said: str) -> None:
    """Replace what docs/performance.md holds between a pair of markers; `said` is before tables."""
    text = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {marker}: written by make -->", f"<!-- /{marker} -->"
    body = "\n\n".join((_conditions(), *said, *(_markdown(table) for table in tables)))
    between = re.compile(f"(?<={re.escape(begin)}).*(?={re.escape(end)})", re.DOTALL)
    if not between.search(text):
        raise ValueError(f"{PAGE.name} has no place for {marker}")
    PAGE.write_text(between.sub(lambda _: f"\n{body}\n", text), encoding="utf-8")


def _conditions() -> str:
    """Say when, on what machine and with which versions, without a name or a path of it."""
    day = dt.datetime.now(tz=dt.UTC).date().isoformat()
    versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return (
        f"Measured on {day}: {os.cpu_count()} cores ({_processor()}), {_memory()} of memory, "
        f"{platform.system()}, Python {platform.python_version()}, {versions}."
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


def _processor() -> str:
    return _found_in("/proc/cpuinfo", r"model name\s*:\s*(.+)") or platform.machine()


def _memory() -> str:
    kilobytes = _found_in("/proc/meminfo", r"MemTotal:\s*(\d+)")
    return f"{int(kilobytes) / 2**20:.0f} GB" if kilobytes else "an unknown amount"


def _found_in(file: str, pattern: str) -> str | None:
    path = Path(file)
    match = re.search(pattern, path.read_text()) if path.exists() else None
    return match[1] if match else None


def _markdown(table: Table) -> str:
    lines = [f"**{table.title}**", "", _row(table.columns), _row(["---"] * len(table.columns))]
    return "\n".join([*lines, *(_row(row) for row in table.rows)])


def _row(cells: Sequence[str]) -> str:
    flat = (cell.replace("|", "\\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(flat)} |"
