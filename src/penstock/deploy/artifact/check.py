"""A project → what is known before it runs: its queries compiled, its data held to its model."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from typing import Final

from penstock.auth.principal import Principal
from penstock.deploy.artifact.manifest import ColumnFact, QueryFact
from penstock.deploy.artifact.sources import data_of
from penstock.engine.load import engine_dialect, open_engine
from penstock.errors import PenstockError
from penstock.plan.build import build_plan
from penstock.plan.gather import place_plan
from penstock.policy.permit import Gate
from penstock.policy.types import Policies
from penstock.project.inspect import inspect
from penstock.project.open import find_gathering
from penstock.project.saved import example
from penstock.project.types import Issue, Place, Project, ProjectError
from penstock.query.parse import read_query
from penstock.query.saved import SavedQuery, resolve, types_of
from penstock.query.sql import read_sql
from penstock.query.types import Json
from penstock.sql.across import compile_across
from penstock.sql.mode.translate import translate_sql

_CALLER: Final = Principal(subject="build", kind="check")


def find_dialects(project: Project) -> dict[str, str]:
    """Return how each of a project's databases speaks."""
    return {n: engine_dialect(c.engine, c.settings) for n, c in project.connectors.items()}


def compile_queries(project: Project, dialects: Mapping[str, str]) -> tuple[QueryFact, ...]:
    """Compile every saved query as its database speaks, and say what it answers.

    Raises ProjectError with all that cannot be compiled.
    """
    facts: list[QueryFact] = []
    issues: list[Issue] = []
    for name, saved in sorted(project.saved.items()):
        try:
            columns = _columns(project, saved, dialects)
        except PenstockError as error:
            issues += [_issue(part, Place(f"queries/{name}")) for part in error.parts]
            continue
        required = [n for n, p in saved.parameters.items() if p.required]
        facts.append(
            QueryFact(name=name, columns=columns, parameters=[*saved.parameters], required=required)
        )
    if issues:
        raise ProjectError(tuple(issues))
    return tuple(facts)


def _columns(project: Project, saved: SavedQuery, dialects: Mapping[str, str]) -> list[ColumnFact]:
    gate, there = Gate(project.model, Policies()), find_gathering(project)
    arguments: Mapping[str, Json] = {
        n: example(p) for n, p in saved.parameters.items() if p.required or saved.is_sql
    }
    body = resolve(saved, {"parameters": arguments})
    if saved.is_sql:
        asked = read_sql(body, project.limits, types_of(saved))
        view = gate.view(_CALLER)
        found = translate_sql(asked.query, view, project.limits, dict(dialects), there)
        columns = found.columns
    else:
        plan = place_plan(build_plan(gate.permit(read_query(body, project.limits), _CALLER)), there)
        compile_across(plan, dialects)
        columns = plan.columns
    return [ColumnFact(column.name, column.type.value) for column in columns]


def is_inside(project: Project, database: str) -> bool:
    """Return whether a database is made of the project's own files: it is then the artifact's.

    It is not where a path of it is only known to a node.
    """
    connector = project.connectors[database]
    return bool(data_of(connector)) and not connector.elsewhere


def inspect_databases(project: Project, databases: tuple[str, ...]) -> None:
    """Open databases and compare them with the model. Raises ProjectError with every issue."""
    issues: list[Issue] = []
    for name in databases:
        connector = project.connectors[name]
        try:
            with closing(open_engine(connector.engine, connector.settings)) as engine:
                issues += inspect(project, {name: engine}).issues
        except PenstockError as error:
            issues.append(_issue(error, project.places["connectors", name]))
    if issues:
        raise ProjectError(tuple(issues))


def _issue(error: PenstockError, place: Place) -> Issue:
    return Issue(code=error.code, message=error.detail, hint=error.hint, **asdict(place))
