"""`penstock query`: ask a project folder, without a server."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from penstock.answer import AnswerStream, open_answer
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
from penstock.cli.explain import explain_body, show_explanation
from penstock.cli.output import Output, OutputFile, choose_output, open_output
from penstock.cli.sql import DialectName, SQLText, explain_in_sql, read_sql_question
from penstock.cli.tables import print_answer
from penstock.cli.unreached import telling
from penstock.encode.formats import find_format
from penstock.encode.types import Shape
from penstock.local import Project
from penstock.pipeline import Question, Stages, warn
from penstock.sql_question import SQLQuestion


def query(  # noqa: PLR0913 - each one is an option of the command
    folder: Folder = ".",
    question: QueryText = None,
    *,
    sql: SQLText = None,
    dialect: DialectName = None,
    saved: Saved = None,
    parameter: Parameters = None,
    output: Annotated[
        Output | None,
        typer.Option("--format", help="Default: table on a terminal, json elsewhere."),
    ] = None,
    file: OutputFile = None,
    shape: Annotated[Shape, typer.Option(help="The shape of JSON.")] = Shape.NESTED,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Show the table chosen, the plan and the SQL; run nothing."),
    ] = False,
    as_: AsText = None,
) -> None:
    """Ask a question of a project folder, without a server.

    Example: penstock query '{"data": {"fields": {"distance": ["sum"]}},
    "scale": {"fields": ["origin"]}}'

    Example: penstock query . --saved delays/by-origin --param month=2 --format csv

    Example: penstock query . --saved delays/by-origin -o delays.xlsx

    Example: penstock query . --sql 'SELECT origin, COUNT(*) FROM flights GROUP BY origin'

    Example: penstock query . --explain --as station_agent/stations=JFK '{…}'
    """
    where, question = place_question(folder, question)
    with telling(where), Project(where, as_=read_as(as_)) as project:
        chosen = choose_output(output, file)
        in_sql = read_sql_question(project, (question, sql, saved), dialect, parameter or [])
        if in_sql is not None and explain:
            show_explanation(explain_in_sql(project, in_sql), as_json=output is Output.JSON)
        elif in_sql is not None:
            flat = Shape.COMPACT if shape is Shape.NESTED else shape
            _answer(project, project.ask_sql(*in_sql), in_sql[0], (chosen, flat, file))
        else:
            body = read_question(project, question, saved, parameter or [])
            if explain:
                show_explanation(explain_body(project, body), as_json=output is Output.JSON)
                return
            _answer(project, project.ask(body), body, (chosen, shape, file))


def _answer(
    project: Project,
    question: Question | SQLQuestion,
    body: bytes,
    form: tuple[Output, Shape, Path | None],
) -> None:
    output, shape, file = form
    if output is Output.TABLE:
        columns = question.plan.columns
        table = project.run(question).rename_columns([column.name for column in columns])
        print_answer(Console(), columns, table)
        _warn(warn(question, table.num_rows, project.pipeline.limits.max_rows))
        return
    opening = open_answer(question, body)
    encoder = find_format(output.value).encoder(shape)
    began = perf_counter()
    stream = AnswerStream(project.pipeline, question, encoder, opening, Stages(), began)
    with open_output(file) as out:
        for chunk in stream:
            out.write(chunk)
    if (output is not Output.JSON or file is not None) and stream.closing is not None:
        _warn(stream.closing.warning)


def _warn(warning: str | None) -> None:
    if warning:
        line = Text.assemble(("warning", "yellow"), f": {warning}")
        Console(stderr=True, soft_wrap=True).print(line)
