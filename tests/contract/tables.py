"""A sample → the statements that create and fill it, in standard SQL."""

from __future__ import annotations

from collections.abc import Mapping

from contract.types import Sample
from penstock.model.types import DataType


def create_table(
    sample: Sample, types: Mapping[DataType, str], *, quote: str = '"', keys: bool = True
) -> str:
    """Return CREATE TABLE with the engine's own types, and keys where it has them."""

    def named(name: str) -> str:
        return quoted(name, quote)

    def several(names: tuple[str, ...]) -> str:
        return ", ".join(named(name) for name in names)

    required = set(sample.primary_key)
    parts = [
        f"{named(name)} {types[type_]}{' NOT NULL' if name in required else ''}"
        for name, type_ in sample.columns.items()
    ]
    if keys and sample.primary_key:
        parts.append(f"PRIMARY KEY ({several(sample.primary_key)})")
    if keys:
        parts += [
            f"FOREIGN KEY ({several(own)}) REFERENCES {named(table)} ({several(other)})"
            for own, (table, other) in sample.foreign_keys.items()
        ]
    return f"CREATE TABLE {named(sample.name)} ({', '.join(parts)})"


def insert_rows(sample: Sample, placeholder: str, *, quote: str = '"') -> str:
    """Return INSERT of one row, its values placeholders of the driver's."""
    values = ", ".join([placeholder] * len(sample.columns))
    return f"INSERT INTO {quoted(sample.name, quote)} VALUES ({values})"


def quoted(name: str, quote: str = '"') -> str:
    return f"{quote}{name.replace(quote, quote * 2)}{quote}"
