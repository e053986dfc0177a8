"""Small worlds at random: a model of one to four tables, their rows, and who may see what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import duckdb
import pyarrow as pa
from hypothesis import strategies as st
from hypothesis.vendor.pretty import RepresentationPrinter

from laws.meanings import GROUP, ROW, GroupMeaning, Meaning, RowMeaning
from laws.values import ARROW, CELLS, VALUES, Cell, Record
from penstock.auth.principal import Principal
from penstock.model.types import (
    Attribute,
    Column,
    DataType,
    Formula,
    Key,
    Model,
    Relationship,
    SemiAdditive,
    Table,
    Take,
)
from penstock.policy.types import Policies, Role, RowFilter
from support.queries import filters

_KEYS: Final[Mapping[bool, Sequence[Cell]]] = {False: (0, 1, 2, 3, None), True: ("x", "y", None)}
_I, _S = DataType.INTEGER, DataType.STRING
_TYPES = (*sorted(CELLS), DataType.DATE, DataType.DATE, DataType.INTEGER)
_ROLES = ("home", "away", "up", "twin")


@dataclass(frozen=True, repr=False)
class World:
    """`meanings` say what each formula means, by table and attribute, and `inputs` of what."""

    model: Model
    rows: Mapping[str, Sequence[Record]]
    policies: Policies
    who: Principal
    meanings: Mapping[tuple[str, str], Meaning]
    inputs: Mapping[tuple[str, str], tuple[str, ...]]

    def _repr_pretty_(self, printer: RepresentationPrinter, cycle: object) -> None:
        """Show a world in a few lines where hypothesis shows what falsifies a law."""
        del cycle
        printer.text(f"\n{self}\n")

    def __str__(self) -> str:
        lines = [f"{self.who.roles} {self.policies}"]
        for table in self.model.tables.values():
            ways = [
                f"{w.name}: {[k.own for k in w.keys]} = {w.table}{[k.other for k in w.keys]}"
                f"{' always' if w.mandatory else ''}"
                for w in table.relationships.values()
            ]
            formulas = [
                f"{n} = {a.source.text}"
                for n, a in table.attributes.items()
                if isinstance(a.source, Formula)
            ]
            labels = [f"{n} -> {a.label}" for n, a in table.attributes.items() if a.label]
            semi = [f"{n}: {a.semi_additive}" for n, a in table.attributes.items()]
            semi = [said for said in semi if not said.endswith(": None")]
            filled = [f"{n} not null" for n, a in table.attributes.items() if a.not_null]
            lines.append(f"{table.name}: {ways} {formulas} {labels} {semi} {filled}")
            lines += [f"  {dict(row)}" for row in self.rows[table.name]]
        return "\n".join(lines)


@dataclass
class _Draft:
    """A table in the making."""

    number: int
    columns: dict[str, DataType]
    ways: dict[str, Relationship] = field(default_factory=dict)
    formulas: dict[str, tuple[Meaning, tuple[str, ...]]] = field(default_factory=dict)
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)
    balances: dict[str, SemiAdditive] = field(default_factory=dict)
    filled: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"t{self.number}"


def column_of(name: str) -> str:
    """Return the column of an attribute: some are called otherwise, and need quotes."""
    return f"the {name}" if name[-1] in "02" else name


@st.composite
def worlds(draw: st.DrawFn) -> World:
    drafts = [draw(_drafts(i)) for i in range(draw(st.sampled_from([3, 2, 1, 4])))]
    # Several facts about one thing, or whatever comes.
    is_star = len(drafts) > 2 and draw(st.booleans())
    for draft in drafts:
        if not (is_star and draft is drafts[-1]):
            draw(_relate(draft, drafts[-1:] if is_star else drafts))
        draw(_define(draft))
        draw(_balance(draft))
    for draft in drafts:
        draw(_label(draft, drafts))
    rows = {draft.name: draw(_rows(draft)) for draft in drafts}
    for draft in drafts:
        draw(_oblige(draft, rows))
    for draft in drafts:
        draw(_promise(draft, rows[draft.name]))
    tables = {draft.name: _table(draft, len(rows[draft.name])) for draft in drafts}
    model = Model(tables=tables, digest="a world of the laws")
    policies = draw(_policies(model))
    held = draw(st.lists(st.sampled_from(["r0", "r1"]), min_size=1, unique=True))
    return World(
        model,
        rows,
        policies,
        Principal(subject="ada", kind="key", roles=tuple(held)),
        {(d.name, name): meaning for d in drafts for name, (meaning, _) in d.formulas.items()},
        {(d.name, name): used for d in drafts for name, (_, used) in d.formulas.items()},
    )


@st.composite
def _drafts(draw: st.DrawFn, number: int) -> _Draft:
    types = draw(st.lists(st.sampled_from(_TYPES), min_size=2, max_size=4))
    columns = {f"{type_[0]}{number}{i}": DataType(type_) for i, type_ in enumerate(types)}
    return _Draft(number, {f"key{number}": _I, f"ka{number}": _I, f"kb{number}": _S, **columns})


@st.composite
def _relate(draw: st.DrawFn, draft: _Draft, drafts: Sequence[_Draft]) -> None:
    """Add relationships to any tables, itself too: on one key, or on two."""
    names = draw(
        st.lists(
            st.sampled_from(_ROLES),
            min_size=draw(st.sampled_from([1, 1, 1, 0])),
            max_size=1 if len(drafts) == 1 else 2,
            unique=True,
        )
    )
    for name in names:
        other = draw(st.sampled_from([*drafts, drafts[-1], drafts[-1]]))
        pairs = {f"{name}{draft.number}": f"key{other.number}"}
        if draw(st.sampled_from([False, False, False, True])):
            pairs = {
                f"{name}{draft.number}a": f"ka{other.number}",
                f"{name}{draft.number}b": f"kb{other.number}",
            }
        draft.columns |= {own: _S if own.endswith("b") else _I for own in pairs}
        keys = tuple(
            Key(own, theirs, column_of(own), column_of(theirs)) for own, theirs in pairs.items()
        )
        one = draw(st.booleans())
        draft.ways[name] = Relationship(name=name, table=other.name, keys=keys, one_to_one=one)


@st.composite
def _define(draw: st.DrawFn, draft: _Draft) -> None:
    """Add formulas, each over columns, or formulas of each row before it."""
    meanings: Sequence[Meaning] = (*ROW, *GROUP)
    for i, meaning in enumerate(draw(st.lists(st.sampled_from(meanings), max_size=3))):
        known = dict(draft.columns)
        known |= {n: m.type for n, (m, _) in draft.formulas.items() if isinstance(m, RowMeaning)}
        options = [
            [n for n, type_ in known.items() if type_ is wanted] for wanted in meaning.inputs
        ]
        if all(options):
            used = tuple(draw(st.sampled_from(names)) for names in options)
            draft.formulas[f"v{draft.number}{i}"] = (meaning, used)


@st.composite
def _balance(draw: st.DrawFn, draft: _Draft) -> None:
    """Let some numbers be semi-additive: over a time of the table, for all rows or per some."""
    types = dict(draft.columns)
    types |= {n: m.type for n, (m, _) in draft.formulas.items() if isinstance(m, RowMeaning)}
    times = [n for n, type_ in types.items() if type_ in {DataType.DATE, DataType.TIMESTAMP}]
    numbers = [n for n, type_ in types.items() if type_.is_number and not _is_key(n)]
    if not times or not numbers or not draw(st.booleans()):
        return
    for name in draw(st.lists(st.sampled_from(numbers), max_size=2, unique=True)):
        over = draw(st.sampled_from(times))
        others = [n for n in types if n not in {over, name}]
        draft.balances[name] = SemiAdditive(
            over=over,
            take=draw(st.sampled_from([Take.LAST, Take.LAST, Take.FIRST])),
            per=tuple(draw(st.lists(st.sampled_from(others), max_size=2, unique=True))),
        )


@st.composite
def _label(draw: st.DrawFn, draft: _Draft, drafts: Sequence[_Draft]) -> None:
    """Let some keys be named by an attribute of the row that they lead to."""
    for name, way in draft.ways.items():
        other = next(d for d in drafts if d.name == way.table)
        plain = [n for n in other.columns if n[0] in "sdb"]
        plain += [n for n, (m, _) in other.formulas.items() if isinstance(m, RowMeaning)]
        if len(way.keys) == 1 and plain and draw(st.booleans()):
            draft.labels[way.keys[0].own] = (name, draw(st.sampled_from(plain)))


@st.composite
def _rows(draw: st.DrawFn, draft: _Draft) -> list[Record]:
    own = {n: CELLS[t] for n, t in draft.columns.items() if not _is_key(n)}
    for way in draft.ways.values():
        for key in way.keys:
            own[key.own] = st.sampled_from(_KEYS[key.own[-1] == "b"])
    least = draw(st.sampled_from([3, 4, 5, 6, 7, 0]))
    drawn = draw(st.lists(st.fixed_dictionaries(own), min_size=least, max_size=10))
    unique = draw(st.permutations([(a, b) for a in range(5) for b in "xy"])) if drawn else []
    rows: list[Record] = []
    for i, row in enumerate(drawn):
        gone = draw(st.sampled_from(range(12)))
        a, b = unique[i]
        keys: dict[str, Cell] = {
            f"key{draft.number}": None if gone == 9 else i,
            f"ka{draft.number}": None if gone == 8 else a,
            f"kb{draft.number}": None if gone == 7 else b,
        }
        rows.append({**keys, **row})
    for way in draft.ways.values():
        if way.one_to_one:
            rows = _told_apart(rows, [key.own for key in way.keys])
    return rows


@st.composite
def _oblige(draw: st.DrawFn, draft: _Draft, rows: dict[str, list[Record]]) -> None:
    """Give every row a partner by some relationships, and say so."""
    for name, way in draft.ways.items():
        known = [tuple(row[key.other] for key in way.keys) for row in rows[way.table]]
        known = [keys for keys in known if None not in keys]
        if way.one_to_one or (rows[draft.name] and not known) or not draw(st.booleans()):
            continue
        own = [key.own for key in way.keys]
        rows[draft.name] = [
            row
            if tuple(row[key] for key in own) in known
            else {**row, **dict(zip(own, known[i % len(known)], strict=True))}
            for i, row in enumerate(rows[draft.name])
        ]
        draft.ways[name] = replace(way, mandatory=True)


@st.composite
def _promise(draw: st.DrawFn, draft: _Draft, rows: Sequence[Record]) -> None:
    """Say of columns without a null that they are not null: of all, or of none."""
    if draw(st.booleans()):
        draft.filled += [n for n in draft.columns if all(row[n] is not None for row in rows)]


def _is_key(name: str) -> bool:
    return name.startswith(("key", "ka", "kb"))


def _told_apart(rows: Sequence[Record], names: Sequence[str]) -> list[Record]:
    """Return the rows, each leading to another one: whoever comes later leads nowhere."""
    seen: set[tuple[Cell, ...]] = set()
    found: list[Record] = []
    for row in rows:
        keys = tuple(row[name] for name in names)
        found.append({**row, **dict.fromkeys(names)} if keys in seen else row)
        seen.add(keys)
    return found


def _table(draft: _Draft, rows: int) -> Table:
    attributes = {
        n: Attribute(name=n, type=t, source=Column(column_of(n)), not_null=n in draft.filled)
        for n, t in draft.columns.items()
    }
    for name, (meaning, used) in draft.formulas.items():
        source = Formula(
            text=meaning.text.format(*used),
            uses=tuple(dict.fromkeys(used)),
            aggregates=isinstance(meaning, GroupMeaning),
        )
        attributes[name] = Attribute(name=name, type=meaning.type, source=source)
    for name, label in draft.labels.items():
        attributes[name] = replace(attributes[name], label=label)
    for name, semi in draft.balances.items():
        attributes[name] = replace(attributes[name], semi_additive=semi)
    return Table(
        name=draft.name,
        database="demo",
        source=(f"relation of {draft.name}",),
        attributes=attributes,
        relationships=draft.ways,
        rows=rows,
    )


@st.composite
def _policies(draw: st.DrawFn, model: Model) -> Policies:
    if draw(st.booleans()):
        return Policies()
    return Policies(roles={name: draw(_one_role(name, model)) for name in ("r0", "r1")})


@st.composite
def _one_role(draw: st.DrawFn, name: str, model: Model) -> Role:
    filtered = draw(st.lists(st.sampled_from(sorted(model.tables)), max_size=2))
    rows = []
    for table in filtered:
        types = row_types(model.tables[table])
        values = {n: VALUES[t] for n, t in types.items()}
        rows.append(RowFilter(tables=(table,), filter=draw(filters(types, values))))
    places = [(t.name, n) for t in model.tables.values() for n in t.attributes]
    gone = draw(st.lists(st.sampled_from(places), max_size=2))
    hidden = {t: frozenset(n for owner, n in gone if owner == t) for t, _ in gone}
    return Role(name=name, rows=tuple(rows), hidden=hidden)


def row_types(table: Table) -> dict[str, DataType]:
    """Return what each row of a table has, by name and type."""
    return {n: a.type for n, a in table.attributes.items() if not a.aggregates}


def fill(connection: duckdb.DuckDBPyConnection, world: World) -> None:
    """Let the database hold a world's rows, and nothing else that a model names."""
    for table in world.model.tables.values():
        physical = {
            a.source.name: pa.array([row[n] for row in world.rows[table.name]], ARROW[a.type])
            for n, a in table.attributes.items()
            if isinstance(a.source, Column)
        }
        connection.register(table.source[0], pa.table(physical))
