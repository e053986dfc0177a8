"""How Databricks says it: as Spark does."""

from __future__ import annotations

from penstock.sql.dialects.spark import Spark


class Databricks(Spark):
    name = "databricks"
