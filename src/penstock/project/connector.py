"""connectors/<database>.yaml → Connector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import Field

from penstock.engine.types import EngineSettings
from penstock.engine.types import Option as EngineOption
from penstock.errors import suggestion
from penstock.project.document import Document
from penstock.project.fields import Count, Option, Size, Strict, Text, check_name
from penstock.project.files import check_file
from penstock.project.report import Report
from penstock.project.types import Connector, Place
from penstock.project.validate import validate
from penstock.secret import Secret

SECRET_WORDS: Final = ("password", "secret", "token", "private_key", "passphrase")

_IN_FILES: Final = frozenset({"duckdb", "sqlite"})  # whose `database` is a file of the project


class ConnectorFile(Strict):
    engine: str
    description: str | None = None
    catalog: Text | None = None
    files: dict[str, Text] = Field(default_factory=dict)
    database: Text | None = None
    memory: Size = 1 << 30
    threads: Count = 2
    options: dict[str, Option] = Field(default_factory=dict)


def read_connector(
    name: str, document: Document, root: Path, engines: Sequence[str], report: Report
) -> Connector | None:
    """Read one database. `engines` are the names of those installed here."""
    _check_file_name(name, document, report)
    valid = validate(ConnectorFile, document, report)
    if valid is None:
        return None
    file, document = valid.value, valid.document
    if file.engine not in engines:
        report.add(
            document.place("engine"),
            "UNKNOWN_ENGINE",
            f"There is no engine {file.engine!r} here.",
            suggestion(file.engine, engines)
            or f"There are {', '.join(sorted(engines)) or 'none'}.",
        )
    is_lost = document.at("database").lost
    if file.engine == "duckdb" and not is_lost and (file.database is None) == (not file.files):
        report.add(
            document.place(),
            "INVALID_VALUE",
            "The data of a DuckDB database is in files, or in a database of its own.",
            "Give `files`, a table and its file or glob on each line, or `database`.",
        )
    _check_secrets(document, file.options, report)
    _check_options(document, file, report)
    return Connector(
        name=name,
        engine=file.engine,
        description=file.description,
        catalog=file.catalog,
        elsewhere=_elsewhere(document),
        settings=EngineSettings(
            database=name,
            root=root,
            files={
                # One that was reported stays: nobody need miss its table as well.
                table: root
                if not document.is_known(pattern)
                else check_file(pattern, root, document, report, "files", table) or root
                for table, pattern in file.files.items()
            },
            options=_options(file, document, root, report),
            memory=file.memory,
            threads=file.threads,
        ),
    )


def _check_file_name(name: str, document: Document, report: Report) -> None:
    try:
        check_name(name)
    except ValueError:
        report.add(
            document.place(),
            "INVALID_NAME",
            f"A database cannot be called {name!r}.",
            "A name has letters, digits and `_`, and does not start with a digit.",
        )


def _elsewhere(document: Document) -> dict[str, Place]:
    """Return where a file's path is a variable's, by its table; the database's own by ""."""
    paths = {table: ("files", table) for table in document.names("files")}
    return {
        table: document.place(*loc)
        for table, loc in {**paths, "": ("database",)}.items()
        if isinstance(document.at(*loc).content, Secret)
    }


def _check_options(document: Document, file: ConnectorFile, report: Report) -> None:
    """Report a file that is named where nobody would look whether it is of the project."""
    if file.engine in _IN_FILES and "database" in file.options:
        report.add(
            document.key_place("options", "database"),
            "INVALID_VALUE",
            f"The file of a database of {file.engine} is no option.",
            "Write `database: data/name.db`, not below `options`.",
        )


def _check_secrets(document: Document, options: Mapping[str, EngineOption], report: Report) -> None:
    for option, value in options.items():
        is_secret = any(word in option.lower() for word in SECRET_WORDS)
        if is_secret and isinstance(value, str) and value:
            report.add(
                document.place("options", option),
                "SECRET_IN_FILE",
                "A secret does not stand in a file.",
                "Write ${NAME} and put it in the environment.",
            )


def _options(
    file: ConnectorFile, document: Document, root: Path, report: Report
) -> dict[str, EngineOption]:
    """Return the options, the database's own file among them as an absolute path."""
    options: dict[str, EngineOption] = dict(file.options)
    if file.database is None:
        return options
    if file.engine not in _IN_FILES or not document.is_known(file.database):
        return {**options, "database": file.database}
    path = check_file(file.database, root, document, report, "database")
    return options if path is None else {**options, "database": str(path)}
