"""What Alembic runs: the connection, and its transaction, belong to `store.database`."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

connection = context.config.attributes["connection"]
if not isinstance(connection, Connection):
    raise TypeError("migrations run through penstock.store.database, not the alembic command")
context.configure(connection=connection)
context.run_migrations()
