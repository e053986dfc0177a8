"""An address → a draft of a project about that database, and the draft → files."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from penstock.engine.files import Lake, find_files, find_lake
from penstock.engine.load import open_engine
from penstock.engine.types import Engine
from penstock.errors import ConfigurationError
from penstock.model.types import Model
from penstock.project.draft.first import find_first
from penstock.project.draft.keys import link_tables
from penstock.project.draft.survey import Progress, survey_database
from penstock.project.draft.types import Address, Data, Draft
from penstock.project.draft.write import file_names, write_draft

_SHOWN: Final = 20


def draft_project(name: str, address: Address, root: Path, progress: Progress) -> Draft:
    """Look at a database, and say what a project about it says.

    Raises ConfigurationError, UnavailableError, EngineError.
    """
    with _opened(address, root) as engine:
        survey = survey_database(engine, address.name, progress)
        links = link_tables(survey, engine, progress)
        model = Model(tables=links.tables, digest="draft")
        first = find_first(model, engine)
    return Draft(
        name=name,
        address=address,
        model=model,
        notes=links.notes,
        remarks=links.remarks,
        left_out=survey.left_out,
        first=first,
    )


@contextmanager
def _opened(address: Address, root: Path) -> Iterator[Engine]:
    engine = open_engine(address.engine, address.settings(root))
    try:
        yield engine
    finally:
        engine.close()


def refuse_to_overwrite(root: Path, address: Address) -> None:
    """Raise ConfigurationError that lists every file that is there already."""
    written = (root / name for name in file_names(address.name))
    lakes = _lake_copies(address, root)
    copies = (to for _, to in _copies(address, root) if not any(map(to.is_relative_to, lakes)))
    paths = (*written, *lakes, *copies)
    found = [path.relative_to(root).as_posix() for path in paths if path.exists()]
    if found:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise ConfigurationError(
            f"These files are in the way: {', '.join(found[:_SHOWN])}{more}.",
            hint="--force overwrites them; or name another folder.",
        )


def make_project(draft: Draft, root: Path) -> tuple[str, ...]:
    """Copy the data if it is to be copied, write the files, and return their names."""
    texts = write_draft(draft)
    try:
        for folder in _lake_copies(draft.address, root):
            # What is left of an older copy would be read as the table's newest version.
            if find_lake(folder) is not None:
                shutil.rmtree(folder)
        for found, copy in _copies(draft.address, root):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found, copy)
        for name, text in texts.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"The project cannot be written: {error.strerror}.",
            hint="Name a folder that you may write to, with room for it.",
        ) from error
    return tuple(texts)


def _copies(address: Address, root: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each file that has to be copied into the project, and where to."""
    for data, target in _to_copy(address, root):
        base, copied = _fixed(data.found), root / _fixed(Path(data.written))
        lake = find_lake(data.found)
        for path in _log_first(find_files(data.found), lake):
            yield Path(path), target if path == str(base) else copied / Path(path).relative_to(base)


def _to_copy(address: Address, root: Path) -> Iterator[tuple[Data, Path]]:
    own: Mapping[str, Data] = {} if address.database is None else {"": address.database}
    for data in (*address.files.values(), *own.values()):
        target = root / data.written
        if target.absolute() != data.found and target.resolve() != data.found:
            yield data, target


def _lake_copies(address: Address, root: Path) -> tuple[Path, ...]:
    """Return the folders that are copied whole, as each is a table."""
    return tuple(to for data, to in _to_copy(address, root) if find_lake(data.found) is not None)


def _log_first(files: Iterable[str], lake: Lake | None) -> list[str]:
    """Order files so that what is written meanwhile is in no log that was copied."""
    return sorted(files, key=lambda file: lake is None or Path(file).parent.name != lake.log)


def _fixed(pattern: Path) -> Path:
    """Return the part of a glob that is no pattern."""
    parts = []
    for part in pattern.parts:
        if any(sign in part for sign in "*?["):
            break
        parts.append(part)
    return Path(*parts)
