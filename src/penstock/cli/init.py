"""`penstock init`: a project folder about a database, with a model of all that is in it."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from penstock.cli.unreached import tell_operator
from penstock.errors import UnavailableError
from penstock.project.draft.address import Place, read_address
from penstock.project.draft.make import draft_project, make_project, refuse_to_overwrite
from penstock.project.draft.names import to_name
from penstock.project.draft.survey import Progress as Report
from penstock.project.draft.types import Address, Draft
from penstock.project.load import load_project


class Form(StrEnum):
    TEXT = "text"
    JSON = "json"


def init(  # noqa: PLR0913 - each is an option of the command
    folder: Annotated[
        Path, typer.Argument(help="The project's folder; it is made if it is not there.")
    ] = Path(),
    *,
    connection: Annotated[
        str,
        typer.Option(
            "--from",
            help="Files, a folder of them, a database file, or an address.",
            metavar="CONNECTION",
        ),
    ],
    name: Annotated[
        str | None, typer.Option(help="The project's name. Default: the folder's.", metavar="NAME")
    ] = None,
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy data that lies elsewhere into the project.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite what an earlier init has written.")
    ] = False,
    output: Annotated[
        Form, typer.Option("--format", help="For people, or for programs.")
    ] = Form.TEXT,
) -> None:
    """Make a project about a database: connector, model, relationships and a first saved query.

    From files (Parquet, CSV, JSON), a folder of them or of tables of Delta Lake or Iceberg, or a
    database file of DuckDB or SQLite:

        penstock init shop --from shop/data

        penstock init shop --from ~/exports/orders.csv --copy

    From a server. A password is used now and written nowhere: the file says ${NAME}:

        penstock init shop --from postgresql://reader@db.example.com/shop

        penstock init shop --from 'postgresql://reader:${DB_PASSWORD}@db.example.com/shop'

    """
    root = folder.expanduser()
    place = Place(root.absolute(), os.environ, copy)
    address = read_address(connection, place)
    if not force:
        refuse_to_overwrite(place.root, address)
    named = to_name(name or root.resolve().name, otherwise="project")
    draft = _draft(named, address, place.root)
    files = make_project(draft, place.root)
    load_project(place.root, {**os.environ, **address.variables()})
    if output is Form.JSON:
        typer.echo(json.dumps(_as_json(draft, place.root, files), ensure_ascii=False, indent=2))
    else:
        _show(draft, folder, files)


def _draft(name: str, address: Address, root: Path) -> Draft:
    with _progress() as report:
        try:
            return draft_project(name, address, root, report)
        except UnavailableError as error:
            said, hint = tell_operator(error, address.settings(root), written=False)
            raise UnavailableError(said, hint=hint) from error


@contextmanager
def _progress() -> Iterator[Report]:
    """Show on standard error, and at a terminal alone, how far the look at a database is."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("Looking at the tables", total=None)

        def report(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        yield report


def _variables(draft: Draft) -> tuple[str, ...]:
    return tuple(sorted({variable for variable, _ in draft.address.secrets.values()}))


def _steps(draft: Draft, folder: Path) -> tuple[str, ...]:
    where = shlex.quote(str(folder))
    return (
        *(f"export {variable}=…" for variable in _variables(draft)),
        f"penstock check {where}",
        f"penstock query {where} --saved first",
        f"penstock serve {where}",
    )


def _as_json(draft: Draft, root: Path, files: tuple[str, ...]) -> dict[str, object]:
    return {
        "project": draft.name,
        "folder": str(root),
        "files": files,
        "database": {"name": draft.address.name, "engine": draft.address.engine},
        "tables": [
            {
                "name": name,
                "rows": table.rows,
                "attributes": len(table.attributes),
                "relationships": [
                    {
                        "name": link.name,
                        "to": link.table,
                        "on": {key.own: key.other for key in link.keys},
                        "guessed": (name, link.name) in draft.notes,
                    }
                    for link in table.relationships.values()
                ],
                "left_out": draft.left_out.get(name, ()),
            }
            for name, table in draft.model.tables.items()
        ],
        "left_out": draft.left_out.get("", ()),
        "variables": _variables(draft),
        "next": _steps(draft, root),
    }


def _show(draft: Draft, folder: Path, files: tuple[str, ...]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    tables = Table("table", "rows", "attributes", "relationships", header_style="bold")
    for column in (1, 2):
        tables.columns[column].justify = "right"
    for name, table in draft.model.tables.items():
        links = [
            f"{link.name} → {link.table}{' ?' if (name, link.name) in draft.notes else ''}"
            for link in table.relationships.values()
        ]
        rows = f"{table.rows or 0:,}"
        tables.add_row(name, rows, str(len(table.attributes)), Text("\n".join(links)))
    console.print(tables)
    if draft.notes:
        console.print(
            Text("? guessed from names and checked on the data: see the model.", style="dim")
        )
    for fault in draft.left_out.get("", ()):
        console.print(Text.assemble(("left out", "yellow"), f": {fault}"))
    console.print(Text.assemble(("✓", "bold green"), f" Wrote {len(files)} files in {folder}:"))
    for file in files:
        console.print(Text(f"  {file}"))
    if _variables(draft):
        console.print(
            "The password is not in them: its variable has to be set wherever they are used."
        )
    console.print("\nNext:")
    for step in _steps(draft, folder):
        console.print(Text(f"  {step}", style="cyan"))
