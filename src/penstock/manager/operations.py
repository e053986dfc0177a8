"""Every operation there is."""

from __future__ import annotations

from typing import Final

from penstock.manager.resources import (
    apis,
    audit,
    builds,
    configuration,
    deployments,
    environments,
    issuing,
    keys,
    people,
    projects,
    roles,
    session,
    variables,
    versions,
)
from penstock.manager.routes import Route

ROUTES: Final[tuple[Route, ...]] = (
    *projects.ROUTES,
    *apis.ROUTES,
    *versions.ROUTES,
    *builds.ROUTES,
    *environments.ROUTES,
    *deployments.ROUTES,
    *variables.ROUTES,
    *configuration.ROUTES,
    *keys.ROUTES,
    *people.ROUTES,
    *issuing.ROUTES,
    *roles.ROUTES,
    *session.ROUTES,
    *audit.ROUTES,
)
