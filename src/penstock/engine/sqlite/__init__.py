"""SQLite: one file, read in process."""

from penstock.engine.sqlite.engine import SQLite

__all__ = ["SQLite"]
