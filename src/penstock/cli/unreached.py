"""A database that does not answer → what its operator is told: where it should be, and why not.

Whoever asks a query is told neither.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from penstock.engine.load import open_engine
from penstock.engine.types import EngineSettings, Option
from penstock.errors import PenstockError, UnavailableError
from penstock.project.load import load_project
from penstock.project.types import Connector, Issue, Place, Project, ProjectError
from penstock.secret import Secret

_LONGEST: Final = 240
_GONE: Final = "…"
_PLACES: Final = frozenset({"host", "port"})
_CONNECTOR: Final = "See connectors/{}.yaml; `penstock check --offline` checks the files only."
_FROM: Final = "--from takes scheme://user@host:port/name."
# What drivers wrap the one sentence in that says what is the matter.
_WRAPPED: Final = (
    re.compile(r'details = "(.*?)"'),
    re.compile(r"Caused by \w+\([\"']?(?:\w+\(.*?\): )?(.*?)[\"']?\)\)"),
)


@contextmanager
def telling(folder: Path) -> Iterator[None]:
    """Say of the databases of a project that do not answer where each was looked for, and why not.

    The error itself says neither, nor which one it was: each that may be meant is asked again.
    """
    try:
        yield
    except (UnavailableError, ProjectError) as error:
        issues = error.issues if isinstance(error, ProjectError) else ()
        silent = [issue for issue in issues if issue.code == UnavailableError.code]
        if issues and not silent:
            raise
        files = {issue.file for issue in silent}
        told = tuple(_refusals(load_project(folder, os.environ), files))
        if not told:
            raise
        retold = {issue.file for issue in told}
        others = (i for i in issues if i not in silent or i.file not in retold)
        raise ProjectError((*told, *others)) from error


def _refusals(project: Project, files: set[str]) -> Iterator[Issue]:
    """Yield what keeps databases from retold: those of the files, or all where none is named."""
    for name, connector in project.connectors.items():
        place = project.places["connectors", name]
        error = _refusal(connector) if place.file in files or not files else None
        if error is not None:
            yield as_issue(error, connector, place)


def _refusal(connector: Connector) -> PenstockError | None:
    try:
        engine = open_engine(connector.engine, connector.settings)
    except PenstockError as error:
        return error
    try:
        engine.ping()
    except PenstockError as error:
        return error
    finally:
        with suppress(PenstockError):
            engine.close()
    return None


def as_issue(error: PenstockError, connector: Connector, place: Place) -> Issue:
    message, hint = tell_operator(error, connector.settings)
    return Issue(code=error.code, message=message, hint=hint, **asdict(place))


def tell_operator(
    error: PenstockError, settings: EngineSettings, *, written: bool = True
) -> tuple[str, str | None]:
    """Return the sentence and the hint of an error of opening a database or waking it.

    `written` is whether there is a connector file already that says where it is.
    """
    if not isinstance(error, UnavailableError):
        return error.detail, error.hint
    where, why = _where(settings), _why(error, settings)
    said = ", ".join(filter(None, (f"looked for at {where}" if where else "", why)))
    see = _CONNECTOR.format(settings.database) if written else _FROM
    hint = error.hint or f"Is it there, running, and reachable from here? {see}"
    return f"{error.detail.removesuffix('.')}: {said}." if said else error.detail, hint


def _where(settings: EngineSettings) -> str:
    """Return host and port, or the file below the project, without anything else."""
    options = settings.options
    url = urlsplit(_plain(options.get("url", "")))
    host = _plain(options.get("host", "")) or url.hostname or ""
    port = _plain(options.get("port", "")) or url.netloc.rpartition("@")[2].rpartition(":")[2]
    if host:
        return f"{host}:{port}" if port.isdigit() else host
    file = _plain(options.get("database", options.get("path", "")))
    return file and str(_below(Path(file), settings.root))


def _below(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path


def _why(error: PenstockError, settings: EngineSettings) -> str:
    """Return the driver's own first line, without what nobody should read."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    if cause is error or isinstance(cause, PenstockError):
        return ""
    last: object = cause.args[-1] if cause.args else None
    said = last if isinstance(last, str) else str(cause)
    for wrapping in _WRAPPED:
        found = wrapping.search(said)
        said = found[1] if found else said
    line = next(iter(said.strip().splitlines()), "")
    for hidden in sorted(_hidden(settings), key=len, reverse=True):
        line = line.replace(hidden, _GONE)
    return line[:_LONGEST].strip().rstrip(".")


def _hidden(settings: EngineSettings) -> Iterator[str]:
    """Yield every way to write what the environment said, but for where a server is."""
    for name, option in settings.options.items():
        if name == "url":
            url = urlsplit(_plain(option))
            pieces = [_plain(option), *(value for _, value in parse_qsl(url.query))]
            secret, shown = [*pieces, url.password or "", *url.path.split(";")[1:]], True
        else:
            secret, shown = [_plain(option)], isinstance(option, Secret) and name not in _PLACES
        for value in secret if shown else ():
            yield from filter(None, {value, quote(value, safe=""), unquote(value)})


def _plain(option: Option) -> str:
    return option.reveal() if isinstance(option, Secret) else str(option)
