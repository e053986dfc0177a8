"""A folder with ten mistakes, and what a person is told of it: the golden file is the test."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.project.load import load_project
from penstock.project.types import ProjectError
from project.folders import issues

HERE = Path(__file__).parent


def test_every_mistake_of_a_folder_is_reported_at_once_with_its_place_and_a_way_forward() -> None:
    expected = (HERE / "mistakes.txt").read_text().splitlines()

    assert issues(HERE / "mistakes") == expected
    assert len(expected) == 10


def test_a_project_that_cannot_be_used_raises_one_error_that_holds_every_issue() -> None:
    with pytest.raises(ProjectError) as caught:
        load_project(HERE / "mistakes", {})

    assert len(caught.value.issues) == 10
    assert "(and 9 more)" in caught.value.detail
