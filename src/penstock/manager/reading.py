"""The bytes of a body, or a query string -> a checked form, or every problem of it at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, TypeVar, get_args

import msgspec

from penstock.errors import InvalidJSONError, ManagementError, raise_all, suggestion

Form = TypeVar("Form")

_PLACE: Final = re.compile(r" - at `\$(.*)`$")
_STEP: Final = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+|\.\.\.)\]")


def read_body(body: bytes, form: type[Form]) -> Form:
    """Raise InvalidJSONError, or ManagementError for each field that is wrong, with a pointer."""
    try:
        raw = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidJSONError(
            f"The body is not valid JSON: {error}.", hint="It has to be one JSON object."
        ) from error
    return read_object(raw, form)


def read_object(raw: object, form: type[Form]) -> Form:
    """Read what JSON was decoded to. Raises as `read_body` does."""
    raise_all(list(_problems(raw, form, "")))
    return _convert(raw, form, "")


def read_query(pairs: Sequence[tuple[str, str]], form: type[Form]) -> Form:
    """Read the parameters of a query string, each of which may be there once."""
    raw: dict[str, str] = {}
    problems: list[ManagementError] = []
    for name, text in pairs:
        if name in raw:
            problems.append(ManagementError(f"{name!r} is there twice.", pointer=f"?{name}"))
        raw[name] = text
    problems += _problems(raw, form, "?", strict=False)
    raise_all(problems)
    return msgspec.convert(raw, form, strict=False)


def _problems(
    raw: object, form: type, pointer: str, *, strict: bool = True
) -> Iterator[ManagementError]:
    """Yield what is wrong with each field; nothing within a field hides what is in another."""
    if not isinstance(raw, dict):
        yield ManagementError("An object is expected here.", pointer=pointer or "/")
        return
    known = {field.encode_name: field for field in msgspec.structs.fields(form)}
    for name in raw:
        if name not in known:
            near = suggestion(name, tuple(known)) or f"There are: {', '.join(known) or 'none'}."
            place = _joined(pointer, name[:64])
            yield ManagementError(f"{name[:64]!r} is not known here.", hint=near, pointer=place)
    for name, field in known.items():
        place = _joined(pointer, name)
        if name not in raw:
            if field.required:
                yield ManagementError(f"{name!r} is missing.", pointer=place)
        elif (nested := _struct(field.type)) is not None and raw[name] is not None:
            yield from _problems(raw[name], nested, place, strict=strict)
        else:
            yield from _misfits(raw[name], field.type, place, strict=strict)


def _misfits(raw: object, form: object, pointer: str, *, strict: bool) -> Iterator[ManagementError]:
    if _has_null_sign(raw):
        yield ManagementError("A text may not hold the sign U+0000.", pointer=pointer)
        return
    try:
        msgspec.convert(raw, form, strict=strict)
    except msgspec.ValidationError as error:
        yield _misfit(error, pointer, _described(form))


def _convert(raw: object, form: type[Form], pointer: str) -> Form:
    try:
        return msgspec.convert(raw, form)
    except msgspec.ValidationError as error:
        raise _misfit(error, pointer) from error


def _misfit(
    error: msgspec.ValidationError, pointer: str, described: str | None = None
) -> ManagementError:
    """Word what does not fit; `described` is what a field says of all that would."""
    told = str(error)
    found = _PLACE.search(told)
    if found is None:
        return ManagementError(f"{told}.", hint=described, pointer=pointer or "/")
    for step in _STEP.finditer(found[1]):
        pointer = f"{pointer}/{step[1] or step[2]}"
    return ManagementError(f"{told[: found.start()]}.", pointer=pointer or "/")


def _described(form: object) -> str | None:
    """Return the description that a field's type has, alone or beside None."""
    for kind in (form, *get_args(form)):
        for meta in getattr(kind, "__metadata__", ()):
            if isinstance(meta, msgspec.Meta) and meta.description is not None:
                return meta.description
    return None


def _struct(form: object) -> type | None:
    """Return the struct that a field holds, alone or beside None; None for anything else."""
    kinds = [kind for kind in get_args(form) or (form,) if kind is not type(None)]
    if len(kinds) == 1 and isinstance(kinds[0], type) and issubclass(kinds[0], msgspec.Struct):
        return kinds[0]
    return None


def _has_null_sign(raw: object) -> bool:
    """Whether some text in it cannot be kept by every database."""
    match raw:
        case str():
            return "\x00" in raw
        case list():
            return any(_has_null_sign(item) for item in raw)
        case dict():
            return any(_has_null_sign(one) for pair in raw.items() for one in pair)
        case _:
            return False


def _joined(pointer: str, name: str) -> str:
    if pointer == "?":
        return f"?{name}"
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
