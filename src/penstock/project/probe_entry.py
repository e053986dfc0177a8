"""A probe, as penstock.yaml writes it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue

from penstock.project.fields import CountOrNone, Duration, Name, Scalar, Strict


class ExpectEntry(Strict):
    columns: Annotated[list[str], Field(min_length=1)] | None = None
    min_rows: CountOrNone = 1
    max_rows: CountOrNone | None = None
    max_seconds: Duration | None = None


class ProbeEntry(Strict):
    name: Name
    query: dict[str, JsonValue] | None = None
    saved: str | None = None
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    roles: list[str] = Field(default_factory=list)
    attributes: dict[str, Scalar | list[Scalar]] = Field(default_factory=dict)
    expect: ExpectEntry = ExpectEntry()
