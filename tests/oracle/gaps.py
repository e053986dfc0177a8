"""`gaps.yaml` → what an engine is known not to do, told by the words that a query uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import yaml

from oracle.cases import HERE, Case, Difference


class Gap(Difference, frozen=True, kw_only=True):
    """All cases that use all of these words differ in this way."""

    uses: tuple[str, ...]


def read_gaps() -> Mapping[str, tuple[Gap, ...]]:
    raw = yaml.safe_load((HERE / "gaps.yaml").read_text(encoding="utf-8"))
    return msgspec.convert(raw or {}, dict[str, tuple[Gap, ...]])


def declared(case: Case, engine: str, gaps: Sequence[Gap]) -> Difference | None:
    """Return how this engine's answer differs: as the case says, else as the table does."""
    if engine in case.differs:
        return case.differs[engine]
    words = set(_words(case.query))
    return next((gap for gap in gaps if words.issuperset(gap.uses)), None)


def _words(query: object) -> Iterator[str]:
    """Yield every key and text of a query; of `flight_date:month` both parts too."""
    match query:
        case str():
            yield query
            yield from query.split(":")
        case Mapping():
            for key, value in query.items():
                yield from _words(key)
                yield from _words(value)
        case Sequence():
            for value in query:
                yield from _words(value)
        case _:
            return
