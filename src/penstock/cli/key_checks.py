"""What somebody wants of a key × where they stand → whether that means anything here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from penstock.auth.principal import PERMISSIONS
from penstock.cli.home import PANEL, is_typed
from penstock.cli.remote import ADDRESS
from penstock.errors import ConfigurationError, raise_all, suggestion
from penstock.project.files import ROOT_FILE
from penstock.project.load import check_project
from penstock.store.database import VARIABLE


def _check_here(context: typer.Context, home: Path) -> Path:
    """Refuse keys of a state folder where another manager is meant: it would not hear of them.

    `--home`, or PENSTOCK_DATABASE, says that these are meant all the same.
    """
    address = os.environ.get(ADDRESS)
    named = is_typed(context, "home") or VARIABLE in os.environ
    if address is None or named or context.resilient_parsing:
        return home
    raise ConfigurationError(
        f"{ADDRESS} names another manager, {address!r}, which does not hear of keys made here.",
        hint="Run `penstock keys` where that manager runs, or ask it: POST /api/v1/keys. "
        "--home FOLDER is for the keys of a state folder here.",
    )


KeysHome: TypeAlias = Annotated[
    Path,
    typer.Option(
        "--home",
        envvar="PENSTOCK_HOME",
        help="The state folder.",
        rich_help_panel=PANEL,
        callback=_check_here,
    ),
]


def check_wishes(roles: Sequence[str], permissions: Iterable[str], folder: Path) -> str | None:
    """Refuse roles that the project lacks, and permissions that open nothing.

    Returns why the roles could not be checked, None if they were. Raises ConfigurationError,
    SeveralErrors.
    """
    problems = [_unknown_permission(name) for name in permissions if name not in PERMISSIONS]
    remark = None
    if roles and not (folder / ROOT_FILE).is_file():
        remark = "No project is here, so its roles were not checked: --project names its folder."
    elif roles:
        project, _ = check_project(folder, os.environ)
        if project is None:
            remark = "The project has issues, so its roles were not checked: see penstock check."
        else:
            known = sorted(project.policies.roles)
            problems += [_unknown_role(role, known) for role in roles if role not in known]
    raise_all(problems)
    return remark


def _unknown_permission(name: str) -> ConfigurationError:
    return ConfigurationError(
        f"There is no permission {name!r}.",
        hint=suggestion(name, PERMISSIONS) or f"There are: {', '.join(PERMISSIONS)}.",
    )


def _unknown_role(role: str, known: Sequence[str]) -> ConfigurationError:
    there_are = f"There are: {', '.join(known)}." if known else "It has none: a key needs none."
    return ConfigurationError(
        f"The project has no role {role!r}.", hint=suggestion(role, known) or there_are
    )
