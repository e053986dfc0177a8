"""What somebody calls an API -> its id, in the state that is open here."""

from __future__ import annotations

from penstock.cli.place import choose_api
from penstock.store import apis, projects
from penstock.store.database import Database
from penstock.store.unit import looking


def find_api(database: Database, reference: str) -> str:
    """Return the id of `project/api`, or `api`. Raises NotFoundError, ConfigurationError."""
    return choose_api(api_names(database), reference)


def api_names(database: Database) -> dict[str, str]:
    """Return `project/api` of every API, by its id."""
    with looking(database) as look:
        every = apis.every(look)
        owners = {api.project for api in every}
        names = {owner: projects.get(look, owner).name for owner in owners}
        return {api.id: f"{names[api.project]}/{api.name}" for api in every}
