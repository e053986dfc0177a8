"""Who is asking, however they proved it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None
AttributeValue: TypeAlias = Scalar | tuple[Scalar, ...]

PERMISSIONS: Final = ("refresh",)
"""Every operation that a key has to open."""

LOCAL: Final = "local"
"""The kind of who asks in the project's own folder, perhaps as somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """`attributes` are bound into row filters; `permissions` open operations such as `refresh`.

    `expires` is in epoch seconds, None for never.
    """

    subject: str
    kind: str
    roles: tuple[str, ...] = ()
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    permissions: frozenset[str] = frozenset()
    expires: float | None = None
