"""How it will be computed, in terms that no database owns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from penstock.model.types import DataType
from penstock.query.types import AnyCompute, Frozen, Granularity, Operator, Slot


class ColumnOf(Frozen, frozen=True):
    """A physical column of the scan with this alias.

    `filled` says that it is null in no row that is read, joins and all. What reads the results of
    another plan, or joins them, does not know: there it is False.
    """

    scan: str
    column: str
    type: DataType
    filled: bool = False


class FormulaOf(Frozen, frozen=True):
    """A virtual attribute: its formula, and what each name in it stands for.

    `partner` is a column that is null where the formula's row was joined but is not there.
    """

    text: str
    inputs: tuple[tuple[str, Expression], ...]
    type: DataType
    partner: ColumnOf | None = None
    aggregates: bool = False


class Aggregated(Frozen, frozen=True):
    compute: AnyCompute
    argument: Expression
    type: DataType


class Cut(Frozen, frozen=True):
    """A date or timestamp cut short to, or a number taken out by, a granularity.

    `zone` says by whose clocks, None where they do not matter: of dates, and in UTC.
    """

    granularity: Granularity
    argument: Expression
    type: DataType
    zone: str | None = None


class KeyOf(Frozen, frozen=True):
    """A column of the answer itself, by its name, for what is looked up for the answer's rows."""

    name: str
    type: DataType


class Shift(Frozen, frozen=True):
    """So many days or months; `unit` is DAY or MONTH. A month ends where the calendar says."""

    amount: int
    unit: Granularity


class Back(Frozen, frozen=True):
    """A date or timestamp so much earlier."""

    argument: Expression
    shift: Shift
    type: DataType


class Nothing(Frozen, frozen=True):
    """A null, in the place of what only another fact has."""

    type: DataType


class Standing(Frozen, frozen=True):
    """The argument in the rows at the last moment that a group has it, and null in the others.

    With `per`, at the last moment of each of the group's rows that are equal in these. `earliest`
    takes the first one instead. `plan.standing` says it in terms that a database knows.
    """

    argument: Expression
    moment: Expression
    per: tuple[Expression, ...]
    earliest: bool
    type: DataType


class Farthest(Frozen, frozen=True):
    """The last moment, or the earliest, of the rows that are equal in `among`."""

    moment: Expression
    among: tuple[Expression, ...]
    earliest: bool
    type: DataType


class AtMoment(Frozen, frozen=True):
    """The argument where its moment is the wanted one, and null elsewhere."""

    argument: Expression
    moment: Expression
    wanted: Expression
    type: DataType


Expression: TypeAlias = (
    ColumnOf
    | FormulaOf
    | Aggregated
    | Cut
    | KeyOf
    | Back
    | Nothing
    | Standing
    | Farthest
    | AtMoment
)


class Parameter(Frozen, frozen=True):
    """A value to come, read as `type`; `attribute` and `pointer` say whose, if it does not fit.

    A value that is compared with no column, in SQL, has the `attribute` "".

    It is read by the clocks of `zone`, then moved `back`.
    """

    slot: Slot
    type: DataType
    attribute: str
    pointer: str
    zone: str = "UTC"
    back: Shift | None = None


class Tested(Frozen, frozen=True):
    """One comparison. `with_null` keeps the nulls too."""

    operator: Operator
    expression: Expression
    parameters: tuple[Parameter, ...]
    with_null: bool


class Every(Frozen, frozen=True):
    parts: tuple[Condition, ...]


class Either(Frozen, frozen=True):
    parts: tuple[Condition, ...]


class Inverse(Frozen, frozen=True):
    part: Condition


Condition: TypeAlias = Tested | Every | Either | Inverse


class Narrowing(Frozen, frozen=True):
    """Only rows that have in `column` what the fragment `by` has in `other` are of any use.

    Worth the while for no more than `most` values.
    """

    column: str
    type: DataType
    by: str
    other: str
    most: int


class Scan(Frozen, frozen=True):
    """One reading of a table, only of the rows that pass its guard, and `within` what is found.

    `rows` is how many there are, guard or not; None where nobody counted.
    """

    alias: str
    source: tuple[str, ...]
    guard: Condition | None
    database: str = ""
    rows: int | None = None
    within: tuple[Narrowing, ...] = ()


class Join(Frozen, frozen=True):
    """At most one row of `scan` for each row so far; none leaves nulls.

    `types` are those of both sides of each key, for whoever moves the keys. Where `each` row so far
    has its partner, databases may begin at either side.
    """

    scan: Scan
    keys: tuple[tuple[ColumnOf, ColumnOf], ...]
    types: tuple[tuple[DataType, DataType], ...] = ()
    each: bool = False


class Output(Frozen, frozen=True):
    name: str
    expression: Expression


class Label(Frozen, frozen=True):
    """The name of a key's value, looked up last: on the few rows of the answer."""

    name: str
    key: str
    scan: Scan
    key_column: ColumnOf
    value: Expression


class Earlier(Frozen, frozen=True):
    """The measures of the same groups over the rows of some periods before.

    `where` is the filter moved back. `matches` pairs each of the answer's keys, as it was then,
    with the key of that name. `measures` are named apart from today's. `parts` are the facts as
    they were, where there are several. `instead` is what is read, where that is not what the
    answer reads.
    """

    where: Condition | None
    matches: tuple[Output, ...]
    measures: tuple[Output, ...]
    parts: tuple[Plan, ...] = ()
    instead: Plan | None = None


class Sort(Frozen, frozen=True):
    """By the output of this name; nulls last, always."""

    name: str
    descending: bool


class Role(StrEnum):
    """What a column is in the answer."""

    SCALE = "scale"
    MEASURE = "measure"
    LABEL = "label"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the answer.

    `attribute` and `compute` say where it comes from; `title` is for people. A LABEL column names
    the values of the column `labels`. `back` counts the periods to how it was.
    """

    name: str
    type: DataType
    role: Role
    attribute: str
    compute: str | None = None
    title: str | None = None
    labels: str | None = None
    back: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A table that was considered, and why it was or was not chosen."""

    table: str
    rows: int | None
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A question made computable.

    `grouped`: the keys are grouped by and the measures aggregate; otherwise the outputs are listed,
    `distinct` or not. `columns` describe the answer, in its order. `warning` is for the caller.
    `parts` are grouped one by one, and read instead of the scan, where there are several facts:
    each has all of the keys and measures, nothing where a measure is another's.
    """

    database: str
    table: str
    scan: Scan
    joins: tuple[Join, ...]
    keys: tuple[Output, ...]
    measures: tuple[Output, ...]
    where: Condition | None
    having: Condition | None
    grouped: bool
    distinct: bool
    labels: tuple[Label, ...]
    sorts: tuple[Sort, ...]
    earlier: tuple[Earlier, ...]
    limit: Parameter | None
    skip: Parameter | None
    hints: bool
    totals: tuple[Subtotal, ...]
    columns: tuple[Column, ...]
    candidates: tuple[Candidate, ...]
    warning: str | None
    parts: tuple[Plan, ...] = ()


@dataclass(frozen=True, slots=True)
class Subtotal:
    """The same question by fewer scales."""

    name: str
    plan: Plan
