from __future__ import annotations

from pathlib import Path

import pytest

from penstock.errors import StateError
from penstock.store.database import FILE, open_database, open_file
from penstock.store.keys import KeyDraft, KeyRepository
from penstock.store.last_used import LastUsed


def test_the_latest_use_is_written(tmp_path: Path) -> None:
    used = LastUsed()
    with open_database(tmp_path) as database:
        keys = KeyRepository(database)
        record, _ = keys.create(KeyDraft(name="a"), now=1)
        used.note(record.id, 5)
        used.note(record.id, 6)
        assert keys.find(record.id).last_used is None

        used.flush(keys)

        assert keys.find(record.id).last_used == 6


def test_what_could_not_be_written_is_written_the_next_time(tmp_path: Path) -> None:
    used = LastUsed()
    with open_database(tmp_path) as database:
        keys = KeyRepository(database)
        record, _ = keys.create(KeyDraft(name="a"), now=1)
        used.note(record.id, 5)
        with (
            database.writing(),
            open_file(tmp_path / FILE, busy=0.01) as locked,
            pytest.raises(StateError, match="locked"),
        ):
            used.flush(KeyRepository(locked))

        used.flush(keys)

        assert keys.find(record.id).last_used == 5
