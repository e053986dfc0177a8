"""The contract and its gaps → the table in docs/engines.md; `python -m contract.matrix` writes it.

Run it with PYTHONPATH=src:tests.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from contract.registry import ENGINES
from contract.types import Gap

HERE: Final = Path(__file__).parent
PAGE: Final = HERE.parents[1] / "docs" / "engines.md"
_OPEN: Final = "<!-- written by tests/contract/matrix.py: do not edit -->\n"
_CLOSE: Final = "<!-- written until here -->\n"
_SKIPPED: Final = frozenset({"test_matrix.py", "test_registry.py"})


class Case(NamedTuple):
    """A test of the contract, and the page of it that it is in."""

    page: str
    name: str

    @property
    def sentence(self) -> str:
        return self.name.replace("_", " ")


def find_cases() -> list[Case]:
    """Return every test of the contract, in the order in which they are written."""
    found: list[Case] = []
    for path in sorted(HERE.glob("test_*.py")):
        if path.name in _SKIPPED:
            continue
        tree = ast.parse(path.read_text())
        page = path.stem.removeprefix("test_")
        found += [
            Case(page, node.name.removeprefix("test_"))
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        ]
    return found


def write_matrix() -> str:
    """Return the table: a row for each case, a column for each engine, and the gaps below."""
    gaps = [(engine, gap) for engine in ENGINES for gap in ENGINES[engine].gaps]
    numbers = {gap: number for number, gap in enumerate(gaps, 1)}
    titles = [contender.title for contender in ENGINES.values()]
    lines = [
        f"| | {' | '.join(titles)} |",
        f"|---|{'---|' * len(titles)}",
    ]
    page = ""
    for case in find_cases():
        if case.page != page:
            page = case.page
            lines.append(f"| **{page}** |{' |' * len(titles)}")
        cells = [_cell(engine, case, numbers) for engine in ENGINES]
        lines.append(f"| {case.sentence} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", *_notes(numbers)]) + "\n"


def _cell(engine: str, case: Case, numbers: dict[tuple[str, Gap], int]) -> str:
    found = [
        (gap, number)
        for (whose, gap), number in numbers.items()
        if whose == engine and gap.case.partition("[")[0] == case.name
    ]
    if not found:
        return "yes"
    word = "no" if any("[" not in gap.case for gap, _ in found) else "in part"
    return f"{word} ({', '.join(str(number) for _, number in found)})"


def _notes(numbers: dict[tuple[str, Gap], int]) -> Iterator[str]:
    for (engine, gap), number in numbers.items():
        name, _, part = gap.case.partition("[")
        of = f", {part.removesuffix(']')}" if part else ""
        what = "there is another answer" if gap.error == "other" else f"`{gap.error}`"
        said = f"{name.replace('_', ' ')}{of}: {gap.reason}"
        yield f"{number}. {ENGINES[engine].title}, *{said.removesuffix('.')}*: {what}"


def replace_matrix(page: str) -> str:
    """Return the page with the table of now."""
    before, _, rest = page.partition(_OPEN)
    _, _, after = rest.partition(_CLOSE)
    return f"{before}{_OPEN}\n{write_matrix()}\n{_CLOSE}{after}"


if __name__ == "__main__":
    PAGE.write_text(replace_matrix(PAGE.read_text()))
