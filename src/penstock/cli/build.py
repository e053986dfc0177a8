"""`penstock build`: a project's folder into an image that can be deployed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from penstock.cli.home import DEFAULT_HOME, AsJson, Home
from penstock.cli.sizes import as_size
from penstock.cli.state_folder import make_home
from penstock.cli.unreached import telling
from penstock.deploy.artifact.build import build_artifact
from penstock.deploy.artifact.store import ArtifactStore
from penstock.deploy.artifact.types import (
    Artifact,
    Base,
    BuildLine,
    BuildRequest,
    EngineImage,
    GivenImage,
    Interpreter,
)
from penstock.errors import ConfigurationError


def build(  # noqa: PLR0913 - each is an option of the command
    folder: Annotated[Path, typer.Argument(help="The project's folder.")] = Path(),
    *,
    version: Annotated[str, typer.Option(help="What this version is called.")] = "dev",
    api: Annotated[
        str | None, typer.Option(help="The API's name. Default: what penstock.yaml says.")
    ] = None,
    base: Annotated[
        Path | None,
        typer.Option(
            help="Put the project on this image: a tar of `docker save`, or an OCI layout."
            " Default: the interpreter that runs here, with its packages."
        ),
    ] = None,
    docker: Annotated[
        str | None,
        typer.Option(metavar="IMAGE", help="Have Docker build it, from this image of its own."),
    ] = None,
    inspect: Annotated[
        bool,
        typer.Option(
            "--inspect", help="Open databases that lie outside the project too, and compare them."
        ),
    ] = False,
    export: Annotated[
        Path | None, typer.Option(help="Write the image to a tar for `docker load` as well.")
    ] = None,
    as_json: AsJson = False,
    home: Home = DEFAULT_HOME,
) -> None:
    """Check a project and make an image of it: the same files always give the same digest.

    No container engine is needed, and no database that lies outside the project. The image goes
    to PENSTOCK_HOME/artifacts; `penstock artifacts` shows, copies and removes what is there.

    Example: penstock build . --version 1.0 --export flights.tar
    """
    began = perf_counter()
    make_home(home)
    store = ArtifactStore(home / "artifacts")
    request = BuildRequest(
        folder=folder,
        version=version,
        api=api,
        base=_base(base, docker),
        epoch=_epoch(),
        inspect=inspect,
        environ=os.environ,
    )
    with telling(folder), _progress() as log:
        artifact = build_artifact(request, store, log)
    if export is not None:
        store.export(artifact.digest, export)
    if as_json:
        typer.echo(json.dumps(asdict(artifact), indent=2))
    else:
        _show(artifact, perf_counter() - began, export)


def _base(base: Path | None, docker: str | None) -> Base:
    if base is not None and docker is not None:
        raise ConfigurationError(
            "--base and --docker name two images to put the project on.", hint="Give one of them."
        )
    if base is not None:
        return GivenImage(base)
    return Interpreter() if docker is None else EngineImage(docker)


def _epoch() -> int:
    said = os.environ.get("SOURCE_DATE_EPOCH", "0")
    if said.isascii() and said.isdigit() and len(said) <= len("9999999999"):
        return int(said)
    raise ConfigurationError(
        f"SOURCE_DATE_EPOCH is {said!r}.", hint="It is a time in whole seconds since 1970."
    )


@contextmanager
def _progress() -> Iterator[Callable[[BuildLine], None]]:
    """Show on standard error what is done: a bar at a terminal, lines elsewhere."""
    console = Console(stderr=True, highlight=False)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    quiet = not console.is_terminal
    with Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True, disable=quiet
    ) as bar:
        task = bar.add_task("")

        def log(line: BuildLine) -> None:
            bar.update(task, description=line.text, completed=line.step - 1, total=line.steps)
            said = Text.assemble((f"[{line.step}/{line.steps}]", "dim"), f" {line.text}")
            bar.console.print(said, soft_wrap=True)

        yield log


def _show(artifact: Artifact, seconds: float, export: Path | None) -> None:
    console = Console(soft_wrap=True, highlight=False)
    name = f"{artifact.project}/{artifact.api} {artifact.version}"
    size = as_size(artifact.size)
    console.print(Text.assemble(("✓", "bold green"), f" Built {name}: {size} in {seconds:.1f} s."))
    console.print(Text(f"  {artifact.digest}"))
    if export is not None:
        console.print(Text(f"  {export}: docker load --input {export}"))
