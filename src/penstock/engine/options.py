"""The options of a connector, read one by one."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.engine.types import EngineSettings, Option
from penstock.errors import ConfigurationError
from penstock.secret import Secret


def check_options(settings: EngineSettings, known: Sequence[str]) -> None:
    """Raise ConfigurationError for an option that nobody reads."""
    unknown = sorted(set(settings.options) - set(known))
    if unknown:
        raise ConfigurationError(
            f"There is no option {unknown[0]!r}, which database {settings.database!r} sets.",
            hint=f"See `options` in connectors/{settings.database}.yaml;"
            f" known are {', '.join(known)}.",
        )


def read_text(settings: EngineSettings, name: str) -> str | None:
    """Return an option that is text, or a secret. Raises ConfigurationError."""
    value = settings.options.get(name)
    if isinstance(value, Secret):
        return value.reveal()
    if value is None or isinstance(value, str):
        return value
    raise ConfigurationError(
        f"The option {name!r} of database {settings.database!r} is not text.",
        hint=f"See connectors/{settings.database}.yaml.",
    )


def require_text(settings: EngineSettings, name: str) -> str:
    """Return an option that has to be there. Raises ConfigurationError."""
    value = read_text(settings, name)
    if value:
        return value
    raise ConfigurationError(
        f"Database {settings.database!r} needs the option {name!r}.",
        hint=f"Write it in connectors/{settings.database}.yaml.",
    )


def reveal(value: Option, *, number: bool) -> Option:
    """Return a value as it is meant: what comes from the environment is a text, digits too."""
    if not isinstance(value, Secret):
        return value
    text = value.reveal()
    return int(text) if number and text.isascii() and text.isdigit() else text
