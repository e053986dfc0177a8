"""Why a principal may not ask, in words for a caller with a credential, or for a project's owner.

Whoever asks as somebody else, in the project's own folder, has no credential to mend.
"""

from __future__ import annotations

from collections.abc import Sequence

from penstock.auth.principal import LOCAL, Principal
from penstock.errors import ForbiddenError, MissingAttributeError, PenstockError, suggestion


def no_role(principal: Principal, known: Sequence[str]) -> ForbiddenError:
    if principal.kind != LOCAL:
        return ForbiddenError(
            "Your credential has no role in this project.",
            hint="Ask the project's owner for a role; every query needs one.",
        )
    asked = ", ".join(repr(role) for role in principal.roles) or "no role"
    near = (suggestion(role, known) for role in principal.roles)
    return ForbiddenError(
        f"There is no role {asked} in this project." if principal.roles else "A role is missing.",
        hint=next((hint for hint in near if hint), None) or f"There are {', '.join(known)}.",
    )


def lacking(principal: Principal, name: str) -> MissingAttributeError:
    if principal.kind != LOCAL:
        return MissingAttributeError(
            f"Your credential carries no attribute {name!r}, which decides the rows you may see.",
            hint=f"Ask for a credential with {name!r}.",
        )
    role = ",".join(principal.roles)
    return MissingAttributeError(
        f"The attribute {name!r} decides the rows that {role!r} may see, and is missing.",
        hint=f"Ask as {role}/{name}=VALUE.",
    )


def unfit(principal: Principal, problem: PenstockError | None = None) -> ForbiddenError:
    said = f" ({problem.detail})" if problem else ""
    if principal.kind != LOCAL:
        return ForbiddenError(
            f"An attribute of your credential does not fit the row filter it decides{said}",
            hint="Ask for a credential whose attributes have the expected form.",
        )
    return ForbiddenError(
        f"An attribute does not fit the row filter it decides{said}",
        hint="Mind its form: a text, a number, or a list of them, as the filter's attribute is.",
    )
