"""The small vocabulary of project files: names, durations, sizes, settings, secrets."""

from __future__ import annotations

import re
from typing import Annotated, Final, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from penstock.secret import Secret

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ROLE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*")
_MAX_NAME: Final = 128

_AMOUNT: Final = re.compile(r"(?P<number>[0-9]{1,15}(\.[0-9]{1,6})?)\s*(?P<unit>[A-Za-z]*)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES: Final = {"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}


class Strict(BaseModel):
    """Base of every schema: no key we do not know, no value of another type."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def wrong(code: str, message: str, hint: str | None = None) -> PydanticCustomError:
    """Return what a validator raises to become an issue of this code."""
    return PydanticCustomError(
        "issue", "{message}", {"code": code, "message": message, "hint": hint}
    )


def check_name(name: str) -> str:
    if _NAME.fullmatch(name) is None or len(name) > _MAX_NAME:
        raise wrong(
            "INVALID_NAME",
            f"{name!r} is not a name.",
            "A name has letters, digits and `_`, and does not start with a digit.",
        )
    return name


def check_role_name(name: str) -> str:
    if _ROLE.fullmatch(name) is None or len(name) > _MAX_NAME:
        raise wrong(
            "INVALID_NAME",
            f"{name!r} is not the name of a role.",
            "A role's name has letters, digits, `_`, `-`, `.` and `:`.",
        )
    return name


def _revealed(value: object) -> object:
    """Take a setting from the environment: text that a later step reads like any other."""
    if not isinstance(value, Secret):
        return value
    text = value.reveal()
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else text


def _revealed_text(value: object) -> object:
    return value.reveal() if isinstance(value, Secret) else value


def _amount(value: object, units: dict[str, float] | dict[str, int]) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if value >= 0 else None
    match = _AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or match["unit"] not in units:
        return None
    return float(match["number"]) * units[match["unit"]]


def read_duration(value: object) -> float:
    """Return seconds."""
    seconds = 0.0 if value in {0, "0"} and not isinstance(value, bool) else None
    if isinstance(value, str):
        seconds = seconds if seconds is not None else _amount(value, _SECONDS)
    if seconds is None:
        raise wrong(
            "INVALID_VALUE", "This is not a duration.", "Write 500ms, 30s, 5m, 1h, or 0 for none."
        )
    return seconds


def read_size(value: object) -> int:
    """Return bytes."""
    size = _amount(value, _BYTES)
    if size is None:
        raise wrong(
            "INVALID_VALUE", "This is not a size.", "Write 512KB, 64MB, 1GB, or a number of bytes."
        )
    return int(size)


def read_option(value: object) -> str | int | float | bool | Secret | None:
    if value is None or isinstance(value, str | int | float | Secret):
        return value
    raise wrong("INVALID_VALUE", "An option is text, a number, true or false.")


def read_scalar(value: object) -> str | int | float | bool:
    if isinstance(value, str | int | float):
        return value
    raise wrong("INVALID_VALUE", "This must be text, a number, true or false.")


Scalar: TypeAlias = Annotated[
    str | int | float | bool,
    PlainValidator(read_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
Name: TypeAlias = Annotated[str, AfterValidator(check_name)]
RoleName: TypeAlias = Annotated[str, AfterValidator(check_role_name)]
Text: TypeAlias = Annotated[str, BeforeValidator(_revealed_text), Field(min_length=1)]
"""Text that may come from the environment, and is no secret by its nature."""
Duration: TypeAlias = Annotated[
    float,
    PlainValidator(lambda value: read_duration(_revealed(value))),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["30s"]}),
]
Size: TypeAlias = Annotated[
    int,
    PlainValidator(lambda value: read_size(_revealed(value))),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["64MB"]}),
]
Count: TypeAlias = Annotated[int, BeforeValidator(_revealed), Field(ge=1, le=1_000_000_000)]
CountOrNone: TypeAlias = Annotated[int, BeforeValidator(_revealed), Field(ge=0, le=1_000_000_000)]
Option: TypeAlias = Annotated[
    str | int | float | bool | Secret | None,
    PlainValidator(read_option),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"]}),
]
