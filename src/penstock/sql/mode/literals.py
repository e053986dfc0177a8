"""Values that are text → values of the type of what they are compared with."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

from sqlglot import exp

from penstock.errors import SQLSyntaxError
from penstock.model.types import DataType
from penstock.sql.mode.allowed import COMPARISONS
from penstock.sql.mode.draft import NAMED, OURS, Draft, is_pending, read_pending, set_beside
from penstock.sql.mode.types import type_from_sql, type_to_sql

_CHOICES: Final = (exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least)
_LOOKED_AT: Final = 16  # of the values that one is listed with: the first says what they are


def settle(tree: exp.Expr, draft: Draft) -> exp.Expr:
    """Give every value of a tree its type. Returns the tree, its own type known if it can be."""
    draft.annotate(tree)
    open_values = [node for node in tree.walk() if is_pending(node)]
    for node in open_values:
        _tell_column(node)
        slot, known = read_pending(node)
        if known is None:
            type_ = _expected(node) or DataType.STRING
            node.set("this", f"{slot}:{type_.value}")
            node.type = type_to_sql(type_)
    if open_values:
        # What holds a value could not know its own type before; now it can.
        for node in open_values:
            _forget_unknown(node.parent)
        draft.annotate(tree)
    _refuse_unlike(tree, draft)
    theirs = tree.walk(prune=lambda node: bool(node.meta.get(OURS)))
    draft.can_fail = draft.can_fail or any(_converts(n) for n in theirs if not n.meta.get(OURS))
    return tree


def _refuse_unlike(tree: exp.Expr, draft: Draft) -> None:
    """Refuse what is compared with something of quite another kind: engines do not agree on it."""
    for node in tree.walk(prune=lambda n: bool(n.meta.get(OURS)) or isinstance(n, exp.Query)):
        kinds = set[str | None]()
        if type(node) in COMPARISONS or isinstance(node, exp.In | exp.Between):
            kinds = {_family(_compared(part)) for part in node.iter_expressions()} - {None}
        elif isinstance(node, _ARITHMETIC):
            kinds = {_family(part.type) for part in node.iter_expressions()} & {"text", "boolean"}
            kinds = {*kinds, "number"} if kinds else kinds
        if len(kinds - {"timestamp", "timestamp_tz"} | ({"date"} & kinds)) > 1:
            said = " and ".join(sorted(str(kind) for kind in kinds))
            draft.note(
                SQLSyntaxError,
                f"{said.capitalize()} do not go together in {node.key.upper()!r}.",
                "Convert one of them: CAST(x AS INTEGER).",
                node,
            )


_ARITHMETIC: Final = (exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.Sum, exp.Avg)
_ALIKE: Final = COMPARISONS | {exp.In, exp.Between, *_CHOICES}
_OF_TEXTS: Final = (exp.Like, exp.ILike, exp.StartsWith, exp.EndsWith, exp.Contains)


def _converts(node: exp.Expr) -> bool:
    """Whether an engine may have to convert a value here, and fail at one that it cannot."""
    if type(node) in _ALIKE:
        parts = [part for part in node.iter_expressions() if not isinstance(part, exp.Null)]
        kinds = {_family(_compared(part)) for part in parts}
        return None in kinds or len(kinds) > 1
    if isinstance(node, exp.Case):
        results = [*(each.args.get("true") for each in node.args["ifs"]), node.args.get("default")]
        kinds = {_family(r.type) for r in results if r is not None and not isinstance(r, exp.Null)}
        return node.this is not None or None in kinds or len(kinds) > 1
    if isinstance(node, _OF_TEXTS):
        return any(_family(part.type) != "text" for part in node.iter_expressions())
    return False


def _compared(node: exp.Expr) -> exp.DataType | None:
    """Return the type of one side; of ANY and ALL, that of what they range over."""
    return node.this.type if isinstance(node, exp.Any | exp.All) else node.type


def _family(type_: exp.DataType | None) -> str | None:
    found = type_from_sql(type_)
    if found is None:
        return None
    if found.is_number:
        return "number"
    return "text" if found is DataType.STRING else found.value


def _forget_unknown(node: exp.Expr | None) -> None:
    while node is not None and (node.type is None or node.is_type(exp.DType.UNKNOWN)):
        node.type = None
        node = node.parent


def _expected(node: exp.Expr) -> DataType | None:
    """Return the type that a value must have where it stands, None where any text does."""
    child, parent = node, node.parent
    while isinstance(parent, exp.Paren):
        child, parent = parent, parent.parent
    match parent:
        case exp.Cast() | exp.TryCast():
            return type_from_sql(parent.args["to"])
        case exp.Case():
            return _case_type(parent, child)
        case exp.If():
            return _if_type(parent, child)
        case exp.Expr() if type(parent) in _ALIKE:
            return _first_type(parent.iter_expressions(), child)
        case _:
            return None


def _tell_column(node: exp.Expr) -> None:
    """Keep the name of the column that a value is compared with: it is told where it is unfit."""
    parent = node.parent
    while isinstance(parent, exp.Paren):
        parent = parent.parent
    if parent is None or type(parent) not in _ALIKE:
        return
    for other in islice(parent.iter_expressions(), _LOOKED_AT):
        meant = other.unnest()
        if NAMED in meant.meta:
            set_beside(node, meant.meta[NAMED])
            return


def _case_type(case: exp.Case, child: exp.Expr) -> DataType | None:
    if child is case.this:
        return _first_type((branch.this for branch in case.args["ifs"]), child)
    results = [branch.args.get("true") for branch in case.args["ifs"]]
    return _first_type([*results, case.args.get("default")], child)


def _if_type(branch: exp.If, child: exp.Expr) -> DataType | None:
    case = branch.parent
    if child is branch.this:
        compared = case.this if isinstance(case, exp.Case) else None
        return None if compared is None else type_from_sql(compared.type)
    if isinstance(case, exp.Case):
        return _case_type(case, child)
    return _first_type((branch.args.get("true"), branch.args.get("false")), child)


def _first_type(among: Iterable[exp.Expr | None], child: exp.Expr) -> DataType | None:
    for other in islice(among, _LOOKED_AT):
        if other is not None and other is not child and not is_pending(other):
            found = type_from_sql(other.type)
            if found is not None:
                return found
    return None
