"""Removing something with all that is of it; nothing that runs can be removed."""

from __future__ import annotations

from sqlalchemy import ColumnElement, delete, select

from penstock.errors import ConflictError
from penstock.store import (
    apis,
    bindings,
    domains,
    keys,
    node_logs,
    projects,
    settings,
    subjects,
    tokens,
    variables,
    versions,
)
from penstock.store.apis import ApiRow
from penstock.store.bindings import BindingRow
from penstock.store.builds import BuildRow, LineRow
from penstock.store.unit import Work
from penstock.store.versions import HeldRow, VersionRow


def remove_project(work: Work, project: str) -> None:
    """Raise ConflictError while it has an API."""
    projects.get(work, project)
    if work.session.scalar(select(ApiRow.id).where(ApiRow.project == project)) is not None:
        raise ConflictError("The project has APIs.", hint="Remove them first.")
    _unbind(work, BindingRow.project == project)
    projects.forget(work, project)


def remove_api(work: Work, api: str) -> None:
    """Remove an API with its versions, variables, domains, settings and logs that were kept.

    Its keys are revoked. Builds, deployments and usage stay, as history. Raises ConflictError while
    a version of it is deployed.
    """
    apis.get(work, api)
    held = work.session.scalar(select(HeldRow.environment).where(HeldRow.api == api).limit(1))
    if held is not None:
        raise ConflictError(f"The API is deployed in {held}.", hint="Stop it first.")
    for version in work.session.scalars(select(VersionRow.id).where(VersionRow.api == api)).all():
        remove_version(work, version)
    variables.remove_all(work, api)
    settings.remove_all(work, api)
    domains.remove_all(work, api)
    node_logs.remove_all(work, api)
    keys.revoke_all(work, api)
    _unbind(work, BindingRow.api == api)
    work.session.flush()
    apis.forget(work, api)


def remove_version(work: Work, version: str) -> None:
    """Remove a version and the logs of its builds. Raises ConflictError while it is deployed."""
    versions.remove(work, version)
    builds = select(BuildRow.id).where(BuildRow.version == version)
    work.session.execute(delete(LineRow).where(LineRow.build.in_(builds)))


def remove_subject(work: Work, subject: str) -> None:
    """Remove somebody: their tokens are revoked, and stay for the audit log's sake."""
    tokens.revoke_all(work, subject)
    _unbind(work, BindingRow.subject == subject)
    subjects.forget(work, subject)


def _unbind(work: Work, condition: ColumnElement[bool]) -> None:
    for binding in work.session.scalars(select(BindingRow.id).where(condition)).all():
        bindings.remove(work, binding)
