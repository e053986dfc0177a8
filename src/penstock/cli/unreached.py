"""A database that does not answer → what its operator is told: where it should be, and why not.

Whoever asks a query is told neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from penstock.engine.types import EngineSettings, Option
from penstock.errors import PenstockError, UnavailableError
from penstock.secret import Secret

_LONGEST: Final = 240
_GONE: Final = "…"
_PLACES: Final = frozenset({"host", "port"})
# What drivers wrap the one sentence in that says what is the matter.
_WRAPPED: Final = (
    re.compile(r'details = "(.*?)"'),
    re.compile(r"Caused by \w+\([\"']?(?:\w+\(.*?\): )?(.*?)[\"']?\)\)"),
)


def tell_operator(error: PenstockError, settings: EngineSettings) -> tuple[str, str | None]:
    """Return the sentence and the hint of an error of opening a database or waking it."""
    if not isinstance(error, UnavailableError):
        return error.detail, error.hint
    where, why = _where(settings), _why(error, settings)
    said = ", ".join(filter(None, (f"looked for at {where}" if where else "", why)))
    hint = error.hint or (
        f"Is it there, running, and reachable from here? See connectors/{settings.database}.yaml;"
        " --offline checks the files only."
    )
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
