"""One case on one engine: whether the answers are the same, and what is said where not."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Final

import msgspec
import pytest

from oracle.asking import Answer, Rows, ask, run_by_hand, sql_of
from oracle.cases import Asked, Case, Difference
from oracle.comparing import FLOATS, Comparison
from oracle.engines.types import UnderTest
from oracle.gaps import declared, read_gaps
from oracle.laboratory import Laboratory
from penstock.errors import PenstockError

GAPS: Final = read_gaps()


def assert_same_answer(engine: UnderTest, asked: Asked, laboratory: Laboratory) -> None:
    """Fail with the query, both answers and the SQL that ran, unless all is as it is declared."""
    difference = declared(asked.case, engine.name, GAPS.get(engine.name, ()))
    trial = Trial(engine, asked, laboratory)
    said = trial.differ(difference)
    if difference is not None and said == [] and trial.differ(None) == []:
        said = [f"It is the same, and declared to differ: {difference.reason}"]
    if said:
        pytest.fail(trial.report(said), pytrace=False)


class Trial:
    """One case on one engine, and what is to be known where it fails."""

    def __init__(self, engine: UnderTest, asked: Asked, laboratory: Laboratory) -> None:
        self.engine = engine
        self.asked = asked
        self.laboratory = laboratory
        self.ran = ""

    @property
    def case(self) -> Case:
        return self.asked.case

    def differ(self, difference: Difference | None) -> list[str]:
        """Return how the answer differs from what is to be expected of this engine."""
        expected = difference.error if difference is not None else None
        try:
            answer = self._ask()
        except PenstockError as error:
            codes = [part.code for part in error.parts]
            cause = [] if error.__cause__ is None else [f"because {error.__cause__}"]
            return [] if codes == [expected] else [*codes, str(error), *cause]
        if expected is not None:
            return [f"It answers, and is declared to fail with {expected}."]
        return list(self._compare(answer, difference))

    def _ask(self) -> Answer:
        project = self.laboratory.project(self.engine, self.asked.dataset, self.case.who)
        question = project.ask(msgspec.json.encode(self.case.query))
        self.ran = sql_of(question)
        return ask(project, question, self.case.query, labels=self.case.labels)

    def _compare(self, answer: Answer, difference: Difference | None) -> Iterator[str]:
        case = self.case
        compare = Comparison(*_tolerance(case, difference))
        sql = (difference and difference.sql) or case.sql
        if case.columns is not None and tuple(answer.columns) != case.columns:
            yield f"columns {tuple(answer.columns)}, by hand {case.columns}"
        if sql is not None:
            yield from compare.differences(answer.rows, self._by_hand(sql))
        if case.rows is not None:
            known = [tuple(row) for row in case.rows]
            yield from compare.differences(answer.rows[: len(known)], known)
        yield from self._compare_hints(answer)
        yield from self._compare_totals(answer, compare)

    def _compare_hints(self, answer: Answer) -> Iterator[str]:
        hints = self.case.hints
        if isinstance(hints, str):
            hints = len(self._by_hand(hints))
        if hints is not None and answer.hints != hints:
            yield f"hints {answer.hints}, by hand {hints}"

    def _compare_totals(self, answer: Answer, compare: Comparison) -> Iterator[str]:
        if answer.totals.keys() != self.case.totals.keys():
            yield f"totals {[*answer.totals]}, by hand {[*self.case.totals]}"
        for name, sql in self.case.totals.items():
            said = compare.differences(answer.totals.get(name, []), self._by_hand(sql))
            yield from (f"total {name}: {line}" for line in said)

    def _by_hand(self, sql: str) -> Rows:
        return run_by_hand(self.laboratory.oracle(self.asked.dataset), sql)

    def report(self, said: list[str]) -> str:
        written = [self.case.sql or "", *(f"-- {n}\n{sql}" for n, sql in self.case.totals.items())]
        parts = {
            f"{self.asked.id}, on {self.engine.name}": "\n".join(said),
            "the query": json.dumps(self.case.query, ensure_ascii=False),
            "by hand": "\n".join(written).strip(),
            "the SQL that ran": self.ran or "none",
        }
        return "\n".join(f"{k}\n{textwrap.indent(v, '  ')}" for k, v in parts.items())


def _tolerance(case: Case, difference: Difference | None) -> tuple[float, bool]:
    within = (difference and difference.within) or case.within
    return (FLOATS, False) if within is None else (within, True)
