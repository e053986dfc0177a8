"""DuckDB: files (Parquet, CSV, JSON) or a database of its own, read in process."""

from penstock.engine.duckdb.engine import DuckDB

__all__ = ["DuckDB"]
