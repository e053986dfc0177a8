"""The floor as a contender: the bare server of `floor_app`, given SQL instead of a query."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import json
import sys
from collections.abc import Mapping, Sequence

import duckdb

from benchmarks.client import Answer, Request
from benchmarks.contender import Format, Questions
from benchmarks.environments import tools
from benchmarks.places import REPOSITORY, cache_folder
from benchmarks.processes import Command, Server, serving
from benchmarks.questions import Topic

PATHS = {Format.JSON: "/json", Format.CSV: "/csv", Format.ARROW: "/arrow"}


class Floor:
    name = "floor"
    remark = "uvicorn, DuckDB, orjson: no key, no policy, no compiling"

    def version(self) -> str:
        tools()
        return f"DuckDB {duckdb.__version__}"

    def serve(self, topic: Topic, *, cached: bool) -> contextlib.AbstractContextManager[Server]:
        del cached  # its cached answer is the fixed bytes
        # Only the JSON encoder is borrowed, everything else is the project's own environment.
        found = f"{REPOSITORY}:{tools().packages}"
        return serving(
            Command(
                arguments=lambda port: [
                    *(sys.executable, "-m", "benchmarks.floor_app"),
                    *(str(port), topic.table, str(topic.file)),
                ],
                folder=cache_folder("run", "floor"),
                environment={"PYTHONPATH": found},
                probe="/",
            )
        )

    def questions(self, topic: Topic) -> Questions:
        return Questions(
            small=sql_request(topic.small_sql),
            cached=Request("/fixed", b"{}"),
            big={form: sql_request(topic.big_sql, path=path) for form, path in PATHS.items()},
        )

    def rows(self, answer: Answer) -> Sequence[Mapping[str, object]]:
        rows: Sequence[Mapping[str, object]] = json.loads(answer.body)
        return rows


def sql_request(sql: str, parameters: Sequence[object] = (), *, path: str = "/small") -> Request:
    """Return the request that makes the floor run a statement."""
    values = [_spell(value) for value in parameters]
    return Request(path, json.dumps({"sql": sql, "parameters": values}).encode())


def _spell(value: object) -> object:
    match value:
        case dt.datetime() | dt.date() | dt.time():
            return {type(value).__name__: value.isoformat()}
        case decimal.Decimal():
            return {"decimal": str(value)}
        case _:
            return value
