"""What every server that is measured must say about itself: Penstock, the floor and the peers."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from benchmarks.client import Answer, Request
from benchmarks.processes import Server
from benchmarks.questions import Topic


class Format(StrEnum):
    JSON = "JSON"
    NDJSON = "NDJSON"
    CSV = "CSV"
    ARROW = "Arrow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """The two questions in one contender's tongue, and how its JSON answers are read.

    `cached` is the small question where an answer may be kept, None where there is no cache.
    """

    small: Request
    cached: Request | None
    big: Mapping[Format, Request]


class Contender(Protocol):
    name: str
    remark: str

    def version(self) -> str:
        """Install it, if need be, and return what was installed."""
        ...

    def serve(self, topic: Topic, *, cached: bool) -> contextlib.AbstractContextManager[Server]:
        """Start it on a topic; `cached` allows it to keep answers, where it can."""
        ...

    def questions(self, topic: Topic) -> Questions: ...

    def rows(self, answer: Answer) -> Sequence[Mapping[str, object]]:
        """Return the rows of a JSON answer."""
        ...
