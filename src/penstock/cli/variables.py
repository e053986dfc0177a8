"""`penstock variables`: what the nodes of an API are started with, secrets among it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from penstock.cli.completing import offer
from penstock.cli.deploy import described_api, ensure_api, read_parcel
from penstock.cli.home import DEFAULT_HOME, AsJson, Home
from penstock.cli.listing import print_list
from penstock.cli.place import (
    PRODUCTION,
    EnvironmentOption,
    Target,
    complete_api,
    find_target,
    text,
)
from penstock.cli.remote import Manager, open_manager, part
from penstock.deploy.variables import check_variable
from penstock.errors import ConfigurationError, NotFoundError, PenstockError, raise_all
from penstock.project.files import is_project

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Set what an API's nodes are started with: `${NAME}` in its connectors.",
    epilog="Start with: penstock variables set PG_HOST=db.internal; a change needs a deployment.",
)
ApiOption = Annotated[
    str | None,
    typer.Option(
        "--api",
        help="`project/api`; may be left out where there is one only.",
        autocompletion=complete_api,
    ),
]


def complete_variable(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the names that are set where the rest of the line says."""
    api, environment = (context.params.get(name) for name in ("api", "environment"))

    def read(manager: Manager) -> list[str]:
        target = find_target(manager, api or _of_folder(), environment or PRODUCTION)
        kinds = ("variables", "secrets")
        return [text(one, "name") for k in kinds for one in manager.items(f"{target.path}/{k}")]

    return offer(context, incomplete, read)


@app.command("list")
def list_variables(
    *,
    api: ApiOption = None,
    environment: EnvironmentOption = PRODUCTION,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """List the variables of an API, and the names of its secrets: those are never shown.

    Example: penstock variables list --api flights
    """
    with open_manager(home) as manager:
        target = find_target(manager, api or _of_folder(), environment)
        found = list(manager.items(f"{target.path}/variables"))
        found += list(manager.items(f"{target.path}/secrets"))
    found = [{**variable, "api_name": target.name} for variable in found]
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("NAME")
    table.add_column("VALUE", overflow="fold")
    for variable in sorted(found, key=lambda it: text(it, "name")):
        shown = "(secret)" if variable.get("secret") else text(variable, "value")
        table.add_row(text(variable, "name"), shown)
    print_list(table, "There are none.")


@app.command("set")
def set_variable(
    pairs: Annotated[
        list[str], typer.Argument(metavar="NAME=VALUE…", help="With --secret only names.")
    ],
    *,
    secret: Annotated[
        bool, typer.Option("--secret", help="Read the value from a prompt or standard input.")
    ] = False,
    api: ApiOption = None,
    environment: EnvironmentOption = PRODUCTION,
    home: Home = DEFAULT_HOME,
) -> None:
    """Set variables, or a secret: it is encrypted at rest, and nobody can read it back.

    Example: penstock variables set --secret PG_PASSWORD
    """
    wanted = _secrets(pairs) if secret else _pairs(pairs)
    kind = "secrets" if secret else "variables"
    with open_manager(home) as manager:
        target = _target(manager, api, environment)
        for name, value in wanted.items():
            manager.put(f"{target.path}/{kind}/{part(name)}", {"value": value})
        Console().print(f"{', '.join(wanted)} set. Nodes that are started from now on have it.")
        _tell_of_nothing(manager, target)


@app.command("unset")
def unset_variable(
    names: Annotated[list[str], typer.Argument(metavar="NAME…", autocompletion=complete_variable)],
    *,
    api: ApiOption = None,
    environment: EnvironmentOption = PRODUCTION,
    home: Home = DEFAULT_HOME,
) -> None:
    """Remove variables or secrets.

    Example: penstock variables unset PG_HOST
    """
    raise_all(list(_wrong_names(names)))
    with open_manager(home) as manager:
        target = find_target(manager, api or _of_folder(), environment)
        secrets = {text(it, "name") for it in manager.items(f"{target.path}/secrets")}
        for name in names:
            kind = "secrets" if name in secrets else "variables"
            _remove(manager, f"{target.path}/{kind}/{part(name)}")
        Console().print(f"{', '.join(names)} removed.")


def _tell_of_nothing(manager: Manager, target: Target) -> None:
    """Say so where the environment has nothing yet: its name may be a slip of the hand."""
    if target.environment == PRODUCTION:
        return
    try:
        manager.get(target.path)
    except NotFoundError:
        Console().print(
            f"Nothing was ever deployed in {target.environment!r} of {target.name}: "
            f"`penstock deploy -e {target.environment}` does it.",
            highlight=False,
        )
    except PenstockError:  # whoever sets variables may see no deployment
        return


def _target(manager: Manager, api: str | None, environment: str) -> Target:
    """Return the API meant: in a project's folder its own, known already or not."""
    folder = Path()
    if api is None and is_project(folder):
        return ensure_api(manager, read_parcel(folder), environment)
    return find_target(manager, api, environment)


def _of_folder() -> str | None:
    """Return the API of a project's folder, where this is one."""
    folder = Path()
    return described_api(folder) if is_project(folder) else None


def _remove(manager: Manager, path: str) -> None:
    try:
        manager.delete(path)
    except NotFoundError as error:
        hint = error.hint or "`penstock variables list` shows the names of all."
        raise NotFoundError(error.detail, hint=hint) from error


def _pairs(texts: list[str]) -> dict[str, str]:
    """Return the values by name. Raises all that is wrong with them at once."""
    found: dict[str, str] = {}
    wrong: list[PenstockError] = []
    for pair in texts:
        name, equals, value = pair.partition("=")
        if not equals:
            said = f"{pair!r} is not NAME=VALUE."
            hint = "For a secret: --secret, and the name only."
            wrong.append(ConfigurationError(said, hint=hint))
        elif name in found:
            wrong.append(ConfigurationError(f"{name!r} is set twice.", hint="Set it once."))
        else:
            wrong.extend(_wrong_names([name]))
        found[name] = value
    raise_all(wrong)
    return found


def _wrong_names(names: Iterable[str]) -> Iterator[PenstockError]:
    """Yield what a manager would refuse them with."""
    for name in names:
        try:
            check_variable(name)
        except PenstockError as error:
            yield error


def _secrets(names: list[str]) -> dict[str, str]:
    """Read a secret for each name; never from the command line, which everybody can see."""
    if any("=" in name for name in names):
        raise ConfigurationError(
            "A secret's value does not belong on a command line.",
            hint="Give its name only; the value is asked for, or read from standard input.",
        )
    raise_all(list(_wrong_names(names)))
    if sys.stdin.isatty():
        return {name: typer.prompt(name, hide_input=True) for name in names}
    if len(names) > 1:
        raise ConfigurationError("Standard input holds one value: give one name.")
    return {names[0]: sys.stdin.read().rstrip("\n")}
