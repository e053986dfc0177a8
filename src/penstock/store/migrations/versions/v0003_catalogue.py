"""Projects, APIs, versions, builds, artifacts, and what each place of deployment is given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _make_projects_and_apis()
    _make_versions()
    _make_builds()
    _make_artifacts()
    _make_places()
    _widen_counts()


def downgrade() -> None:
    for table in (
        "domains",
        "settings",
        "variables",
        "artifacts",
        "build_lines",
        "builds",
        "held_versions",
        "versions",
        "apis",
        "projects",
    ):
        op.drop_table(table)


def _make_projects_and_apis() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("changed", sa.Double, nullable=False),
    )
    op.create_table(
        "apis",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("project", sa.String, sa.ForeignKey("projects.id"), nullable=False, index=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("created", sa.Double, nullable=False, index=True),
        sa.Column("changed", sa.Double, nullable=False),
        sa.UniqueConstraint("project", "name"),
    )


def _make_versions() -> None:
    op.create_table(
        "versions",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("api", sa.String, sa.ForeignKey("apis.id"), nullable=False, index=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("content", sa.String),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("size", _BIG, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("artifact", sa.String),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("changed", sa.Double, nullable=False),
        sa.UniqueConstraint("api", "name"),
    )
    op.create_table(
        "held_versions",
        sa.Column("api", sa.String, primary_key=True),
        sa.Column("environment", sa.String, primary_key=True),
        sa.Column("version", sa.String, primary_key=True, index=True),
    )


def _make_builds() -> None:
    op.create_table(
        "builds",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("version", sa.String, nullable=False, index=True),
        sa.Column("api", sa.String, nullable=False, index=True),
        sa.Column("status", sa.String, nullable=False, index=True),
        sa.Column("digest", sa.String),
        sa.Column("error", sa.String),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("started", sa.Double),
        sa.Column("finished", sa.Double),
    )
    op.create_table(
        "build_lines",
        sa.Column("build", sa.String, primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("text", sa.String, nullable=False),
    )


def _make_artifacts() -> None:
    op.create_table(
        "artifacts",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("project", sa.String, nullable=False),
        sa.Column("api", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("size", _BIG, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("labels", sa.JSON, nullable=False),
        sa.Column("api_id", sa.String, index=True),
        sa.Column("version_id", sa.String),
    )


def _make_places() -> None:
    op.create_table(
        "variables",
        sa.Column("api", sa.String, primary_key=True),
        sa.Column("environment", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.String),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("changed", sa.Double, nullable=False),
    )
    op.create_table(
        "settings",
        sa.Column("api", sa.String, primary_key=True),
        sa.Column("environment", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("changed", sa.Double, nullable=False),
    )
    op.create_table(
        "domains",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("api", sa.String, nullable=False, index=True),
        sa.Column("environment", sa.String, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
    )


def _widen_counts() -> None:
    """Let a table have more rows than 32 bits count; SQLite's integers are wide enough."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("table_counts", "rows", type_=sa.BigInteger, existing_nullable=False)
