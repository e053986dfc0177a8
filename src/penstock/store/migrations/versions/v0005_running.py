"""What runs: rollouts and their journal, leases, deployments, usage, and what nodes know."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _make_rollouts()
    _make_deployments()
    _make_usage()
    _make_snapshots()


def downgrade() -> None:
    op.drop_index("ix_api_keys_api", "api_keys")
    op.drop_column("api_keys", "api")
    for table in (
        "sealed",
        "snapshot_sequences",
        "usage_events",
        "deployments",
        "leases",
        "rollout_journal",
        "rollouts",
    ):
        op.drop_table(table)


def _make_rollouts() -> None:
    op.create_table(
        "rollouts",
        sa.Column("api", sa.String, primary_key=True),
        sa.Column("environment", sa.String, primary_key=True),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
    )
    op.create_table(
        "rollout_journal",
        sa.Column("api", sa.String, primary_key=True),
        sa.Column("environment", sa.String, primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("entry", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("holder", sa.String),
        sa.Column("token", _BIG, nullable=False),
        sa.Column("expires", sa.Double, nullable=False),
    )


def _make_deployments() -> None:
    op.create_table(
        "deployments",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("api", sa.String, nullable=False, index=True),
        sa.Column("environment", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("artifact", sa.String),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("nodes", sa.Integer, nullable=False),
        sa.Column("units", sa.Integer, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("created", sa.Double, nullable=False, index=True),
        sa.Column("finished", sa.Double),
    )


def _make_usage() -> None:
    op.create_table(
        "usage_events",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("time", sa.Double, nullable=False, index=True),
        sa.Column("api", sa.String, nullable=False, index=True),
        sa.Column("environment", sa.String, nullable=False),
        sa.Column("node", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("rows", _BIG, nullable=False),
        sa.Column("size", _BIG, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )


def _make_snapshots() -> None:
    op.create_table(
        "snapshot_sequences",
        sa.Column("api", sa.String, primary_key=True),
        sa.Column("value", _BIG, nullable=False),
    )
    op.create_table(
        "sealed",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )
    op.add_column("api_keys", sa.Column("api", sa.String))
    op.create_index("ix_api_keys_api", "api_keys", ["api"])
