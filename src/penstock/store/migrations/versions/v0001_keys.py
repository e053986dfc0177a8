"""API keys, and a token that changes with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("environment", sa.String, nullable=False),
        sa.Column("current_hash", sa.LargeBinary, nullable=False),
        sa.Column("next_hash", sa.LargeBinary),
        sa.Column("overlap_ends", sa.Double),
        sa.Column("roles", sa.JSON, nullable=False),
        sa.Column("attributes", sa.JSON, nullable=False),
        sa.Column("permissions", sa.JSON, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("expires", sa.Double),
        sa.Column("revoked", sa.Double),
        sa.Column("last_used", sa.Double),
    )
    op.create_table(
        "generations",
        sa.Column("topic", sa.String, primary_key=True),
        sa.Column("token", sa.String, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("generations")
    op.drop_table("api_keys")
