"""The interactive API documentation: one page and its assets, all from this package."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Final, NamedTuple

from penstock.errors import NotFoundError

# Whatever the page shows or is given to show, it talks to this node only and runs our files only.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = (
    ("content-security-policy", _POLICY),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
)

_MEDIA_TYPES: Final = {
    "docs.css": "text/css; charset=utf-8",
    "docs.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}

_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API documentation</title>
<link rel="icon" type="image/png" href="{assets}/favicon-32x32.png">
<link rel="stylesheet" href="{assets}/swagger-ui.css">
<link rel="stylesheet" href="{assets}/docs.css">
<script src="{assets}/swagger-ui-bundle.js" defer></script>
<script src="{assets}/docs.js" defer></script>
</head>
<body>
<div id="docs" data-openapi="{openapi}"></div>
<noscript>This page needs JavaScript. The API is described at
<a href="{openapi}">{openapi}</a>.</noscript>
</body>
</html>
"""


class Asset(NamedTuple):
    """`etag` is strong and quoted, as the header wants it."""

    body: bytes
    media_type: str
    etag: str


def docs_page(openapi_url: str, assets_url: str = "docs/assets") -> bytes:
    """Return the page. Both addresses may be relative to it, so that a prefix before it works."""
    return _PAGE.format(assets=escape(assets_url.rstrip("/")), openapi=escape(openapi_url)).encode()


@cache
def asset(name: str) -> Asset:
    """Return one of the page's files; any other name is NOT_FOUND, whatever lies on the disk."""
    if name not in _MEDIA_TYPES:
        raise NotFoundError(
            f"There is no asset {name!r}.", hint=f"There are: {', '.join(_MEDIA_TYPES)}."
        )
    body = files("penstock.node").joinpath("assets", name).read_bytes()
    return Asset(body, _MEDIA_TYPES[name], f'"{sha256(body).hexdigest()[:32]}"')
