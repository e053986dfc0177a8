"""`penstock new`: a project to begin with."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from penstock.cli.home import AsJson
from penstock.project.template import Template, start_project

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode="markdown", help="Begin something from a template."
)


@app.callback()
def new() -> None:
    """Keep `penstock new api` two words while there is one thing to begin."""


@app.command("api")
def new_api(
    name: Annotated[str, typer.Argument(help="The project's name: letters, digits and `_`.")],
    folder: Annotated[
        Path | None, typer.Argument(help="Where it goes. Default: a folder of its name.")
    ] = None,
    *,
    template: Annotated[
        Template,
        typer.Option(
            help="query: a model, a policy and saved queries over sample data; empty: the bare"
            " minimum; handlers: as query, with a place for code of your own."
        ),
    ] = Template.QUERY,
    as_json: AsJson = False,
) -> None:
    """Make a project's folder that passes `penstock check`, and answers if it has data.

    To begin from a database instead: `penstock init`.

    Example: penstock new api sales --template query
    """
    root = Path(name) if folder is None else folder
    files = start_project(name, template, root)
    if as_json:
        made = {
            "project": name,
            "folder": str(root),
            "files": files,
            "next": _steps(root, template),
        }
        typer.echo(json.dumps(made, indent=2))
        return
    console = Console(soft_wrap=True, highlight=False)
    console.print(Text.assemble(("✓", "bold green"), f" Wrote {len(files)} files in {root}:"))
    for file in files:
        console.print(Text(f"  {file}"))
    console.print("\nNext:")
    for step in _steps(root, template):
        console.print(Text(f"  {step}", style="cyan"))


def _steps(root: Path, template: Template) -> tuple[str, ...]:
    where = shlex.quote(str(root))
    if template is Template.EMPTY:
        return (
            f"penstock init {where} --from CONNECTION --force",
            f"penstock check {where}",
            f"penstock up --detach && penstock deploy {where}",
        )
    return (
        f"penstock check {where}",
        f"penstock query {where} --saved sales/by-month",
        f"penstock keys create me --role analyst && penstock serve {where}",
        f"penstock up --detach && penstock deploy {where}",
    )
