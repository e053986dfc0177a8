"""`penstock check`: everything that is wrong with a project folder, at once."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from penstock.cli.unreached import as_issue
from penstock.engine.load import open_engine
from penstock.engine.types import Engine
from penstock.errors import PenstockError
from penstock.project.connector import ConnectorFile
from penstock.project.fields import Strict
from penstock.project.files import is_folder
from penstock.project.inspect import Inspection, inspect
from penstock.project.load import check_project
from penstock.project.model import ModelFile
from penstock.project.policy import PolicyFile
from penstock.project.root import RootFile
from penstock.project.saved import QueryFile
from penstock.project.strays import find_strays
from penstock.project.types import Issue, Project
from penstock.project.unplaced import find_unplaced


class CheckFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class Schema(StrEnum):
    """The kinds of project files."""

    PROJECT = "project"
    CONNECTORS = "connectors"
    MODELS = "models"
    POLICIES = "policies"
    QUERIES = "queries"


_SCHEMAS: Final[dict[Schema, type[Strict]]] = {
    Schema.PROJECT: RootFile,
    Schema.CONNECTORS: ConnectorFile,
    Schema.MODELS: ModelFile,
    Schema.POLICIES: PolicyFile,
    Schema.QUERIES: QueryFile,
}


def check(
    folder: Annotated[Path, typer.Argument(help="The project's folder.")] = Path(),
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Check the files only, open no database.")
    ] = False,
    output: Annotated[
        CheckFormat, typer.Option("--format", help="For people, or for programs.")
    ] = CheckFormat.TEXT,
    schema: Annotated[
        Schema | None,
        typer.Option(help="Print the JSON Schema of a kind of file, for editors, and stop."),
    ] = None,
) -> None:
    """Check a project: its files, and whether its databases are what the model says.

    Exits with 1 if anything is wrong.

    Example: penstock check . --format json
    """
    if schema is not None:
        typer.echo(json.dumps(_SCHEMAS[schema].model_json_schema(), indent=2))
        return
    project, issues = check_project(folder, os.environ)
    inspection = None
    if project is not None and not offline:
        inspection = _inspect(project)
        issues = inspection.issues
    warnings = find_strays(folder) if is_folder(folder) else ()
    if project is not None:
        warnings += find_unplaced(project.connectors.values())
    if output is CheckFormat.JSON:
        typer.echo(_as_json(project, issues, warnings, inspection))
    else:
        _print_warnings(warnings)
        _print(project, issues, inspection)
    if issues:
        raise typer.Exit(1)


def _inspect(project: Project) -> Inspection:
    engines: dict[str, Engine] = {}
    refused: list[Issue] = []
    try:
        for name, connector in project.connectors.items():
            try:
                engine = open_engine(connector.engine, connector.settings)
                engines[name] = engine
                engine.ping()
            except PenstockError as error:
                refused.append(as_issue(error, connector, project.places["connectors", name]))
        silent = {issue.file for issue in refused}
        answering = {
            name: engine
            for name, engine in engines.items()
            if project.places["connectors", name].file not in silent
        }
        inspection = inspect(project, answering)
    finally:
        for engine in engines.values():
            engine.close()
    return Inspection((*refused, *inspection.issues), inspection.counts)


def _as_json(
    project: Project | None,
    issues: Sequence[Issue],
    warnings: Sequence[Issue],
    inspection: Inspection | None,
) -> str:
    found = None if project is None else {**_counts(project), "digest": project.digest}
    rows = None if inspection is None else dict(inspection.rows)
    said = {
        "issues": [asdict(issue) for issue in issues],
        "warnings": [asdict(warning) for warning in warnings],
        "project": found,
        "rows": rows,
    }
    return json.dumps(said, indent=2)


def _counts(project: Project) -> dict[str, int]:
    return {
        "tables": len(project.model.tables),
        "attributes": sum(len(table.attributes) for table in project.model.tables.values()),
        "relationships": sum(len(t.relationships) for t in project.model.tables.values()),
        "queries": len(project.saved),
        "roles": len(project.policies.roles),
    }


def _print(project: Project | None, issues: Sequence[Issue], inspection: Inspection | None) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for _, group in groupby(issues, key=lambda issue: issue.file):
        for issue in group:
            _print_issue(console, issue)
        console.print()
    if issues:
        files = len({issue.file for issue in issues})
        console.print(
            Text(f"{_plural(len(issues), 'issue')} in {_plural(files, 'file')}", style="bold red")
        )
    elif project is not None:
        _print_success(console, project, inspection)


def _print_warnings(warnings: Sequence[Issue]) -> None:
    """Print what is nobody's mistake for certain: it stops nothing."""
    console = Console(soft_wrap=True, highlight=False)
    for warning in warnings:
        console.print(
            Text.assemble(
                (warning.file, "bold"), " ", (warning.code, "yellow"), f" {warning.message}"
            )
        )
        console.print(Text.assemble("    ", ("hint", "cyan"), f": {warning.hint}"))


def _print_issue(console: Console, issue: Issue) -> None:
    console.print(
        Text.assemble(
            (f"{issue.file}:{issue.line}:{issue.column}", "bold"),
            " ",
            (issue.code, "red"),
            f" {issue.message}",
        )
    )
    if issue.hint:
        console.print(Text.assemble("    ", ("hint", "cyan"), f": {issue.hint}"))


def _print_success(console: Console, project: Project, inspection: Inspection | None) -> None:
    counts = ", ".join(
        _plural(number, _SINGULAR.get(name, name.removesuffix("s")))
        for name, number in _counts(project).items()
    )
    console.print(Text.assemble(("✓", "bold green"), f" {project.name}: {counts}."))
    if inspection is None:
        console.print(Text("  No database was opened (--offline).", style="dim"))
        return
    for database, connector in project.connectors.items():
        tables = [t.name for t in project.model.tables.values() if t.database == database]
        rows = sum(inspection.rows.get(name, 0) for name in tables)
        said = f"{connector.engine}: {_plural(len(tables), 'table')}, {_plural(rows, 'row')}"
        console.print(Text.assemble(("✓", "bold green"), f" {database} ({said})"))


_SINGULAR: Final = {"queries": "saved query"}


def _plural(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("y") else f"{number:,} {noun}s"
