"""The tar reader agrees with GNU tar and with Python's own, sparse members included."""

import io
import os
import subprocess
import tarfile
import threading
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import Interrupted
from steps.hosted_engine.archive.budget import Budget
from steps.hosted_engine.archive.byte_stream import ByteStream, EndOfStream
from steps.hosted_engine.archive.problems import ArchiveFault
from steps.hosted_engine.archive.tar_stream import members


def read(data, size=1000, budget=None):
    """Every file by name, with its content."""
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    found = {}
    for member in members(ByteStream(pieces), budget or Budget(len(data)), "the file"):
        if member.header.is_file:
            found[member.header.name] = b"".join(member.content())
    return found


def packed(contents, form=tarfile.GNU_FORMAT):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


NAMES = st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=150)
CONTENTS = st.dictionaries(NAMES, st.binary(max_size=1500), max_size=5)


@settings(max_examples=100)
@given(CONTENTS, st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]), st.integers(1, 3000))
def test_files_come_out_as_they_went_in_however_the_bytes_arrive(contents, form, size):
    assert read(packed(contents, form), size) == contents


@settings(max_examples=150)
@given(CONTENTS, st.data())
def test_damage_ends_in_members_or_in_a_fault(contents, data):
    archive = bytearray(packed(contents))
    for _ in range(data.draw(st.integers(1, 4))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ArchiveFault):
        read(bytes(archive))


FORMS = {
    "gnu": ("--format=gnu",),
    "pax 0.0": ("--format=pax", "--sparse-version=0.0"),
    "pax 0.1": ("--format=pax", "--sparse-version=0.1"),
    "pax 1.0": ("--format=pax", "--sparse-version=1.0"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("pieces", [0, 1, 3, 60])
def test_sparse_members_unfold_with_their_holes(tmp_path, form, pieces):
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(pieces * 200_000 + 300_000)
        for number in range(pieces):
            file.seek(number * 200_000 + 65536)
            file.write(bytes([number + 1]) * 5000)
    (tmp_path / "after").write_text("intact")
    command = ["tar", "-C", str(tmp_path), "-cSf", "-", *FORMS[form], "sparse", "after"]
    archive = subprocess.run(command, capture_output=True, check=True).stdout
    assert os.stat(path).st_blocks * 512 < path.stat().st_size
    assert len(archive) < path.stat().st_size
    assert read(archive, 4096) == {"sparse": path.read_bytes(), "after": b"intact"}


def header(name="x", size=0, kind=b"0", **fields):
    """One header with a right checksum, whatever it claims."""
    block = bytearray(tarfile.TarInfo(name).tobuf(tarfile.GNU_FORMAT)[:512])
    block[124:136] = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    block[156:157] = kind
    for place, data in fields.values():
        block[place : place + len(data)] = data
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


END = bytes(1024)


@pytest.mark.parametrize(
    ("archive", "code"),
    [
        (header(size=1 << 60) + END, "oversized-member"),
        (header(kind=b"L", size=1 << 30) + END, "oversized-member"),
        (header(kind=b"x", size=1 << 30) + END, "oversized-member"),
        (header(size=100) + b"short", "truncated"),
        (header(size=3) + b"abc" + bytes(509), "truncated"),
        (header()[:300], "not-an-archive"),
        (b"", "not-an-archive"),
        (os.urandom(2000), "not-an-archive"),
        (header() + b"\1" * 512, "damaged-archive"),
        (header(kind=b"x", size=5) + b"99 a\n".ljust(512, b"\0") + END, "damaged-archive"),
        (
            header(kind=b"x", size=5) + b"5 a=b".ljust(512, b"\0") + header() + b"\1" * 512,
            "damaged-archive",
        ),
    ],
)
def test_a_hostile_archive_gets_its_own_fault(archive, code):
    with pytest.raises(ArchiveFault) as caught:
        read(archive)
    assert caught.value.code == code
    assert caught.value.remedy


def test_a_hole_of_four_tebibytes_is_a_bomb_and_not_an_errand():
    size = (1 << 42) - 1
    sparse = header(
        kind=b"S",
        map=(386, b"%011o\0%011o\0" % (0, 0)),
        real=(483, b"\x80" + size.to_bytes(11, "big")),
    )
    with pytest.raises(ArchiveFault) as caught:
        read(sparse + END)
    assert caught.value.code == "decompression-bomb"


def test_a_sparse_map_that_does_not_fit_its_data_is_damage():
    sparse = header(
        size=10, kind=b"S", map=(386, b"%011o\0%011o\0" % (4, 3)), real=(483, b"%011o\0" % 100)
    )
    with pytest.raises(ArchiveFault, match="does not fit"):
        read(sparse + bytes(512) + END)


def test_reading_stops_when_the_operator_says_so():
    cancel = threading.Event()
    cancel.set()
    sparse = header(kind=b"S", real=(483, b"%011o\0" % 100))
    with pytest.raises(Interrupted):
        read(sparse + END, budget=Budget(10, cancel=cancel))


@given(st.lists(st.binary(max_size=9), max_size=9), st.lists(st.integers(0, 12), max_size=9))
def test_a_stream_gives_the_same_bytes_in_any_portions(pieces, portions):
    stream, whole, at = ByteStream(iter(pieces)), b"".join(pieces), 0
    for portion in portions:
        assert stream.peek(portion) == whole[at : at + portion]
        if at + portion > len(whole):
            with pytest.raises(EndOfStream):
                stream.read(portion)
            return
        assert stream.read(portion) == whole[at : at + portion]
        at += portion
    assert b"".join(stream.rest()) == whole[at:]
