"""The shape of Envoy's configuration: trees of JSON, with the type of every extension in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Branch: TypeAlias = "dict[str, Tree]"
Tree: TypeAlias = "Mapping[str, Tree] | Sequence[Tree] | str | int | float | bool | None"


def any_of(message: str) -> str:
    """Return a message's type as protobuf's Any wants it."""
    return f"type.googleapis.com/envoy.{message}"


def extension(name: str, message: str, **settings: Tree) -> Branch:
    return {"name": name, "typed_config": {"@type": any_of(message), **settings}}


def seconds(value: float) -> str:
    return f"{value:g}s"


def from_file(path: str) -> Branch:
    """Return where a discovery service reads: a file that is renamed into its place."""
    return {"path_config_source": {"path": path}, "resource_api_version": "V3"}
