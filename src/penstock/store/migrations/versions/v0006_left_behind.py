"""Logs of nodes that failed and are gone; and whose a request is that is under way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "node_logs",
        sa.Column("node", sa.String, primary_key=True),
        sa.Column("api", sa.String, nullable=False),
        sa.Column("environment", sa.String, nullable=False),
        sa.Column("deployment", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("text", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_node_logs_api", "node_logs", ["api"])
    op.add_column("idempotent_requests", sa.Column("owner", sa.String))


def downgrade() -> None:
    op.drop_column("idempotent_requests", "owner")
    op.drop_index("ix_node_logs_api", "node_logs")
    op.drop_table("node_logs")
