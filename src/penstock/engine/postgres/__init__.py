"""PostgreSQL, and what speaks its protocol: read over the network, as Arrow."""

from penstock.engine.postgres.engine import PostgreSQL

__all__ = ["PostgreSQL"]
