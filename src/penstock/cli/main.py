"""`penstock`: every command, and how an error looks at a terminal."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated

import typer

from penstock.errors import PenstockError
from penstock.version import VERSION

_PROJECT = "A project"
_ASK = "Asking"
_BUILD = "Building"
_RUN = "Running it"


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command is: `cli/<module>.py`, whose `app` it is for one with commands of its own."""

    panel: str
    module: str
    function: str | None = None


COMMANDS = {
    "new": Command(_PROJECT, "new"),
    "init": Command(_PROJECT, "init", "init"),
    "check": Command(_PROJECT, "check", "check"),
    "serve": Command(_PROJECT, "serve", "serve"),
    "demo": Command(_PROJECT, "demo", "demo"),
    "query": Command(_ASK, "query", "query"),
    "explain": Command(_ASK, "explain", "explain"),
    "refresh": Command(_ASK, "refresh", "refresh"),
    "keys": Command(_ASK, "keys"),
    "build": Command(_BUILD, "build", "build"),
    "artifacts": Command(_BUILD, "artifacts"),
    "node": Command(_RUN, "node", "node"),
    "manager": Command(_RUN, "manager", "manager"),
    "gateway": Command(_RUN, "gateway", "gateway"),
    "tokens": Command(_RUN, "tokens"),
    "up": Command(_RUN, "up", "up"),
    "down": Command(_RUN, "up", "down"),
    "deploy": Command(_RUN, "deploy", "deploy"),
    "status": Command(_RUN, "status", "status"),
    "scale": Command(_RUN, "operate", "scale"),
    "rollback": Command(_RUN, "operate", "rollback"),
    "stop": Command(_RUN, "operate", "stop"),
    "start": Command(_RUN, "operate", "start"),
    "approve": Command(_RUN, "operate", "approve"),
    "abort": Command(_RUN, "operate", "abort"),
    "logs": Command(_RUN, "logs", "logs"),
    "history": Command(_RUN, "history", "history"),
    "variables": Command(_RUN, "variables"),
}


_LIGHT = "status"  # loaded where none is meant: a program without commands is none to Typer


def build_app(arguments: Sequence[str] | None = None) -> typer.Typer:
    """Return the program, with the one command that these arguments are for, or with all.

    One command imports a fraction of what all do, in time and in memory.
    """
    app = typer.Typer(
        name="penstock",
        no_args_is_help=True,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        help="Turn databases into secured, versioned query APIs.",
        epilog="Start with `penstock new api` or `penstock init`; each command has its own --help.",
    )
    app.callback()(options)
    first = arguments[0] if arguments else ""
    first = _LIGHT if first == "--version" else first
    for name in [first] if first in COMMANDS else COMMANDS:
        command = COMMANDS[name]
        module = import_module(f"penstock.cli.{command.module}")
        if command.function is None:
            app.add_typer(module.app, name=name, rich_help_panel=command.panel)
        else:
            app.command(name, rich_help_panel=command.panel)(getattr(module, command.function))
    return app


def _show_version(value: bool) -> None:  # noqa: FBT001 - Typer's callbacks are called so
    if value:
        typer.echo(f"penstock {VERSION}")
        raise typer.Exit


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
        with _frozen(_app) as app:
            app(prog_name="penstock")
    except PenstockError as error:
        print_error(error)
        sys.exit(1)


def _app() -> typer.Typer:
    if "_PENSTOCK_COMPLETE" not in os.environ:
        return build_app(sys.argv[1:])
    # What shells say of the line that somebody writes: bash, and the others.
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    words = line.split()[1:]
    is_named = len(words) > 1 or (bool(words) and line[-1:].isspace())
    return build_app(words) if is_named else build_names()


def build_names() -> typer.Typer:
    """Return a program with the names of all commands and nothing behind them.

    Whoever presses a key to complete one waits for it: to load all of them takes two seconds.
    """
    app = typer.Typer(name="penstock")
    app.callback()(options)
    for name in COMMANDS:
        app.command(name)(_nothing)
    return app


def _nothing() -> None: ...


@contextmanager
def _frozen(make: Callable[[], typer.Typer]) -> Iterator[typer.Typer]:
    """Look for no garbage in what modules are made of, nor while they are imported.

    Looking takes a tenth of importing them.
    """
    gc.disable()
    try:
        made = make()
        gc.freeze()
        gc.enable()
        yield made
    finally:
        gc.enable()
        gc.unfreeze()  # else libraries miss at the end what they gave out


def print_error(error: PenstockError) -> None:
    from rich.console import Console  # noqa: PLC0415 a node that starts well never needs it
    from rich.text import Text  # noqa: PLC0415 see above

    console = Console(stderr=True, soft_wrap=True)
    for said, code, hint in _lines(error):
        console.print(Text.assemble(("error", "bold red"), f": {said} ", (f"[{code}]", "dim")))
        if hint:
            console.print(Text.assemble(("hint", "bold cyan"), f": {hint}"))


def _lines(error: PenstockError) -> Iterator[tuple[str, str, str | None]]:
    """Give a sentence with its place, a code and a hint for everything that is wrong."""
    from penstock.project.types import ProjectError  # noqa: PLC0415 a fifth of a second at a start

    if isinstance(error, ProjectError):
        for issue in error.issues:
            place = f"{issue.file}:{issue.line}:{issue.column}"
            yield f"{place}: {issue.message}", issue.code, issue.hint
        return
    for part in error.parts:
        place = f" ({part.pointer})" if part.pointer else ""
        yield f"{part.detail}{place}", part.code, part.hint
