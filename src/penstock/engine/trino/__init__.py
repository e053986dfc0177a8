"""Trino: a coordinator that is asked over HTTP."""

from penstock.engine.trino.engine import Trino

__all__ = ["Trino"]
