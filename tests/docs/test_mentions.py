from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.pages import PAGES, ROOT
from penstock.cli.keys import app as keys
from penstock.cli.main import COMMANDS as ALL
from penstock.node.endpoints import ENDPOINTS

PROSE = "\n".join(page.read_text() for page in PAGES)
COMMANDS = [f"penstock {name}" for name in ALL]
KEYS = [f"penstock keys {command.name}" for command in keys.registered_commands]
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("command", [*COMMANDS, *KEYS])
def test_every_command_is_mentioned(command: str) -> None:
    assert command in PROSE


@pytest.mark.parametrize("path", [endpoint.path for endpoint in ENDPOINTS])
def test_every_path_is_mentioned(path: str) -> None:
    name, dot, suffix = path.partition(".")
    if path == "/openapi.json" or not dot:
        assert f"`{path}" in PROSE
    else:
        assert f"`{name}" in PROSE
        assert f"`.{suffix}`" in PROSE


@pytest.mark.parametrize("variable", ["PENSTOCK_HOME"])
def test_what_the_environment_decides_is_mentioned(variable: str) -> None:
    assert variable in PROSE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link]

    assert [link for link in links if not (page.parent / link).exists()] == []
