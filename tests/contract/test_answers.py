"""What is stored comes out as it is, by the language's types."""

from __future__ import annotations

from contract.asking import ask, compile_question, read, select
from contract.data import EMPTY, HOSTILE, THINGS
from penstock.engine.types import Engine
from penstock.model.types import DataType

ARROW = {
    DataType.BOOLEAN: "bool",
    DataType.INTEGER: "int64",
    DataType.FLOAT: "double",
    DataType.STRING: "string",
    DataType.DATE: "date32[day]",
    DataType.TIMESTAMP: "timestamp[us]",
    DataType.TIMESTAMP_TZ: "timestamp[us, tz=UTC]",
    DataType.TIME: "time64[us]",
    DataType.BYTES: "binary",
    DataType.JSON: "string",
}


def test_every_type_comes_as_its_arrow_type(engine: Engine) -> None:
    table = read(engine, compile_question(engine, THINGS, select(*THINGS.columns)))

    types = {field.name: str(field.type) for field in table.schema}
    expected = {name: ARROW.get(type_, "decimal") for name, type_ in THINGS.columns.items()}
    assert {n: t.partition("128")[0] for n, t in types.items()} == expected


def test_every_value_comes_out_as_it_was_stored(engine: Engine) -> None:
    kept = [name for name in THINGS.columns if name != "exact"]
    places = [list(THINGS.columns).index(name) for name in kept]

    found = ask(engine, THINGS, select(*kept))

    assert found == [tuple(row[i] for i in places) for row in THINGS.rows]


def test_a_decimal_of_eighteen_digits_is_exact(engine: Engine) -> None:
    place = list(THINGS.columns).index("exact")

    assert ask(engine, THINGS, select("id", "exact")) == [
        (row[0], row[place]) for row in THINGS.rows
    ]


def test_a_hostile_table_and_columns_are_names_like_others(engine: Engine) -> None:
    number, text, ratio = HOSTILE.columns

    assert ask(engine, HOSTILE, select(number, text, ratio, order=number)) == list(HOSTILE.rows)


def test_an_empty_answer_has_its_columns(engine: Engine) -> None:
    table = read(engine, compile_question(engine, EMPTY, select("id", "price", "day")))

    assert table.num_rows == 0
    assert table.schema.names == ["id", "price", "day"]
    assert str(table.schema.types[2]) == "date32[day]"
