"""One table with an attribute of every type, and few rows: some null, some odd."""

from __future__ import annotations

from typing import Final

import duckdb

from penstock.model.types import DataType
from support.flights import balance, columns, formula, model, table

SAMPLES: Final = model(
    table(
        "samples",
        {
            **columns(id=DataType.INTEGER, whole=DataType.INTEGER, ratio=DataType.FLOAT),
            **columns(price=DataType.DECIMAL, name=DataType.STRING, ok=DataType.BOOLEAN),
            **columns(day=DataType.DATE, at=DataType.TIMESTAMP, at_tz=DataType.TIMESTAMP_TZ),
            **columns(clock=DataType.TIME, raw=DataType.BYTES, doc=DataType.JSON),
            "stock": balance("stock", "whole", "name", over="at_tz"),
            "worth": balance("worth", "price", over="day", type_=DataType.DECIMAL),
            "half": formula("half", "whole / 2", "whole"),
            "dozens": formula("dozens", "whole * 12", "whole", type_=DataType.INTEGER),
            "rest": formula("rest", "MOD(whole, id)", "whole", "id", type_=DataType.INTEGER),
            "with_tax": formula("with_tax", "price * 1.2", "price", type_=DataType.DECIMAL),
            "rough_tax": formula("rough_tax", "price * 1.2", "price"),
            "yes": formula(
                "yes",
                "SUM(CASE WHEN ok THEN 1 ELSE 0 END)",
                "ok",
                type_=DataType.INTEGER,
                aggregates=True,
            ),
        },
        rows=4,
    ),
)

_TABLE: Final = """
CREATE TABLE samples (
  id SMALLINT, whole SMALLINT, ratio FLOAT, price DECIMAL(12, 2), name VARCHAR, ok BOOLEAN,
  day DATE, "at" TIMESTAMP, at_tz TIMESTAMPTZ, clock TIME, raw BLOB, doc JSON
)
"""

_ROWS: Final = """
INSERT INTO samples VALUES
  (1, 30000, 0.5, 19.99, 'a%b', true, '2013-01-31', '2013-01-31 23:59:59',
   '2013-01-31 23:59:59+00', '10:00:00', 'ab'::BLOB, '{"a": 1}'),
  (2, -7, -1.25, 0.01, 'A_b', false, '2012-02-29', '2012-02-29 00:00:00',
   '2012-02-29 00:00:00+00', '23:59:59', ''::BLOB, '[]'),
  (0, 7, 3, 5.00, '', true, '2013-12-30', '2013-12-30 12:30:15',
   '2013-12-30 12:30:15+00', '00:00:00', 'zz'::BLOB, 'null'),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
"""


def connect() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(_TABLE)
    connection.execute(_ROWS)
    return connection
