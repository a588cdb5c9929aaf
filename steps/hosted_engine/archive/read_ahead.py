"""One stage of a pipeline in a thread of its own, as a shell pipeline has a process for each.

Decompressors and checksums release the interpreter's lock, so the stages truly run side by side.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_PIECES_AHEAD: Final = 6
_END: Final = b""


@contextmanager
def read_ahead(pieces: Iterator[bytes]) -> Iterator[Iterator[bytes]]:
    """The same pieces, fetched in a thread; what that raises is raised here.

    On leaving, the thread has stopped: what `pieces` reads from may then be used again.
    """
    stage = _Stage(pieces)
    try:
        yield stage.pieces()
    finally:
        stage.stop()


class _Stage:
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._source = pieces
        self._queue: queue.Queue[bytes] = queue.Queue(_PIECES_AHEAD)
        self._stopped = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="archive", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            for piece in self._source:
                if self._stopped.is_set():
                    return
                if piece:
                    self._queue.put(piece)
        except BaseException as error:  # noqa: BLE001  (carried over to the reading thread)
            self._error = error
        self._queue.put(_END)

    def pieces(self) -> Iterator[bytes]:
        while True:
            piece = self._queue.get()
            if piece is _END:
                break
            yield piece
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        self._stopped.set()
        while self._thread.is_alive():
            # Room in the queue, or the thread would wait for ever with its last piece.
            while not self._queue.empty():
                self._queue.get_nowait()
            self._thread.join(0.01)
