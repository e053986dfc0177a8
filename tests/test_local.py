from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

import penstock
from penstock.errors import (
    ForbiddenError,
    InvalidParameterError,
    MissingAttributeError,
    NoTableFoundError,
    NotFoundError,
    PenstockError,
    SeveralErrors,
    UnavailableError,
)
from penstock.local import AnswerWarning, As
from penstock.project.types import ProjectError
from penstock.query.types import Json
from project.folders import ROOT, write

BY_SHOP: Mapping[str, Json] = {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["shop"]}}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write(tmp_path)


def test_a_folder_answers_without_a_server() -> None:
    with penstock.Project(ROOT) as project:
        answer = project.query(
            {"data": {"fields": {"distance": ["sum"]}}, "scale": {"fields": ["origin"]}}
        )

    assert isinstance(answer, pa.Table)
    assert answer.column_names == ["origin", "origin_label", "distance_sum"]
    assert answer["distance_sum"].to_pylist() == [127691515, 140906931, 81619161]


def test_a_query_may_be_text_or_bytes_too(shop: Path) -> None:
    text = '{"data": {"fields": {"amount": ["sum"]}}}'
    with penstock.Project(shop) as project:
        assert project.query(text).to_pylist() == [{"amount_sum": 7.0}]
        assert project.query(text.encode()).to_pylist() == [{"amount_sum": 7.0}]


def test_who_holds_the_folder_sees_everything_and_a_role_its_own(shop: Path) -> None:
    clerk = As(roles=["clerk"], attributes={"shops": ("b",)})
    with penstock.Project(shop) as owner, penstock.Project(shop, as_=clerk) as project:
        assert owner.query(BY_SHOP)["shop"].to_pylist() == ["a", "b"]
        assert project.query(BY_SHOP)["shop"].to_pylist() == ["b"]
        with pytest.raises(NoTableFoundError):
            project.query({"data": {"fields": {"amount": ["sum"]}}})


def test_a_role_without_what_its_filter_needs_is_refused(shop: Path) -> None:
    with (
        penstock.Project(shop, as_=As(["clerk"])) as project,
        pytest.raises(MissingAttributeError),
    ):
        project.query(BY_SHOP)
    with penstock.Project(shop, as_=As(["nobody"])) as project, pytest.raises(ForbiddenError):
        project.query(BY_SHOP)


def test_a_saved_query_runs_by_its_name(shop: Path) -> None:
    with penstock.Project(shop) as project:
        assert project.saved("by-shop")["amount_sum"].to_pylist() == [2.5, 4.5]
        late = project.saved("by-shop", **{"from": "2024-01-02"})
        assert late.to_pylist() == [{"shop": "b", "shop_label": "Bonn", "amount_sum": 4.5}]
        with pytest.raises(InvalidParameterError):
            project.saved("by-shop", **{"from": "soon"})
        with pytest.raises(NotFoundError, match="by-shp") as told:
            project.saved("by-shp")
    assert told.value.hint == "Did you mean 'by-shop'?"


def test_an_answer_without_rows_keeps_its_columns(shop: Path) -> None:
    with penstock.Project(shop) as project:
        answer = project.query({**BY_SHOP, "filter": {"shop": "nowhere"}})

    assert answer.num_rows == 0
    assert answer.column_names == ["shop", "shop_label", "id_count"]


def test_a_folder_that_is_wrong_tells_every_issue(tmp_path: Path) -> None:
    write(tmp_path, {"penstock.yaml": "name: shop\nlimit: 1\ntitel: x\n"})
    with pytest.raises(ProjectError) as told:
        penstock.Project(tmp_path)

    assert [issue.code for issue in told.value.issues] == ["UNKNOWN_KEY", "UNKNOWN_KEY"]


def test_a_closed_project_answers_nothing(shop: Path) -> None:
    project = penstock.Project(shop)
    project.close()
    project.close()

    with pytest.raises(UnavailableError):
        project.query(BY_SHOP)


WRONG: Mapping[str, Json] = {
    "data": {"fields": {"amuont": ["smu"], "id": ["count"]}},
    "scale": {"fields": ["shop", "citty"]},
    "filter": {"dey": "2024-01-01"},
}


def test_names_that_nobody_has_are_told_with_what_is_wrong_with_the_form(shop: Path) -> None:
    with penstock.Project(shop) as project, pytest.raises(SeveralErrors) as told:
        project.query(WRONG)

    assert [(part.code, part.pointer, part.hint) for part in told.value.parts] == [
        ("UNKNOWN_COMPUTE", "/data/fields/amuont/0", "Did you mean 'sum'?"),
        ("NO_TABLE_FOUND", "/data/fields/amuont", "Did you mean 'amount'?"),
        ("NO_TABLE_FOUND", "/scale/fields/1", "Did you mean 'city'?"),
        ("NO_TABLE_FOUND", "/filter/dey", "Did you mean 'day'?"),
    ]


def test_what_a_role_hides_is_told_there_as_a_name_that_nobody_has(shop: Path) -> None:
    def told(name: str, as_: As) -> list[tuple[str, str]]:
        wrong = {"data": {"fields": {name: ["sum"], "id": ["smu"]}}}
        with penstock.Project(shop, as_=as_) as project, pytest.raises(PenstockError) as raised:
            project.query(wrong)
        return [(part.code, part.detail.replace(name, "it")) for part in raised.value.parts]

    clerk = As(["clerk"], {"shops": ("b",)})
    assert told("amount", clerk) == told("abcdef", clerk)
    assert [code for code, _ in told("amount", clerk)] == ["UNKNOWN_COMPUTE", "NO_TABLE_FOUND"]
    assert [code for code, _ in told("amount", As(["nobody"]))] == ["UNKNOWN_COMPUTE"]


LISTING: Mapping[str, Json] = {"data": {"fields": {"id": ["select"]}}}


def test_an_answer_that_stops_at_the_default_limit_warns_whoever_asked(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            "penstock.yaml": "name: shop\nlimits: {default_rows: 1}\n",
            "queries/all.yaml": "query: {data: {fields: {id: [select]}}}\n",
            "queries/in-sql.sql": "SELECT id FROM orders\n",
        },
    )
    asked: Sequence[Callable[[penstock.Project], pa.Table]] = (
        lambda project: project.query(LISTING),
        lambda project: project.sql("SELECT id FROM orders"),
        lambda project: project.saved("all"),
        lambda project: project.saved("in-sql"),
    )
    with penstock.Project(folder) as project:
        for ask in asked:
            with pytest.warns(AnswerWarning, match="default limit of 1 rows") as told:
                assert ask(project).num_rows == 1
            assert [warning.filename for warning in told] == [__file__]


def test_an_answer_that_is_whole_or_as_long_as_was_asked_warns_of_nothing(shop: Path) -> None:
    with penstock.Project(shop) as project:
        assert project.query(LISTING).num_rows == 2
        assert project.query({"data": {"fields": {"id": ["select"]}, "limit": 1}}).num_rows == 1
        assert project.sql("SELECT id FROM orders", limit=1).num_rows == 1


def test_a_choice_of_table_that_may_change_numbers_warns_too() -> None:
    with (
        penstock.Project(ROOT) as project,
        pytest.warns(penstock.AnswerWarning, match="flights"),
    ):
        project.query({"data": {"fields": {"carrier": ["count"]}}})
