"""Which questions one database answers whole, once others have said which of its rows count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from penstock.model.types import DataType, Model
from penstock.plan.divide import Divided, divide_plan
from penstock.query.types import Json
from support.ask import answer, open_gate
from support.flights import ANALYST, columns, model, relationship, table

_I, _S = DataType.INTEGER, DataType.STRING


def sales() -> Model:
    """Return sales and tills here; their shops, articles and firms elsewhere."""
    found = model(
        table(
            "sales",
            columns(amount=_I, shop=_I, article=_I, code=_S, till=_I, day=DataType.DATE),
            relationship("place", "shops", shop="id"),
            relationship("thing", "articles", article="number"),
            relationship("other", "codes", code="word"),
            relationship("desk", "tills", till="id"),
        ),
        table("tills", columns(id=_I, kind=_S, firm=_I), relationship("maker", "firms", firm="id")),
        table("shops", columns(id=_I, city=_S), rows=400),
        table("articles", columns(number=_I, colour=_S), rows=90),
        table("codes", columns(word=_S, sense=_S), rows=90),
        table("firms", columns(id=_I, country=_S), rows=9),
    )
    here = {"sales", "tills"}
    tables = {
        n: replace(t, database="here" if n in here else "far") for n, t in found.tables.items()
    }
    return replace(found, tables=tables)


def divide(filtered: Mapping[str, Json], scale: str = "till", **more: Json) -> Divided:
    query: dict[str, Json] = {
        "data": {"fields": {"amount": ["median"]}},
        "scale": {"fields": [scale]},
        "filter": filtered,
        "table_name": "sales",
        **more,
    }
    return divide_plan(answer(query, open_gate(sales()), ANALYST).plan)


def test_a_filter_elsewhere_leaves_the_whole_question_to_one_database() -> None:
    divided = divide({"city": "Rome", "amount": {"gt": 3}})

    assert divided.whole is not None
    (key,) = divided.whole.plan.scan.within
    assert (divided.whole.part, key.by, key.column, key.other) == ("sales", "place", "shop", "id")
    assert key.most == 200
    assert divided.whole.plan.joins == ()
    assert [(made.name, made.kept) for made in divided.fragments] == [
        ("place", True),
        ("sales", False),
    ]


def test_several_filters_elsewhere_are_a_key_each() -> None:
    divided = divide({"city": "Rome", "colour": ["red", "blue"], "kind": "new"})

    assert divided.whole is not None
    assert {key.column for key in divided.whole.plan.scan.within} == {"shop", "article"}
    assert [join.scan.alias for join in divided.whole.plan.joins] == ["desk"]


@pytest.mark.parametrize(
    "filtered",
    [
        {"city": {"is_null": True}},
        {"city": {"in": ["Rome", None]}},
        {"or": [{"city": "Rome"}, {"amount": 3}]},
        {"or": [{"city": "Rome"}, {"colour": "red"}]},
        {"sense": "found by a text"},
        {"country": "found by a column of what is joined"},
        {"city": "Rome", "not": {"colour": {"not_in": ["red", None]}}, "sense": "one too many"},
    ],
)
def test_what_keys_cannot_tell_is_joined(filtered: Mapping[str, Json]) -> None:
    assert divide(filtered).whole is None


def test_what_is_told_of_a_partner_is_joined() -> None:
    filtered: dict[str, Json] = {"city": "Rome"}

    assert divide(filtered, scale="city").whole is None
    assert divide(filtered, having={"city": {"count": {"gt": 1}}}).whole is None
    assert divide(filtered, scale="day", evol={"scale": "month"}).whole is None
