"""What the suite as a whole promises."""

from __future__ import annotations

from oracle.cases import HERE, read_cases, read_topics
from oracle.engines.registry import ENGINES


def test_there_are_as_many_cases_as_were_promised() -> None:
    cases = list(read_cases())

    assert len(cases) >= 150
    assert len({asked.id for asked in cases}) == len(cases)


def test_each_question_of_tpc_h_is_asked_or_it_is_said_why_not() -> None:
    topic = read_topics()["tpch"]
    asked = [*(case.ask for case in topic.cases), *(entry.ask for entry in topic.unasked)]

    assert sorted(int(ask.split()[0].removeprefix("Q")) for ask in asked) == list(range(1, 23))


def test_every_engine_has_a_file_that_runs_all_cases() -> None:
    files = {file.stem.removeprefix("test_") for file in HERE.glob("test_*.py")}

    assert files - {"cases"} == set(ENGINES)
