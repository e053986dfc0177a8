"""The commands of a page of the documentation, typed as they stand there."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
_TITLE = "## Running on Kubernetes\n"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Return the section's blocks of commands, in order."""
    section = PAGE.read_text().partition(_TITLE)[2].partition("\n## ")[0]
    return _BLOCK.findall(section)


@dataclass
class Terminal:
    """A shell in a folder. What one line exports the next ones know; what one leaves runs on.

    `instead` has what is another thing here than on the page.
    """

    folder: Path
    variables: dict[str, str]
    instead: Mapping[str, str]
    _started: list[int] = field(default_factory=list)

    def type(self, text: str, within: float = 300) -> str:
        """Return what it prints; raise AssertionError where a line fails."""
        for written, meant in self.instead.items():
            text = text.replace(written, meant)
        # What was left running goes on writing to its own.
        said, kept = self.folder / f".said-{len(self._started)}", self.folder / ".kept"
        script = f"set -aeu\n{text}\nenv -0 > {kept}\n"
        # Programs that are left running hold a file open, and not a pipe that is waited for.
        with said.open("wb") as output:
            shell = subprocess.Popen(
                ["bash", "-c", script],
                cwd=self.folder,
                env=self.variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            self._started.append(shell.pid)
            code = shell.wait(within)
        told = said.read_text(errors="replace")
        assert code == 0, f"{text}\nexit {code}\n{told[-6000:]}"
        pairs = kept.read_text().split("\0")
        self.variables = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        return told

    def end(self) -> None:
        """End what runs on."""
        for group in self._started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        self._started.clear()


@contextmanager
def terminal(
    folder: Path, variables: dict[str, str], instead: Mapping[str, str]
) -> Iterator[Terminal]:
    opened = Terminal(folder, variables, instead)
    try:
        yield opened
    finally:
        opened.end()
