"""`*.yaml` → cases: a query beside the SQL that somebody would write by hand for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
import yaml

HERE = Path(__file__).parent


class Frozen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mistake in a case is an error, never a case that checks less."""


class Who(Frozen, frozen=True):
    """As whom it is asked; without it, as somebody who may see everything."""

    roles: tuple[str, ...]
    attributes: dict[str, str | int | tuple[str, ...]] = {}


class Difference(Frozen, frozen=True):
    """What an engine answers instead, exactly, and why: an error, another answer, or a rougher one.

    `error` is the code; `sql` the answer by hand; `within` how far numbers may be off, relatively.
    """

    reason: str
    error: str | None = None
    sql: str | None = None
    within: float | None = None


Dataset: TypeAlias = Literal["flights", "tpch", "moments"]


class Case(Frozen, frozen=True):
    """The answer is that of `sql`, in order, or begins with `rows`.

    `over` is another dataset than the file's. `labels`: the SQL has the columns of labels too.
    `hints` is SQL or the number, `totals` SQL by name. `within`: an approximation is asked for.
    `differs` is declared by engine.
    """

    ask: str
    query: dict[str, object]
    over: Dataset | None = None
    sql: str | None = None
    rows: tuple[tuple[object, ...], ...] | None = None
    columns: tuple[str, ...] | None = None
    labels: bool = False
    hints: int | str | None = None
    totals: dict[str, str] = {}
    who: Who | None = None
    within: float | None = None
    differs: dict[str, Difference] = {}


class Unasked(Frozen, frozen=True):
    """A question that the language cannot ask, and why."""

    ask: str
    why: str


class Topic(Frozen, frozen=True):
    """One file."""

    dataset: Dataset
    cases: tuple[Case, ...]
    unasked: tuple[Unasked, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A case and where it stands."""

    topic: str
    dataset: str
    case: Case = field(hash=False)

    @property
    def id(self) -> str:
        return f"{self.topic}: {self.case.ask}"


def read_topics() -> Mapping[str, Topic]:
    return {file.stem: _read(file) for file in sorted(HERE.glob("*.yaml")) if file.stem != "gaps"}


def read_cases() -> Iterator[Asked]:
    for name, topic in read_topics().items():
        for case in topic.cases:
            yield Asked(name, case.over or topic.dataset, case)


def _read(file: Path) -> Topic:
    try:
        return msgspec.convert(yaml.safe_load(file.read_text(encoding="utf-8")), Topic)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise AssertionError(f"{file.name}: {error}") from error
