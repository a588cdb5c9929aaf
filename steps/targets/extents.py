"""Where a file has data and where it has holes. A hole is never read."""

from __future__ import annotations

import errno
import os
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extents:
    """The data of one file: sorted (start, end) pairs that do not touch."""

    spans: tuple[tuple[int, int], ...]

    @property
    def data(self) -> int:
        """Bytes of data in all."""
        return sum(end - start for start, end in self.spans)

    def within(self, offset: int, length: int) -> tuple[tuple[bool, int, int], ...]:
        """(is it data, offset, length) of each part of that range, without gaps."""
        return tuple(self._parts(offset, offset + length))

    def _parts(self, at: int, end: int) -> Iterator[tuple[bool, int, int]]:
        index = max(bisect_right(self.spans, (at, at)) - 1, 0)
        while at < end:
            start, stop = self.spans[index] if index < len(self.spans) else (end, end)
            if stop <= at:
                index += 1
            elif at < start:
                yield False, at, min(start, end) - at
                at = min(start, end)
            else:
                yield True, at, min(stop, end) - at
                at = min(stop, end)


def find_extents(descriptor: int, size: int) -> Extents:
    """Walk the file's data with SEEK_DATA and SEEK_HOLE, up to `size`.

    A file system that does not know holes answers that all of it is data.
    """
    spans: list[tuple[int, int]] = []
    at = 0
    while at < size:
        try:
            start = os.lseek(descriptor, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # no data from here on
                break
            raise
        at = min(os.lseek(descriptor, start, os.SEEK_HOLE), size)
        if start < at:
            spans.append((start, at))
    return Extents(tuple(spans))
