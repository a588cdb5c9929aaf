"""The members of a tar archive, one after the other, from a stream. Nothing is written to disk.

Links are told, never followed. Sparse members unfold with their holes as zeros, because that is
what their checksum was taken of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from steps.hosted_engine.archive.budget import Budget
from steps.hosted_engine.archive.byte_stream import ByteStream, EndOfStream
from steps.hosted_engine.archive.problems import ArchiveFault, shown_name
from steps.hosted_engine.archive.tar_header import (
    BLOCK,
    Header,
    Hole,
    parse_header,
    sparse_entries,
    text,
    with_pax,
)

_ZEROS: Final = bytes(256 << 10)
_LONG_NAME: Final = 64 << 10
_PAX_BYTES: Final = 4 << 20
_MAP_ENTRIES: Final = 200_000


@dataclass(slots=True)
class Member:
    """One member; `content()` may be read once, before the next member is asked for."""

    header: Header
    _stream: ByteStream
    _budget: Budget
    _left: int

    def content(self) -> Iterator[bytes]:
        """What the member unfolds to, in pieces. Raises ArchiveFault."""
        if self.header.data_map is None:
            yield from self._stored(self._left)
            return
        at = 0
        for offset, length in self.header.data_map:
            yield from self._hole(offset - at)
            yield from self._stored(length)
            at = offset + length
        yield from self._hole(self.header.real_size - at)

    def pass_over(self) -> None:
        """Skip what was not read, and the padding."""
        padding = -self.header.size % BLOCK
        try:
            self._stream.skip(self._left + padding)
        except EndOfStream as error:
            raise _cut_off(self.header.name) from error
        self._left = 0

    def take_map(self) -> tuple[Hole, ...]:
        """The map that stands before the data of a sparse member in the newest pax form."""
        lines = self._decimal_lines()
        count = next(lines)
        if count > _MAP_ENTRIES:
            raise _map_too_long(self.header.name)
        return tuple((next(lines), next(lines)) for _ in range(count))

    def _decimal_lines(self) -> Iterator[int]:
        held = b""
        while True:
            block = b"".join(self._stored(BLOCK))
            held += block
            *lines, held = held.split(b"\n")
            # What follows the last number is padding up to the end of the block.
            for line in lines:
                if not line.isdigit() or len(line) > 20:
                    raise ArchiveFault("damaged-archive", "A sparse member's map is damaged.")
                yield int(line)
            if len(held) > BLOCK:
                raise ArchiveFault("damaged-archive", "A sparse member's map is damaged.")

    def _stored(self, count: int) -> Iterator[bytes]:
        try:
            for piece in self._stream.pieces(count):
                self._left -= len(piece)
                yield piece
        except EndOfStream as error:
            raise _cut_off(self.header.name) from error

    def _hole(self, count: int) -> Iterator[bytes]:
        while count > 0:
            length = min(count, len(_ZEROS))
            self._budget.spend(length, f"the sparse member {shown_name(self.header.name)}")
            yield _ZEROS[:length]
            count -= length


def members(stream: ByteStream, budget: Budget, what: str) -> Iterator[Member]:
    """Every member; `what` names the archive in messages.

    Raises ArchiveFault: `not-an-archive` where it does not begin as a tar archive does,
    `truncated` where its end is missing, `damaged-archive`, `oversized-member`.
    """
    _require_tar(stream, what)
    pax: dict[str, str] = {}
    names: dict[str, str] = {}
    while True:
        block = _block(stream, what)
        if not block.strip(b"\0"):
            return
        header = parse_header(block)
        if header.kind in "LK":
            names[header.kind] = text(_small(stream, header, _LONG_NAME))
        elif header.kind == "x":
            pax = _pax_records(_small(stream, header, _PAX_BYTES))
        elif header.kind == "g":
            _small(stream, header, _PAX_BYTES)
        else:
            yield from _one(stream, budget, _named(header, names, pax))
            pax, names = {}, {}


def _one(stream: ByteStream, budget: Budget, found: Header) -> Iterator[Member]:
    header = _with_whole_map(stream, found)
    member = Member(header, stream, budget, header.size if _has_data(header) else 0)
    if header.data_map is not None:
        if header.data_map == _MAP_FOLLOWS:
            member.header = replace(header, data_map=member.take_map())
        _check_map(member.header, member._left)
    yield member
    if _has_data(header):
        member.pass_over()


_MAP_FOLLOWS: Final = ((-1, -1),)


def _has_data(header: Header) -> bool:
    # Links and folders may tell a size, and have no data.
    return header.kind not in "123456"


def _require_tar(stream: ByteStream, what: str) -> None:
    head = stream.peek(BLOCK)
    if len(head) == BLOCK and not head.strip(b"\0"):
        return
    try:
        if len(head) == BLOCK:
            parse_header(head)
            return
    except ArchiveFault as fault:
        if fault.code == "oversized-member":
            raise
    raise ArchiveFault(
        "not-an-archive",
        f"{what} is not an archive of engine-backup: it does not hold a tar archive.",
        "Check that it is the file that was meant.",
    )


def _named(header: Header, names: dict[str, str], pax: dict[str, str]) -> Header:
    header = replace(header, name=names.get("L", header.name), link=names.get("K", header.link))
    if not pax:
        return header
    header = with_pax(header, pax)
    if pax.get("GNU.sparse.major") == "1":
        return replace(header, data_map=_MAP_FOLLOWS)
    return header


def _with_whole_map(stream: ByteStream, header: Header) -> Header:
    more = header.extended
    entries = list(header.data_map or ())
    while more:
        block = _block(stream, "the archive")
        entries += sparse_entries(block[:504], 21)
        more = bool(block[504])
        if len(entries) > _MAP_ENTRIES:
            raise _map_too_long(header.name)
    return replace(header, data_map=tuple(entries)) if header.extended else header


def _check_map(header: Header, stored: int) -> None:
    at = total = 0
    for offset, length in header.data_map or ():
        if offset < at or length < 0:
            raise ArchiveFault("damaged-archive", "A sparse member's map is damaged.")
        at, total = offset + length, total + length
    if at > header.real_size or total != stored:
        raise ArchiveFault("damaged-archive", "A sparse member's map does not fit its data.")


def _block(stream: ByteStream, what: str) -> bytes:
    try:
        return stream.read(BLOCK)
    except EndOfStream as error:
        raise ArchiveFault("truncated", f"{what} ends before its end mark: it is cut off.") from (
            error
        )


def _small(stream: ByteStream, header: Header, limit: int) -> bytes:
    if header.size > limit:
        raise ArchiveFault(
            "oversized-member",
            f"A header of the tar archive claims {header.size} bytes; {limit} is the most.",
            "Do not restore it: the archive is damaged or was made to do harm. Use another one.",
        )
    try:
        data = stream.read(header.size)
        stream.skip(-header.size % BLOCK)
    except EndOfStream as error:
        raise _cut_off(header.name) from error
    return data


def _pax_records(data: bytes) -> dict[str, str]:
    """`LENGTH KEY=VALUE\\n` one after the other; the oldest sparse form repeats its keys."""
    records: dict[str, str] = {}
    pairs: list[str] = []
    at = 0
    while at < len(data):
        length, _, _ = data[at : at + 20].partition(b" ")
        if not length.isdigit() or not len(length) + 1 < int(length) <= len(data) - at:
            raise ArchiveFault("damaged-archive", "An extended header is damaged.")
        record = data[at + len(length) + 1 : at + int(length) - 1]
        key, _, value = record.decode("utf-8", "backslashreplace").partition("=")
        if key in ("GNU.sparse.offset", "GNU.sparse.numbytes"):
            pairs.append(value)
        records[key] = value
        at += int(length)
    if pairs:
        records["GNU.sparse.map"] = ",".join(pairs)
    return records


def _cut_off(name: str) -> ArchiveFault:
    return ArchiveFault("truncated", f"The archive is cut off within {shown_name(name)}.")


def _map_too_long(name: str) -> ArchiveFault:
    return ArchiveFault(
        "oversized-member", f"The sparse member {shown_name(name)} has too many pieces."
    )
