from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from penstock.errors import ConflictError, StateError
from penstock.usage.event import UsageEvent
from penstock.usage.leftovers import Leftovers, deliver_leftovers
from penstock.usage.spool import FOLDER, Spool
from usage.events import line, usage


def left(state: Path, *lines: bytes) -> None:
    spool = Spool(state / FOLDER)
    spool.open()
    for text in lines:
        spool.append(text)
    spool.close()


def test_what_a_node_left_is_handed_over_once(tmp_path: Path) -> None:
    taken: list[UsageEvent] = []
    left(tmp_path, line("a"), line("b"))

    assert deliver_leftovers(tmp_path, taken.extend) == Leftovers(2, 0)
    assert deliver_leftovers(tmp_path, taken.extend) == Leftovers(0, 0)
    assert taken == [usage("a"), usage("b")]


def test_nothing_is_lost_where_it_cannot_be_taken(tmp_path: Path) -> None:
    taken: list[UsageEvent] = []
    left(tmp_path, line("a"))

    def fail(_: Sequence[UsageEvent]) -> None:
        raise StateError("The database is down.")

    with pytest.raises(StateError):
        deliver_leftovers(tmp_path, fail)
    assert deliver_leftovers(tmp_path, taken.extend) == Leftovers(1, 0)


def test_a_node_that_runs_keeps_its_own(tmp_path: Path) -> None:
    spool = Spool(tmp_path / FOLDER)
    spool.open()
    try:
        with pytest.raises(ConflictError):
            deliver_leftovers(tmp_path, lambda _: None)
    finally:
        spool.close()


def test_lines_that_are_no_events_are_counted_and_set_aside(tmp_path: Path) -> None:
    left(tmp_path, b'{"id": 5}')

    assert deliver_leftovers(tmp_path, lambda _: None) == Leftovers(0, 1)
    assert deliver_leftovers(tmp_path, lambda _: None) == Leftovers(0, 0)


def test_a_node_that_left_nothing_left_nothing(tmp_path: Path) -> None:
    assert deliver_leftovers(tmp_path / "nowhere", lambda _: None) == Leftovers(0, 0)
    assert not (tmp_path / "nowhere").exists()
