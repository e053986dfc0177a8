from __future__ import annotations

import json
from collections.abc import Iterator
from time import perf_counter

import msgspec
import pytest

from docs.pages import LANGUAGE, README, SHAPES, Block, Example, blocks, examples
from penstock.answer import AnswerStream, open_answer
from penstock.encode.formats import find_format
from penstock.encode.types import Shape
from penstock.errors import PenstockError
from penstock.local import Project
from penstock.pipeline import Question, Stages
from penstock.query.saved import resolve
from penstock.sql_question import SQLQuestion
from project.folders import ROOT

ALL = [*examples(README), *examples(LANGUAGE)]


@pytest.fixture(scope="module")
def flights() -> Iterator[Project]:
    with Project(ROOT) as project:
        yield project


def said(project: Project, query: Block, answer: Block) -> str:
    """Return what should stand in the block of an answer."""
    body = query.text.encode()
    if query.note:
        saved = project.find(query.note)
        body = msgspec.json.encode(resolve(saved, json.loads(query.text)))
    if answer.language == "problem":
        return _problem(project, body)
    if answer.language == "csv":
        return encode(project, body, "csv", Shape.NESTED).decode()
    return _shortened(encode(project, body, "json", Shape(answer.note)), answer.note)


def ask(project: Project, body: bytes) -> Question | SQLQuestion:
    return project.ask_sql(body) if "sql" in json.loads(body) else project.ask(body)


def encode(project: Project, body: bytes, form: str, shape: Shape) -> bytes:
    question = ask(project, body)
    opening = open_answer(question, body)
    encoder = find_format(form).encoder(shape)
    stream = AnswerStream(project.pipeline, question, encoder, opening, Stages(), perf_counter())
    return b"".join(stream)


def _problem(project: Project, body: bytes) -> str:
    """Return each problem as a line: place, code, sentence, hint."""
    with pytest.raises(PenstockError) as told:
        ask(project, body)
    lines = [
        f"{error.pointer} {error.code}: {error.detail} {error.hint or ''}".rstrip()
        for error in told.value.parts
    ]
    return "\n".join(lines) + "\n"


def _shortened(answer: bytes, shape: str) -> str:
    """Return an answer without what differs each time, and its columns once only."""
    decoded = json.loads(answer)
    told = "columns" if shape == Shape.ROWS else "table_name"
    kept = (told, "results", "values", "rows", "total")
    return "\n".join(
        (
            "{",
            ",\n".join(f' "{key}": {json.dumps(decoded[key])}' for key in kept if key in decoded),
            "}\n",
        )
    )


@pytest.mark.parametrize("example", ALL, ids=str)
def test_the_answer_below_a_query_is_its_answer(flights: Project, example: Example) -> None:
    assert example.answers, "a query in the documentation has its answer below it"
    for answer in example.answers:
        assert answer.text == said(flights, example.query, answer)


def test_there_is_something_to_test() -> None:
    assert len(ALL) > 20
    assert {block.note for block in blocks(LANGUAGE)} >= {*SHAPES}
