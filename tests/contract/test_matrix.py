from __future__ import annotations

from contract.matrix import PAGE, find_cases, replace_matrix
from contract.registry import ENGINES


def test_the_page_of_engines_has_the_matrix_of_now() -> None:
    """Where it fails: PYTHONPATH=src:tests python -m contract.matrix."""
    page = PAGE.read_text()

    assert replace_matrix(page) == page


def test_a_gap_is_about_a_case_there_is() -> None:
    cases = {case.name for case in find_cases()}
    gaps = {gap.case.partition("[")[0] for c in ENGINES.values() for gap in c.gaps}

    assert gaps <= cases


def test_a_gap_says_its_reason_and_what_happens() -> None:
    for contender in ENGINES.values():
        for gap in contender.gaps:
            assert gap.reason
            assert gap.error == "other" or ": " in gap.error
