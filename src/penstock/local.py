"""A project in this process, without a server: `penstock.Project(path).query({...})`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import pyarrow as pa

from penstock.auth.principal import LOCAL, AttributeValue, Principal
from penstock.errors import NotFoundError, suggestion
from penstock.model.types import DataType
from penstock.pipeline import Pipeline, Question, Stages, warn
from penstock.policy.types import Policies
from penstock.project.load import load_project
from penstock.project.open import close_engines, open_engines, open_pipeline
from penstock.query.saved import SavedQuery, resolve, types_of
from penstock.query.types import Json
from penstock.sql_question import SQLQuestion, ask_sql, blaming


class AnswerWarning(UserWarning):
    """What somebody should know of an answer: that it is cut off, or what else it might mean."""


@dataclass(frozen=True, slots=True)
class As:
    """Who a local question is asked as: the project's row filters then apply as for a caller."""

    roles: Sequence[str] = ()
    attributes: Mapping[str, AttributeValue] | None = None


class Project:
    """A project folder, its databases open.

    Whoever holds the folder sees everything in it, unless they ask `as_` somebody else.
    Raises ProjectError with everything that is wrong with the folder, UnavailableError where a
    database does not open.
    """

    def __init__(self, path: str | Path = ".", *, as_: As | None = None) -> None:
        self.project = load_project(Path(path), os.environ)
        self._engines = open_engines(self.project)
        try:
            self.pipeline: Pipeline = open_pipeline(
                self.project, self._engines, Policies() if as_ is None else None
            )
        except BaseException:
            self.close()
            raise
        self.caller = Principal(
            subject="local",
            kind=LOCAL,
            roles=tuple(as_.roles) if as_ else (),
            attributes=dict(as_.attributes or {}) if as_ else {},
        )

    def query(self, query: Mapping[str, Json] | str | bytes) -> pa.Table:
        """Answer a query, given as a mapping or as JSON text; columns are named as in §4.

        Warns with AnswerWarning where it stops at the default limit, or the plan has a warning.
        Raises QueryError and its kinds, ForbiddenError, QueryTimeoutError, EngineError.
        """
        return self._answer(self.ask(query))

    def run(self, question: Question | SQLQuestion) -> pa.Table:
        """Run what `ask` has prepared. What there is to warn of, `penstock.pipeline.warn` says."""
        running = self.pipeline.run(question.plan.database, question.rows)
        try:
            with blaming(question):
                return pa.Table.from_batches(list(running), schema=running.schema)
        finally:
            running.close()

    def saved(self, name: str, **parameters: Json) -> pa.Table:
        """Answer a saved query. Raises NotFoundError beside the errors of `query`."""
        saved = self.find(name)
        body = resolve(saved, {"parameters": parameters})
        types = types_of(saved)
        if types is None:
            return self._answer(self.ask(body))
        question = self.ask_sql(msgspec.json.encode(body), types)
        return self._answer(replace(question, own=False))

    def sql(
        self,
        text: str,
        *,
        dialect: str | None = None,
        parameters: Mapping[str, Json] | None = None,
        limit: int | None = None,
    ) -> pa.Table:
        """Answer one SELECT over the model's tables, written in any dialect we know.

        `:name` in it stands for a parameter. Raises as `query` does.
        """
        body: dict[str, Json] = {"sql": text, "parameters": dict(parameters or {})}
        if dialect is not None:
            body["dialect"] = dialect
        if limit is not None:
            body["limit"] = limit
        return self._answer(self.ask_sql(msgspec.json.encode(body)))

    def ask_sql(self, body: bytes, types: Mapping[str, DataType] | None = None) -> SQLQuestion:
        """Translate a question in SQL, the body of a request, without running it."""
        return ask_sql(self.pipeline, body, self.caller, Stages(), types)

    def _answer(self, question: Question | SQLQuestion) -> pa.Table:
        """Run a question; whoever called what calls this is warned."""
        answer = self.run(question)
        said = warn(question, answer.num_rows, self.pipeline.limits.max_rows)
        if said is not None:
            warnings.warn(said, AnswerWarning, stacklevel=3)
        if isinstance(question, Question):
            return answer
        return answer.rename_columns([column.name for column in question.plan.columns])

    def find(self, name: str) -> SavedQuery:
        """Return a saved query. Raises NotFoundError."""
        saved = self.project.saved.get(name)
        if saved is None:
            raise NotFoundError(
                f"There is no saved query {name!r}.",
                hint=suggestion(name, tuple(self.project.saved)) or "See the folder queries/.",
            )
        return saved

    def ask(self, query: Mapping[str, Json] | str | bytes) -> Question:
        """Plan and compile a query without running it."""
        if isinstance(query, str):
            body = query.encode()
        elif isinstance(query, bytes):
            body = query
        else:
            body = msgspec.json.encode(query)
        return self.pipeline.ask(body, self.caller, Stages())

    def close(self) -> None:
        close_engines(self._engines)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
