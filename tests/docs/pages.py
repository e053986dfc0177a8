"""The documentation, read as a machine reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
README: Final = ROOT / "README.md"
LANGUAGE: Final = ROOT / "docs/query-language.md"
ERRORS: Final = ROOT / "docs/errors.md"
PAGES: Final = (README, *sorted((ROOT / "docs").rglob("*.md")))

_FENCE: Final = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, what is written after it, its text and its line."""

    language: str
    note: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Example:
    """A query and what is said to be its answer, in one or several forms."""

    page: str
    query: Block
    answers: tuple[Block, ...]

    def __str__(self) -> str:
        return f"{self.page}:{self.query.line}"


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    return [
        Block(found[1], found[2], found[3], text.count("\n", 0, found.start()) + 1)
        for found in _FENCE.finditer(text)
    ]


SHAPES: Final = ("nested", "rows", "columns", "compact")


def _is_answer(block: Block) -> bool:
    return block.language in {"csv", "problem"} or block.note in SHAPES


def examples(page: Path) -> Iterator[Example]:
    """Give every JSON block that is a question, with the answers that stand below it."""
    found = blocks(page)
    for i, block in enumerate(found):
        if block.language == "json" and not _is_answer(block):
            rest = found[i + 1 :]
            end = next((n for n, other in enumerate(rest) if not _is_answer(other)), len(rest))
            yield Example(page.name, block, tuple(rest[:end]))
