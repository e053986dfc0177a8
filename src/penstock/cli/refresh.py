"""`penstock refresh`: count the tables anew, and keep the counts for the next start."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as Grid
from rich.text import Text

from penstock.alone import count_rows_alone
from penstock.census import count_table
from penstock.cli.home import DEFAULT_HOME, Home
from penstock.cli.unreached import tell_operator, telling
from penstock.engine.types import Engine
from penstock.errors import PenstockError
from penstock.model.types import Count, Model, Table
from penstock.nulls import count_nulls
from penstock.project.ceased import list_ceased
from penstock.project.load import load_project
from penstock.project.open import close_engines, open_engines
from penstock.project.recorded import Recorded, read_versions, record_counts
from penstock.project.types import Project
from penstock.store.counts import CountRepository
from penstock.store.database import open_database


class Form(StrEnum):
    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class _Counted:
    """One table: what was found in how many seconds, or why nothing was; `before` is the last."""

    table: Table
    count: Count | None
    seconds: float
    before: Recorded | None
    problem: str | None = None
    hint: str | None = None

    @property
    def speed(self) -> float:
        """Return rows a second."""
        return self.count.rows / self.seconds if self.count and self.seconds else 0.0


def refresh(
    folder: Annotated[Path, typer.Argument(help="The project's folder.")] = Path(),
    *,
    output: Annotated[
        Form, typer.Option("--format", help="For people, or for programs.")
    ] = Form.TEXT,
    home: Home = DEFAULT_HOME,
) -> None:
    """Count the tables anew, look how new their data is, and keep both for the next start.

    Which table answers depends on how many rows it has. A node that runs counts for itself:
    `POST /refresh`, or `refresh: 1h` in penstock.yaml.

    Warns of what the model says and the data has ceased to be: a mandatory relationship, an
    attribute that is never null. Exits with 1 if a table could not be counted.

    Example: penstock refresh . --format json
    """
    with telling(folder):
        project = load_project(folder, os.environ)
        engines = open_engines(project)
        try:
            with open_database(home) as database:
                counted = _refresh(project, engines, CountRepository(database))
            counted, now = _look(project, engines, counted)
        finally:
            close_engines(engines)
    warnings = list_ceased(project.model, now)
    if output is Form.JSON:
        told = {"tables": [*map(_as_json, counted)], "warnings": warnings}
        typer.echo(json.dumps(told, indent=2))
    else:
        _show(counted)
        _warn(warnings)
    if any(each.problem for each in counted):
        raise typer.Exit(1)


def _refresh(
    project: Project, engines: dict[str, Engine], repository: CountRepository
) -> list[_Counted]:
    before, versions = repository.read(project.name), read_versions(engines)
    counted: list[_Counted] = []
    with _bar(len(project.model.tables)) as bar:
        for name, table in project.model.tables.items():
            counted.append(_count(project, table, engines[table.database], before.get(name)))
            bar(counted)
    counts = {each.table.name: each.count for each in counted if each.count is not None}
    repository.write(project.name, record_counts(project, versions, counts))
    return counted


def _count(project: Project, table: Table, engine: Engine, before: Recorded | None) -> _Counted:
    began = perf_counter()
    try:
        count = count_table(table, engine, timeout=project.serving.timeout)
    except PenstockError as error:
        found = _Counted(table, None, perf_counter() - began, before)
        return _refused(project, found, error)
    return _Counted(table, count, perf_counter() - began, before)


def _refused(project: Project, each: _Counted, error: PenstockError) -> _Counted:
    said, hint = tell_operator(error, project.connectors[each.table.database].settings)
    return replace(each, problem=said, hint=hint)


def _look(
    project: Project, engines: Mapping[str, Engine], counted: Sequence[_Counted]
) -> tuple[list[_Counted], Model]:
    """Return the model as the data of the counted tables lets it be, and what kept from looking."""
    there = {each.table.name for each in counted if each.count is not None}
    looked, model = list(counted), project.model
    for i, each in enumerate(counted):
        if each.count is None:
            continue
        try:
            model = _as_data(project, each.table, engines[each.table.database], there, model)
        except PenstockError as error:
            looked[i] = _refused(project, each, error)
    return looked, model


def _as_data(
    project: Project, table: Table, engine: Engine, there: set[str], model: Model
) -> Model:
    """Return the model without what it says of a table, and its rows do not."""
    timeout = project.serving.timeout
    alone = [
        (table.name, name)
        for name, relationship in table.relationships.items()
        if relationship.mandatory
        and relationship.table in there
        and count_rows_alone(
            table, model.tables[relationship.table], relationship, engine, timeout=timeout
        )
    ]
    nulls = [(table.name, name) for name in count_nulls(table, engine, timeout=timeout)]
    return model.with_optional(alone).with_nullable(nulls)


@contextmanager
def _bar(tables: int) -> Iterator[_Report]:
    """Show on standard error, and at a terminal alone, how far the counting is and how fast."""
    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    quiet = not console.is_terminal
    with Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True, disable=quiet
    ) as shown:
        yield _Report(shown, tables)


class _Report:
    def __init__(self, shown: Progress, tables: int) -> None:
        self._shown = shown
        self._task = shown.add_task("", total=tables)

    def __call__(self, counted: Sequence[_Counted]) -> None:
        rows = sum(each.count.rows for each in counted if each.count)
        speed = rows / (sum(each.seconds for each in counted) or 1.0)
        said = f"{counted[-1].table.name}: {rows:,} rows, {speed:,.0f} rows/s"
        self._shown.update(self._task, completed=len(counted), description=said)


def _show(counted: Sequence[_Counted]) -> None:
    console = Console(highlight=False)
    grid = Grid(header_style="bold")
    for heading in ("table", "rows", "before", "rows/s", "newest"):
        is_number = heading not in {"table", "newest"}
        grid.add_column(heading, justify="right" if is_number else "left", no_wrap=is_number)
    for each in counted:
        grid.add_row(*_cells(each))
    console.print(grid)
    for each in counted:
        if each.problem:
            line = Text.assemble((each.table.name, "bold red"), f": {each.problem}")
            console.print(line, soft_wrap=True)
        if each.hint:
            console.print(Text.assemble(("hint", "bold cyan"), f": {each.hint}"), soft_wrap=True)


def _warn(warnings: Mapping[str, str]) -> None:
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    for name, said in warnings.items():
        console.print(Text.assemble(("warning", "yellow"), f": {name}: {said}"))


def _cells(each: _Counted) -> tuple[str, ...]:
    before = "" if each.before is None else f"{each.before.count.rows:,}"
    if each.count is None:
        return (each.table.name, "?", before, "", "")
    newest = "" if each.table.watermark is None else (each.count.newest or "nothing")
    return (each.table.name, f"{each.count.rows:,}", before, f"{each.speed:,.0f}", newest)


def _as_json(each: _Counted) -> dict[str, object]:
    count = each.count
    return {
        "table": each.table.name,
        "rows": None if count is None else count.rows,
        "before": None if each.before is None else each.before.count.rows,
        "seconds": round(each.seconds, 6),
        "watermark": each.table.watermark,
        "newest": None if count is None else count.newest,
        "problem": each.problem,
        "hint": each.hint,
    }
