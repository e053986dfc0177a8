"""Write small project folders, and read their issues the way a person would."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from penstock.project.load import check_project
from penstock.project.types import Project

ROOT: Final = Path(__file__).parents[2]

SHOP: Final[Mapping[str, str]] = {
    "penstock.yaml": "name: shop\n",
    "connectors/shop.yaml": """\
engine: duckdb
files: {orders: data/orders.csv, shops: data/shops.csv}
""",
    "models/orders.yaml": """\
tables:
  orders:
    database: shop
    attributes:
      id: {type: integer}
      shop: {type: string, label: place.city}
      amount: {type: float}
      day: {type: date}
      mean: {formula: SUM(amount) / COUNT(id), type: float}
    relationships:
      place: {to: shops, on: {shop: code}}
""",
    "models/shops.yaml": """\
tables:
  shops:
    database: shop
    attributes:
      code: {type: string}
      city: {type: string}
""",
    "policies/roles.yaml": """\
roles:
  clerk:
    rows:
      - tables: [orders]
        filter: {shop: {in: $principal.shops}}
    hidden: [orders.amount]
""",
    "queries/by-shop.yaml": """\
query:
  data: {fields: {amount: [sum]}}
  scale: {fields: [shop]}
  filter: {day: {gte: $param.from}}
parameters:
  from: {type: date}
""",
    "data/orders.csv": "id,shop,amount,day\n1,a,2.5,2024-01-01\n2,b,4.5,2024-01-02\n",
    "data/shops.csv": "code,city\na,Lyon\nb,Bonn\n",
}


def write(folder: Path, files: Mapping[str, str | bytes | None] | None = None) -> Path:
    """Write the shop with some of its files replaced, or left out where None."""
    for name, content in {**SHOP, **(files or {})}.items():
        if content is None:
            continue
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def issues(folder: Path, environ: Mapping[str, str] | None = None) -> list[str]:
    """Return each issue as `file:line:column CODE message | hint`."""
    _, found = check_project(folder, environ or {})
    return [f"{i.file}:{i.line}:{i.column} {i.code} {i.message} | {i.hint}" for i in found]


def load(folder: Path, environ: Mapping[str, str] | None = None) -> Project:
    project, found = check_project(folder, environ or {})
    assert project is not None, found
    return project
