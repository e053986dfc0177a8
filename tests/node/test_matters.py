from __future__ import annotations

import pytest

from penstock.node.server import matters


@pytest.mark.parametrize(
    "path", ["/p/models/flights.yaml", "/p/queries/a.sql", "/p/models", "/p/penstock.yml"]
)
def test_what_a_project_is_read_from_reloads_it(path: str) -> None:
    assert matters(None, path)


@pytest.mark.parametrize("path", ["/p/node.log", "/p/.git/a.yaml", "/p/data/flights.parquet"])
def test_what_changes_beside_a_project_does_not(path: str) -> None:
    assert not matters(None, path)
