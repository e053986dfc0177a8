"""What somebody types for a database → its address: engine, options, and what must stay secret."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from penstock.errors import ConfigurationError, suggestion
from penstock.project.connector import SECRET_WORDS
from penstock.project.draft.names import to_name
from penstock.project.draft.sources import find_sources
from penstock.project.draft.types import Address, Data, Option
from penstock.secret import Secret

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_MAGIC: Final = ((0, b"SQLite format 3\0", "sqlite"), (8, b"DUCK", "duckdb"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a project is written, the environment, and whether data is copied into it."""

    root: Path
    environ: Mapping[str, str]
    copy: bool = False


def read_address(text: str, place: Place) -> Address:
    """Read a path, or an URL. Raises ConfigurationError for what leads nowhere."""
    if "://" not in text:
        return _read_path(Path(text).expanduser(), place)
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError:
        # Without its words and without the cause: a password with a slash in it would be in them.
        raise ConfigurationError(
            "The address of the database cannot be read.",
            hint="Write scheme://user@host:port/name; % as %25, / as %2F, : as %3A, @ as %40.",
        ) from None
    read = _SCHEMES.get(url.scheme.partition("+")[0].lower())
    if read is None:
        raise ConfigurationError(
            f"No engine has addresses that begin with {url.scheme}://.",
            hint=suggestion(url.scheme, tuple(_SCHEMES))
            or f"There are {', '.join(f'{scheme}://' for scheme in _SCHEMES)}; or name a file.",
        )
    return read(url, place)


def _server(engine: str) -> Callable[[SplitResult, Place], Address]:
    """Return the reader of scheme://user:password@host:port/database?option=value."""

    def read(url: SplitResult, place: Place) -> Address:
        if not url.hostname:
            raise ConfigurationError(
                "The address names no host.", hint=f"Write {url.scheme}://user@host/database."
            )
        database = unquote(url.path.strip("/"))
        name = to_name(database or url.hostname, otherwise=engine)
        written: dict[str, Option] = {"host": url.hostname}
        if url.port is not None:
            written["port"] = url.port
        written |= {
            option: unquote(value)
            for option, value in (("database", database), ("user", url.username))
            if value
        }
        given = dict(parse_qsl(url.query, keep_blank_values=True))
        if url.password:
            given["password"] = unquote(url.password)
        hidden = {option: value for option, value in given.items() if _is_secret(option)}
        return Address(
            engine=engine,
            name=name,
            options={**written, **{o: _value(v) for o, v in given.items() if o not in hidden}},
            secrets=dict(_secrets(name, hidden, place)),
        )

    return read


def _value(text: str) -> Option:
    """Return what an option after the question mark stands for, as it would in the file."""
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else text


def _trino(url: SplitResult, place: Place) -> Address:
    """Read trino://user@host:port/catalog/schema."""
    catalog, _, schema = url.path.strip("/").partition("/")
    server = _server("trino")(url._replace(path=catalog), place)
    options = {"catalog" if o == "database" else o: v for o, v in server.options.items()}
    return replace(server, options={**options, **({"schema": schema} if schema else {})})


def _spark(url: SplitResult, place: Place) -> Address:
    """Read sc://host:port/;token=…, the address of Spark Connect."""
    if not url.hostname:
        raise ConfigurationError("The address names no host.", hint="Write sc://host:15002.")
    pairs = (part.partition("=") for part in url.path.strip("/").split(";") if part)
    given = {name: unquote(value) for name, _, value in pairs}
    name = to_name(url.hostname, otherwise="spark")
    hidden = {option: value for option, value in given.items() if _is_secret(option)}
    return Address(
        engine="spark",
        name=name,
        options={"url": f"sc://{url.hostname}:{url.port or 15002}"},
        secrets=dict(_secrets(name, hidden, place)),
    )


def _is_secret(option: str) -> bool:
    return any(word in option.lower() for word in SECRET_WORDS)


def _secrets(
    name: str, hidden: Mapping[str, str], place: Place
) -> Iterator[tuple[str, tuple[str, Secret]]]:
    """Yield for each secret option the variable that holds it; `${NAME}` names one already."""
    for option, value in hidden.items():
        named = _VARIABLE.fullmatch(value)
        variable = named[1] if named else f"{name}_{option}".upper()
        if named and variable not in place.environ:
            raise ConfigurationError(
                f"The environment has no variable {variable!r}.",
                hint=f"Start the command with {variable}=… before it.",
            )
        yield option, (variable, Secret(place.environ[variable] if named else value))


def _file(engine: str) -> Callable[[SplitResult, Place], Address]:
    """Return the reader of scheme:///path: three strokes for a relative path, four for others."""

    def read(url: SplitResult, place: Place) -> Address:
        path = Path(unquote(f"{url.netloc}{url.path.removeprefix('/')}"))
        return _database_file(path, engine, place)

    return read


def _read_path(path: Path, place: Place) -> Address:
    if path.is_dir() and path.name in {"", ".."}:
        path = path.resolve()
    if path.is_file() and (engine := _engine_of(path)) is not None:
        return _database_file(path, engine, place)
    sources = find_sources(path)
    is_folder = path.is_dir() and path not in sources.values()
    base = path if is_folder else path.parent
    return Address(
        engine="duckdb",
        name=to_name(base.resolve().name if is_folder else "files", otherwise="files"),
        files={name: _data(pattern, base, place, path) for name, pattern in sources.items()},
    )


def _engine_of(path: Path) -> str | None:
    """Return whose database a file is, by its first bytes."""
    with path.open("rb") as file:
        start = file.read(16)
    found = (engine for at, magic, engine in _MAGIC if start[at : at + len(magic)] == magic)
    return next(found, None)


def _database_file(path: Path, engine: str, place: Place) -> Address:
    if not path.is_file():
        raise ConfigurationError(f"There is no file {path}.", hint="Name a database file.")
    return Address(
        engine=engine,
        name=to_name(path.stem, otherwise=engine),
        database=_data(path, path.parent, place, path),
    )


def _data(found: Path, base: Path, place: Place, named: Path) -> Data:
    """Return data that lies in the project, or will once it is copied there.

    It is all, or a part, of what was named: `base` is the folder it is copied from.
    """
    absolute = found.absolute() if base == Path() else base.resolve() / found.relative_to(base)
    root = place.root.resolve()
    if root.is_relative_to(absolute):
        raise ConfigurationError(
            f"The project's folder {place.root} lies in the folder of the table {found}.",
            hint="Name another folder for the project, and add --copy; or make it above the table.",
        )
    if absolute.is_relative_to(root):
        return Data(absolute, absolute.relative_to(root).as_posix())
    if place.copy:
        return Data(absolute, f"data/{found.relative_to(base).as_posix()}")
    # The folder that what was named lies in, without the signs of a pattern.
    around = next(p for p in named.parents if not any(sign in str(p) for sign in "*?["))
    written = " ".join(shlex.quote(str(path)) for path in (around, "--from", named))
    raise ConfigurationError(
        f"{named} is not inside the project's folder {place.root}, where a project's files lie.",
        hint="Add --copy to copy the data there, or make the project in a folder that has it"
        f" inside: penstock init {written}",
    )


_SCHEMES: Final[Mapping[str, Callable[[SplitResult, Place], Address]]] = {
    "postgresql": _server("postgres"),
    "postgres": _server("postgres"),
    "mysql": _server("mysql"),
    "mariadb": _server("mariadb"),
    "clickhouse": _server("clickhouse"),
    "sc": _spark,
    "trino": _trino,
    "sqlite": _file("sqlite"),
    "duckdb": _file("duckdb"),
}
"""One entry for each way to name a database; the engine, and how its address is read."""
