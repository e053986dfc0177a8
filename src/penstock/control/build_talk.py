"""What a manager and a build that runs apart from it say to each other, as lines of JSON."""

from __future__ import annotations

import msgspec


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    folder: str
    artifacts: str
    project: str
    api: str
    version: str
    environ: dict[str, str] = {}


class Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`line` while it goes on; `digest` at a good end, `errors` at a bad one."""

    line: str | None = None
    digest: str | None = None
    errors: tuple[str, ...] = ()
