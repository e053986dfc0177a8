"""A project → its databases, open, behind the pipeline."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.engine.load import open_engine, open_federation
from penstock.engine.types import Engine
from penstock.model.types import Count
from penstock.pipeline import Pipeline
from penstock.plan.gather import Gathering
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
    project: Project,
    engines: dict[str, Engine],
    policies: Policies | None = None,
    *,
    known: Mapping[str, Count] | None = None,
) -> Pipeline:
    """Put the project's rules, or others, before its databases, and count the tables not `known`.

    Raises ProjectError where the databases are not what the model says: a query would fail, or
    give a wrong number.
    """
    inspection = inspect(project, engines, known)
    if inspection.issues:
        raise ProjectError(inspection.issues)
    model = project.model.with_counts(inspection.counts)
    gate = Gate(model, project.policies if policies is None else policies)
    settings = project.federation
    federation = None
    if len(engines) > 1:
        federation = open_federation(engines, memory=settings.memory, threads=settings.threads)
    return Pipeline(
        gate,
        engines,
        project.limits,
        project.serving.timeout,
        federation=federation,
        gathering=find_gathering(project),
    )


def find_gathering(project: Project) -> Gathering | None:
    """Return the engine that is asked for what needs several databases, if there is one."""
    engine = project.federation.query_engine
    if engine is None:
        return None
    catalogs = {name: c.catalog for name, c in project.connectors.items() if c.catalog}
    return Gathering(engine, catalogs)
