"""boring-semantic-layer (ibis): models in Python, its HTTP server, JSON only."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence

from benchmarks.client import Answer, Request
from benchmarks.contender import Format, Questions
from benchmarks.environments import Environment, make_environment
from benchmarks.places import cache_folder
from benchmarks.processes import Command, Server, serving
from benchmarks.questions import BIG_ROWS, Topic

# The model file it is given; ibis has its own way to say each of the topics' formulas.
MODEL = """\
import ibis
from boring_semantic_layer import to_semantic_table

table = ibis.duckdb.connect().read_parquet({file!r})
MODELS = {{
    {name!r}: to_semantic_table(table, name={name!r})
    .with_dimensions({dimensions})
    .with_measures({measures})
}}
"""
FORMULAS = {
    "ship_year": "t.l_shipdate.year()",
    "revenue": "(t.l_extendedprice * (1 - t.l_discount)).sum()",
    "line_count": "t.l_orderkey.count()",
    "distance_sum": "t.distance.sum()",
    "flight_count": "t.flight.count()",
}
FILTERS: Mapping[str, Sequence[Mapping[str, object]]] = {
    "tpch": (
        {"field": "l_shipdate", "operator": ">=", "value": "1995-01-01"},
        {"field": "l_shipdate", "operator": "<=", "value": "1997-12-31"},
    ),
    "flights": (
        {"field": "month", "operator": ">=", "value": 1},
        {"field": "month", "operator": "<=", "value": 6},
    ),
}


class Boring:
    name = "boring-semantic-layer"
    remark = "ibis on DuckDB; no cache"

    def version(self) -> str:
        return self._environment().version("boring-semantic-layer")

    def serve(self, topic: Topic, *, cached: bool) -> contextlib.AbstractContextManager[Server]:
        del cached  # it has no cache
        folder = cache_folder("run", "boring", topic.name)
        (folder / "semantic_config.py").write_text(_model(topic))
        return serving(
            Command(
                arguments=lambda port: [
                    *(self._environment().program("bsl"), "serve"),
                    *("--config", "semantic_config.py", "--port", str(port)),
                ],
                folder=folder,
                environment={},
                probe="/health",
            )
        )

    def questions(self, topic: Topic) -> Questions:
        small = {
            "dimensions": list(topic.groups),
            "measures": list(topic.measures),
            "filters": FILTERS[topic.name],
        }
        big = {"dimensions": list(topic.columns), "limit": BIG_ROWS}
        return Questions(
            small=_query(topic, small), cached=None, big={Format.JSON: _query(topic, big)}
        )

    def rows(self, answer: Answer) -> Sequence[Mapping[str, object]]:
        rows: Sequence[Mapping[str, object]] = json.loads(answer.body)["records"]
        return rows

    def _environment(self) -> Environment:
        return make_environment(
            "boring", ["boring-semantic-layer[server]", "ibis-framework[duckdb]", "altair"]
        )


def _query(topic: Topic, body: Mapping[str, object]) -> Request:
    asked = {"model_name": topic.table, "get_chart": False, **body}
    return Request("/query", json.dumps(asked).encode())


def _model(topic: Topic) -> str:
    filtered = topic.where.partition(" ")[0]
    dimensions = dict.fromkeys((*topic.columns, *topic.groups, filtered))
    return MODEL.format(
        file=str(topic.file),
        name=topic.table,
        dimensions=", ".join(_formula(name) for name in dimensions),
        measures=", ".join(_formula(name) for name in topic.measures),
    )


def _formula(name: str) -> str:
    return f"{name}=lambda t: {FORMULAS.get(name, f't.{name}')}"
