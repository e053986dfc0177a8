from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys, time
from pathlib import Path
from penstock.cli.manager_log import bounded

log, lines = Path(sys.argv[1]), int(sys.argv[2])
turned = log.with_name("manager.log.1")
with bounded(log, limit=1_000, every=0.01):
    until = time.monotonic() + 30
    for number in range(lines):
        print("line", number, "." * 50, flush=True)
        print("error", number, file=sys.stderr, flush=True)
        while number == lines - 2 and not turned.exists() and time.monotonic() < until:
            time.sleep(0.01)
"""


def run(log: Path, lines: int, *, elsewhere: bool = False) -> str:
    """Run a program whose output goes to a log; return what is in it in the end."""
    with (log.with_name("other") if elsewhere else log).open("ab") as out:
        subprocess.run(
            [sys.executable, "-c", PROGRAM, log, str(lines)],
            stdout=out,
            stderr=out,
            check=True,
            timeout=60,
        )
    return log.read_text()


def test_a_log_that_grows_is_turned_over_and_written_on(tmp_path: Path) -> None:
    log = tmp_path / "manager.log"

    now = run(log, 100)

    before = log.with_name("manager.log.1").read_text()
    assert len(before) > 1_000
    assert "error 99\n" in before + now


def test_no_line_is_lost_when_it_is_turned_over_once(tmp_path: Path) -> None:
    log = tmp_path / "manager.log"
    log.write_text("x" * 1_001 + "\n")

    now = run(log, 3)

    lines = (log.with_name("manager.log.1").read_text() + now).splitlines()
    assert [line.split(" .")[0] for line in lines[1:]] == [
        said for number in range(3) for said in (f"line {number}", f"error {number}")
    ]


def test_a_log_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "manager.log"
    log.write_text("x" * 2_000)

    assert run(log, 1, elsewhere=True) == "x" * 2_000
    assert not log.with_name("manager.log.1").exists()
