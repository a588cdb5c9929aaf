"""PostgreSQL's own protocol (version 3) on a unix socket, as much of it as a restore needs.

psql is not used on purpose: it acts on lines that begin with a backslash, so a dump could make it
run programs. What goes through here is only ever SQL for the server, and rows for COPY.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from config.errors import StepFailed, Unreachable

_VERSION: Final = 196608
_POLL_MS: Final = 200
_PIECE: Final = 256 << 10
_KEPT_BODY: Final = 64 << 10
"""Longer bodies (rows of a SELECT, say) are read and forgotten."""
SILENT_SECONDS: Final = 3600.0
"""How long the server may be at one thing without a byte: no index of an engine takes an hour. A
dump turns off the server's own limit, so this one is ours."""

Row = tuple[str | None, ...]
Check = Callable[[], None]
"""Called at least five times a second; raises where the work is to stop."""


@dataclass(frozen=True, slots=True)
class ServerError:
    """What the server said no to: its code and message, and where (`COPY t, line 3`)."""

    code: str
    message: str
    where: str = ""


@dataclass(slots=True)
class Answer:
    """What came of one statement."""

    error: ServerError | None = None
    rows: tuple[Row, ...] = ()


class Connection:
    """One session. Raises Unreachable where the server goes away."""

    def __init__(
        self, path: str, user: str, database: str, settings: Mapping[str, str], check: Check
    ) -> None:
        self._check = check
        self._heard = time.monotonic()
        self._buffer = bytearray()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(path)
            self._socket.setblocking(False)
            self._start(user, database, settings)
        except BaseException:
            self._socket.close()
            raise

    def close(self) -> None:
        """Leave. What was not committed is gone."""
        self._socket.close()

    def execute(self, sql: bytes, *, keep_rows: bool = False) -> Answer:
        """Carry out one statement. Rows are forgotten unless they are wanted."""
        self._send(_message(b"Q", sql + b"\0"))
        answer, rows = Answer(), list[Row]()
        for kind, body in self._messages():
            if kind == b"E":
                answer.error = answer.error or _error(body)
            elif kind == b"D" and keep_rows:
                rows.append(_row(body))
            elif kind == b"G":
                # COPY from here without rows of the script: it gets none.
                self._send(_message(b"f", b"no rows\0"))
        answer.rows = tuple(rows)
        return answer

    def copy_in(self, sql: bytes, rows: Iterator[bytes]) -> ServerError | None:
        """Carry out a COPY from here. The rows are read to their end in any case."""
        self._send(_message(b"Q", sql + b"\0"))
        kind, body = self._message()
        while kind not in (b"G", b"Z", b"E"):
            kind, body = self._message()
        error = _error(body) if kind == b"E" else None
        for piece in rows:
            if kind == b"G" and error is None:
                self._send(_message(b"d", piece))
                error = self._said_no()
        if kind == b"G" and error is None:
            self._send(_message(b"c", b""))
        if kind != b"Z":
            error = self._until_ready(error)
        return error

    # -- messages ----------------------------------------------------------------------------

    def _start(self, user: str, database: str, settings: Mapping[str, str]) -> None:
        values = {"user": user, "database": database, **settings}
        text = b"".join(f"{key}\0{value}\0".encode() for key, value in values.items()) + b"\0"
        self._send(struct.pack("!ii", len(text) + 8, _VERSION) + text)
        error = self._until_ready(None)
        if error is not None:
            raise StepFailed(f"The scratch PostgreSQL lets nobody in: {error.message}.")

    def _until_ready(self, error: ServerError | None) -> ServerError | None:
        for kind, body in self._messages():
            if kind == b"E":
                error = error or _error(body)
        return error

    def _messages(self) -> Iterator[tuple[bytes, bytes]]:
        """Everything up to the server's word that it is ready."""
        while True:
            kind, body = self._message()
            if kind == b"Z":
                return
            yield kind, body

    def _message(self) -> tuple[bytes, bytes]:
        """The next message; of a long body only the beginning."""
        while len(self._buffer) < 5:
            self._receive()
        kind, length = bytes(self._buffer[:1]), struct.unpack("!I", self._buffer[1:5])[0] - 4
        del self._buffer[:5]
        body = bytearray()
        while length > 0:
            if not self._buffer:
                self._receive()
            taken = self._buffer[:length]
            del self._buffer[: len(taken)]
            length -= len(taken)
            if len(body) < _KEPT_BODY:
                body += taken[: _KEPT_BODY - len(body)]
        return kind, bytes(body)

    def _said_no(self) -> ServerError | None:
        """An error that came while rows were sent, without waiting for one."""
        while len(self._buffer) >= 5:
            length = struct.unpack("!I", self._buffer[1:5])[0]
            if len(self._buffer) < length + 1 and length < _KEPT_BODY:
                return None
            kind, body = self._message()
            if kind == b"E":
                return _error(body)
        return None

    # -- bytes -------------------------------------------------------------------------------

    def _send(self, data: bytes) -> None:
        """Send all of it; what the server says meanwhile is kept, or both would wait for ever."""
        view = memoryview(data)
        self._heard = time.monotonic()
        while view:
            readable, writable = self._wait(select.POLLIN | select.POLLOUT)
            if readable:
                self._take()
            if writable:
                try:
                    view = view[self._socket.send(view[:_PIECE]) :]
                except BlockingIOError:
                    continue
                except OSError as error:
                    raise _gone(error) from error

    def _receive(self) -> None:
        while not self._wait(select.POLLIN)[0]:
            pass
        self._take()

    def _take(self) -> None:
        self._heard = time.monotonic()
        try:
            data = self._socket.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError as error:
            raise _gone(error) from error
        if not data:
            raise _gone(None)
        self._buffer += data

    def _wait(self, events: int) -> tuple[bool, bool]:
        poll = select.poll()
        poll.register(self._socket, events)
        self._check()
        if time.monotonic() - self._heard > SILENT_SECONDS:
            raise StepFailed(
                f"The scratch PostgreSQL was at one statement for {SILENT_SECONDS:g} s.",
                "Look at what the dump makes it do; no backup of an engine takes so long.",
            )
        ready = dict(poll.poll(_POLL_MS)).get(self._socket.fileno(), 0)
        closed = bool(ready & (select.POLLHUP | select.POLLERR))
        return bool(ready & select.POLLIN) or closed, bool(ready & select.POLLOUT)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def _row(body: bytes) -> Row:
    count, at, cells = struct.unpack_from("!H", body)[0], 2, list[str | None]()
    for _ in range(count):
        if at + 4 > len(body):
            break
        length = struct.unpack_from("!i", body, at)[0]
        at += 4
        cells.append(None if length < 0 else body[at : at + length].decode("utf-8", "replace"))
        at += max(length, 0)
    return tuple(cells)


def _error(body: bytes) -> ServerError:
    fields = {part[:1]: part[1:].decode("utf-8", "replace") for part in body.split(b"\0") if part}
    return ServerError(fields.get(b"C", ""), fields.get(b"M", ""), fields.get(b"W", ""))


def _gone(error: OSError | None) -> Unreachable:
    said = f": {error.strerror}" if error else ""
    return Unreachable(
        f"The scratch PostgreSQL went away in the middle of the work{said}.",
        "It may have been short of memory, or ended from outside. Try again.",
    )
