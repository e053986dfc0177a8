"""A list for people → standard output: on a terminal as wide as that, elsewhere never folded."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

_WIDEST = 10_000  # signs: no line of a list is longer


def print_list(table: Table, empty: str = "") -> None:
    """Print a table, or what is said of an empty one.

    Each row is one line where there is no terminal that could be narrow; for programs there is
    `--json`.
    """
    out = Console(highlight=False)
    if not table.row_count:
        out.print(empty)
    elif out.is_terminal:
        out.print(table)
    else:
        wide = Console(file=out.file, width=_WIDEST, highlight=False)
        with wide.capture() as captured:
            wide.print(table)
        out.file.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())
