"""The options of a connector, read one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from penstock.engine.types import EngineSettings, Option
from penstock.errors import ConfigurationError, PenstockError, suggestion
from penstock.secret import Secret


@dataclass(frozen=True, slots=True)
class Kind:
    """What an option may be; `said` is the end of the sentence "The option … is …"."""

    said: str
    fits: Callable[[Option], bool]


def _is_number(value: Option) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


TEXT: Final = Kind("text", lambda value: isinstance(value, str))
NUMBER: Final = Kind("a whole number above 0", _is_number)
SWITCH: Final = Kind("true or false", lambda value: isinstance(value, bool))

Known: TypeAlias = Mapping[str, Kind]


def one_of(words: Sequence[str]) -> Kind:
    """Return what is one of these words, in capitals or small letters."""
    return Kind(
        f"one of {', '.join(words)}",
        lambda value: isinstance(value, str) and value.lower() in words,
    )


def reveal_options(settings: EngineSettings, known: Known) -> dict[str, Option]:
    """Return all options as they are meant, those without a value too."""
    return {
        name: _reveal(value, number=known.get(name) is NUMBER)
        for name, value in settings.options.items()
    }


def find_problems(
    options: Mapping[str, Option], known: Known, product: str, database: str
) -> list[PenstockError]:
    """Return what is wrong with options: none of them unknown, and each of its kind."""
    problems: list[PenstockError] = [
        ConfigurationError(
            f"{product} has no option {name!r}, which database {database!r} sets.",
            hint=suggestion(name, tuple(known)) or f"Known are {', '.join(known)}.",
        )
        for name in options
        if name not in known
    ]
    problems += [
        ConfigurationError(
            f"The option {name!r} of {database!r} is {known[name].said}.",
            hint=f"See connectors/{database}.yaml.",
        )
        for name, value in options.items()
        if name in known and value is not None and not known[name].fits(value)
    ]
    return problems


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


def _reveal(value: Option, *, number: bool) -> Option:
    """Return a value as it is meant: what comes from the environment is a text, digits too."""
    if not isinstance(value, Secret):
        return value
    text = value.reveal()
    return int(text) if number and text.isascii() and text.isdigit() else text
