"""Filter JSON → `Predicate`, its values taken out into slots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from penstock.errors import (
    InvalidValueError,
    LimitError,
    PenstockError,
    QueryError,
    UnknownKeyError,
    UnknownOperatorError,
    raise_all,
    suggestion,
)
from penstock.query.periods import PERIODS_HINT, is_period
from penstock.query.types import (
    AllOf,
    AnyOf,
    Comparison,
    Json,
    Limits,
    Negation,
    Operator,
    Predicate,
    Slot,
    Value,
)
from penstock.query.words import DATA, LISTS, NULLS, OPERATORS, PAIRS, TOP

_PAIR = 2

_LONGEST = 4_096
_ENOUGH = 100
"""So many problems end the reading: the next thousand would help nobody, and cost time."""


@dataclass(slots=True)
class Reader:
    """What one reading gathers: the values met, in order, and every problem found."""

    limits: Limits
    guard: bool = False
    values: list[Value] = field(default_factory=list)
    problems: list[PenstockError] = field(default_factory=list)
    conditions: int = 0

    def slot(self, value: Value) -> Slot:
        self.values.append(value)
        return Slot(len(self.values) - 1, self.guard)

    def note(self, problem: PenstockError) -> None:
        """Keep a problem. Raises them all once there are enough."""
        self.problems.append(problem)
        if len(self.problems) >= _ENOUGH and not self.guard:
            raise_all(self.problems)

    def read_filter(
        self, raw: Mapping[str, Json], pointer: str, depth: int = 0
    ) -> Predicate | None:
        """Return the predicate, None where nothing is filtered or something was wrong."""
        if depth > self.limits.max_depth:
            self._too_deep(pointer)
            return None
        parts: list[Predicate] = []
        for name, condition in raw.items():
            place = f"{pointer}/{escape(name)}"
            if name in {"or", "and", "not"}:
                part = self._combined(name, condition, place, depth + 1)
                if part is not None:
                    parts.append(part)
            else:
                parts.extend(self.read_conditions(name, condition, place))
        return all_of(parts)

    def _too_deep(self, pointer: str) -> None:
        limit = self.limits.max_depth
        self.note(LimitError(f"The filter nests deeper than {limit} levels.", pointer=pointer))

    def _combined(self, word: str, raw: Json, pointer: str, depth: int) -> Predicate | None:
        if word == "not":
            if not isinstance(raw, Mapping) or not raw:
                self._wrong(pointer, "'not' takes one filter.", 'Write {"not": {"a": 1}}.')
                return None
            part = self.read_filter(raw, pointer, depth)
            return None if part is None else Negation(part)
        if not isinstance(raw, list) or not raw:
            self._wrong(
                pointer,
                f"{word!r} takes a list of filters, at least one.",
                f'Write {{"{word}": [{{"a": 1}}, {{"b": 2}}]}}.',
            )
            return None
        parts = [
            part
            for i, item in enumerate(raw)
            if (part := self._member(item, f"{pointer}/{i}", depth)) is not None
        ]
        return all_of(parts) if word == "and" else any_of(parts)

    def _member(self, raw: Json, pointer: str, depth: int) -> Predicate | None:
        if isinstance(raw, Mapping) and raw:
            return self.read_filter(raw, pointer, depth)
        self._wrong(pointer, "A filter is an object that names attributes.", 'Write {"a": 1}.')
        return None

    def read_conditions(self, name: str, raw: Json, pointer: str) -> list[Comparison]:
        """Read all conditions on one attribute; all of them must hold."""
        if not self.is_name(name, pointer):
            return []
        if isinstance(raw, list):
            found = [self._condition(name, Operator.IN, raw, pointer)]
        elif not isinstance(raw, Mapping):
            found = [self._condition(name, Operator.EQ, raw, pointer)]
        elif raw:
            found = [
                self._named(name, word, value, f"{pointer}/{escape(word)}")
                for word, value in raw.items()
            ]
        else:
            self._wrong(pointer, f"The condition on {name!r} is empty.", 'Write {"eq": 1}.')
            found = []
        return [condition for condition in found if condition is not None]

    def _named(self, name: str, word: str, raw: Json, pointer: str) -> Comparison | None:
        operator = OPERATORS.get(word) or OPERATORS.get(word.lower())
        if operator is None:
            hint = suggestion(word.lower(), tuple(OPERATORS)) or (
                "The operators are " + ", ".join(OPERATORS) + "."
            )
            self.note(
                UnknownOperatorError(f"Unknown operator {word!r}.", hint=hint, pointer=pointer)
            )
            return None
        return self._condition(name, operator, raw, pointer)

    def _condition(
        self, name: str, operator: Operator, raw: Json, pointer: str
    ) -> Comparison | None:
        self.conditions += 1
        if self.conditions == self.limits.max_conditions + 1:
            self.note(
                LimitError(
                    f"The query has more than {self.limits.max_conditions} conditions.",
                    hint="Use one 'in' with a list of values instead of many conditions.",
                    pointer=pointer,
                )
            )
        values = self._operands(operator, raw, pointer)
        if values is None:
            return None
        with_null = operator in LISTS and None in values
        if with_null:
            values = [v for v in values if v is not None]
        slots = tuple(self.slot(value) for value in values)
        return Comparison(name, operator, slots, with_null, pointer)

    def _operands(self, operator: Operator, raw: Json, pointer: str) -> list[Value] | None:
        """Return the values an operator is given, None where they do not suit it."""
        if operator in NULLS:
            return self._nothing(operator, raw, pointer)
        if operator in PAIRS:
            return self._pair(operator, raw, pointer)
        if operator in LISTS:
            return self._list(raw, pointer)
        items = raw if isinstance(raw, list) else [raw]
        if len(items) != 1:
            self._wrong(
                pointer,
                f"{operator.value!r} takes one value, not {len(items)}.",
                "For several values use 'in'.",
            )
            return None
        if operator is Operator.DURING:
            return self._period(items[0], pointer)
        return self._scalars(items, pointer, nulls=False)

    def _period(self, item: Json, pointer: str) -> list[Value] | None:
        period = str(item) if isinstance(item, int | str) and not isinstance(item, bool) else ""
        if is_period(period):
            return [period]
        self._wrong(pointer, f"{item!r} is not a period of time.", PERIODS_HINT)
        return None

    def _nothing(self, operator: Operator, raw: Json, pointer: str) -> list[Value] | None:
        if raw is not False:
            return []
        other = Operator.IS_NOT_NULL if operator is Operator.IS_NULL else Operator.IS_NULL
        self._wrong(
            pointer,
            f"{operator.value!r} takes true or [], not false.",
            f"For the opposite use {other.value!r}.",
        )
        return None

    def _pair(self, operator: Operator, raw: Json, pointer: str) -> list[Value] | None:
        items = [part.strip() for part in raw.split(",")] if isinstance(raw, str) else raw
        if not isinstance(items, list) or len(items) != _PAIR:
            self._wrong(
                pointer,
                f"{operator.value!r} takes two values, the lowest and the highest.",
                'Write ["a", "b"] or "a,b".',
            )
            return None
        return self._scalars(items, pointer, nulls=False)

    def _list(self, raw: Json, pointer: str) -> list[Value] | None:
        items = raw if isinstance(raw, list) else [raw]
        limit = self.limits.max_values
        if len(items) > limit:
            self.note(
                LimitError(f"The list has {len(items)} values; {limit} at most.", pointer=pointer)
            )
            return None
        return self._scalars(items, pointer, nulls=True)

    def _scalars(self, items: list[Json], pointer: str, *, nulls: bool) -> list[Value] | None:
        values: list[Value] = []
        for item in items:
            if isinstance(item, str | int | float) or (item is None and nulls):
                values.append(item)
            elif item is None:
                self._wrong(pointer, "null is never equal to anything.", 'Use {"is_null": true}.')
                return None
            else:
                self._wrong(pointer, "A value is text, a number, true or false, or null.", None)
                return None
        return values

    def _wrong(self, pointer: str, detail: str, hint: str | None) -> None:
        self.note(InvalidValueError(detail, hint=hint, pointer=pointer))

    def is_name(self, name: str, pointer: str) -> bool:
        """Whether a name may be one: each problem with what it holds would repeat it whole."""
        if len(name) > _LONGEST:
            self.unexpected(pointer, f"A name has at most {_LONGEST} characters.")
        return len(name) <= _LONGEST

    def known_keys(self, raw: Mapping[str, Json], known: tuple[str, ...], pointer: str) -> None:
        """Note every key that means nothing here."""
        for key in raw:
            if key not in known:
                hint = _elsewhere(key, known) or f"The keys here are {', '.join(known)}."
                place = f"{pointer}/{escape(key)}"
                self.note(UnknownKeyError(f"Unknown key {key!r}.", hint=hint, pointer=place))

    def unexpected(self, pointer: str, detail: str, hint: str | None = None) -> None:
        """Note that the query does not have the form it must have."""
        self.note(QueryError(detail, hint=hint, pointer=pointer))


def all_of(parts: list[Predicate]) -> Predicate | None:
    if len(parts) > 1:
        return AllOf(tuple(parts))
    return parts[0] if parts else None


def any_of(parts: list[Predicate]) -> Predicate | None:
    if len(parts) > 1:
        return AnyOf(tuple(parts))
    return parts[0] if parts else None


def escape(name: str) -> str:
    """Write a name as a token of a JSON pointer (RFC 6901)."""
    if "~" in name or "/" in name:
        return name.replace("~", "~0").replace("/", "~1")
    return name


def _elsewhere(key: str, known: tuple[str, ...]) -> str | None:
    """Return what a key was meant to be, or where it belongs."""
    if known == TOP and key in DATA:
        return f'It belongs beside the fields: {{"data": {{"fields": …, "{key}": …}}}}.'
    return suggestion(key, known)
