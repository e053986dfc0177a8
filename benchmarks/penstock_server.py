"""Penstock as a contender: a project folder over the topic, `penstock serve`, and two keys."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import yaml

from benchmarks.client import Answer, Request
from benchmarks.contender import Format, Questions
from benchmarks.places import REPOSITORY, cache_folder
from benchmarks.processes import Command, Server, serving
from benchmarks.questions import BIG_ROWS, Topic

PROGRAM = (sys.executable, "-c", "from penstock.cli.main import main; main()")
COMMAND_TIMEOUT = 60
SUFFIXES = {
    Format.JSON: ".json?shape=rows",
    Format.NDJSON: ".ndjson",
    Format.CSV: ".csv",
    Format.ARROW: ".arrow",
}
# Roles: one without a row filter, as the peers have none, and one with.
FREE, GUARDED = "analyst", "agent"
TYPES = {"DECIMAL": "decimal", "DATE": "date", "VARCHAR": "string", "DOUBLE": "float"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """A topic's small question in our language. `names` is what our answer calls its measures."""

    fields: Mapping[str, Sequence[str]]
    scales: Sequence[str]
    filter: Mapping[str, object]
    formulas: Mapping[str, Mapping[str, str]]
    names: Mapping[str, str]


TONGUES = {
    "tpch": Tongue(
        fields={"revenue": ["sum"], "l_orderkey": ["count"]},
        scales=["l_shipdate:year", "l_returnflag"],
        filter={"l_shipdate": {"between": ["1995-01-01", "1997-12-31"]}},
        formulas={"revenue": {"formula": "l_extendedprice * (1 - l_discount)", "type": "decimal"}},
        names={"revenue": "revenue_sum"},
    ),
    "flights": Tongue(
        fields={"distance": ["sum"], "flight": ["count"]},
        scales=["month", "origin"],
        filter={"month": {"between": [1, 6]}},
        formulas={},
        names={"distance_sum": "distance_sum"},
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A project folder ready to serve, and its keys by role."""

    folder: Path
    keys: Mapping[str, str]

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "PENSTOCK_HOME": str(self.folder / ".penstock"),
            "PYTHONPATH": str(REPOSITORY / "src"),
        }


@dataclass(slots=True)
class Penstock:
    name: str = "Penstock"
    remark: str = "key checked, model and policy applied"
    settings: Mapping[str, object] = field(default_factory=dict)
    _sites: dict[str, Site] = field(default_factory=dict)

    def version(self) -> str:
        return _run("--version").split()[-1]

    def site(self, topic: Topic) -> Site:
        """Return the project over a topic, written once."""
        key = f"{topic.name}-{topic.file.parent.name}"
        if key not in self._sites:
            self._sites[key] = make_site(cache_folder("run", "penstock", key), topic)
        return self._sites[key]

    def serve(self, topic: Topic, *, cached: bool) -> contextlib.AbstractContextManager[Server]:
        """Serve with default settings, but for the cache and what `settings` says."""
        site = self.site(topic)
        # Without a cache, so that no question is spared the database because it was just asked.
        cache = {} if cached else {"cache": {"ttl": 0}}
        _write(site.folder / "penstock.yaml", {"name": topic.name, **cache, **self.settings})
        return serving(
            Command(
                arguments=lambda port: [*PROGRAM, "serve", str(site.folder), "--port", str(port)],
                folder=site.folder,
                environment=site.environment,
                probe="/readyz",
            )
        )

    def questions(self, topic: Topic) -> Questions:
        small = small_request(topic, self.site(topic), FREE)
        return Questions(
            small=small,
            cached=small,
            big={
                form: big_request(topic, self.site(topic), form)
                for form in (Format.JSON, Format.CSV, Format.ARROW)
            },
        )

    def rows(self, answer: Answer) -> Sequence[Mapping[str, object]]:
        """Return the rows, with our measures under the names that the topic gives them."""
        rows: Sequence[Mapping[str, object]] = json.loads(answer.body)["rows"]
        names = {ours: name for tongue in TONGUES.values() for name, ours in tongue.names.items()}
        if not rows or not names.keys() & rows[0].keys():
            return rows
        return [{names.get(name, name): row[name] for name in row} for row in rows]


def small_body(topic: Topic, **changed: object) -> bytes:
    """Return the small question; `changed` replaces or adds conditions of its filter."""
    tongue = TONGUES[topic.name]
    query = {
        "data": {"fields": tongue.fields},
        "scale": {"fields": tongue.scales},
        "filter": {**tongue.filter, **changed},
    }
    return json.dumps(query).encode()


def small_request(topic: Topic, site: Site, role: str, **changed: object) -> Request:
    key = {"Authorization": f"Bearer {site.keys[role]}"}
    return Request(f"/query{SUFFIXES[Format.JSON]}", small_body(topic, **changed), key)


def big_request(topic: Topic, site: Site, form: Format, rows: int = BIG_ROWS) -> Request:
    fields = {column: ["select"] for column in topic.columns}
    body = json.dumps({"data": {"fields": fields, "limit": rows}}).encode()
    key = {"Authorization": f"Bearer {site.keys[FREE]}"}
    return Request(f"/query{SUFFIXES[form]}", body, key)


def make_site(folder: Path, topic: Topic) -> Site:
    """Write a project over a topic's file, and make its keys."""
    shutil.rmtree(folder)
    _write(folder / "penstock.yaml", {"name": topic.name})
    file = folder / "data" / topic.file.name
    file.parent.mkdir()
    try:
        os.link(topic.file, file)
    except OSError:  # another file system
        shutil.copy(topic.file, file)
    files = {topic.table: f"data/{file.name}"}
    _write(folder / "connectors" / "bench.yaml", {"engine": "duckdb", "files": files})
    _write(folder / "models" / "model.yaml", {"tables": {topic.table: _table(topic)}})
    _write(folder / "policies" / "roles.yaml", {"roles": _roles(topic)})
    site = Site(folder=folder, keys={})
    allowed = f"allowed={','.join(topic.guard[1])}"
    return replace(
        site,
        keys={
            FREE: _create_key(site, "--role", FREE),
            GUARDED: _create_key(site, "--role", GUARDED, "--attribute", allowed),
        },
    )


def _table(topic: Topic) -> Mapping[str, object]:
    columns = duckdb.connect().read_parquet(str(topic.file))
    attributes = {
        name: {"type": _our_type(str(native))}
        for name, native in zip(columns.columns, columns.types, strict=True)
    }
    return {"database": "bench", "attributes": {**attributes, **TONGUES[topic.name].formulas}}


def _our_type(native: str) -> str:
    return "integer" if native.endswith("INT") or native == "INTEGER" else TYPES[native[:7]]


def _roles(topic: Topic) -> Mapping[str, object]:
    column, _ = topic.guard
    filtered = {"tables": [topic.table], "filter": {column: {"in": "$principal.allowed"}}}
    return {FREE: {"description": "Sees every row."}, GUARDED: {"rows": [filtered]}}


def _create_key(site: Site, *options: str) -> str:
    asked = ("keys", "create", "benchmark", *options, "--json")
    made = _run(*asked, environment=site.environment, folder=site.folder)
    return str(json.loads(made)["key"])


def _run(
    *arguments: str, environment: Mapping[str, str] | None = None, folder: Path = REPOSITORY
) -> str:
    found = {"PYTHONPATH": str(REPOSITORY / "src"), **(environment or {})}
    done = subprocess.run(
        [*PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=COMMAND_TIMEOUT,
        check=False,
        cwd=folder,
        env={**os.environ, **found},
    )
    if done.returncode:
        raise RuntimeError(f"penstock {arguments[0]} failed: {done.stderr[-1000:]}")
    return done.stdout


def _write(file: Path, content: Mapping[str, object]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(content, sort_keys=False))
