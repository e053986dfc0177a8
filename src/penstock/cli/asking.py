"""What somebody types for a question, and for whom they ask it → a body and a caller."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec
import typer

from penstock.cli.key_options import parse_attributes
from penstock.errors import ConfigurationError
from penstock.local import As, Project
from penstock.project.files import is_folder
from penstock.query.saved import arguments_from_pairs, resolve

# A text: a path would make one slash of two in a question that stands where the folder may.
Folder: TypeAlias = Annotated[
    str, typer.Argument(help="The project's folder; this one, if it is left out.")
]
QueryText: TypeAlias = Annotated[
    str | None,
    typer.Argument(help="The query as JSON, @FILE, or - for standard input.", metavar="QUERY"),
]
Saved: TypeAlias = Annotated[
    str | None, typer.Option("--saved", help="A saved query instead.", metavar="NAME")
]
Parameters: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--param", help="A parameter of the saved query.", metavar="NAME=VALUE"),
]
AsText: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--as", help="Ask as a role, maybe with attributes.", metavar="ROLE[/NAME=VALUE…]"
    ),
]


def read_as(text: str | None) -> As | None:
    """Read `role,role/name=value/name=value`."""
    if text is None:
        return None
    roles, *attributes = text.split("/")
    for attribute in attributes:
        if "=" not in attribute:
            raise ConfigurationError(
                f"--as {text!r} has {attribute!r}, which is not NAME=VALUE.",
                hint="Try station_agent/stations=JFK,LGA.",
            )
    return As(tuple(role for role in roles.split(",") if role), parse_attributes(attributes))


def place_question(folder: str, question: str | None) -> tuple[Path, str | None]:
    """Return the folder and the question, where the folder may have been left out."""
    alone = question is None and (folder == "-" or folder.startswith(("{", "@")))
    if alone and not is_folder(Path(folder)):
        return Path(), folder
    return Path(folder), question


def read_question(
    project: Project, question: str | None, saved: str | None, parameters: Iterable[str]
) -> bytes:
    """Return the question as JSON, from wherever it comes."""
    if (question is None) == (saved is None):
        raise ConfigurationError(
            "Give either a query or --saved NAME.",
            hint="""Try: penstock query . '{"data": {"fields": {"distance": ["sum"]}}}'""",
        )
    if saved is not None:
        found = project.find(saved)
        if found.is_sql:
            raise ConfigurationError(
                f"{saved!r} is a query in SQL.", hint="Try penstock query . --explain --saved …"
            )
        arguments = arguments_from_pairs(found, read_pairs(parameters))
        return msgspec.json.encode(resolve(found, arguments))
    assert question is not None  # noqa: S101 - one of the two is there
    if question == "-":
        return sys.stdin.buffer.read()
    if question.startswith("@"):
        return _read(Path(question[1:]))
    return question.encode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}.", hint="Name a file that holds the query."
        ) from error


def read_pairs(parameters: Iterable[str]) -> list[tuple[str, str]]:
    return [_pair(text) for text in parameters]


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigurationError(f"--param {text!r} is not NAME=VALUE.", hint="Try month=2.")
    return name, value
