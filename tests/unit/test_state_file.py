"""The state file's header: what is real, what is not, and that nothing hostile gets through."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import InvalidInput
from steps.virtual_machine.state_file import (
    HEADER_BYTES,
    MAX_DATA_BYTES,
    NotRunning,
    StateKind,
    read_header,
    require_real,
)
from tests.unit.machine_documents import NOT_RUNNING, THEN, state_file

XML = THEN.state_xml()


def header(data: bytes, size: int | None = None):
    return read_header(data, len(data) if size is None else size)


def test_a_real_state_file_gives_its_xml_and_how_the_guest_resumes():
    found = header(state_file(XML))
    assert found.kind is StateKind.REAL
    assert found.xml.decode() == XML
    assert found.cookie.startswith(b"<cookie>")
    assert found.was_running
    assert found.compression == "raw"
    assert not header(state_file(XML, running=False)).was_running


def test_the_header_copy_ends_where_the_memory_begins():
    data = state_file(XML, memory=5000)
    assert header(data).header_length == len(data) - 5000


def test_the_first_bytes_are_enough_when_the_size_is_known():
    data = state_file(XML, memory=5000)
    assert header(data[: header(data).header_length], len(data)).kind is StateKind.REAL


def test_a_file_of_the_other_byte_order_reads_the_same():
    found = header(state_file(XML, order=">"))
    assert found.big_endian
    assert found.xml.decode() == XML


@pytest.mark.parametrize("text", [NOT_RUNNING, NOT_RUNNING + b"\n", NOT_RUNNING + b"\r\n"])
def test_the_stand_in_of_a_stopped_machine_is_known_with_and_without_newline(text):
    assert isinstance(header(text), NotRunning)


def test_the_stand_in_text_at_the_start_of_something_else_is_no_stand_in():
    assert header(NOT_RUNNING + b" and more").kind is StateKind.GARBAGE
    assert header(NOT_RUNNING, 5000).kind is StateKind.GARBAGE


def test_an_interrupted_save_is_partial():
    found = header(state_file(XML, magic=b"LibvirtQemudPart"))
    assert found.kind is StateKind.PARTIAL
    assert "incomplete" in found.problem


def test_a_file_that_ends_before_the_memory_is_truncated():
    data = state_file(XML)
    length = header(data).header_length
    for size in (20, HEADER_BYTES, 500, length):
        assert header(data[:size]).kind is StateKind.TRUNCATED


def test_what_is_something_else_is_garbage():
    for data in (b"", b"QFI\xfb" * 100, b"\0" * 500, state_file(XML, version=77)):
        assert header(data).kind is StateKind.GARBAGE


def test_an_xml_without_end_is_garbage():
    data = b"LibvirtQemudSave" + struct.pack("<5I", 2, 100, 1, 0, 0) + bytes(56) + b"x" * 500
    assert header(data).kind is StateKind.GARBAGE


@pytest.mark.parametrize("length", [MAX_DATA_BYTES + 1, 0xFFFFFFFF])
def test_a_huge_data_length_is_refused_and_not_allocated(length):
    data = b"LibvirtQemudSave" + struct.pack("<5I", 2, length, 1, 0, 0) + bytes(600)
    found = header(data, 1 << 60)
    assert found.kind is StateKind.GARBAGE
    assert found.xml == b""


@pytest.mark.parametrize("offset", [0, 5, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_cookie_offset_that_points_elsewhere_gives_no_cookie(offset):
    data = bytearray(state_file(XML))
    struct.pack_into("<I", data, 32, offset)
    assert header(bytes(data)).cookie == b""


def test_only_a_real_header_is_let_through():
    assert require_real(header(state_file(XML)), "x").kind is StateKind.REAL
    with pytest.raises(InvalidInput, match="not running"):
        require_real(NotRunning(), "vm.state")
    with pytest.raises(InvalidInput, match=r"vm\.state"):
        require_real(header(b"junk" * 100), "vm.state")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 1 << 62), st.booleans())
def test_any_bytes_are_judged_without_an_error(data, size, with_magic):
    magic = b"LibvirtQemudSave" if with_magic else b""
    found = read_header(magic + data, size)
    assert isinstance(found, NotRunning) or isinstance(found.kind, StateKind)
