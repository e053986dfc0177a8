from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.pages import PAGES, ROOT
from penstock.cli.keys import app as keys
from penstock.cli.main import COMMANDS as ALL
from penstock.manager.operations import ROUTES
from penstock.manager.routes import Open, Route
from penstock.node.endpoints import ENDPOINTS

OPERATIONS = (ROOT / "docs/operations.md").read_text()
SOURCES = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
VARIABLES = sorted({*re.findall(r"\"(PENSTOCK_[A-Z_]*[A-Z])\"", SOURCES)})
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


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_of_the_manager_is_in_the_table_with_its_permission(route: Route) -> None:
    needed = {Open.ANYBODY: "*anybody*", Open.KNOWN: "*whoever has a valid token*"}
    permission = route.permission
    shown = needed[permission] if isinstance(permission, Open) else f"`{permission}`"

    assert f"| `{route.method} {route.address}` | {shown} |" in OPERATIONS


@pytest.mark.parametrize("variable", VARIABLES)
def test_what_the_environment_decides_is_mentioned(variable: str) -> None:
    assert f"`{variable}`" in OPERATIONS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link]

    assert [link for link in links if not (page.parent / link).exists()] == []
