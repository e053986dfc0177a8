from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from penstock.errors import ConflictError
from penstock.events import Event, UsageDamaged, UsageLost, UsageUnwritten, UsageWritten
from penstock.usage.spool import Spool, SpoolLimits
from usage.events import line

NAMES = [f"event-{number}" for number in range(25)]
LINES = [line(name) for name in NAMES]


@contextmanager
def opened(folder: Path, limits: SpoolLimits | None = None) -> Iterator[tuple[Spool, list[Event]]]:
    events: list[Event] = []
    spool = Spool(folder, events.append, limits or SpoolLimits())
    spool.open()
    try:
        yield spool, events
    finally:
        spool.close()


def drained(spool: Spool) -> list[bytes]:
    """Confirm all that waits and return it."""
    found: list[bytes] = []
    while (batch := spool.oldest()) is not None:
        found += batch.lines
        spool.confirm(batch)
    return found


def is_troubled(spool: Spool) -> bool:
    return spool.problem is not None


def test_what_goes_in_comes_out_in_order_and_is_gone(tmp_path: Path) -> None:
    with opened(tmp_path / "spool", SpoolLimits(lines=10)) as (spool, events):
        for text in LINES:
            spool.append(text)
        waiting = spool.waiting

        assert waiting > sum(map(len, LINES))
        assert drained(spool) == LINES
        assert spool.waiting == 0
        assert (spool.figures.recorded, spool.figures.delivered) == (25, 25)
        assert events == []
    assert [path.name for path in (tmp_path / "spool").iterdir()] == ["lock"]


def test_what_nobody_confirmed_is_there_the_next_time(tmp_path: Path) -> None:
    with opened(tmp_path, SpoolLimits(lines=10)) as (spool, _):
        for text in LINES:
            spool.append(text)
        assert spool.oldest() == spool.oldest()
    with opened(tmp_path) as (spool, _):
        spool.append(line("later"))

        assert drained(spool) == [*LINES, line("later")]


def test_what_is_being_gathered_waits_for_who_asks_for_files_only(tmp_path: Path) -> None:
    with opened(tmp_path, SpoolLimits(lines=10)) as (spool, _):
        for text in LINES[:15]:
            spool.append(text)
        first = spool.oldest(closed=True)
        assert first is not None
        spool.confirm(first)

        assert spool.oldest(closed=True) is None
        assert drained(spool) == LINES[10:15]


def test_a_process_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    work = (
        "import os, signal, sys; from pathlib import Path; from penstock.usage.spool import Spool\n"
        "spool = Spool(Path(sys.argv[1])); spool.open()\n"
        "for number in range(500): spool.append(b'%d' % number)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", work, tmp_path], check=False, timeout=60)

    with opened(tmp_path) as (spool, _):
        assert drained(spool) == [b"%d" % number for number in range(500)]


def test_a_torn_end_is_told_of_and_the_rest_is_whole(tmp_path: Path) -> None:
    with opened(tmp_path) as (spool, _):
        for text in LINES[:3]:
            spool.append(text)
    (file,) = tmp_path.glob("*.usage")
    file.write_bytes(file.read_bytes()[:-5])

    with opened(tmp_path) as (spool, events):
        assert drained(spool) == LINES[:2]
        assert [type(event) for event in events] == [UsageDamaged]
        assert spool.figures.lost == 1


def test_a_file_that_is_cut_while_it_is_written_spoils_no_later_event(tmp_path: Path) -> None:
    with opened(tmp_path) as (spool, _):
        spool.append(LINES[0])
        (file,) = tmp_path.glob("*.usage")
        os.truncate(file, 30)
        spool.append(LINES[1])

        assert drained(spool) == [LINES[1]]


def test_one_spool_is_for_one_process(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(ConflictError, match="Another process"):
        Spool(tmp_path).open()

    with opened(tmp_path) as (spool, _):
        assert spool.problem is None


def test_over_its_size_events_wait_in_memory_and_nothing_is_lost(tmp_path: Path) -> None:
    with opened(tmp_path, SpoolLimits(total=1000)) as (spool, events):
        for text in LINES:
            spool.append(text)
        held = spool.held
        assert 0 < held < len(LINES)
        assert [type(event) for event in events] == [UsageUnwritten]
        assert is_troubled(spool)

        found: list[bytes] = []
        while (batch := spool.oldest()) is not None:
            found += batch.lines
            spool.confirm(batch)
            spool.sync()
        assert found == LINES
        assert not is_troubled(spool)
        assert [type(event) for event in events] == [UsageUnwritten, UsageWritten]


def test_what_memory_has_no_room_for_is_counted_and_told_of(tmp_path: Path) -> None:
    with opened(tmp_path, SpoolLimits(total=0)) as (spool, events):
        for _ in range(10_003):
            spool.append(b"{}")
        spool.sync()

        assert spool.held == 10_000
        assert spool.figures.lost == 3
        assert [e.events for e in events if isinstance(e, UsageLost)] == [3]
        spool.sync()
        assert sum(isinstance(event, UsageLost) for event in events) == 1


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let the kernel refuse to make files larger than 1000 bytes, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("small_files")
def test_a_line_that_the_disk_takes_in_part_is_not_lost(tmp_path: Path) -> None:
    with opened(tmp_path) as (spool, events):
        for text in LINES:
            spool.append(text)
        assert isinstance(events[0], UsageUnwritten)
        assert spool.figures.lost == 0

        found: list[bytes] = []
        for _ in LINES:
            spool.sync()
            found += drained(spool)
        assert sorted(found) == sorted(LINES)
        assert not any(isinstance(event, UsageDamaged) for event in events)


def test_a_folder_that_comes_later_is_used_then(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.write_text("a file where the folder should be")
    with opened(folder) as (spool, _):
        spool.append(LINES[0])
        assert is_troubled(spool)
        folder.unlink()
        spool.sync()

        assert not is_troubled(spool)
        assert (spool.held, spool.waiting > 0) == (0, True)
        assert drained(spool) == LINES[:1]


def test_what_is_refused_is_set_aside(tmp_path: Path) -> None:
    with opened(tmp_path) as (spool, _):
        spool.append(LINES[0])
        batch = spool.oldest()
        assert batch is not None
        spool.refuse(batch)

        assert spool.oldest() is None
        assert spool.figures.delivered == 0
    (kept,) = tmp_path.glob("*.refused")
    assert LINES[0] in kept.read_bytes()
