"""A state file of any version -> one of today's."""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from penstock.errors import StateError

HEAD = "0006"  # the newest of `migrations/versions`; knowing it here spares most starts Alembic

_MIGRATIONS = Path(__file__).parent / "migrations"
_one_at_a_time = threading.Lock()  # Alembic keeps what it works on in module globals


def revision_of(connection: Connection) -> str | None:
    """Return the version of a state file, None for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def upgrade(connection: Connection) -> None:
    """Run what is missing, in the caller's transaction.

    The caller must be the only one: it holds the file's write lock. Raises StateError for a file
    that a newer program has written.
    """
    from alembic import command  # noqa: PLC0415 it takes 0.2 s to import, and is seldom needed
    from alembic.config import Config  # noqa: PLC0415 the same
    from alembic.util import CommandError  # noqa: PLC0415 the same

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        with _one_at_a_time:
            command.upgrade(config, "head")
    except CommandError as error:
        raise StateError(
            "The state was written by a newer version of Penstock.",
            hint="Install that version again, or put back a backup of this one's.",
        ) from error
