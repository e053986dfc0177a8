from __future__ import annotations

import pytest

from penstock.errors import ConfigurationError
from penstock.link.client import ManagerAddress


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("unix:/run/manager.sock", ManagerAddress("http://manager", "/run/manager.sock")),
        ("http://127.0.0.1:8400/", ManagerAddress("http://127.0.0.1:8400")),
        ("https://manager.example.com", ManagerAddress("https://manager.example.com")),
    ],
)
def test_a_manager_is_at_a_socket_file_or_an_address(text: str, address: ManagerAddress) -> None:
    assert ManagerAddress.parse(text) == address


@pytest.mark.parametrize("text", ["", "unix:", "manager:8400", "ftp://x", "http://", "http://[x"])
def test_anything_else_is_no_manager(text: str) -> None:
    with pytest.raises(ConfigurationError, match="PENSTOCK_MANAGER"):
        ManagerAddress.parse(text)
