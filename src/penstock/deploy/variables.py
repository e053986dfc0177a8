"""The name of a variable -> whether nodes may be started with it."""

from __future__ import annotations

import re
from typing import Final

from penstock.errors import ManagementError

_FORM: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
# Who sets these runs a program of theirs in the node, or takes our own settings from it.
_OURS: Final = re.compile(
    r"(PENSTOCK_|LD_|DYLD_|PYTHON|BASH_|NODE_OPTIONS)\w*|PATH|HOME|IFS|ENV", re.IGNORECASE
)


def check_variable(name: str) -> None:
    """Raise ManagementError for what a variable or a secret cannot be called."""
    if not _FORM.fullmatch(name) or _OURS.fullmatch(name):
        raise ManagementError(
            f"{name[:128]!r} cannot be the name of a variable here.",
            hint="Letters, digits and _; not PENSTOCK_…, PATH, nor what changes how programs load.",
        )
