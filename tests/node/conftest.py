"""The nodes that tests share: one of each per process of the suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.laboratory import token, write_laboratory
from node.running import ROOT, Node, run_node
from penstock.store.keys import KeyDraft

_CALLERS = (
    KeyDraft(name="analyst", roles=("analyst",), permissions=frozenset({"refresh"})),
    KeyDraft(name="jfk", roles=("station_agent",), attributes={"stations": ("JFK",)}),
    KeyDraft(name="lga", roles=("station_agent",), attributes={"stations": ("LGA",)}),
    KeyDraft(name="lost", roles=("station_agent",)),
    KeyDraft(name="public", roles=("public",)),
    KeyDraft(name="nobody"),
)


@pytest.fixture(scope="session")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The repository's own project, and one caller of each kind."""
    home = tmp_path_factory.mktemp("flights")
    with run_node(ROOT, home, "--no-reload", drafts=_CALLERS) as node:
        yield node
        assert node.events("Failed") == []


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_laboratory(tmp_path_factory.mktemp("laboratory"))


@pytest.fixture(scope="session")
def lab(laboratory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The laboratory, with places for two queries and for two that wait."""
    with run_node(laboratory, tmp_path_factory.mktemp("lab"), "--no-reload") as node:
        node.keys["analyst"] = token("analyst", "everything")
        node.keys["some"] = token("some", "some", [1, 2])
        yield node
        assert node.events("Failed") == []
