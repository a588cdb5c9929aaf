"""A guest's screen as PNG."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvalidInput
from steps.virtual_machine.check.picture import png


def pixels(picture: bytes) -> tuple[tuple[int, int], bytes]:
    """Size and pixels of a PNG as written here, every checksum proved."""
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    at, size, data = 8, (0, 0), b""
    while at < len(picture):
        (length,) = struct.unpack_from(">I", picture, at)
        kind, body = picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", picture, at + 8 + length)[0] == zlib.crc32(kind + body)
        size = struct.unpack_from(">2I", body) if kind == b"IHDR" else size
        data += zlib.decompress(body) if kind == b"IDAT" else b""
        at += 12 + length
    row = 3 * size[0] + 1
    rows = [data[start : start + row] for start in range(0, len(data), row)]
    assert all(found[0] == 0 for found in rows)
    return size, b"".join(found[1:] for found in rows)


def test_every_pixel_is_where_it_was():
    colours = bytes(range(2 * 3 * 3))
    assert pixels(png(b"P6\n2 3\n255\n" + colours)) == ((2, 3), colours)


def test_a_png_is_taken_as_it_is():
    picture = png(b"P6\n1 1\n255\nabc")
    assert png(picture) == picture


@given(st.binary(max_size=60) | st.binary(max_size=30).map(lambda tail: b"P6\n9 9\n255\n" + tail))
def test_anything_else_is_refused(data: bytes):
    with pytest.raises(InvalidInput):
        png(data)
