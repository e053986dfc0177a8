"""The product in one sentence: JSON and a caller in, Arrow out, each stage timed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import Protocol, TypeVar

from penstock.alone import find_alone
from penstock.auth.principal import Principal
from penstock.census import count_tables
from penstock.engine.types import Across, Engine, Running
from penstock.errors import NotSupportedError, PenstockError, raise_all
from penstock.nulls import find_nulls
from penstock.plan.atlas import atlas
from penstock.plan.build import build_plan
from penstock.plan.choose import unknown_names
from penstock.plan.gather import Gathering, place_plan
from penstock.plan.types import Plan
from penstock.policy.permit import Gate
from penstock.policy.types import Permitted, View
from penstock.query.parse import glimpse_query, parse_query
from penstock.query.sql import SQLQuery
from penstock.query.types import Asked, Layout, Limits, Query, Value
from penstock.sql.across import compile_across
from penstock.sql.bind import bind_values
from penstock.sql.compile import Compiled
from penstock.sql.mode.types import Translated
from penstock.sql.types import Statement, Template, Together, TotalSet

_PREPARED = 100_000
"""How much is kept prepared, all shapes together: some 100 MB, at 1 kB for each placeholder, and
twice that for each column."""

_PAGE = 10_000
"""Rows: the first ones of a larger page are not to wait for the totals."""

T = TypeVar("T")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Stages:
    """How long each stage took, in seconds, in the order they ran."""

    seconds: dict[str, float] = field(default_factory=dict)

    def time(self, stage: str, work: Callable[[], T]) -> T:
        start = perf_counter()
        try:
            return work()
        finally:
            self.add(stage, perf_counter() - start)

    def add(self, stage: str, seconds: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds


@dataclass(frozen=True, slots=True)
class Prepared:
    """What every question of one shape, by callers who see the same model, has in common."""

    plan: Plan
    compiled: Compiled


@dataclass(frozen=True, slots=True)
class InOne:
    """The statement that gives the totals and then the page: `sql.types.Together`, filled."""

    statement: Statement
    totals: tuple[TotalSet, ...]
    room: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question ready to run: its plan, and its SQL with this caller's values.

    Totals are statements of their own; `together` gives them with the rows, if they are few.
    """

    plan: Plan
    rows: Statement
    count: Statement | None
    totals: tuple[Statement, ...]
    limit: int
    limited: bool
    together: InOne | None = None
    layout: Layout | None = None


@dataclass(slots=True)
class Pipeline:
    """One project's model and rules over its open databases. `timeout` is in seconds.

    `federation` joins what several databases answer, but for what the engine of `gathering` holds.
    `translated` keeps questions in SQL, by their shape and that of the caller's view.
    """

    gate: Gate
    engines: Mapping[str, Engine]
    limits: Limits
    timeout: float
    clock: Callable[[], datetime] = _now
    federation: Across | None = None
    gathering: Gathering | None = None
    translated: dict[tuple[SQLQuery, str], Translated] = field(default_factory=dict)
    _prepared: dict[tuple[Query, str], Prepared] = field(default_factory=dict)
    _weight: int = 0
    _names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._names = tuple(sorted(self.engines))

    def ask(self, body: bytes, caller: Principal, stages: Stages) -> Question:
        """Turn a request into SQL.

        Raises QueryError and its kinds, ForbiddenError, MissingAttributeError.
        """
        asked = stages.time("parse", lambda: self._parse(body, caller))
        permitted = stages.time("policy", lambda: self.gate.permit(asked, caller))
        prepared = stages.time("plan", lambda: self.prepare(permitted))
        return stages.time("bind", lambda: _bind(permitted, prepared, self.clock()))

    def _parse(self, body: bytes, caller: Principal) -> Asked:
        """Read a query, or raise what is wrong with its form, and its unknown names."""
        try:
            return parse_query(body, self.limits)
        except PenstockError as error:
            raise_all([*error.parts, *self._unknown(body, caller)])
            raise

    def _unknown(self, body: bytes, caller: Principal) -> Sequence[PenstockError]:
        query = glimpse_query(body, self.limits)
        try:
            return unknown_names(query, atlas(self.view(caller).model)) if query else ()
        except PenstockError:  # who may see nothing is told of the form alone
            return ()

    def prepare(self, permitted: Permitted) -> Prepared:
        """Plan and compile, once for each shape."""
        key = (permitted.asked.query, permitted.view.shape)
        prepared = self._prepared.get(key)
        if prepared is None:
            plan = place_plan(build_plan(permitted), self.gathering)
            prepared = Prepared(plan, compile_across(plan, self.dialects))
            self._remember(key, prepared)
        return prepared

    @property
    def dialects(self) -> dict[str, str]:
        """How each database speaks."""
        return {name: engine.dialect for name, engine in self.engines.items()}

    def _remember(self, key: tuple[Query, str], prepared: Prepared) -> None:
        """Keep what was prepared; when it is too much, begin anew: the shapes in use come back."""
        weight = _weight_of(prepared)
        if self._weight + weight > _PREPARED:
            self._prepared.clear()
            self._weight = 0
        self._prepared[key] = prepared
        self._weight += weight

    def run(self, database: str, statement: Statement) -> Running:
        """Start a statement of a question.

        Raises UnavailableError, QueryTimeoutError, EngineError.
        """
        if not statement.parts:
            return self.engines[database].run(statement, timeout=self.timeout)
        if self.federation is None:
            raise NotSupportedError(
                "This query needs tables of several databases, and nothing here joins them.",
                hint='pip install "penstock[duckdb]", which does.',
            )
        return self.federation.run(statement, timeout=self.timeout)

    def view(self, caller: Principal) -> View:
        return self.gate.view(caller)

    def versions(self, *, now: bool = False) -> tuple[str | None, ...]:
        """Return what changes when the data of a database may have changed."""
        return tuple([self.engines[name].version(now=now) for name in self._names])

    def recounted(self) -> Pipeline:
        """Return this pipeline with its tables counted now, and nothing prepared.

        A relationship that was mandatory and no longer is so of the data is optional from now on:
        no row is left out of an answer. What has got nulls may have them from now on.
        """
        model = self.gate.model
        counts = count_tables(model.tables, self.engines, timeout=self.timeout)
        alone = find_alone(model, self.engines, timeout=self.timeout)
        nulls = find_nulls(model, self.engines, timeout=self.timeout)
        model = model.with_counts(counts).with_optional([*alone]).with_nullable([*nulls])
        gate = Gate(model, self.gate.policies)
        return Pipeline(
            gate,
            self.engines,
            self.limits,
            self.timeout,
            self.clock,
            federation=self.federation,
            gathering=self.gathering,
        )


def _weight_of(prepared: Prepared) -> int:
    compiled, columns = prepared.compiled, prepared.plan.columns
    templates = [compiled.rows, *compiled.totals]
    if compiled.count is not None:
        templates.append(compiled.count)
    if compiled.together is not None:
        templates.append(compiled.together.template)
    templates += [part.template for template in templates for part in template.parts]
    return 4 + 2 * len(columns) + sum(len(template.markers) for template in templates)


def _bind(permitted: Permitted, prepared: Prepared, now: datetime) -> Question:
    query, values, guards = permitted.asked.query, permitted.asked.values, permitted.view.values
    compiled = prepared.compiled

    def bind(template: Template) -> Statement:
        return bind_values(template, values, guards, now)

    said = values[query.limit.index]
    limit = said if isinstance(said, int) else 0
    most = [values[total.limit.index] for total in query.totals]
    one = _fitting(compiled.together, limit, most)
    return Question(
        plan=prepared.plan,
        rows=bind(compiled.rows),
        count=None if compiled.count is None else bind(compiled.count),
        totals=tuple([bind(total) for total in compiled.totals]),
        limit=limit,
        limited=query.limited,
        together=None if one is None else InOne(bind(one.template), one.totals, one.room),
        layout=permitted.asked.layout,
    )


def _fitting(one: Together | None, limit: int, most: Sequence[Value]) -> Together | None:
    """Return what gives page and totals, for a small page, if no total is to be cut off."""
    if one is None or limit > _PAGE:
        return None
    return one if all(isinstance(m, int) and m >= one.room for m in most) else None


class Cautious(Protocol):
    """What a plan has to say to the caller."""

    @property
    def warning(self) -> str | None: ...


class Limited(Protocol):
    """A question of any kind, and how many rows it may have."""

    @property
    def plan(self) -> Cautious: ...
    @property
    def limit(self) -> int: ...
    @property
    def limited(self) -> bool: ...


def warn(question: Limited, rows: int, most: int) -> str | None:
    """Return what the caller should know about an answer of `rows` rows, of `most` there may be."""
    warnings = [] if question.plan.warning is None else [question.plan.warning]
    if not question.limited and rows == question.limit:
        warnings.append(
            f"The answer stops at the default limit of {rows} rows; write 'limit' for more."
        )
    elif rows == question.limit == most:
        warnings.append(
            f"The answer stops at {rows} rows, as many as the project lets anybody have; "
            "there may be more: ask in pages."
        )
    return " ".join(warnings) or None
