"""What somebody calls an API at a terminal -> which one it is, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, TypeAlias

import typer

from penstock.cli.completing import offer
from penstock.cli.remote import Manager
from penstock.deploy.types import check_environment
from penstock.errors import ConfigurationError, NotFoundError, suggestion
from penstock.query.types import Json


def complete_api(context: typer.Context, incomplete: str) -> list[str]:
    """Offer `project/api`, and `api` alone where somebody begins so."""

    def read(manager: Manager) -> list[str]:
        names = api_names(manager).values()
        return [*names, *(name.split("/")[1] for name in names)]

    return offer(context, incomplete, read)


def complete_environment(context: typer.Context, incomplete: str) -> list[str]:
    def read(manager: Manager) -> list[str]:
        return [PRODUCTION, *(place[1] for place in _places(manager))]

    return offer(context, incomplete, read)


def _places(manager: Manager) -> Iterator[tuple[str, str]]:
    for api in manager.items("/apis", limit=200):
        for found in manager.items(f"/apis/{text(api, 'id')}/environments"):
            yield text(api, "id"), text(found, "environment")


ApiArgument: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="[API]",
        help="`project/api`, or `api`; may be left out where there is one only.",
        autocompletion=complete_api,
    ),
]


def _checked(name: str) -> str:
    check_environment(name)
    return name


EnvironmentOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--environment",
        "-e",
        envvar="PENSTOCK_ENVIRONMENT",
        help="The API's environment.",
        callback=_checked,
        autocompletion=complete_environment,
    ),
]
PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Target:
    """An API of a manager, in one environment; `path` is where its REST resources are."""

    api: str
    name: str
    environment: str

    @property
    def path(self) -> str:
        return f"/apis/{self.api}/environments/{self.environment}"


def find_target(manager: Manager, reference: str | None, environment: str) -> Target:
    """Return the API of a name. Raises NotFoundError, ConfigurationError."""
    names = api_names(manager)
    api = choose_api(names, reference)
    return Target(api, names[api], environment)


def choose_api(names: Mapping[str, str], reference: str | None) -> str:
    """Return the id of an API, of their names by id. Raises NotFoundError, ConfigurationError."""
    found = [api for api, name in names.items() if reference in (None, name, name.split("/")[1])]
    if len(found) == 1:
        return found[0]
    if not names:
        raise NotFoundError(
            "There is no API yet.", hint="`penstock deploy` in a project's folder makes one."
        )
    if found:
        several = ", ".join(sorted(names[api] for api in found))
        raise ConfigurationError("Which API?", hint=f"Name one of: {several}")
    short = (name.split("/")[1] for name in names.values())
    near = suggestion(str(reference), (*names.values(), *short))
    raise NotFoundError(
        f"There is no API {reference!r}.",
        hint=near or f"There are: {', '.join(sorted(names.values()))}",
    )


def api_names(manager: Manager) -> dict[str, str]:
    """Return `project/api` of every API, by its id."""
    projects = {text(p, "id"): text(p, "name") for p in manager.items("/projects", limit=200)}
    return {
        text(api, "id"): f"{projects.get(text(api, 'project'), '?')}/{text(api, 'name')}"
        for api in manager.items("/apis", limit=200)
    }


def named(record: dict[str, Json], target: Target, versions: Mapping[str, str]) -> dict[str, Json]:
    """Return a record of a deployment with the names of its API and its version."""
    return {
        **record,
        "api_name": target.name,
        "version_name": versions.get(text(record, "version")),
    }


def version_names(manager: Manager, target: Target) -> dict[str, str]:
    """Return the name of every version of an API, by its id."""
    found = manager.items("/versions", api=target.api, limit=200)
    return {text(version, "id"): text(version, "name") for version in found}


def text(record: dict[str, Json], name: str) -> str:
    """Return a field of a record that is a text."""
    value = record.get(name)
    return value if isinstance(value, str) else ""
