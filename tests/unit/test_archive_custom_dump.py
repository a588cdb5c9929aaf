"""Custom dumps of every version and compression, and hostile ones."""

import shutil
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steps.hosted_engine.archive.problems import ArchiveFault
from tests.unit.dump_support import Collected, CustomDump, copy_rows
from tests.unit.test_archive_plain_dump import ROWS

COLUMNS = ("id", "Odd, name", "user")
BIG = ("x" * 3000, "y" * 200, None)


def tables(first, second):
    return {"one": (COLUMNS, first), "skipped": (COLUMNS, second), "two": (COLUMNS, second)}


@settings(max_examples=100)
@given(
    ROWS, ROWS, st.integers(11, 16), st.sampled_from(["none", "zlib"]), st.sampled_from([2, 4, 8]),
    st.booleans(), st.integers(1, 300),
)  # fmt: skip
def test_rows_come_out_as_they_went_in(first, second, minor, algorithm, ints, offsets, size):
    dump = CustomDump(minor, algorithm, int_size=ints, offsets=offsets)
    found = Collected("one", "two").read(dump.dump(tables(first, second)), size)
    assert found.rows == {("public", "one"): first, ("public", "two"): second}
    assert found.form == ("custom", "none")


@pytest.mark.parametrize("algorithm", ["lz4", "zstd"])
@pytest.mark.parametrize("minor", [15, 16])
def test_newer_compressions_are_unpacked_by_their_programs(algorithm, minor):
    rows = [BIG] * 3000
    found = Collected("two").read(CustomDump(minor, algorithm, chunk=9000).dump(tables([], rows)))
    assert found.rows == {("public", "two"): rows}
    assert found.columns == {"two": COLUMNS}


def test_a_missing_program_is_named(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ArchiveFault, match="zstd") as caught:
        Collected("two").read(CustomDump(16, "zstd").dump(tables([], [])))
    assert caught.value.code == "decompressor-missing"


@pytest.mark.parametrize("algorithm", ["zlib", "lz4", "zstd"])
def test_damage_within_a_compressed_block_is_a_corrupt_dump(algorithm):
    dump = bytearray(CustomDump(16, algorithm, chunk=9000).dump(tables([], [BIG] * 50)))
    dump[-60:-40] = bytes(20)
    with pytest.raises(ArchiveFault) as caught:
        Collected("two").read(bytes(dump))
    assert caught.value.code == "corrupt-dump"


@pytest.mark.parametrize("algorithm", ["none", "zlib"])
@settings(max_examples=60)
@given(data=st.data())
def test_a_dump_that_ends_early_is_corrupt(algorithm, data):
    dump = CustomDump(14, algorithm).dump(tables([BIG], [BIG]))
    cut = data.draw(st.integers(5, len(dump) - 1))
    with pytest.raises(ArchiveFault) as caught:
        Collected().read(dump[:cut])
    assert caught.value.code == "corrupt-dump"


@pytest.mark.parametrize("minor", [10, 17, 99])
def test_an_unknown_version_is_said_to_be_one(minor):
    with pytest.raises(ArchiveFault, match=f"version 1.{minor}") as caught:
        Collected().read(CustomDump(minor, "zlib").dump(tables([], [])))
    assert caught.value.code == "unknown-dump"


def test_rows_without_their_end_mark_are_corrupt():
    whole = copy_rows([BIG])
    dump = CustomDump(14, "none", chunk=1 << 16).dump({"one": (COLUMNS, [BIG])})
    assert whole in dump
    with pytest.raises(ArchiveFault) as caught:
        Collected().read(dump.replace(whole, whole[:-3] + b"..."))
    assert caught.value.code == "corrupt-dump"


@settings(max_examples=300)
@given(st.data())
def test_flipped_bytes_end_in_rows_or_in_a_fault(data):
    dump = bytearray(CustomDump(14, "zlib").dump(tables([BIG], [BIG])))
    for _ in range(data.draw(st.integers(1, 5))):
        dump[data.draw(st.integers(11, len(dump) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ArchiveFault):
        Collected().read(bytes(dump))


def test_dependencies_without_end_are_given_up_soon():
    dump = CustomDump(14, "none").dump({"one": (COLUMNS, [])})
    head = dump[: dump.index(b"DROP")]
    with pytest.raises(ArchiveFault, match="without end"):
        Collected().read(head + b"DROP" + bytes(64 << 20))
