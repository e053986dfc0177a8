"""What somebody wants of a key × the project they stand in → whether that means anything here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from penstock.auth.principal import PERMISSIONS
from penstock.errors import ConfigurationError, raise_all, suggestion
from penstock.project.files import ROOT_FILE
from penstock.project.load import check_project


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
