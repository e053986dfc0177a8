"""What the database has no words for → an error that says which part of the SQL it is."""

from __future__ import annotations

from typing import Final

from sqlglot import exp
from sqlglot.errors import ErrorLevel, UnsupportedError

from penstock.errors import NotSupportedError
from penstock.sql.mode.draft import NAMED, OURS, Draft
from penstock.sql.mode.tongues import OWN

_SHOWN: Final = 80
_UNSAID: Final = (UnsupportedError, ValueError)


def refuse_unsaid(tree: exp.Query, draft: Draft) -> None:
    """Raise NotSupportedError for a statement that cannot be written for its database."""
    name = draft.dialect.name
    try:
        _write(tree, name)
    except _UNSAID as error:
        part = _find_part(tree, draft)
        said = "a part of this SQL" if part is None else f"this part of the SQL: {_shown(part)}"
        raise NotSupportedError(
            f"The database has no way to say {said}.",
            hint="Write it with other functions; docs/query-language.md lists them.",
            pointer="/sql",
        ) from error


def _write(tree: exp.Expr, name: str) -> None:
    tree.sql(dialect=name, unsupported_level=ErrorLevel.RAISE)


def _is_unsaid(tree: exp.Expr, name: str) -> bool:
    try:
        _write(tree, name)
    except _UNSAID:
        return True
    return False


def _find_part(tree: exp.Query, draft: Draft) -> exp.Expr | None:
    """Return the smallest part that is at fault, None where it is one of the team's, not theirs."""
    theirs = {id(source.tree) for source in draft.readings}
    found: exp.Expr = tree
    while True:
        parts = found.iter_expressions()
        inner = next((part for part in parts if _is_unsaid(part, draft.dialect.name)), None)
        if inner is None:
            return None if isinstance(found, exp.Query) else found
        if id(inner) in theirs or inner.meta.get(OURS):
            return None
        found = inner


def _shown(part: exp.Expr) -> str:
    """Return a part as the caller may have written it: names without tables, values left out."""
    copy = part.copy()
    for query in list(copy.find_all(exp.Query)):
        query.replace(exp.Var(this="(SELECT …)"))
    for node in list(copy.walk(prune=lambda each: NAMED in each.meta)):
        if isinstance(node, exp.Column) or node.meta.get(OURS):
            name = str(node.meta.get(NAMED, node.name))
            node.replace(exp.Column(this=exp.Identifier(this=name, quoted=False)))
    text = copy.transform(_without_value).sql(dialect=OWN)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _without_value(node: exp.Expr) -> exp.Expr:
    is_mark = isinstance(node, exp.Placeholder | exp.Parameter)
    is_private = isinstance(node, exp.Var) and any("\ue000" <= c <= "\uf8ff" for c in node.name)
    return exp.Var(this="…") if is_mark or is_private else node
