"""A YAML file as a tree that remembers where everything stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from penstock.project.types import Place
from penstock.secret import Secret

Step: TypeAlias = str | int
Scalar: TypeAlias = bool | int | float | str | Secret | None
Plain: TypeAlias = "Scalar | list[Plain] | dict[str, Plain]"


@dataclass(frozen=True, slots=True)
class Node:
    """A value, where it starts, and where its key does if it has one.

    `lost` marks a value that could not be read and was reported: nobody need complain again.
    """

    content: Scalar | Mapping[str, Node] | tuple[Node, ...]
    start: tuple[int, int]
    key: tuple[int, int] | None = None
    lost: bool = False

    def child(self, step: Step) -> Node | None:
        content = self.content
        if isinstance(content, Mapping):
            return content.get(step) if isinstance(step, str) else None
        if isinstance(content, tuple) and isinstance(step, int) and 0 <= step < len(content):
            return content[step]
        return None

    def plain(self) -> Plain:
        """Return the value without its places."""
        match self.content:
            case Mapping() as members:
                return {key: node.plain() for key, node in members.items()}
            case tuple() as items:
                return [node.plain() for node in items]
            case scalar:
                return scalar

    def without(self, gone: Iterable[tuple[Step, ...]]) -> Node:
        """Return this tree without the values at the paths given."""
        by_step: dict[Step, list[tuple[Step, ...]]] = {}
        for path in gone:
            by_step.setdefault(path[0], []).append(path[1:])
        match self.content:
            case Mapping() as members:
                kept = {k: _kept(n, by_step.get(k)) for k, n in members.items()}
                return replace(self, content={k: n for k, n in kept.items() if n is not None})
            case tuple() as items:
                rest = (_kept(n, by_step.get(i)) for i, n in enumerate(items))
                return replace(self, content=tuple(n for n in rest if n is not None))
            case _:
                return self


def _kept(node: Node, gone: list[tuple[Step, ...]] | None) -> Node | None:
    if gone is None:
        return node
    return None if () in gone else node.without(gone)


class Unknown(str):
    """The value of a variable that is not known here: it is for reading what else there is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One project file, read. `variables` are the environment's values it took, by name."""

    file: str
    root: Node
    variables: Mapping[str, str] = field(default_factory=dict)

    def path(self, loc: Iterable[Step]) -> tuple[Step, ...]:
        """Return the part of `loc` that exists here."""
        node, found = self.root, list[Step]()
        for step in loc:
            child = node.child(step)
            if child is not None:
                node = child
                found.append(step)
        return tuple(found)

    def at(self, *loc: Step) -> Node:
        """Return the node at a path, or the last one that exists on the way to it."""
        node = self.root
        for step in self.path(loc):
            node = node.child(step) or node
        return node

    def place(self, *loc: Step) -> Place:
        """Return where a value stands: a scalar itself, anything larger by its key."""
        node = self.at(*loc)
        is_scalar = not isinstance(node.content, Mapping | tuple)
        return Place(self.file, *(node.start if is_scalar or node.key is None else node.key))

    def key_place(self, *loc: Step) -> Place:
        """Return where the key of a value stands."""
        node = self.at(*loc)
        return Place(self.file, *(node.key or node.start))

    def is_known(self, text: str) -> bool:
        """Whether a text from here is as meant: no variable stands in it that is not known."""
        unknown = (value for value in self.variables.values() if isinstance(value, Unknown))
        return not any(value in text for value in unknown)

    def names(self, *loc: Step) -> tuple[str, ...]:
        """Return the keys of the mapping at a path, none where there is no mapping."""
        node: Node | None = self.root
        for step in loc:
            node = node.child(step) if node is not None else None
        if node is None or not isinstance(node.content, Mapping):
            return ()
        return tuple(node.content)
