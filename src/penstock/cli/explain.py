"""`penstock explain`: why this table, how, and in which SQL; nothing is run."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from penstock.cli.asking import (
    AsText,
    Folder,
    Parameters,
    QueryText,
    Saved,
    place_question,
    read_as,
    read_question,
)
from penstock.cli.tables import print_candidates, print_explanation
from penstock.cli.unreached import telling
from penstock.errors import (
    AmbiguousNameError,
    EmptyTableError,
    EmptyTablesError,
    NoTableFoundError,
    PenstockError,
)
from penstock.explain import Explanation, explain_question, explain_refusal
from penstock.local import Project
from penstock.query.parse import parse_query

_NO_CHOICE = (AmbiguousNameError, EmptyTableError, EmptyTablesError, NoTableFoundError)


class Form(StrEnum):
    TEXT = "text"
    JSON = "json"


def explain(  # noqa: PLR0913 - each is an option of the command
    folder: Folder = ".",
    question: QueryText = None,
    *,
    saved: Saved = None,
    parameter: Parameters = None,
    output: Annotated[
        Form, typer.Option("--format", help="For people, or for programs.")
    ] = Form.TEXT,
    as_: AsText = None,
) -> None:
    """Say of each table why it answers or not, then the plan, the SQL and its values. Runs nothing.

    Example: penstock explain . '{"data": {"fields": {"distance": ["sum"]}}}'

    Example: penstock explain . --saved delays/by-origin --param month=2

    Example: penstock explain . --as station_agent/stations=JFK --format json '{…}'
    """
    as_json = output is Form.JSON
    where, question = place_question(folder, question)
    with telling(where), Project(where, as_=read_as(as_)) as project:
        body = read_question(project, question, saved, parameter or [])
        try:
            show_explanation(explain_body(project, body), as_json=as_json)
        except PenstockError as error:
            if not all(isinstance(part, _NO_CHOICE) for part in error.parts):
                raise
            _show_refusal(project, body, error, as_json=as_json)


def explain_body(project: Project, body: bytes) -> Explanation:
    """Explain a question as the project's caller asks it."""
    asked = project.ask(body)
    pipeline = project.pipeline
    return explain_question(asked, pipeline.view(project.caller), pipeline.dialects)


def show_explanation(explanation: Explanation, *, as_json: bool) -> None:
    if as_json:
        text = msgspec.json.format(msgspec.json.encode(explanation), indent=2)
        sys.stdout.buffer.write(text + b"\n")
    else:
        print_explanation(Console(), explanation)


def _show_refusal(project: Project, body: bytes, error: PenstockError, *, as_json: bool) -> None:
    """Say why no table answers, before saying so."""
    pipeline = project.pipeline
    asked = parse_query(body, pipeline.limits)
    candidates = explain_refusal(asked.query, pipeline.view(project.caller))
    if not as_json:
        print_candidates(Console(), candidates, chosen=None)
        raise error
    problems = [
        {"code": p.code, "detail": p.detail, "hint": p.hint, "pointer": p.pointer}
        for p in error.parts
    ]
    told = {"candidates": msgspec.to_builtins(candidates), "problems": problems}
    typer.echo(json.dumps(told, indent=2))
    raise typer.Exit(1)
