"""The gate between a team's databases and its applications."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.local import AnswerWarning, As, Project

__all__ = ["AnswerWarning", "As", "Project"]


def __getattr__(name: str) -> object:
    """Load the pipeline and its drivers only for who uses them: `penstock --help` does not."""
    if name in __all__:
        from penstock import local  # noqa: PLC0415 - see above

        return getattr(local, name)
    raise AttributeError(name)
