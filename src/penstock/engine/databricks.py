"""Databricks: a cluster behind its own Spark Connect, `cluster` of the workspace at `url`."""

from __future__ import annotations

from typing import ClassVar

from penstock.engine.spark.engine import Spark


class Databricks(Spark):
    dialect: ClassVar[str] = "databricks"
    options: ClassVar[tuple[str, ...]] = (*Spark.options, "cluster")
