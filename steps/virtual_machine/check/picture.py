"""A guest's screen as a PNG: QEMU hands out PPM, which few programs show. Pure."""

from __future__ import annotations

import re
import struct
import zlib

from config.errors import InvalidInput

_HEAD = re.compile(rb"P6\s+(\d{1,5})\s+(\d{1,5})\s+255\s", re.ASCII)
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png(picture: bytes) -> bytes:
    """The picture as PNG, from PPM (P6) or PNG; raises InvalidInput for anything else."""
    if picture.startswith(_SIGNATURE):
        return picture
    head = _HEAD.match(picture)
    width, height = (int(head[1]), int(head[2])) if head else (0, 0)
    row = 3 * width
    if head is None or not row or not height or len(picture) < head.end() + row * height:
        raise InvalidInput("The guest's screen came as no picture that is known.")
    starts = range(head.end(), head.end() + row * height, row)
    # Each row begins with the number of its filter; 0 is none.
    rows = b"".join(b"\0" + picture[start : start + row] for start in starts)
    size = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    return _SIGNATURE + b"".join(
        _chunk(kind, data)
        for kind, data in ((b"IHDR", size), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
