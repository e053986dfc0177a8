"""What somebody may do, and where: permissions of roles, bound to everything or to a part."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from penstock.store.paging import ALL, Reach

PATTERN: Final = r"(\*|[a-z]+):(\*|[a-z]+):(\*|[a-z]+)"
_FORM: Final = re.compile(PATTERN)


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Where something is: in an API of a project, in a project, or (both None) in neither."""

    project: str | None = None
    api: str | None = None


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """Permissions on everything (both None), on a project with all its APIs, or on one API."""

    permissions: frozenset[str]
    project: str | None = None
    api: str | None = None

    def reaches(self, scope: Scope) -> bool:
        if self.api is not None:
            return scope.api == self.api
        return self.project is None or scope.project == self.project


@dataclass(frozen=True, slots=True)
class Grants:
    """All that somebody was granted; more grants never take anything away."""

    grants: tuple[Grant, ...]

    def allow(self, permission: str, scope: Scope) -> bool:
        return any(
            grant.reaches(scope) and includes(grant.permissions, permission)
            for grant in self.grants
        )

    def allow_somewhere(self, permission: str) -> bool:
        return any(includes(grant.permissions, permission) for grant in self.grants)

    def reach(self, permission: str) -> Reach:
        """Return where a permission holds: what lists are narrowed to."""
        found = [grant for grant in self.grants if includes(grant.permissions, permission)]
        if any(grant.project is None and grant.api is None for grant in found):
            return ALL
        return Reach(
            projects=frozenset(g.project for g in found if g.project and g.api is None),
            apis=frozenset(g.api for g in found if g.api),
        )

    def cover(self, others: Iterable[Grant]) -> bool:
        """Whether somebody with these may give others away: nobody gives more than they have."""
        return all(
            any(
                mine.reaches(Scope(project=other.project, api=other.api))
                and includes(mine.permissions, permission)
                for mine in self.grants
            )
            for other in others
            for permission in other.permissions
        )


NOTHING: Final = Grants(())
EVERYTHING: Final = Grants((Grant(permissions=frozenset({"*:*:*"})),))


def includes(held: Iterable[str], wanted: str) -> bool:
    """Whether one of the permissions held covers one wanted, which may have wildcards itself."""
    parts = wanted.split(":")
    return any(
        all(mine in {"*", theirs} for mine, theirs in zip(one.split(":"), parts, strict=True))
        for one in held
    )


def is_permission(text: str) -> bool:
    return _FORM.fullmatch(text) is not None
