"""What somebody wants of an API -> the deployment that it becomes."""

from __future__ import annotations

from penstock.cli.place import Target, text
from penstock.cli.remote import Manager
from penstock.query.types import Json


def run(manager: Manager, target: Target, action: str, body: dict[str, Json]) -> str:
    """Ask for something that becomes a deployment; return its id."""
    wanted = {name: value for name, value in body.items() if value is not None}
    record = manager.post(f"{target.path}/{action}", wanted)
    return text(record, "id") if isinstance(record, dict) else ""
