"""Names of roles, wherever a project writes them, against those that it declares."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.errors import suggestion
from penstock.project.document import Document, Step
from penstock.project.report import Report


def check_roles(
    names: Sequence[str],
    roles: frozenset[str] | None,
    document: Document,
    loc: tuple[Step, ...],
    report: Report,
) -> None:
    for i, name in enumerate(names if roles is not None else ()):
        if roles is not None and name not in roles:
            report.add(
                document.place(*loc, i),
                "UNKNOWN_ROLE",
                f"There is no role {name!r}.",
                suggestion(name, sorted(roles)) or "Roles are declared in policies/.",
            )
