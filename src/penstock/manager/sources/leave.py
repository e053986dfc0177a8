"""What never becomes part of a version: state, history, keys, and what a machine left behind."""

from __future__ import annotations

import re
from typing import Final

_FOLDERS: Final = frozenset(
    {".git", ".hg", ".svn", ".penstock", ".venv", "venv", "__pycache__", "node_modules", ".ssh"}
)
_FILES: Final = re.compile(
    r"\.env(\..+)?|.*\.(pem|key|p12|pfx|pyc)|id_(rsa|dsa|ecdsa|ed25519)|\.netrc|\.DS_Store"
)


def is_left_out(path: str) -> bool:
    """Whether a file, by its relative path, is left out."""
    *folders, name = path.split("/")
    return any(folder in _FOLDERS for folder in folders) or _FILES.fullmatch(name) is not None
