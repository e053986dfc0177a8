from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.encode.formats import DEFAULT, FORMATS, find_format, negotiate
from penstock.encode.types import Shape
from penstock.errors import NotAcceptableError


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        (None, "json"),
        ("", "json"),
        (",", "json"),
        ("*/*", "json"),
        ("*", "json"),
        ("application/json", "json"),
        ("application/*", "json"),
        ("APPLICATION/JSON; charset=utf-8", "json"),
        ("text/csv", "csv"),
        ("text/*", "csv"),
        ("text/csv;header=present", "csv"),
        ("application/x-ndjson", "ndjson"),
        ("application/jsonl", "ndjson"),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
        ("application/vnd.apache.arrow.stream", "arrow"),
        ("application/vnd.apache.parquet", "parquet"),
        ("text/csv, application/json", "json"),
        ("text/csv, application/json;q=0.9", "csv"),
        ("text/csv;q=0.2, application/json;q=0.1", "csv"),
        ("application/json;q=0, */*", "ndjson"),
        ("application/json;q=0.5, */*;q=0.8", "ndjson"),
        ("text/csv, */*", "csv"),
        ("*/*, text/csv", "csv"),
        ("text/*, application/*;q=0.9", "csv"),
        ("application/json, text/plain, */*", "json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "json"),
        ("text/csv; q = 0.5 , application/json ;q=0.4", "csv"),
        ('text/html;title="a,text/csv", application/x-ndjson', "ndjson"),
        ("nonsense, text/csv", "csv"),
    ],
)
def test_the_best_of_what_is_accepted_is_chosen(accept: str | None, name: str) -> None:
    assert negotiate(accept).name == name


@pytest.mark.parametrize(
    "accept", ["text/html", "image/*", "*/*;q=0", "application/json;q=0", "text/csv;q=0.000"]
)
def test_a_refusal_lists_what_there_is(accept: str) -> None:
    with pytest.raises(NotAcceptableError) as refusal:
        negotiate(accept)

    assert refusal.value.hint is not None
    for form in FORMATS:
        assert form.media_types[0] in refusal.value.hint


@given(accept=st.text('*/;,=q01."\\ acsvtext\t', max_size=40))
def test_no_header_breaks_the_choice(accept: str) -> None:
    try:
        chosen = negotiate(accept)
    except NotAcceptableError:
        return

    assert chosen in FORMATS


@pytest.mark.parametrize("name", ["json", "ndjson", "csv", "xlsx", "arrow", "parquet"])
def test_a_suffix_names_a_format(name: str) -> None:
    assert find_format(f".{name}") is find_format(name.upper())
    assert find_format(name).name == name


def test_an_unknown_suffix_is_refused_with_a_suggestion() -> None:
    with pytest.raises(NotAcceptableError) as near:
        find_format(".parket")
    with pytest.raises(NotAcceptableError) as far:
        find_format(".pdf")

    assert near.value.hint == "Did you mean '.parquet'?"
    assert far.value.hint == "There are .json, .ndjson, .csv, .xlsx, .arrow, .parquet."


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_every_format_has_an_encoder_of_its_own_type_for_every_shape(form: object) -> None:
    assert form in FORMATS
    for each in FORMATS:
        for shape in Shape:
            assert each.encoder(shape).media_type.partition(";")[0] == each.media_types[0]


def test_json_has_a_different_encoder_for_each_shape() -> None:
    assert len({id(DEFAULT.encoder(shape)) for shape in Shape}) == len(Shape)
    assert DEFAULT.encoder() is DEFAULT.encoder(Shape.NESTED)
