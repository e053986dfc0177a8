from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread, active_count
from time import monotonic, sleep
from typing import Final

import pyarrow as pa
import pytest

from engine.federation.recording import Recording
from engine.federation.spread import Spread, Spreads
from oracle.cases import Who
from penstock.engine.federation import Federation
from penstock.engine.types import Running
from penstock.errors import (
    EngineError,
    QueryCancelledError,
    QueryTimeoutError,
    UnavailableError,
)
from penstock.local import Project
from penstock.pipeline import Question
from penstock.query.types import Json
from penstock.sql.types import Statement

SPREAD: Final[Spread] = {
    "duckdb": ("flights", "weather"),
    "sqlite": ("planes", "airlines", "airports"),
}
AGENT: Final = Who(roles=("station_agent",), attributes={"stations": ("JFK",)})
BY_MAKER: Final[Mapping[str, Json]] = {
    "data": {"fields": {"distance": ["sum"]}},
    "scale": {"fields": ["manufacturer"]},
}
MEDIANS: Final[Mapping[str, Json]] = {
    "data": {"fields": {"distance": ["median"]}},
    "scale": {"fields": ["manufacturer"]},
}
LISTING: Final[Mapping[str, Json]] = {
    "data": {"fields": {"distance": ["select"], "manufacturer": ["select"]}, "limit": 300_000},
    "filter": {"manufacturer": {"is_not_null": True}},
}
_MEMORY: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Room:
    """A project over two databases, and what goes through each of them."""

    project: Project
    engines: Mapping[str, Recording]
    federation: Federation

    def start(self, query: Mapping[str, Json], *, timeout: float = 60.0) -> Running:
        statement = self.ask(query).rows
        assert statement.parts
        return self.federation.run(statement, timeout=timeout)

    def ask(self, query: Mapping[str, Json]) -> Question:
        return self.project.ask(query)

    def answer(self, query: Mapping[str, Json]) -> pa.Table:
        running = self.start(query)
        return pa.Table.from_batches(list(running), schema=running.schema)


def enter(spreads: Spreads, who: Who | None = None, *, memory: int = _MEMORY) -> Room:
    project = spreads.project("flights", SPREAD, who)
    engines = {name: Recording(engine) for name, engine in project.pipeline.engines.items()}
    return Room(project, engines, Federation(engines, memory=memory, threads=2))


@pytest.fixture
def room(spreads: Spreads) -> Room:
    return enter(spreads)


# --- what leaves a database


def test_groups_leave_a_database_where_rows_would_have(room: Room) -> None:
    room.answer(BY_MAKER)

    assert room.engines["duckdb"].rows < 5_000
    assert "GROUP BY" in room.engines["duckdb"].asked[0].text


def test_only_the_columns_that_are_needed_leave_a_database(room: Room) -> None:
    room.answer(MEDIANS)

    assert {*room.engines["duckdb"].left[0].schema.names} == {"tailnum", "distance"}
    assert {*room.engines["sqlite"].left[0].schema.names} == {"tailnum", "manufacturer"}


def test_a_filter_on_one_database_tells_the_other_which_rows_it_needs(room: Room) -> None:
    query = {**MEDIANS, "filter": {"planes.model": "A321-231"}}
    plain = room.project.query(query)

    assert room.answer(query).equals(plain)
    assert room.engines["duckdb"].values("tailnum") <= room.engines["sqlite"].values("tailnum")
    assert " IN (SELECT UNNEST(" in room.engines["duckdb"].asked[0].text


def test_a_filter_that_nothing_passes_needs_no_row_of_the_other(room: Room) -> None:
    answer = room.answer({**MEDIANS, "filter": {"planes.model": "none is called this"}})

    assert (answer.num_rows, room.engines["duckdb"].rows) == (0, 0)


def test_labels_are_looked_up_for_the_answer_alone(room: Room) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"distance": ["sum"]}, "limit": 3},
        "scale": {"fields": ["dest"]},
    }

    answer = room.answer(query)

    assert room.engines["duckdb"].rows == 3
    assert answer.column("dest_label").to_pylist() == [
        "Albuquerque International Sunport",
        "Nantucket Mem",
        "Albany Intl",
    ]


def test_a_part_that_is_used_twice_is_read_once(room: Room) -> None:
    room.answer({**MEDIANS, "evol": {"scale": "month", "field": "flight_date", "depth": 2}})

    assert len(room.engines["sqlite"].asked) == 1


# --- policy


def test_no_row_that_a_role_may_not_see_leaves_its_database(spreads: Spreads) -> None:
    room = enter(spreads, AGENT)
    query: dict[str, Json] = {
        "data": {"fields": {"distance": ["sum", "median"], "wind_speed": ["max"]}},
        "scale": {"fields": ["origin", "origin_airport.tzone"]},
        "filter": {"or": [{"dest_airport.alt": {"gt": 5000}}, {"month": 2}]},
    }
    room.answer(query)

    assert room.engines["duckdb"].values("origin") == {"JFK"}


def test_a_hidden_attribute_is_in_no_part(spreads: Spreads) -> None:
    room = enter(spreads, AGENT)
    room.answer({**BY_MAKER, "scale": {"fields": ["dest_airport.name"]}})

    texts = [part.text for engine in room.engines.values() for part in engine.asked]
    assert not any("tailnum" in text for text in texts)


def test_totals_and_counts_hold_to_the_rows_of_a_role_as_well(spreads: Spreads) -> None:
    room = enter(spreads, AGENT)
    query: dict[str, Json] = {
        "data": {"fields": {"flight": ["count"]}, "hints": True},
        "scale": {"fields": ["dest_airport.name", "origin"]},
        "total": {"all": [], "by origin": ["origin"]},
    }
    asked = room.ask(query)

    assert asked.count is not None
    for statement in (asked.count, *asked.totals):
        list(_run(room, statement))
    assert all("'JFK'" in repr(part.parameters) for part in room.engines["duckdb"].asked)


def _run(room: Room, statement: Statement) -> Running:
    if statement.parts:
        return room.federation.run(statement, timeout=60.0)
    return room.engines["duckdb"].run(statement, timeout=60.0)


# --- a statement's end


def test_it_can_be_cancelled_while_it_reads_its_parts(room: Room) -> None:
    running = room.start(LISTING)
    next(running)
    running.cancel()

    with pytest.raises(QueryCancelledError):
        _read_on(running)


def test_a_cancel_reaches_the_databases(room: Room) -> None:
    running = room.start(LISTING)
    seen = Event()

    def read() -> None:
        try:
            _ = running.schema
            seen.set()
            _read_on(running)
        except QueryCancelledError:
            seen.set()

    reader = Thread(target=read)
    reader.start()
    seen.wait(30)
    running.cancel()
    reader.join(30)

    assert not reader.is_alive()
    assert room.engines["duckdb"].rows < 336_776


def test_it_stops_when_its_time_is_over(room: Room) -> None:
    running = room.start(LISTING, timeout=0.0)

    with pytest.raises(QueryTimeoutError):
        _read_on(running)


@pytest.mark.parametrize("batches", [0, 1, 3])
def test_it_closes_in_any_state_and_another_one_answers(room: Room, batches: int) -> None:
    running = room.start(LISTING)
    for _ in range(batches):
        next(running)
    running.close()
    running.close()

    with pytest.raises(QueryCancelledError):
        next(running)
    assert room.answer(BY_MAKER).num_rows == 36


def test_an_error_names_the_database_it_came_from(spreads: Spreads, tmp_path: Path) -> None:
    room = enter(spreads)
    file = spreads.folders["flights-duckdb_2-sqlite_3"] / "data.db"
    file.rename(tmp_path / "away.db")
    try:
        with pytest.raises(UnavailableError, match=r"^In the database 'sqlite': "):
            room.answer(MEDIANS)
    finally:
        (tmp_path / "away.db").rename(file)


def test_a_statement_that_reads_something_else_is_refused(room: Room) -> None:
    asked = room.ask(MEDIANS).rows
    text = "SELECT content FROM read_text('/etc/hostname')"
    running = room.federation.run(Statement(text, (), parts=asked.parts), timeout=10.0)

    with pytest.raises(EngineError):
        _read_on(running)


def test_what_does_not_fit_into_memory_is_answered_from_disk(spreads: Spreads) -> None:
    room = enter(spreads, memory=48 << 20)
    query: dict[str, Json] = {
        "data": {
            "fields": {"distance": ["select"], "flight_date": ["select"], "seats": ["select"]},
            "limit": 400_000,
        },
        "filter": {"seats": {"gt": 0}},
        "order": {"seats": "desc", "distance": "asc"},
    }

    assert room.answer(query).num_rows > 250_000


def test_it_says_what_to_do_where_not_even_the_disk_helps(spreads: Spreads) -> None:
    room = enter(spreads, memory=2 << 20)

    with pytest.raises(EngineError, match="more memory"):
        room.answer(LISTING)


def test_threads_end_with_their_statements(room: Room) -> None:
    before = active_count()
    for _ in range(5):
        room.answer(BY_MAKER)
    until = monotonic() + 10
    while active_count() > before and monotonic() < until:
        sleep(0.01)

    assert active_count() <= before


def _read_on(running: Running) -> None:
    for _ in running:
        pass
