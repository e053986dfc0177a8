"""Spark: a cluster behind a Spark Connect server."""

from penstock.engine.spark.engine import Spark

__all__ = ["Spark"]
