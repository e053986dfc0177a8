"""Text → one tree, of a bounded size: nothing that comes after can be made to take for ever."""

from __future__ import annotations

from typing import Final

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from penstock.errors import LimitError, SQLNotAllowedError, SQLSyntaxError

_MAX_LENGTH: Final = 200_000
_MAX_TOKENS: Final = 50_000
_MAX_WORDS: Final = 4_000  # tokens that are neither values nor commas
_MAX_BRACKETS: Final = 40
_MAX_DEPTH: Final = 160
_MAX_NESTED_TYPES: Final = 4
_SHOWN: Final = 40

_OPENING: Final = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSING: Final = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_VALUES: Final = frozenset({TokenType.STRING, TokenType.NUMBER, TokenType.COMMA})
_STARTS: Final = frozenset({TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN})
_NESTED: Final = frozenset({TokenType.ARRAY, TokenType.STRUCT, TokenType.MAP, TokenType.NESTED})

_ONE_SELECT: Final = "Send one SELECT; it may have WITH, joins, unions, windows and subqueries."


def read_statement(text: str, tongue: str) -> exp.Query:
    """Read one SELECT, or several put together.

    Raises SQLSyntaxError, SQLNotAllowedError, LimitError.
    """
    reader = Dialect.get_or_raise(tongue)
    tokens = _tokens(text, reader)
    _refuse_large(tokens)
    _refuse_others(tokens)
    try:
        trees = [tree for tree in reader.parser().parse(tokens, text) if tree is not None]
    except RecursionError as error:
        raise _too_deep() from error
    except SqlglotError as error:
        raise _unreadable(error) from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise SQLNotAllowedError("This is not one SELECT.", hint=_ONE_SELECT, pointer="/sql")
    if _is_too_deep(trees[0]):
        raise _too_deep()
    return trees[0]


def _tokens(text: str, reader: Dialect) -> list[Token]:
    if len(text) > _MAX_LENGTH:
        raise LimitError(
            f"The SQL is longer than {_MAX_LENGTH} characters.",
            hint="Send long lists as parameters.",
            pointer="/sql",
        )
    try:
        tokens: list[Token] = reader.tokenize(text)
    except (SqlglotError, RecursionError) as error:
        raise SQLSyntaxError(
            "The SQL cannot be read: a text, a name or a comment in it does not end.",
            hint="Mind the quotes: 'text', \"name\".",
            pointer="/sql",
        ) from error
    return tokens


def _refuse_large(tokens: list[Token]) -> None:
    words = [token for token in tokens if token.token_type not in _VALUES]
    if len(tokens) > _MAX_TOKENS or len(words) > _MAX_WORDS:
        raise LimitError(
            f"The SQL has more than {_MAX_WORDS} words.",
            hint="Send long lists as parameters.",
            pointer="/sql",
        )
    depth = 0
    for token in words:
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if depth > _MAX_BRACKETS:
            raise _too_deep()
    # Types in types in types are read again and again, each time from the start.
    if sum(token.token_type in _NESTED for token in words) > _MAX_NESTED_TYPES:
        raise SQLNotAllowedError(
            "Arrays, structs and maps are not allowed.", hint=_ONE_SELECT, pointer="/sql"
        )


def _refuse_others(tokens: list[Token]) -> None:
    """Refuse what is no SELECT by its first word: what is not read cannot do anything."""
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise SQLSyntaxError("The SQL is empty.", hint=_ONE_SELECT, pointer="/sql")
    if tokens[0].token_type not in _STARTS:
        raise SQLNotAllowedError(
            "The SQL does not start with SELECT or WITH.", hint=_ONE_SELECT, pointer="/sql"
        )
    for token in tokens:
        if token.token_type is TokenType.SEMICOLON:
            raise SQLNotAllowedError(
                "There are several statements.",
                hint=_ONE_SELECT,
                pointer="/sql",
                position=(token.line, token.col),
            )


def _is_too_deep(tree: exp.Expr) -> bool:
    """Whether a tree is too deep; a row of ANDs or of ORs is one level."""
    level, depth = [tree], 0
    while level and depth <= _MAX_DEPTH:
        depth += 1
        level = [child for node in level for child in children(node)]
    return bool(level)


def children(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.And | exp.Or):
        return list(node.flatten(unnest=False))
    return list(node.iter_expressions())


def _too_deep() -> LimitError:
    return LimitError(
        "The SQL nests too deep.", hint="Give names to parts of it with WITH.", pointer="/sql"
    )


def _unreadable(error: SqlglotError) -> SQLSyntaxError:
    found = (getattr(error, "errors", None) or [{}])[0]
    word, line, column = (found.get(key) for key in ("highlight", "line", "col"))
    near = f" near {str(word)[:_SHOWN]!r}" if word else ""
    placed = isinstance(line, int) and isinstance(column, int)
    if placed:
        column = max(1, column - len(str(word or " ")) + 1)
    where = f", line {line}, column {column}" if placed else ""
    return SQLSyntaxError(
        f"The SQL cannot be read{near}{where}.",
        hint="Say in which 'dialect' it is written, if not in ANSI SQL.",
        pointer="/sql",
        position=(line, column) if isinstance(line, int) and isinstance(column, int) else None,
    )
