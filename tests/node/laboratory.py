"""A small project whose numbers are known, and whose formula `slow` takes as long as one wants."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import duckdb
import jwt

from node.running import SECRET
from penstock.query.types import Json

ROWS: Final = 2_000_000
GROUPS: Final = 5

_FILES: Final[Mapping[str, str]] = {
    "penstock.yaml": f"""\
name: laboratory
limits: {{max_rows: {ROWS}, concurrency: 2, queue: 2, queue_timeout: 20s, timeout: TIMEOUT}}
authentication:
  jwt:
    - issuer: lab
      audience: penstock
      algorithms: [HS256]
      secret: ${{LAB_SECRET}}
      claims: {{groups: groups}}
""",
    "connectors/lab.yaml": """\
engine: duckdb
files: {numbers: data/numbers.parquet}
threads: 1
""",
    "models/numbers.yaml": """\
tables:
  numbers:
    database: lab
    attributes:
      id: {type: integer}
      part: {type: integer}
      word: {type: string}
      huge: {type: integer}
      secret: {type: integer}
      ratio: {formula: "id / NULLIF(part, 0)", type: float}
      slow:
        formula: >-
          LENGTH(LPAD(word, 9999, 'a')) + LENGTH(LPAD(word, 9998, 'b'))
          + LENGTH(LPAD(word, 9997, 'c')) + LENGTH(LPAD(word, 9996, 'd'))
        type: integer
""",
    "policies/roles.yaml": """\
roles:
  everything: {}
  some:
    rows:
      - {tables: [numbers], filter: {part: {in: $principal.groups}}}
    hidden: [numbers.secret]
""",
    "queries/one.yaml": """\
query: {data: {fields: {id: [max]}}}
dynamic_parameters:
  - {type: filter, reference: part}
  - {type: filter, reference: secret}
""",
    "queries/secrets.yaml": """\
query: {data: {fields: {secret: [sum]}, limit: $param.top}, filter: {id: {lt: $param.below}}}
parameters:
  top: {type: integer, default: 5}
  below: {type: integer, required: true}
""",
}


_NUMBERS: Final = """\
SELECT
  range AS id, range % 5 AS part, '=1+1' AS word, 9007199254740992 + range AS huge, 7 AS secret
FROM range({})
"""


def write_laboratory(folder: Path, *, timeout: str = "60s", rows: int = ROWS) -> Path:
    """Write the project; its numbers are 0, 1, 2, … in groups of every fifth."""
    for name, text in _FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("TIMEOUT", timeout))
    (folder / "data").mkdir(exist_ok=True)
    duckdb.execute(f"COPY ({_NUMBERS.format(rows)}) TO '{folder / 'data/numbers.parquet'}'")
    return folder


def token(subject: str, role: str, groups: list[int] | None = None) -> str:
    """Return a token of the laboratory's own issuer."""
    claims: dict[str, Json] = {
        "iss": "lab",
        "aud": "penstock",
        "sub": subject,
        "exp": 4_000_000_000,
    }
    return jwt.encode({**claims, "roles": [role], "groups": groups}, SECRET, algorithm="HS256")
