"""Bytes that come in pieces, read in portions of any size. Never goes back."""

from __future__ import annotations

from collections.abc import Iterator


class EndOfStream(Exception):
    """There are fewer bytes than were asked for; the reader says what that means."""


class ByteStream:
    """Reads from an iterator of pieces; holds one piece and what a single read joins."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece, self._at = b"", 0
        self._error: Exception | None = None

    def _next(self) -> bool:
        """Fetch another piece; False at the end. An error of the source comes up every time."""
        if self._error is not None:
            raise self._error
        try:
            piece = next((piece for piece in self._pieces if piece), None)
        except Exception as error:
            # Kept, so that whoever asks again is told the same and takes it for no end.
            self._error = error
            raise
        if piece is None:
            return False
        self._piece, self._at = piece, 0
        return True

    def read(self, count: int) -> bytes:
        """Exactly so many bytes; raises EndOfStream. Callers bound the count."""
        end = self._at + count
        if end <= len(self._piece):
            found = self._piece[self._at : end]
            self._at = end
            return found
        return b"".join(self.pieces(count))

    def byte(self) -> int:
        """The next byte as a number; raises EndOfStream."""
        if self._at >= len(self._piece) and not self._next():
            raise EndOfStream
        self._at += 1
        return self._piece[self._at - 1]

    def pieces(self, count: int) -> Iterator[bytes]:
        """So many bytes, in pieces as they come; raises EndOfStream at an early end."""
        while count:
            room = len(self._piece) - self._at
            if not room:
                if not self._next():
                    raise EndOfStream
                continue
            take = min(room, count)
            start, self._at = self._at, self._at + take
            count -= take
            yield self._piece[start : self._at] if take < len(self._piece) else self._piece

    def skip(self, count: int) -> None:
        """Pass over so many bytes; raises EndOfStream."""
        end = self._at + count
        if end <= len(self._piece):
            self._at = end
            return
        for _piece in self.pieces(count):
            pass

    def skip_chunks(self, int_bytes: int) -> None:
        """Pass over chunks, each behind its length, up to the one without; raises EndOfStream.

        A dump without compression has a chunk for each row: millions, so this is one tight loop.
        Raises ValueError at a length below zero.
        """
        width = int_bytes + 1
        while True:
            piece, at = self._piece, self._at
            last = len(piece) - width
            while at <= last:
                length = int.from_bytes(piece[at + 1 : at + width], "little")
                if length and piece[at]:
                    raise ValueError(length)
                at += width + length
                if not length:
                    self._at = at
                    return
            beyond = at - len(piece)
            if beyond > 0:
                self._at = len(piece)
                self.skip(beyond)
            else:
                # The length itself lies across two pieces.
                self._at = at
                self.peek(width)
                if len(self._piece) - self._at < width:
                    raise EndOfStream

    def peek(self, count: int) -> bytes:
        """The next bytes without taking them, fewer at the end of the stream."""
        while len(self._piece) - self._at < count:
            held = self._piece[self._at :]
            if not self._next():
                self._piece, self._at = held, 0
                break
            self._piece, self._at = held + self._piece, 0
        return self._piece[self._at : self._at + count]

    def rest(self) -> Iterator[bytes]:
        """Everything that is left, in pieces."""
        while self._at < len(self._piece) or self._next():
            piece = self._piece[self._at :] if self._at else self._piece
            self._at = len(self._piece)
            yield piece
