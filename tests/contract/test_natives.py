"""What else the database can store: its own types, as the language and Arrow have them."""

from __future__ import annotations

import math

from contract.asking import read
from contract.types import Contender, Native, Server
from penstock.engine.load import open_engine
from penstock.engine.types import Engine
from penstock.sql.types import Statement


def test_native_types_are_mapped_exactly(contender: Contender, server: Server) -> None:
    server.execute(*contender.prepare)
    for number, native in enumerate(contender.natives):
        created = f"CREATE TABLE native_{number} (v {native.type}){contender.created}"
        inserted = f"INSERT INTO native_{number} VALUES ({native.literal})"
        server.execute(created, inserted)
    engine = open_engine(contender.name, server.settings())
    try:
        wrong = {
            f"{native.type} {native.literal}": found
            for number, native in enumerate(contender.natives)
            if (found := look(engine, number, native, loose=contender.is_loose)) != told(native)
        }
    finally:
        engine.close()

    assert wrong == {}


def look(engine: Engine, number: int, native: Native, *, loose: bool) -> tuple[object, ...]:
    columns = engine.columns((f"native_{number}",)) or ()
    types = (native.found,) if loose and native.found is not None else ()
    answer = read(engine, Statement(f"SELECT v FROM native_{number}", (), types))
    value = answer.column(0)[0].as_py()
    if isinstance(value, float) and math.isnan(value):
        value = "nan"
    return columns[0].type, str(answer.schema.types[0]), value


def told(native: Native) -> tuple[object, ...]:
    return native.found, native.arrow, native.value
