"""`options`: where the scales of a sheet go."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from penstock.errors import PenstockError
from penstock.query.parse import read_query
from penstock.query.types import Json, Layout, Limits

SCALES = ["flight_date:month", ["origin", "dest"]]


def layout(options: Json, **more: Json) -> Layout | None:
    asked: dict[str, Json] = {
        "data": {"fields": {"flight": ["count"]}},
        "scale": {"fields": SCALES},
        "options": options,
        **more,
    }
    return read_query(asked, Limits()).layout


def problems(options: Json, **more: Json) -> dict[str, str]:
    with pytest.raises(PenstockError) as told:
        layout(options, **more)
    return {error.pointer or "": error.detail for error in told.value.parts}


@pytest.mark.parametrize("options", [None, {}, {"collapse": False}, {"scales": None}])
def test_nothing_said_is_no_layout(options: Json) -> None:
    assert layout(options) is None


def test_scales_are_placed_whatever_their_case_composite_ones_by_their_members() -> None:
    said: Mapping[str, Json] = {"x": ["FLIGHT_DATE:Month"], "y": [["dest", "origin"]]}

    assert layout({"scales": said}) == Layout(
        ("flight_date:month",), ("dest", "origin"), collapse=False
    )


@pytest.mark.parametrize(
    ("scales", "x", "y"),
    [
        ({"x": ["origin"]}, ("origin",), ("flight_date:month", "dest")),
        ({"y": ["origin"]}, ("flight_date:month", "dest"), ("origin",)),
        ({"x": [], "y": SCALES}, (), ("flight_date:month", "origin", "dest")),
    ],
)
def test_an_axis_that_is_not_written_has_what_the_other_one_leaves(
    scales: Json, x: tuple[str, ...], y: tuple[str, ...]
) -> None:
    assert layout({"scales": scales, "collapse": True}) == Layout(x, y, collapse=True)


def test_labels_can_be_merged_without_a_pivot() -> None:
    assert layout({"collapse": True}) == Layout(None, None, collapse=True)


def test_the_layout_is_no_part_of_the_shape_that_is_planned() -> None:
    plain: dict[str, Json] = {
        "data": {"fields": {"flight": ["count"]}},
        "scale": {"fields": ["origin"]},
    }
    pivot: dict[str, Json] = {**plain, "options": {"scales": {"x": ["origin"]}}}

    assert read_query(plain, Limits()).query == read_query(pivot, Limits()).query


def test_everything_wrong_is_told_at_once_each_in_its_place() -> None:
    said: Json = {"scales": {"x": ["origin", "orign", 3], "y": ["origin"]}, "collapse": 1, "z": 0}

    found = problems(said)

    assert {*found} == {
        "/options/z",
        "/options/collapse",
        "/options/scales/x/1",
        "/options/scales/x/2",
        "/options/scales/y/0",
        "/options/scales",
    }
    assert "has its place already: /options/scales/x/0" in found["/options/scales/y/0"]


def test_each_scale_without_a_place_is_named() -> None:
    with pytest.raises(PenstockError) as told:
        layout({"scales": {"x": ["origin"], "y": []}})

    assert [error.detail for error in told.value.parts] == [
        "The scale 'flight_date:month' is neither in 'x' nor in 'y'.",
        "The scale 'dest' is neither in 'x' nor in 'y'.",
    ]


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ([], "/options"),
        ({"scales": []}, "/options/scales"),
        ({"scales": {}}, "/options/scales"),
        ({"scales": {"x": "origin"}}, "/options/scales/x"),
        ({"scales": {"z": []}}, "/options/scales/z"),
    ],
)
def test_what_has_another_form_is_refused_with_its_place(options: Json, pointer: str) -> None:
    assert pointer in problems(options)


def test_a_pivot_with_totals_is_refused() -> None:
    assert "/options/scales" in problems({"scales": {"x": ["origin"]}}, total={"all": []})


def test_there_is_nothing_to_merge_without_scales() -> None:
    assert "/options/collapse" in problems({"collapse": True}, scale=None)
