"""Datasette (SQLite): canned queries, as JSON and CSV, on a copy of the data."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping, Sequence

from benchmarks.client import Answer, Request
from benchmarks.contender import Format, Questions
from benchmarks.data import sqlite_copy
from benchmarks.environments import Environment, make_environment
from benchmarks.places import cache_folder
from benchmarks.processes import Command, Server, serving
from benchmarks.questions import BIG_ROWS, Topic

SETTINGS = {"max_returned_rows": BIG_ROWS, "sql_time_limit_ms": 30_000, "default_cache_ttl": 0}


class Datasette:
    name = "Datasette"
    remark = "canned queries on SQLite; no cache"

    def version(self) -> str:
        return self._environment().version("datasette")

    def serve(self, topic: Topic, *, cached: bool) -> contextlib.AbstractContextManager[Server]:
        del cached  # it leaves keeping answers to a proxy
        database = sqlite_copy(topic.file, topic.table, topic.used)
        folder = cache_folder("run", "datasette")
        metadata = folder / "metadata.json"
        metadata.write_text(json.dumps(_canned(topic)))
        settings = [
            word for name, value in SETTINGS.items() for word in ("--setting", name, str(value))
        ]
        return serving(
            Command(
                arguments=lambda port: [
                    *(self._environment().program("datasette"), "serve"),
                    *("--immutable", str(database), "--metadata", str(metadata), *settings),
                    *("--port", str(port)),
                ],
                folder=folder,
                environment={},
                probe="/-/versions.json",
            )
        )

    def questions(self, topic: Topic) -> Questions:
        return Questions(
            small=Request(f"/{topic.table}/small.json?_shape=array"),
            cached=None,
            big={
                Format.JSON: Request(f"/{topic.table}/big.json?_shape=array"),
                Format.CSV: Request(f"/{topic.table}/big.csv"),
            },
        )

    def rows(self, answer: Answer) -> Sequence[Mapping[str, object]]:
        rows: Sequence[Mapping[str, object]] = json.loads(answer.body)
        return rows

    def _environment(self) -> Environment:
        return make_environment("datasette", ["datasette"])


def _canned(topic: Topic) -> Mapping[str, object]:
    queries = {"small": {"sql": _in_sqlite(topic.small_sql)}, "big": {"sql": topic.big_sql}}
    return {"databases": {topic.table: {"queries": queries}}}


def _in_sqlite(sql: str) -> str:
    """SQLite keeps dates as text: no EXTRACT, no DATE literals."""
    years = re.sub(r"EXTRACT\(year FROM (\w+)\)", r"CAST(substr(\1, 1, 4) AS INTEGER)", sql)
    return years.replace("DATE '", "'")
