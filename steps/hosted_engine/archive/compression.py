"""Compression by content, never by name: gzip, bzip2, xz or none, in pieces and in bounded memory.

A damaged or shortened stream is told apart from a good one; several streams one after the other
are one, as their own programs have it.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from typing import Final, Protocol

from steps.hosted_engine.archive.budget import Budget
from steps.hosted_engine.archive.problems import ArchiveFault

NONE: Final = "none"
MAGIC: Final = {"gzip": b"\x1f\x8b\x08", "bzip2": b"BZh", "xz": b"\xfd7zXZ\x00"}
MAGIC_BYTES: Final = 6

_PIECE: Final = 512 << 10
_XZ_MEMORY: Final = 80 << 20
"""xz -9 needs 65 MiB; xz as engine-backup calls it needs 9."""


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


class _Gzip:
    """zlib's decompressor with the manners of bz2's and lzma's."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def compression_of(head: bytes) -> str:
    """What a stream that begins like this is compressed with."""
    return next((kind for kind, magic in MAGIC.items() if head.startswith(magic)), NONE)


def _decoder(kind: str) -> _Decoder:
    if kind == "gzip":
        return _Gzip()
    if kind == "bzip2":
        return bz2.BZ2Decompressor()
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


def decompressed(pieces: Iterator[bytes], kind: str, budget: Budget, what: str) -> Iterator[bytes]:
    """The content of a stream of that kind; `what` names it in messages.

    Raises ArchiveFault `truncated`, `damaged-archive` or `decompression-bomb`.
    """
    if kind == NONE:
        return pieces
    return _Streams(kind, budget, what).content(pieces)


class _Streams:
    """One compressed stream after the other."""

    def __init__(self, kind: str, budget: Budget, what: str) -> None:
        self._kind, self._budget, self._what = kind, budget, what
        self._decoder: _Decoder | None = None

    def content(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        held = b""
        for piece in pieces:
            data = held + piece if held else piece
            held = b""
            while data or self._holds_more():
                if self._decoder is None:
                    data = data.lstrip(b"\0")
                    if len(data) < MAGIC_BYTES:
                        held = data
                        break
                    self._begin(data)
                yield from self._decoded(data)
                data = self._left_over()
        if held:
            self._begin(held)
        if self._decoder is not None:
            raise ArchiveFault(
                "truncated", f"{self._what} ends too early: its {self._kind} stream is cut off."
            )

    def _holds_more(self) -> bool:
        return self._decoder is not None and not self._decoder.needs_input

    def _begin(self, data: bytes) -> None:
        if not data.startswith(MAGIC[self._kind]):
            raise ArchiveFault(
                "damaged-archive", f"{self._what} has bytes after its {self._kind} stream."
            )
        self._decoder = _decoder(self._kind)

    def _decoded(self, data: bytes) -> Iterator[bytes]:
        assert self._decoder is not None
        while True:
            try:
                found = self._decoder.decompress(data, _PIECE)
            except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError) as error:
                raise ArchiveFault(
                    "damaged-archive",
                    f"{self._what} cannot be decompressed ({self._kind}): {error}.",
                ) from error
            data = b""
            if found:
                self._budget.spend(len(found), self._what)
                yield found
            if self._decoder.eof or self._decoder.needs_input:
                return

    def _left_over(self) -> bytes:
        if self._decoder is None or not self._decoder.eof:
            return b""
        left = self._decoder.unused_data
        self._decoder = None
        return left
