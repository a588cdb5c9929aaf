"""What a file holds, chunk by chunk: the list that proves a copy and finds the place of damage.

A file is cut into chunks of 4 MiB and each chunk into pieces of 256 KiB (the last ones may be
shorter). A piece has its SHA-256; the SHA-256 of those digests one after another is the chunk's,
and that of the chunks' digests is the root. Holes count as the zeros they read as, so that the
root says what the file holds and not how it is stored; and a piece of zeros is never hashed twice,
which makes images, mostly zeros, cheap.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from config.errors import InvalidInput
from steps.targets.shell import Copied

CHUNK_SIZE = 4 << 20
PIECE_SIZE = 256 << 10
"""Read, hashed and written in one go: small enough to stay in a core's own cache. A chunk that is
smaller is one piece."""

ZEROS = bytes(PIECE_SIZE)
_DIGEST_SIZE = 32


@dataclass(frozen=True, slots=True)
class Chunks:
    """The chunk list of one file. `data`: bytes that were read, holes left out."""

    size: int
    chunk_size: int
    data: int
    digests: tuple[bytes, ...]
    sha256: str | None = None
    """Plain SHA-256 of the whole file, where it was asked for."""

    @property
    def root(self) -> str:
        """The root with its scheme: `sha256-tree-4194304:<hex>`."""
        root = hashlib.sha256(b"".join(self.digests)).hexdigest()
        return f"sha256-tree-{self.chunk_size}:{root}"

    def copied(self) -> Copied:
        """The short form that a shell hands out."""
        return Copied(self.size, self.data, self.root, self.sha256)

    def differences(self, other: Chunks) -> tuple[tuple[int, int], ...]:
        """Where the two differ, as (offset, length) of each chunk; both of one size."""
        if (self.size, self.chunk_size) != (other.size, other.chunk_size):
            raise InvalidInput(
                f"Chunk lists of {self.size} bytes by {self.chunk_size} and of {other.size} bytes "
                f"by {other.chunk_size} cannot be compared."
            )
        pairs = zip(self.digests, other.digests, strict=True)
        return tuple(
            chunk_bounds(index, self.size, self.chunk_size)
            for index, (mine, theirs) in enumerate(pairs)
            if mine != theirs
        )

    def to_json(self) -> dict[str, object]:
        """Plain JSON data."""
        return {
            "size": self.size,
            "chunk_size": self.chunk_size,
            "data": self.data,
            "root": self.root,
            "sha256": self.sha256,
            "digests": [digest.hex() for digest in self.digests],
        }

    @classmethod
    def from_json(cls, document: object) -> Chunks:
        """Read it back; raises InvalidInput where it is not whole or does not fit its root."""
        match document:
            case {
                "size": int(size),
                "chunk_size": int(chunk_size),
                "data": int(data),
                "root": str(root),
                "sha256": (str() | None) as sha256,
                "digests": list(digests),
            } if size >= 0 and chunk_size > 0:
                chunks = cls(size, chunk_size, data, tuple(map(_digest, digests)), sha256)
            case _:
                raise InvalidInput("This is no chunk list: a field is missing or of a wrong type.")
        if len(chunks.digests) != chunk_count(size, chunk_size) or chunks.root != root:
            raise InvalidInput(f"The chunk list does not fit its root {root!r}: it was changed.")
        return chunks


def _digest(text: object) -> bytes:
    try:
        digest = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        digest = b""
    if len(digest) != _DIGEST_SIZE:
        raise InvalidInput(f"{text!r} is no SHA-256 of a chunk.")
    return digest


def chunk_count(size: int, chunk_size: int) -> int:
    """How many chunks a file of that size has; none where it is empty."""
    return -(-size // chunk_size)


def chunk_bounds(index: int, size: int, chunk_size: int) -> tuple[int, int]:
    """(offset, length) of a chunk."""
    offset = index * chunk_size
    return offset, min(chunk_size, size - offset)


@lru_cache(maxsize=64)
def zero_piece(length: int) -> bytes:
    """The digest of a piece of that many zeros."""
    return hashlib.sha256(memoryview(ZEROS)[:length]).digest()


@lru_cache(maxsize=64)
def zero_chunk(length: int) -> bytes:
    """The digest of a chunk of that many zeros."""
    digests = (zero_piece(step) for _offset, step in pieces(0, length))
    return hashlib.sha256(b"".join(digests)).digest()


def pieces(offset: int, length: int) -> Iterator[tuple[int, int]]:
    """(offset, length) of each piece of at most PIECE_SIZE."""
    end = offset + length
    while offset < end:
        step = min(PIECE_SIZE, end - offset)
        yield offset, step
        offset += step
