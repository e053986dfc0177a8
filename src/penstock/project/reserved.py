"""Names that no project can have."""

from __future__ import annotations

from typing import Final

RESERVED_PROJECTS: Final = frozenset({"api", "node", "preview"})
"""What addresses of gateway and manager begin with: a project would stand in their way."""
