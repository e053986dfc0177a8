"""`penstock query`: ask a project folder, without a server."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from penstock.answer import AnswerStream
from penstock.cli.key_options import parse_attributes
from penstock.cli.tables import print_answer, print_explanation
from penstock.encode.formats import find_format
from penstock.encode.types import Opening, Shape
from penstock.errors import ConfigurationError
from penstock.explain import Explanation, explain_question
from penstock.local import As, Project
from penstock.pipeline import Question, Stages, warn
from penstock.query.saved import arguments_from_pairs, resolve


class Output(StrEnum):
    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    ARROW = "arrow"
    PARQUET = "parquet"


def query(  # noqa: PLR0913 - each one is an option of the command
    folder: Annotated[Path, typer.Argument(help="The project's folder.")],
    question: Annotated[
        str | None,
        typer.Argument(help="The query as JSON, @FILE, or - for standard input.", metavar="QUERY"),
    ] = None,
    *,
    saved: Annotated[
        str | None, typer.Option("--saved", help="Run this saved query instead.", metavar="NAME")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--param", help="A parameter of the saved query.", metavar="NAME=VALUE"),
    ] = None,
    output: Annotated[
        Output | None,
        typer.Option("--format", help="Default: table on a terminal, json elsewhere."),
    ] = None,
    shape: Annotated[Shape, typer.Option(help="The shape of JSON.")] = Shape.NESTED,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Show the table chosen, the plan and the SQL; run nothing."),
    ] = False,
    as_: Annotated[
        str | None,
        typer.Option(
            "--as", help="Ask as a role, maybe with attributes.", metavar="ROLE[/NAME=VALUE…]"
        ),
    ] = None,
) -> None:
    """Ask a question of a project folder, without a server.

    Example: penstock query . '{"data": {"fields": {"distance": ["sum"]}},
    "scale": {"fields": ["origin"]}}'

    Example: penstock query . --saved delays/by-origin --param month=2 --format csv

    Example: penstock query . --explain --as station_agent/stations=JFK '{…}'
    """
    with Project(folder, as_=None if as_ is None else read_as(as_)) as project:
        body = _body(project, question, saved, parameter or [])
        asked = project.ask(body)
        if explain:
            dialect = project.pipeline.engines[asked.plan.database].dialect
            _explain(explain_question(asked, dialect), as_json=output is Output.JSON)
            return
        chosen = output or (Output.TABLE if sys.stdout.isatty() else Output.JSON)
        _answer(project, asked, body, (chosen, shape))


def read_as(text: str) -> As:
    """Read `role,role/name=value/name=value`."""
    roles, *attributes = text.split("/")
    for attribute in attributes:
        if "=" not in attribute:
            raise ConfigurationError(
                f"--as {text!r} has {attribute!r}, which is not NAME=VALUE.",
                hint="Try station_agent/stations=JFK,LGA.",
            )
    return As(tuple(role for role in roles.split(",") if role), parse_attributes(attributes))


def _body(
    project: Project, question: str | None, saved: str | None, parameters: Iterable[str]
) -> bytes:
    if (question is None) == (saved is None):
        raise ConfigurationError(
            "Give either a query or --saved NAME.",
            hint="""Try: penstock query . '{"data": {"fields": {"distance": ["sum"]}}}'""",
        )
    if saved is not None:
        found = project.find(saved)
        arguments = arguments_from_pairs(found, [_pair(text) for text in parameters])
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


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigurationError(f"--param {text!r} is not NAME=VALUE.", hint="Try month=2.")
    return name, value


def _answer(project: Project, question: Question, body: bytes, form: tuple[Output, Shape]) -> None:
    output, shape = form
    if output is Output.TABLE:
        table = project.run(question)
        print_answer(Console(), question.plan.columns, table)
        _warn(warn(question, table.num_rows))
        return
    plan = question.plan
    opening = Opening(columns=plan.columns, query_params=body, table_name=plan.table)
    encoder = find_format(output.value).encoder(shape)
    began = perf_counter()
    stream = AnswerStream(project.pipeline, question, encoder, opening, Stages(), began)
    for chunk in stream:
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()
    if output is not Output.JSON and stream.closing is not None:
        _warn(stream.closing.warning)


def _warn(warning: str | None) -> None:
    if warning:
        line = Text.assemble(("warning", "yellow"), f": {warning}")
        Console(stderr=True, soft_wrap=True).print(line)


def _explain(explanation: Explanation, *, as_json: bool) -> None:
    if as_json:
        text = msgspec.json.format(msgspec.json.encode(explanation), indent=2)
        sys.stdout.buffer.write(text + b"\n")
    else:
        print_explanation(Console(), explanation)
