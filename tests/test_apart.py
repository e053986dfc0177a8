"""One answer's rows, some of totals and the others of the page, each to where it belongs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from time import perf_counter
from typing import Final

import pyarrow as pa
import pytest

from penstock.answer import AnswerStream
from penstock.apart import cut_off
from penstock.encode.formats import find_format
from penstock.encode.types import Opening, Shape
from penstock.local import Project
from penstock.pipeline import Stages
from penstock.query.types import Json
from support.flights import DATA

QUERY: Final[Mapping[str, Json]] = {
    "data": {"fields": {"distance": ["sum"]}, "limit": 2},
    "scale": {"fields": ["carrier", "origin"]},
    "order": {"distance": "desc"},
    "total": {"all": [], "origin": ["origin"]},
}


@pytest.fixture(scope="module")
def project() -> Project:
    return Project(DATA.parent)


def stream(project: Project, query: Mapping[str, Json], suffix: str = "json") -> AnswerStream:
    question = project.ask(query)
    opening = Opening(
        columns=question.plan.columns, query_params=b"null", table_name=question.plan.table
    )
    encoder = find_format(suffix).encoder(Shape.ROWS)
    return AnswerStream(project.pipeline, question, encoder, opening, Stages(), perf_counter())


def test_page_and_totals_of_one_statement_are_told_apart(project: Project) -> None:
    read = stream(project, QUERY)
    answer = json.loads(b"".join(read))

    assert read.question.together is not None
    assert read.rows == len(answer["rows"]) == 2
    assert [row["distance_sum"] for row in answer["total"]["all"]["rows"]] == [350217607]
    assert [row["origin"] for row in answer["total"]["origin"]["rows"]] == ["EWR", "JFK", "LGA"]


def test_more_totals_than_there_is_room_for_are_asked_for_one_by_one(project: Project) -> None:
    by_plane: Mapping[str, Json] = {
        **QUERY,
        "scale": {"fields": ["tailnum", "origin"]},
        "total": {"plane": ["tailnum"]},
    }
    read = stream(project, by_plane)
    answer = json.loads(b"".join(read))

    assert read.question.together is not None
    assert len(answer["total"]["plane"]["rows"]) == 4044
    assert len(answer["rows"]) == 2


def test_a_large_page_does_not_wait_for_its_totals(project: Project) -> None:
    large: Mapping[str, Json] = {
        **QUERY,
        "data": {"fields": {"distance": ["sum"]}, "limit": 10_001},
    }

    assert project.ask(large).together is None


def test_a_format_without_totals_has_the_page_alone(project: Project) -> None:
    lines = b"".join(stream(project, QUERY, "csv")).splitlines()

    assert len(lines) == 1 + 2


def test_no_batch_is_read_beyond_the_page() -> None:
    batches = iter([pa.record_batch({"x": [n, n]}) for n in range(4)])
    found = [batch.num_rows for batch in cut_off(batches, 3)]

    assert found == [2, 1]
    assert len([*batches]) == 2
