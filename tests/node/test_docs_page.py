from __future__ import annotations

import re
from hashlib import sha256
from importlib.resources import files
from urllib.parse import urljoin

import pytest

from penstock.errors import NotFoundError
from penstock.node.docs_page import HEADERS, asset, docs_page

PAGE = docs_page("openapi.json").decode()
LINKS = re.findall(r'(?:src|href)="([^"]+)"', PAGE)


def test_everything_the_page_loads_is_one_of_our_assets() -> None:
    loaded = [link for link in LINKS if link != "openapi.json"]

    assert [asset(link.removeprefix("docs/assets/")).body != b"" for link in loaded] == [True] * 5


def test_behind_a_prefix_the_page_still_finds_its_own_files() -> None:
    found = {urljoin("https://example.com/flights/v1/docs", link) for link in LINKS}

    assert all(url.startswith("https://example.com/flights/v1/") for url in found)


def test_the_page_has_no_script_of_its_own() -> None:
    assert re.findall(r"<script[^>]*>([^<]+)</script>", PAGE) == []
    assert "unsafe" not in dict(HEADERS)["content-security-policy"]


def test_an_address_cannot_break_out_of_the_page() -> None:
    assert b"<script>alert" not in docs_page('"><script>alert(1)</script>')


@pytest.mark.parametrize("name", ["README.md", "../docs_page.py", "", "nothing.js"])
def test_any_other_file_does_not_exist(name: str) -> None:
    with pytest.raises(NotFoundError):
        asset(name)


def test_the_vendored_files_are_the_ones_the_readme_names() -> None:
    folder = files("penstock.node").joinpath("assets")
    readme = folder.joinpath("README.md").read_text()
    named = re.findall(r"^([0-9a-f]{64})  (\S+)$", readme, re.MULTILINE)

    assert len(named) == 3
    for digest, name in named:
        assert sha256(folder.joinpath(name).read_bytes()).hexdigest() == digest
