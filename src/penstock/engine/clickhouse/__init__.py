"""ClickHouse: a database of a server over HTTP, or a folder of the one inside of this process."""

from penstock.engine.clickhouse.engine import ClickHouse

__all__ = ["ClickHouse"]
