"""How many rows each table of a project had when it was last counted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "table_counts",
        sa.Column("project", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("place", sa.String, nullable=False),
        sa.Column("version", sa.String),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("newest", sa.String),
        sa.Column("counted", sa.Double, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("table_counts")
