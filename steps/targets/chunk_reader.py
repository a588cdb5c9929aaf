"""Read a file chunk by chunk on several threads, hashing and (when copying) writing each piece.

Threads share the work well because reading, hashing and writing all let go of the interpreter.
Measured: two threads with pieces of 256 KiB beat one thread and bigger pieces.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

from steps.targets.chunks import PIECE_SIZE, ZEROS, ChunkHash, chunk_bounds, chunk_count, pieces
from steps.targets.extents import Extents, find_extents
from steps.targets.files import read_exactly

Sink = Callable[[memoryview, int], None]
"""Where a piece that is not all zeros goes: the bytes and their offset."""


class _StoppedError(Exception):
    """The reader was closed; a worker gives up its chunk."""


class ChunkReader:
    """One open file of a known size, read in chunks. Close it to end its threads early."""

    def __init__(
        self, descriptor: int, path: str, size: int, chunk_size: int, sink: Sink | None = None
    ) -> None:
        self._descriptor = descriptor
        self._path = path
        self._size = size
        self._chunk_size = chunk_size
        self._sink = sink
        self._stop = threading.Event()
        self._own = threading.local()
        self.extents: Extents = find_extents(descriptor, size)

    def close(self) -> None:
        """Let running workers end at their next piece."""
        self._stop.set()

    def data_in(self, index: int) -> int:
        """Bytes of data in a chunk, holes left out."""
        parts = self.extents.within(*chunk_bounds(index, self._size, self._chunk_size))
        return sum(length for is_data, _offset, length in parts if is_data)

    def digests(self, first: int = 0, threads: int = 0) -> Generator[bytes, None, None]:
        """The chunks' digests in order from `first` on; a few chunks are worked on ahead."""
        threads = threads or worker_count()
        waiting: deque[Future[bytes] | bytes] = deque()
        with ThreadPoolExecutor(threads) as pool, closing(self):
            for index in range(first, chunk_count(self._size, self._chunk_size)):
                waiting.append(self._begin(pool, index))
                if len(waiting) > 2 * threads:
                    yield _result(waiting.popleft())
            while waiting:
                yield _result(waiting.popleft())

    def plain_digest(self) -> str:
        """SHA-256 of the whole file in order, as `sha256sum` gives it; holes are not read."""
        digest = hashlib.sha256()
        for piece in self._read(0, self._size):
            digest.update(piece[0] or memoryview(ZEROS)[: piece[2]])
        return digest.hexdigest()

    def _begin(self, pool: ThreadPoolExecutor, index: int) -> Future[bytes] | bytes:
        return pool.submit(self._digest, index) if self.data_in(index) else self._digest(index)

    def _digest(self, index: int) -> bytes:
        digest = ChunkHash()
        for piece, at, length in self._read(*chunk_bounds(index, self._size, self._chunk_size)):
            if piece is None or ZEROS.startswith(piece):
                digest.zeros(length)
            else:
                digest.update(piece)
                if self._sink is not None:
                    self._sink(piece, at)
        return digest.digest()

    def _read(self, offset: int, length: int) -> Iterator[tuple[memoryview | None, int, int]]:
        """(bytes or None for a hole, offset, length); the bytes last until the next piece."""
        for is_data, start, span in self.extents.within(offset, length):
            for at, step in pieces(start, span):
                if self._stop.is_set():
                    raise _StoppedError
                if not is_data:
                    yield None, at, step
                    continue
                piece = self._buffer()[:step]
                read_exactly(self._descriptor, piece, at, self._path)
                yield piece, at, step

    def _buffer(self) -> memoryview:
        buffer: memoryview | None = getattr(self._own, "buffer", None)
        if buffer is None:
            buffer = self._own.buffer = memoryview(bytearray(PIECE_SIZE))
        return buffer


def worker_count() -> int:
    """How many threads are worth it: the cores we may use, at most four."""
    return min(len(os.sched_getaffinity(0)), 4)


def _result(item: Future[bytes] | bytes) -> bytes:
    return item if isinstance(item, bytes) else item.result()
