"""A YAML file -> the smoke tests that a new colour must pass before it serves."""

from __future__ import annotations

from pathlib import Path

import msgspec

from penstock.deploy.rollout.types import SmokeTest
from penstock.errors import ConfigurationError
from penstock.project.compose import compose
from penstock.project.report import Report
from penstock.project.types import ProjectError

_HINT = "Write `tests:`, then a list: `- path: /query`, `body: …`, `status: 200`, `key: NAME`."


class _Test(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    path: str
    method: str | None = None
    body: object = None
    status: int = 200
    json: dict[str, str | int | float | bool | None] = {}
    within: float = 10.0
    key: str | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tests: tuple[_Test, ...]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.", hint=_HINT) from error


def read_smoke_tests(path: Path) -> tuple[SmokeTest, ...]:
    """Read a file of tests. Raises ProjectError, ConfigurationError."""
    report = Report()
    document = compose(path.name, _text(path), report, None)
    if document is None:
        raise ProjectError(report.issues)
    try:
        read = msgspec.convert(document.root.plain(), _File)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: {error}.", hint=_HINT) from error
    return tuple(
        SmokeTest(
            path=test.path,
            method=test.method or ("GET" if test.body is None else "POST"),
            body=None if test.body is None else msgspec.json.encode(test.body).decode(),
            status=test.status,
            json=test.json,
            within=test.within,
            key=test.key,
        )
        for test in read.tests
    )
