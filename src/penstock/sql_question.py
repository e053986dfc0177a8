"""SQL and a caller → a question ready to run, beside those that the pipeline makes of JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from penstock.auth.principal import Principal
from penstock.errors import (
    DataExceptionError,
    InvalidParameterError,
    LimitError,
    NotSupportedError,
    UncomputableError,
)
from penstock.model.types import DataType
from penstock.pipeline import Pipeline, Question, Stages
from penstock.plan.types import Column
from penstock.policy.types import View
from penstock.query.parse import decode_json
from penstock.query.sql import SQLAsked, read_sql
from penstock.query.types import Limits, Value
from penstock.sql.bind import bind_values
from penstock.sql.mode.translate import translate_sql
from penstock.sql.mode.types import Limit, Translated
from penstock.sql.types import Statement

_MOST: Final = 2_000
_KEPT: Final = 16 << 20  # characters of SQL, theirs and ours, that are kept translated


@dataclass(frozen=True, slots=True)
class SQLPlan:
    """What is known of a question in SQL before it runs. `table` names all that it reads.

    The types of the columns are what the SQL says; the answer says what they are.
    """

    database: str
    table: str
    columns: tuple[Column, ...]
    warning: str | None = None
    totals: tuple[()] = ()


@dataclass(frozen=True, slots=True)
class SQLQuestion:
    """`own` is what the caller wrote, not the project: a value that it cannot take is theirs."""

    plan: SQLPlan
    rows: Statement
    limit: int
    limited: bool
    own: bool = True
    count: None = None
    totals: tuple[()] = ()
    together: None = None


def ask_sql(
    pipeline: Pipeline,
    body: bytes,
    caller: Principal,
    stages: Stages,
    types: Mapping[str, DataType] | None = None,
) -> SQLQuestion:
    """Turn a body such as `{"sql": "SELECT …"}` into SQL of the engine.

    `types` are those of the parameters that are declared. Raises QueryError and its kinds,
    ForbiddenError, MissingAttributeError.
    """
    limits = pipeline.limits
    asked = stages.time("parse", lambda: read_sql(decode_json(body), limits, types))
    view = stages.time("policy", lambda: pipeline.view(caller))
    translated = stages.time("plan", lambda: _translated(pipeline, asked, view))
    return stages.time("bind", lambda: _bind(pipeline, asked, translated, view))


@contextmanager
def blaming(question: Question | SQLQuestion) -> Iterator[None]:
    """Tell whoever wrote the SQL that it is to blame for what cannot be computed."""
    try:
        yield
    except UncomputableError as error:
        if not (isinstance(question, SQLQuestion) and question.own):
            raise
        raise DataExceptionError(
            "A function or a cast of the SQL was given a value that it has no answer for.",
            hint="Filter such values out first, or write TRY_CAST(…), x / NULLIF(y, 0).",
            pointer="/sql",
        ) from error


def _translated(pipeline: Pipeline, asked: SQLAsked, view: View) -> Translated:
    """Translate, once for each shape and each view of the model."""
    key = (asked.query, view.shape)
    kept = pipeline.translated
    found = kept.get(key)
    if found is None:
        dialects = {name: engine.dialect for name, engine in pipeline.engines.items()}
        found = translate_sql(asked.query, view, pipeline.limits, dialects, pipeline.gathering)
        sizes = (len(q.text) + len(t.template.text) for (q, _), t in list(kept.items()))
        if len(kept) >= _MOST or sum(sizes) > _KEPT:
            kept.clear()
        kept[key] = found
    return found


def _bind(pipeline: Pipeline, asked: SQLAsked, found: Translated, view: View) -> SQLQuestion:
    said = _own_limit(found.own_limit, asked.values)
    rows = _rows(asked, said, pipeline.limits)
    values = (*asked.values, *found.constants, rows)
    if found.database is None:
        raise NotSupportedError("The project has no database.", hint="Add a connector.")
    return SQLQuestion(
        plan=SQLPlan(found.database, ", ".join(found.tables), found.columns),
        rows=bind_values(found.template, values, view.values, pipeline.clock()),
        limit=rows,
        limited=asked.query.limited or said is not None,
    )


def _own_limit(limit: Limit | None, values: tuple[Value, ...]) -> int | None:
    if limit is None or limit.slot is None:
        return None if limit is None else limit.rows
    value = values[limit.slot]
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidParameterError("LIMIT takes a whole number, 0 or more.", pointer="/parameters")
    return value


def _rows(asked: SQLAsked, own: int | None, limits: Limits) -> int:
    """Return how many rows may come: what the SQL says, what is said beside it, or the default."""
    if own is not None and own > limits.max_rows:
        raise LimitError(
            f"LIMIT {own} is over the {limits.max_rows} rows that may be asked for.",
            hint="Ask for fewer rows, or in pages.",
            pointer="/sql",
        )
    said = [rows for rows in (own, asked.query.limit) if rows is not None]
    return min(said) if said else min(limits.default_rows, limits.max_rows)
