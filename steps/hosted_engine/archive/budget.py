"""How much an archive may cost to read: a small file must not unfold without end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from config.errors import Interrupted
from steps.hosted_engine.archive.problems import ArchiveFault

FREE_BYTES: Final = 256 << 20
GROWTH: Final = 300
"""Real dumps shrink by 5 to 50 times, and xz within xz hardly at all the second time."""

Progress = Callable[[int, int], None]
"""Called with the bytes of the file that were read, and its size."""


class Budget:
    """Counts what comes out of every decompressor and every hole of one archive.

    Raises ArchiveFault `decompression-bomb` beyond 256 MiB and 300 times the file's size, and
    Interrupted once `cancel` is set. Its methods may be called from several threads.
    """

    def __init__(
        self,
        file_bytes: int,
        progress: Progress | None = None,
        cancel: threading.Event | None = None,
    ) -> None:
        self._limit = FREE_BYTES + GROWTH * file_bytes
        self._file_bytes, self._progress = file_bytes, progress
        self._cancel = cancel or threading.Event()
        self._lock = threading.Lock()
        self._spent = 0

    def read_from_file(self, position: int) -> None:
        """Say how far the file itself was read."""
        if self._cancel.is_set():
            raise Interrupted("The inspection was stopped. Nothing was changed.")
        if self._progress is not None:
            self._progress(position, self._file_bytes)

    def spend(self, count: int, what: str) -> None:
        """Count bytes that came out of `what`."""
        with self._lock:
            self._spent += count
            beyond = self._spent > self._limit
        if self._cancel.is_set():
            raise Interrupted("The inspection was stopped. Nothing was changed.")
        if beyond:
            raise ArchiveFault(
                "decompression-bomb",
                f"{what} unfolds to more than {self._limit >> 20} MiB, out of a file of "
                f"{self._file_bytes} bytes: no backup does that.",
                "Do not restore it. Find out where the file came from, and use another archive.",
            )
