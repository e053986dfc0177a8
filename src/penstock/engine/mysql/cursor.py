"""A connection that can be hung up from outside, and its cursor, which gives rows as text."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from pymysql.connections import Connection as Connecting
from pymysql.constants import FLAG
from pymysql.cursors import SSCursor

Cell: TypeAlias = str | bytes | None
_BINARY: Final = 63  # the "character set" of what is no text


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a result. `code` is the protocol's number of its type, `length` in signs."""

    name: str
    code: int
    length: int
    scale: int
    unsigned: bool
    binary: bool


class Described(Protocol):
    """What the driver knows of a column."""

    name: str
    type_code: int
    length: int
    scale: int
    flags: int
    charsetnr: int


class Result(Protocol):
    """What the driver has of an answer, for as long as it is read."""

    fields: list[Described]
    unbuffered_active: bool
    connection: object


class Cursor(SSCursor):
    """Rows come as they are read: nothing is kept, and `abandon` reads nothing more."""

    _result: Result | None

    def fields(self) -> tuple[Field, ...]:
        return tuple(
            Field(
                name=found.name,
                code=found.type_code,
                length=found.length,
                scale=found.scale,
                unsigned=bool(found.flags & FLAG.UNSIGNED),
                binary=found.charsetnr == _BINARY,
            )
            for found in (self._result.fields if self._result and self.description else ())
        )

    def abandon(self) -> None:
        """Forget the rows not read yet; the connection is of no use after that."""
        if self._result is not None:
            self._result.unbuffered_active = False
            self._result.connection = None
        self._result = None
        self.connection = None  # type: ignore[assignment]  # as `close` does


class Connection(Connecting):
    """`hang_up` wakes whoever waits for the server, from any thread."""

    _handle: socket.socket | None = None

    def log_in(self, opened: socket.socket) -> None:
        """Log in over a socket."""
        self._handle = opened.dup()
        try:
            self.connect(opened)
        except BaseException:
            opened.close()
            self.hang_up()
            raise

    def number(self) -> int:
        """Return the server's number of this connection."""
        return int(self.thread_id())  # type: ignore[no-untyped-call]  # its stubs forget it

    def open_cursor(self) -> Cursor:
        return Cursor(self)

    def hang_up(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            with suppress(OSError), handle:
                handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        try:
            super().close()
        finally:
            self.hang_up()
