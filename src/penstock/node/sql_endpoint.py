"""`/sql`: a question in SQL over HTTP."""

from __future__ import annotations

from typing import Final

from penstock.encode.types import Shape
from penstock.errors import QueryError
from penstock.node.answering import Ask, answer
from penstock.node.exchange import Exchange
from penstock.node.node import Node, Notes
from penstock.node.wanted import Wanted, read_wanted, split_suffix

_LONGEST: Final = 512  # bytes of the Accept header


async def ask_in_sql(node: Node, exchange: Exchange, notes: Notes) -> None:
    """Answer `POST /sql`. The caller's policy is inside of what the database is asked."""
    caller, body = await node.caller_and_body(exchange, notes)
    _, suffix = split_suffix(exchange.path)
    wanted = wanted_of_sql(exchange, suffix, exchange.parameters())
    serving = node.serving
    ask = Ask(serving, body, wanted, serving.project.cache.ttl, caller, types={})
    await answer(node, exchange, notes, ask)


def wanted_of_sql(
    exchange: Exchange, suffix: str | None, options: tuple[tuple[str, str], ...]
) -> Wanted:
    """Return how an answer to SQL is wanted: as arrays of values, unless another shape is asked.

    Raises NotAcceptableError, QueryError.
    """
    shapes = [value.lower() for name, value in options if name == "shape"]
    if Shape.NESTED in shapes:
        raise QueryError(
            "An answer to SQL has no scales to nest by.",
            hint="There are shape=compact|rows|columns.",
        )
    accept = exchange.headers.get(b"accept", b"")[:_LONGEST].decode("latin-1")
    chosen = options if shapes else (*options, ("shape", Shape.COMPACT.value))
    return read_wanted(suffix, accept, chosen)
