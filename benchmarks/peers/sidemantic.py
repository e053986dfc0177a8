"""sidemantic (AGPL: run as a program, from its manual; nothing of it is read or taken)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from benchmarks.client import Answer, Request
from benchmarks.contender import Format, Questions
from benchmarks.environments import Environment, make_environment
from benchmarks.places import cache_folder
from benchmarks.processes import Command, Server, serving
from benchmarks.questions import BIG_ROWS, Topic


class Sidemantic:
    name = "sidemantic"
    remark = "DuckDB 1.5; its limits raised to 16 queries at once and 200,000 rows"

    def version(self) -> str:
        return self._environment().version("sidemantic")

    def serve(self, topic: Topic, *, cached: bool) -> contextlib.AbstractContextManager[Server]:
        folder = cache_folder("run", "sidemantic", topic.name)
        _write_project(folder, topic)
        limits = ["--max-concurrent-queries", "16", "--max-result-rows", "200000"]
        limits += ["--max-response-bytes", str(64 << 20)]
        return serving(
            Command(
                arguments=lambda port: [
                    *(self._environment().program("sidemantic"), "server", "api"),
                    *("--port", str(port), "--no-ui", *limits),
                    *("--result-cache-mb", "64" if cached else "0"),
                ],
                folder=folder,
                environment={},
                probe="/readyz",
            )
        )

    def questions(self, topic: Topic) -> Questions:
        small = _query(
            {
                "dimensions": [f"{topic.table}.{name}" for name in topic.groups],
                "metrics": [f"{topic.table}.{name}" for name in topic.measures],
                "filters": [_qualified(topic)],
            }
        )
        listing = {
            "dimensions": [f"{topic.table}.{name}" for name in topic.columns],
            "metrics": [],
            "ungrouped": True,
            "limit": BIG_ROWS,
        }
        return Questions(
            small=small,
            cached=small,
            big={
                Format.JSON: _query(listing),
                Format.ARROW: _query(listing, "?format=arrow"),
            },
        )

    def rows(self, answer: Answer) -> Sequence[Mapping[str, object]]:
        rows: Sequence[Mapping[str, object]] = json.loads(answer.body)["rows"]
        return rows

    def _environment(self) -> Environment:
        # With DuckDB 2 each of its queries is an error.
        return make_environment("sidemantic", ["sidemantic[api]", "duckdb<2"])


def _query(body: Mapping[str, object], options: str = "") -> Request:
    return Request(f"/query{options}", json.dumps(body).encode())


def _qualified(topic: Topic) -> str:
    column, _, condition = topic.where.partition(" ")
    return f"{topic.table}.{column} {condition}"


def _write_project(folder: Path, topic: Topic) -> None:
    filtered = topic.where.partition(" ")[0]
    names = {**{name: name for name in (*topic.columns, filtered)}, **topic.groups}
    model = {
        "name": topic.table,
        "table": topic.table,
        "dimensions": [
            {"name": name, "type": "categorical", "sql": sql} for name, sql in names.items()
        ],
        "metrics": [_metric(name, sql) for name, sql in topic.measures.items()],
    }
    connection = {"type": "files", "paths": [str(topic.file)]}
    project = {"models_dir": "models", "connection": connection}
    (folder / "models").mkdir(exist_ok=True)
    (folder / "models" / "model.yml").write_text(yaml.safe_dump({"models": [model]}))
    (folder / "sidemantic.yaml").write_text(yaml.safe_dump(project))


def _metric(name: str, sql: str) -> Mapping[str, str]:
    aggregate, _, inner = sql.partition("(")
    return {"name": name, "agg": aggregate.lower(), "sql": inner.removesuffix(")")}
