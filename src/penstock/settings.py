"""Environment → one frozen value, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from penstock.errors import ConfigurationError, suggestion

_LEVELS: Final = ("debug", "info", "warning", "error")
_FORMATS: Final = ("text", "json")
_PORTS: Final = range(65536)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a machine decides, not a project.

    `home` is the folder of everything that must last: keys, the last snapshot, usage not yet
    told. A `port` of 0 is any free one.
    """

    home: Path = Path(".penstock")
    host: str = "127.0.0.1"
    port: int = 8080
    log_level: str = "info"
    log_format: str = "text"


def read_settings(environ: Mapping[str, str], **options: str | int | Path | None) -> Settings:
    """Read PENSTOCK_HOME, PENSTOCK_HOST, PENSTOCK_PORT, PENSTOCK_LOG_LEVEL, PENSTOCK_LOG_FORMAT.

    An option of the command line that is not None wins. Raises ConfigurationError.
    """
    default = Settings()
    given = {name: str(value) for name, value in options.items() if value is not None}
    taken = {
        name: given.get(name) or environ.get(f"PENSTOCK_{name.upper()}") or str(fallback)
        for name, fallback in (
            ("home", default.home),
            ("host", default.host),
            ("port", default.port),
            ("log_level", default.log_level),
            ("log_format", default.log_format),
        )
    }
    return Settings(
        home=Path(taken["home"]),
        host=taken["host"],
        port=_port(taken["port"]),
        log_level=_word("log_level", taken["log_level"], _LEVELS),
        log_format=_word("log_format", taken["log_format"], _FORMATS),
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:6]) in _PORTS):
        raise ConfigurationError(
            f"{text!r} is not a port.", hint="A port is a number from 0 to 65535, 0 for any free."
        )
    return int(text)


def _word(name: str, text: str, known: tuple[str, ...]) -> str:
    word = text.lower()
    if word not in known:
        raise ConfigurationError(
            f"The {name.replace('_', ' ')} {text!r} does not exist.",
            hint=suggestion(word, known) or f"There are: {', '.join(known)}.",
        )
    return word
