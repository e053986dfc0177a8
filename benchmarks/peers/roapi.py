"""ROAPI (Rust, DataFusion): SQL over HTTP on files, without a policy or a cache."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence

from benchmarks.client import Answer, Request
from benchmarks.contender import Format, Questions
from benchmarks.environments import Environment, make_environment
from benchmarks.places import cache_folder
from benchmarks.processes import HOST, Command, Server, serving
from benchmarks.questions import Topic

MEDIA = {
    Format.JSON: "application/json",
    Format.CSV: "application/csv",
    Format.ARROW: "application/vnd.apache.arrow.stream",
}


class Roapi:
    name = "ROAPI"
    remark = "SQL in the request; no cache"

    def version(self) -> str:
        return self._environment().version("roapi")

    def serve(self, topic: Topic, *, cached: bool) -> contextlib.AbstractContextManager[Server]:
        del cached  # it has no cache
        table = f"{topic.table}={topic.file},format=parquet"
        return serving(
            Command(
                arguments=lambda port: [
                    *(self._environment().program("roapi"), "--table", table),
                    *("--addr-http", f"{HOST}:{port}"),
                ],
                folder=cache_folder("run", "roapi"),
                environment={},
                probe="/api/schema",
            )
        )

    def questions(self, topic: Topic) -> Questions:
        return Questions(
            small=_sql(topic.small_sql, Format.JSON),
            cached=None,
            big={form: _sql(topic.big_sql, form) for form in MEDIA},
        )

    def rows(self, answer: Answer) -> Sequence[Mapping[str, object]]:
        rows: Sequence[Mapping[str, object]] = json.loads(answer.body)
        return rows

    def _environment(self) -> Environment:
        return make_environment("roapi", ["roapi"])


def _sql(sql: str, form: Format) -> Request:
    return Request("/api/sql", sql.encode(), {"Accept": MEDIA[form]})
