"""A node's environment, with its secrets: only for what is handed to the node itself."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.secret import Secret


def reveal(environment: Mapping[str, str | Secret]) -> dict[str, str]:
    return {
        name: value.reveal() if isinstance(value, Secret) else value
        for name, value in environment.items()
    }
