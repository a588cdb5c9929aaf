"""One header of a tar archive: GNU, ustar and pax, and the maps of sparse members.

Not Python's tarfile: that reads headers of any claimed size into memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from steps.hosted_engine.archive.problems import ArchiveFault, shown_name

BLOCK: Final = 512
MAX_SIZE: Final = 1 << 42
"""Four TiB: no dump is as large, and a claim beyond it is a lie."""

_CHECKSUM: Final = slice(148, 156)
Hole = tuple[int, int]
"""Offset and length of a piece of data in a sparse member."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a member says of itself; `size` is what is stored, `real_size` what it unfolds to."""

    name: str
    kind: str
    size: int
    mtime: int
    link: str = ""
    real_size: int = -1
    extended: bool = False
    data_map: tuple[Hole, ...] | None = None

    @property
    def is_file(self) -> bool:
        return self.kind in ("0", "\0", "7", "S")

    @property
    def is_folder(self) -> bool:
        return self.kind == "5"

    @property
    def is_link(self) -> bool:
        return self.kind in ("1", "2")


def parse_header(block: bytes) -> Header:
    """Raises ArchiveFault `damaged-archive` or `oversized-member`."""
    if not _checksum_holds(block):
        raise ArchiveFault("damaged-archive", "A member's header in the tar archive is damaged.")
    name, prefix = text(block[0:100]), text(block[345:500])
    posix = block[257:263] == b"ustar\0"
    if posix and prefix:
        name = f"{prefix}/{name}"
    header = Header(
        name=name,
        kind=chr(block[156]),
        size=_bounded(_number(block[124:136]), name),
        mtime=_number(block[136:148]),
        link=text(block[157:257]),
    )
    return _gnu_sparse(header, block) if header.kind == "S" else header


def with_pax(header: Header, records: Mapping[str, str]) -> Header:
    """The header as pax records before it correct it."""
    try:
        size = int(records.get("size", header.size))
        mtime = int(float(records.get("mtime", header.mtime)))
        real = int(records.get("GNU.sparse.realsize", records.get("GNU.sparse.size", -1)))
        parsed_map = _pax_map(records.get("GNU.sparse.map"))
    except (ValueError, OverflowError) as error:
        raise ArchiveFault(
            "damaged-archive", "A member's extended header in the tar archive is damaged."
        ) from error
    name = records.get("GNU.sparse.name", records.get("path", header.name))
    return replace(
        header,
        name=name,
        size=_bounded(size, name),
        mtime=mtime,
        link=records.get("linkpath", header.link),
        real_size=_bounded(real, name) if real >= 0 else header.real_size,
        data_map=parsed_map if parsed_map is not None else header.data_map,
    )


def sparse_entries(block: bytes, count: int) -> tuple[Hole, ...]:
    """The pairs of a GNU sparse map that are in use."""
    pairs = []
    for index in range(count):
        field = block[index * 24 : index * 24 + 24]
        if not field.strip(b"\0"):
            break
        pairs.append((_number(field[:12]), _number(field[12:])))
    return tuple(pairs)


def text(field: bytes) -> str:
    """A name; what is not UTF-8 stays recognisable."""
    return field.partition(b"\0")[0].decode("utf-8", "backslashreplace")


def _gnu_sparse(header: Header, block: bytes) -> Header:
    return replace(
        header,
        data_map=sparse_entries(block[386:482], 4),
        extended=bool(block[482]),
        real_size=_bounded(_number(block[483:495]), header.name),
    )


def _pax_map(value: str | None) -> tuple[Hole, ...] | None:
    if value is None:
        return None
    numbers = [int(part) for part in value.split(",")] if value else []
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def _bounded(size: int, name: str) -> int:
    if 0 <= size <= MAX_SIZE:
        return size
    raise ArchiveFault(
        "oversized-member",
        f"The member {shown_name(name)} claims a size of {size} bytes.",
        "Do not restore it: the archive is damaged or was made to do harm. Use another one.",
    )


def _number(field: bytes) -> int:
    """Octal digits, or base 256 where the first bit is set (GNU)."""
    if field[:1] in (b"\x80", b"\xff"):
        value = int.from_bytes(field[1:], "big")
        return value if field[0] == 0x80 else value - (1 << 8 * (len(field) - 1))
    digits = field.strip(b" \0").partition(b"\0")[0] or b"0"
    try:
        return int(digits, 8)
    except ValueError as error:
        raise ArchiveFault(
            "damaged-archive", "A number in a header of the tar archive is damaged."
        ) from error


def _checksum_holds(block: bytes) -> bool:
    try:
        stored = _number(block[_CHECKSUM])
    except ArchiveFault:
        return False
    unsigned = sum(block) - sum(block[_CHECKSUM]) + 8 * 32
    if stored == unsigned:
        return True
    signed = unsigned - 256 * sum(byte > 127 for byte in block[:148] + block[156:])
    return stored == signed
