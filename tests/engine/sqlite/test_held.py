"""Columns without a declared type, real ones: what they are told to be, and may be declared."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.sqlite.opening import opened, read, value
from penstock.engine.sqlite import SQLite
from penstock.engine.types import FoundColumn
from penstock.errors import EngineError
from penstock.model.types import DataType

T = DataType
NUMBERS = {T.FLOAT, T.DECIMAL}
TEXT = {T.STRING, T.JSON}
MOMENTS = {T.TIMESTAMP, T.TIMESTAMP_TZ}
READ = {T.TIMESTAMP: "penstock_timestamp(a)", T.TIMESTAMP_TZ: "penstock_utc(a)"}


def found(engine: SQLite, table: str = "t") -> tuple[FoundColumn, ...]:
    columns = engine.columns((table,))
    assert columns is not None
    return columns


@pytest.mark.parametrize(
    ("stored", "type_", "types"),
    [
        ("1, 0, NULL", T.INTEGER, {T.INTEGER, T.BOOLEAN, *NUMBERS}),
        ("1, 7", T.INTEGER, {T.INTEGER, *NUMBERS}),
        ("1.0, 7", T.FLOAT, {T.INTEGER, *NUMBERS}),
        ("1.5, 7", T.FLOAT, NUMBERS),
        ("9007199254740992.0", T.FLOAT, NUMBERS),
        ("'x', '5'", T.STRING, TEXT),
        ("'2024-02-29', NULL", T.DATE, {T.DATE, *MOMENTS, *TEXT}),
        ("'2024-02-30'", T.STRING, TEXT),
        ("'2024-02-29 10:00:00', '2024-02-29T10:00'", T.TIMESTAMP, {*MOMENTS, *TEXT}),
        ("'2024-02-29', '2024-02-29 10:00:00'", T.STRING, {*MOMENTS, *TEXT}),
        ("'2024-02-29 10:00:00Z', '2024-02-29T10:00+01:00'", T.TIMESTAMP_TZ, {*MOMENTS, *TEXT}),
        ("'10:00:00', '23:59:59.5'", T.TIME, {T.TIME, *TEXT}),
        ("'now'", T.STRING, TEXT),
        ("x'00', x''", T.BYTES, {T.BYTES}),
        ("1, 'x'", None, set()),
        ("NULL, NULL", None, set(DataType)),
    ],
)
def test_values_tell_what_a_column_without_a_type_is(
    tmp_path: Path, stored: str, type_: DataType | None, types: set[DataType]
) -> None:
    rows = ", ".join(f"({one})" for one in stored.split(", "))
    with opened(tmp_path, "CREATE TABLE t (a)", f"INSERT INTO t VALUES {rows}") as engine:
        (column,) = found(engine)
        (relation,) = engine.relations()

        assert column.type is type_
        assert column.held is not None
        assert column.held.types == types
        assert relation.columns == (column,)
        for each in types:
            answer = read(engine, f"SELECT {READ.get(each, 'a')} FROM t", types=(each,))
            assert answer.num_rows == len(stored.split(","))


def test_values_say_nothing_of_a_column_that_has_a_type(tmp_path: Path) -> None:
    with opened(tmp_path, "CREATE TABLE t (a TEXT, b)", "INSERT INTO t VALUES (5, 5)") as engine:
        declared, told = found(engine)

    assert (declared.type, declared.held) == (T.STRING, None)
    assert (told.type, told.native) == (T.INTEGER, "")


def test_a_type_that_says_nothing_is_told_by_the_values_too(tmp_path: Path) -> None:
    with opened(tmp_path, "CREATE TABLE t (a MONEY)", "INSERT INTO t VALUES (2.5)") as engine:
        (column,) = found(engine)

    assert (column.type, column.native) == (T.FLOAT, "MONEY")


def test_what_cannot_be_looked_at_is_what_the_model_says(tmp_path: Path) -> None:
    view = "CREATE VIEW t AS SELECT json_extract('{', '$.a') AS a"
    with opened(tmp_path, view) as engine:
        (column,) = found(engine)

    assert column.type is None
    assert column.held is not None
    assert column.held.types == set(DataType)


def test_columns_are_told_however_many_there_are_and_whatever_they_are_called(
    tmp_path: Path,
) -> None:
    names = [f'"{i}"" {{x}}"' for i in range(120)]
    created = f"CREATE TABLE t ({', '.join(names)})"
    values = ", ".join(str(i) if i % 2 else f"'{i}'" for i in range(120))
    with opened(tmp_path, created, f"INSERT INTO t VALUES ({values})") as engine:
        types = [column.type for column in found(engine)]

    assert types == [T.STRING, T.INTEGER] * 60


def test_a_view_that_changes_the_case_of_letters_is_read(tmp_path: Path) -> None:
    created = "CREATE TABLE n (a TEXT)", "CREATE INDEX i ON n (upper(a))"
    view = "CREATE VIEW t AS SELECT UPPER(a) AS up, LOWER(a) AS low FROM n"
    with opened(tmp_path, *created, "INSERT INTO n VALUES ('Ann')", view) as engine:
        assert [column.type for column in found(engine)] == [T.STRING, T.STRING]
        assert value(engine, "SELECT up || low FROM t") == "ANNann"
        assert value(engine, "SELECT COUNT(*) FROM n WHERE upper(a) = 'ANN'") == 1


def test_a_view_of_what_is_gone_has_no_columns_and_hides_no_other(tmp_path: Path) -> None:
    statements = "CREATE TABLE t (a TEXT)", "CREATE VIEW b AS SELECT q FROM nowhere"
    with opened(tmp_path, *statements) as engine:
        columns = {relation.source: len(relation.columns) for relation in engine.relations()}
        with pytest.raises(EngineError):
            engine.columns(("b",))

    assert columns == {("b",): 0, ("t",): 1}
