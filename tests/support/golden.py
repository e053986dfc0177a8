"""Read `-- key: value` cases from a .sql file: the file is the test and the documentation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import sqlglot

from penstock.query.types import Json
from penstock.sql.types import Statement

TESTS = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Case:
    """`who` is the one who asks; `world` the model they ask; `counts` the statement for hints."""

    topic: str
    name: str
    query: Mapping[str, Json]
    binds: Sequence[Json]
    sql: str
    who: str
    world: str
    counts: bool

    @property
    def title(self) -> str:
        return f"{self.topic}: {self.name}"


def cases(folder: str) -> list[Case]:
    """Return every case of every file of a folder below `tests`."""
    return [
        _case(path.stem, block)
        for path in sorted((TESTS / folder).glob("*.sql"))
        for block in path.read_text().strip().removesuffix(";").split(";\n\n")
    ]


def _case(topic: str, block: str) -> Case:
    lines = block.splitlines()
    meta = dict(line[3:].split(": ", 1) for line in lines if line.startswith("-- "))
    return Case(
        topic=topic,
        name=meta["case"],
        query=cast("Mapping[str, Json]", json.loads(meta["query"])),
        binds=cast("Sequence[Json]", json.loads(meta["binds"])),
        sql="\n".join(line for line in lines if not line.startswith("-- ")),
        who=meta.get("as", "analyst"),
        world=meta.get("world", "flights"),
        counts=meta.get("statement") == "count",
    )


def pretty(statement: Statement) -> str:
    return sqlglot.parse_one(statement.text, dialect="duckdb").sql(dialect="duckdb", pretty=True)


def written(statement: Statement) -> Sequence[Json]:
    """Return the bound values as they can be written in JSON: dates and the like as text."""
    return cast("Sequence[Json]", json.loads(json.dumps(statement.parameters, default=str)))
