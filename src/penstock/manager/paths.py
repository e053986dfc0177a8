"""A request's path -> what answers there, and the ids in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote

Found = TypeVar("Found")


@dataclass(slots=True)
class _Step(Generic[Found]):
    """What may come next: a word, or an id under the name that the path gives it."""

    words: dict[str, _Step[Found]] = field(default_factory=dict)
    named: tuple[str, _Step[Found]] | None = None
    found: Found | None = None


@dataclass(frozen=True, slots=True)
class Paths(Generic[Found]):
    """The library's router knows no ids in the paths of bare ASGI handlers, which these are."""

    root: _Step[Found]

    @classmethod
    def of(cls, paths: Iterable[tuple[str, Found]]) -> Paths[Found]:
        """Raise ValueError for paths that mean two things, or name one id twice differently."""
        root: _Step[Found] = _Step()
        for path, found in paths:
            step = root
            for part in path.strip("/").split("/"):
                step = _next(step, part)
            if step.found is not None:
                raise ValueError(f"{path} is there twice")
            step.found = found
        return cls(root)

    def find(self, raw: str) -> tuple[Found, Mapping[str, str]] | None:
        """Return what is at a path, as it was sent; a coded slash is part of an id, not a step."""
        step, ids = self.root, dict[str, str]()
        for part in raw.removeprefix("/").split("/"):
            following = step.words.get(part)
            if following is None and step.named is not None and part:
                name, following = step.named
                ids[name] = unquote(part)
            if following is None:
                return None
            step = following
        return None if step.found is None else (step.found, ids)


def _next(step: _Step[Found], part: str) -> _Step[Found]:
    if not part.startswith("{"):
        return step.words.setdefault(part, _Step())
    name = part.strip("{}")
    if step.named is None:
        step.named = (name, _Step())
    if step.named[0] != name:
        raise ValueError(f"an id is called {name} here, and {step.named[0]} there")
    return step.named[1]
