"""Where an answer goes, and in which format."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Annotated, Final, TypeAlias

import typer

from penstock.errors import ConfigurationError


class Output(StrEnum):
    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    XLSX = "xlsx"
    ARROW = "arrow"
    PARQUET = "parquet"


OutputFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="The file to write, its format by its name unless --format says it.",
        metavar="FILE",
        dir_okay=False,
    ),
]

_BINARY: Final = frozenset({Output.XLSX, Output.ARROW, Output.PARQUET})


def choose_output(said: Output | None, file: Path | None) -> Output:
    """Return the format: as said, else by the file's name, else a table for people.

    Raises ConfigurationError where the format does not go where it is to go.
    """
    terminal = file is None and sys.stdout.isatty()
    chosen = said or (_of_name(file) if file else Output.TABLE if terminal else Output.JSON)
    if file is not None and chosen is Output.TABLE:
        raise ConfigurationError("A table is for a terminal.", hint="Try --format csv.")
    if terminal and chosen in _BINARY:
        raise ConfigurationError(
            f"{chosen.upper()} is not for a terminal.",
            hint=f"Write it to a file: -o answer.{chosen}.",
        )
    return chosen


def _of_name(file: Path) -> Output:
    try:
        return Output(file.suffix.removeprefix(".").lower())
    except ValueError as error:
        raise ConfigurationError(
            f"The name {file.name!r} does not say which format is meant.",
            hint="Say it: --format csv|xlsx|json|ndjson|parquet|arrow.",
        ) from error


@contextmanager
def open_output(file: Path | None) -> Iterator[IO[bytes]]:
    """Give what the answer is written to. A file is there when it is whole, or is as it was.

    Raises ConfigurationError where the file cannot be written.
    """
    if file is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as part:
            whole = Path(part.name)
            try:
                yield part.file
                part.flush()
                whole.chmod(0o644)
                whole.replace(file)
            except BaseException:
                whole.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise ConfigurationError(
            f"{str(file)!r} cannot be written: {error.strerror}.", hint="Name another file."
        ) from error
