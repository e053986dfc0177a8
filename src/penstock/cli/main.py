"""`penstock`: every command, and how an error looks at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from penstock.cli import check, demo, explain, init, keys, query, refresh, serve
from penstock.errors import PenstockError
from penstock.project.types import ProjectError
from penstock.version import VERSION

app = typer.Typer(
    name="penstock",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Turn databases into secured, versioned query APIs.",
    epilog="Start with `penstock check`, then `penstock serve`; each command has its own --help.",
)
app.command("init")(init.init)
app.command("check")(check.check)
app.command("serve")(serve.serve)
app.command("query")(query.query)
app.command("explain")(explain.explain)
app.command("refresh")(refresh.refresh)
app.add_typer(keys.app, name="keys")
app.command("demo")(demo.demo)


def _show_version(value: bool) -> None:  # noqa: FBT001 - Typer's callbacks are called so
    if value:
        typer.echo(f"penstock {VERSION}")
        raise typer.Exit


@app.callback()
def options(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None: ...


def main() -> None:
    """Run a command; what goes wrong is a sentence and a way forward, never a stack trace."""
    try:
        app()
    except PenstockError as error:
        print_error(error)
        sys.exit(1)


def print_error(error: PenstockError) -> None:
    console = Console(stderr=True, soft_wrap=True)
    for said, code, hint in _lines(error):
        console.print(Text.assemble(("error", "bold red"), f": {said} ", (f"[{code}]", "dim")))
        if hint:
            console.print(Text.assemble(("hint", "bold cyan"), f": {hint}"))


def _lines(error: PenstockError) -> Iterator[tuple[str, str, str | None]]:
    """Give a sentence with its place, a code and a hint for everything that is wrong."""
    if isinstance(error, ProjectError):
        for issue in error.issues:
            place = f"{issue.file}:{issue.line}:{issue.column}"
            yield f"{place}: {issue.message}", issue.code, issue.hint
        return
    for part in error.parts:
        place = f" ({part.pointer})" if part.pointer else ""
        yield f"{part.detail}{place}", part.code, part.hint
