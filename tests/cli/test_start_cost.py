from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"pyarrow", "sqlalchemy", "sqlglot", "numpy", "pydantic"}


@pytest.mark.parametrize(
    "command", ["status", "history", "logs", "scale", "variables", "tokens", "--version"]
)
def test_a_command_that_only_asks_the_manager_imports_nothing_heavy(command: str) -> None:
    program = (
        "import sys; from penstock.cli.main import build_app; "
        f"build_app([{command!r}]); print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    assert HEAVY & {*done.stdout.split()} == set()
