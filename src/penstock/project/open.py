"""A project → its databases, open, behind the pipeline."""

from __future__ import annotations

from penstock.engine.load import open_engine
from penstock.engine.types import Engine
from penstock.pipeline import Pipeline
from penstock.policy.permit import Gate
from penstock.policy.types import Policies
from penstock.project.types import Project


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
    """Put the project's rules, or others, before its databases; tables are counted now."""
    gate = Gate(project.model, project.policies if policies is None else policies)
    timeout = project.serving.timeout
    return Pipeline(gate, engines, project.limits, timeout).recounted()
