"""What a project names as `${…}`, where it is read before anybody knows what that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from penstock.project.document import Unknown

_PLACEHOLDER: Final = Unknown("1" * 64)  # a number, a text, and long enough for a shared secret


@dataclass(slots=True)
class Variables(Mapping[str, str]):
    """An environment that has every variable: those that it has not are a placeholder.

    `named` and `missing` are those that were looked for, and those that were not there.
    """

    environ: Mapping[str, str]
    named: set[str] = field(default_factory=set)

    def __getitem__(self, name: str) -> str:
        self.named.add(name)
        return self.environ.get(name, _PLACEHOLDER)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)

    def __iter__(self) -> Iterator[str]:
        return iter(self.environ)

    def __len__(self) -> int:
        return len(self.environ)

    def __bool__(self) -> bool:
        return True

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(sorted(self.named - {*self.environ}))
