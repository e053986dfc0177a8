"""What docs/operations.md says of backup and restore, done: another folder serves the same."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from support.stack import Stack, free_port, serving

pytestmark = pytest.mark.timeout(300)


def back_up(home: Path, into: Path) -> None:
    """Copy a state folder while its manager runs, the database by SQLite's own means."""
    into.mkdir(mode=0o700)
    with (
        closing(sqlite3.connect(home / "penstock.db")) as source,
        closing(sqlite3.connect(into / "penstock.db")) as copy,
    ):
        source.backup(copy)
    for folder in ("contents", "artifacts"):
        shutil.copytree(home / folder, into / folder)
    shutil.copy2(home / "master.key", into)


def test_a_backup_taken_while_all_runs_serves_the_same_from_another_folder(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, nodes=1) as shop:
        answer = shop.ask().json()["results"]
        back_up(shop.home, tmp_path / "backup")

    restored = Stack(tmp_path / "backup", shop.project, free_port(), free_port(), key=shop.key)
    try:
        restored.up()
        restored.wait(lambda: restored.ask().status_code == 200)

        assert restored.ask().json()["results"] == answer
        assert "done" in restored.run("history").stdout
    finally:
        restored.run("down", check=False)
