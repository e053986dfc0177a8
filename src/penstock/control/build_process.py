"""`python -m penstock.control.build_process`: one build, apart from the manager.

Reads a request as JSON from standard input, writes a line of JSON for each step. A build opens
databases' files and imports all engines: memory that the manager need not have, and a crash that
need not be its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from penstock.control.build_talk import Said, Wish
from penstock.deploy.artifact.build import build_artifact
from penstock.deploy.artifact.store import ArtifactStore
from penstock.deploy.artifact.types import BuildLine, BuildRequest
from penstock.errors import PenstockError


def main() -> None:
    wish = msgspec.json.decode(sys.stdin.buffer.read(), type=Wish)
    request = BuildRequest(
        folder=Path(wish.folder),
        project=wish.project,
        api=wish.api,
        version=wish.version,
        environ=wish.environ,
    )
    try:
        built = build_artifact(request, ArtifactStore(Path(wish.artifacts)), _say_line)
    except PenstockError as error:
        _say(Said(errors=tuple(_sentences(error))))
        sys.exit(1)
    _say(Said(digest=built.digest))


def _sentences(error: PenstockError) -> list[str]:
    issues = getattr(error, "issues", None)
    if issues:
        return [
            f"{issue.file}:{issue.line}:{issue.column}: {issue.message} {issue.hint or ''}".strip()
            for issue in issues
        ]
    return [part.told for part in error.parts]


def _say_line(line: BuildLine) -> None:
    _say(Said(line=f"[{line.step}/{line.steps}] {line.text}"))


def _say(said: Said) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
