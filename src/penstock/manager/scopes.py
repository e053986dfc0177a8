"""The ids of a path -> whose they are; an id of nothing is not found."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from penstock.deploy.types import check_environment
from penstock.errors import ForbiddenError, NotFoundError
from penstock.manager.callers import Caller
from penstock.manager.context import ManagerContext
from penstock.manager.routes import Lists, Open, Reads, Route
from penstock.store import (
    apis,
    artifacts,
    bindings,
    builds,
    deployments,
    keys,
    node_logs,
    projects,
    subjects,
    tokens,
    versions,
)
from penstock.store.grants import Scope
from penstock.store.subjects import SubjectKind
from penstock.store.unit import Look

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}")


def _of_project(look: Look, project: str) -> Scope:
    return Scope(project=projects.get(look, project).id)


def _of_api(look: Look, api: str) -> Scope:
    return Scope(project=apis.get(look, api).project, api=api)


def _of_version(look: Look, version: str) -> Scope:
    found = versions.get(look, version)
    return Scope(project=found.project, api=found.api)


def _of_build(look: Look, build: str) -> Scope:
    return _history(look, builds.get(look, build).api)


def _of_deployment(look: Look, deployment: str) -> Scope:
    return _history(look, deployments.get(look, deployment).api)


def _of_artifact(look: Look, digest: str) -> Scope:
    return _history(look, artifacts.get(look, digest).api_id)


def _of_key(look: Look, key: str) -> Scope:
    return _history(look, keys.get(look, key).record.api)


def _of_binding(look: Look, binding: str) -> Scope:
    return bindings.get(look, binding).scope


def _of_person(look: Look, person: str) -> Scope:
    subjects.get(look, person, SubjectKind.PERSON)
    return Scope()


def _of_account(look: Look, account: str) -> Scope:
    subjects.get(look, account, SubjectKind.ACCOUNT)
    return Scope()


def _of_token(look: Look, token: str) -> Scope:
    tokens.get(look, token)
    return Scope()


def _history(look: Look, api: str | None) -> Scope:
    """Return the scope of what outlives its API; that of an API which is gone is of the whole."""
    project = apis.project_of(look, api)
    return Scope() if project is None else Scope(project=project, api=api)


_RESOLVERS: Final[Mapping[str, Callable[[Look, str], Scope]]] = {
    "project_id": _of_project,
    "api_id": _of_api,
    "version_id": _of_version,
    "build_id": _of_build,
    "deployment_id": _of_deployment,
    "digest": _of_artifact,
    "key_id": _of_key,
    "binding_id": _of_binding,
    "person_id": _of_person,
    "account_id": _of_account,
    "token_id": _of_token,
}


def authorise(
    look: Look, context: ManagerContext, route: Route, caller: Caller, ids: Mapping[str, str]
) -> Scope:
    """Return the scope of what a path names, if the caller may do there what the route does.

    Raises ForbiddenError for who may it nowhere. Who may it elsewhere is told what everybody is
    told of an id that does not exist: NotFoundError.
    """
    permission = route.permission
    if not isinstance(permission, Open) and not caller.grants.allow_somewhere(permission):
        raise ForbiddenError(
            f"This needs the permission {permission}.",
            hint="Ask whoever may bind roles; GET /api/v1/me shows what you have.",
        )
    scope = _resolve(look, context, ids)
    if isinstance(permission, Open) or caller.grants.allow(permission, scope):
        return scope
    if any(name in _RESOLVERS or name == "node_id" for name in ids):
        raise _nothing(ids)
    if isinstance(route.handler, Lists | Reads) and route.handler.narrowed:
        return scope
    raise ForbiddenError(f"This needs the permission {permission} everywhere.")


def _resolve(look: Look, context: ManagerContext, ids: Mapping[str, str]) -> Scope:
    scope = Scope()
    for name, value in ids.items():
        if name in _RESOLVERS or name == "node_id":
            if not value.isprintable() or len(value) > 128:  # noqa: PLR2004 longer than any id
                raise _nothing(ids)
            scope = _resolved(look, context, name, ids)
        elif name == "environment":
            check_environment(value)
        elif not _NAME.fullmatch(value):
            raise _nothing(ids)
    return scope


def _resolved(look: Look, context: ManagerContext, name: str, ids: Mapping[str, str]) -> Scope:
    try:
        if name == "node_id":
            return _of_node(look, context, ids[name])
        return _RESOLVERS[name](look, ids[name])
    except NotFoundError as error:
        raise _nothing(ids) from error


def _of_node(look: Look, context: ManagerContext, node: str) -> Scope:
    for status in context.desk.statuses():
        if any(one.id == node for one in status.nodes):
            return _history(look, status.api)
    return _history(look, node_logs.get(look, node).api)


def _nothing(ids: Mapping[str, str]) -> NotFoundError:
    return NotFoundError(f"There is no {next(iter(ids.values()))[:64]!r}.")
