"""A project → its databases, open, behind the pipeline."""

from __future__ import annotations

from penstock.engine.load import open_engine
from penstock.engine.types import Engine
from penstock.pipeline import Pipeline
from penstock.policy.permit import Gate
from penstock.policy.types import Policies
from penstock.project.inspect import inspect
from penstock.project.types import Project, ProjectError


def open_engines(project: Project) -> dict[str, Engine]:
    """Open every database. Raises ConfigurationError, UnavailableError; leaves none open then."""
    engines: dict[str, Engine] = {}
    try:
        for name, connector in project.connectors.items():
            engines[name] = open_engine(connector.engine, connector.settings)
    except BaseException:
        close_engines(engines)
        raise
    return engines


def close_engines(engines: dict[str, Engine]) -> None:
    for engine in engines.values():
        engine.close()


def open_pipeline(
    project: Project, engines: dict[str, Engine], policies: Policies | None = None
) -> Pipeline:
    """Put the project's rules, or others, before its databases, and count the tables.

    Raises ProjectError where the databases are not what the model says: a query would fail, or
    give a wrong number.
    """
    inspection = inspect(project, engines)
    if inspection.issues:
        raise ProjectError(inspection.issues)
    model = project.model.with_rows(inspection.rows)
    gate = Gate(model, project.policies if policies is None else policies)
    return Pipeline(gate, engines, project.limits, project.serving.timeout)
