"""Two buffers that make paramiko's receiving side cheaper, by its own points of extension.

Measured on 256 MiB: a seventh less processor time than without them.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from paramiko.buffered_pipe import BufferedPipe

if TYPE_CHECKING:
    _Pipe = BufferedPipe[bytes]
else:
    _Pipe = BufferedPipe  # generic in its stubs alone

_READ_AHEAD = 256 << 10


class ReadAheadSocket:
    """A socket for paramiko's transport that reads many packets at once.

    The transport asks for each packet's header and body in turn: two system calls each.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._ahead = memoryview(b"")

    def recv(self, size: int) -> bytes:
        """What has been read ahead, else what comes now; at most `size` bytes."""
        if not self._ahead:
            if size >= _READ_AHEAD:
                return self._socket.recv(size)
            self._ahead = memoryview(self._socket.recv(_READ_AHEAD))
        taken, self._ahead = self._ahead[:size], self._ahead[size:]
        return bytes(taken)

    def __getattr__(self, name: str) -> object:
        return getattr(self._socket, name)


class PiecePipe(_Pipe):
    """A channel's input buffer that keeps the pieces as they came and joins them when read."""

    def __init__(self) -> None:
        super().__init__()
        self._buffer = _Pieces()

    def _buffer_frombytes(self, data: bytes) -> None:
        self._buffer.append(data)

    def _buffer_tobytes(self, limit: int | None = None) -> bytes:
        return self._buffer.joined()[:limit]


class _Pieces:
    """Bytes in pieces, with the little of a list that BufferedPipe uses."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __delitem__(self, first: slice) -> None:
        rest = b"" if first.stop is None else self.joined()[first.stop :]
        self._pieces, self._size = ([rest], len(rest)) if rest else ([], 0)

    def append(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)

    def joined(self) -> bytes:
        if len(self._pieces) > 1:
            self._pieces = [b"".join(self._pieces)]
        return self._pieces[0] if self._pieces else b""
