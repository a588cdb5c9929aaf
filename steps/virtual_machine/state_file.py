"""The header of a libvirt state file, read from its first bytes without libvirt.

Layout as measured on real files: 16 bytes of magic, five 32-bit numbers, 14 unused ones, then at 92
the domain XML (NUL-terminated), the cookie, a reserve, and from 92 + data_len on the memory image.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum

from config.errors import InvalidInput

HEADER_BYTES = 92
MAX_DATA_BYTES = 16 << 20
"""XML, cookie and libvirt's reserve of 64 KiB; nobody has a definition of this size."""
NEEDED_BYTES = HEADER_BYTES + MAX_DATA_BYTES
"""Reading this many bytes of a state file is always enough."""

_COMPLETE = b"LibvirtQemudSave"
_PARTIAL = b"LibvirtQemudPart"
_VERSIONS = (1, 2)
_NOT_RUNNING = b"Machine is not runnung, no state file"
_COMPRESSIONS = {0: "raw", 1: "gzip", 2: "bzip2", 3: "xz", 4: "lzop", 5: "zstd"}


class StateKind(StrEnum):
    """What a state file turned out to be."""

    REAL = "real"
    PARTIAL = "partial"  # a save that was interrupted
    TRUNCATED = "truncated"
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True)
class StateHeader:
    """What the header says. `kind` is REAL when libvirt could restore from it; sizes in bytes.

    `problem` says in words what is wrong where the kind is another one.
    """

    kind: StateKind
    xml: bytes = b""
    cookie: bytes = b""
    was_running: bool = False
    compression: str = "raw"
    data_len: int = 0
    big_endian: bool = False
    problem: str = ""

    @property
    def header_length(self) -> int:
        """How many bytes a header-only copy needs for libvirt's dry run."""
        return HEADER_BYTES + self.data_len


@dataclass(frozen=True, slots=True)
class NotRunning:
    """The text that stands in for a state file when the machine was shut off at backup time."""


def read_header(data: bytes, size: int) -> StateHeader | NotRunning:
    """Judge a state file by its first bytes; `size` is the size of the whole file.

    Give at least NEEDED_BYTES of it, or all of a smaller file. Never raises for what is in it.
    """
    if data.rstrip(b"\r\n") == _NOT_RUNNING and size <= len(_NOT_RUNNING) + 2:
        return NotRunning()
    if len(data) < HEADER_BYTES:
        return _broken_off(data, f"it has {size} bytes; the header alone has {HEADER_BYTES}.")
    if data[:16] not in (_COMPLETE, _PARTIAL):
        return StateHeader(
            StateKind.GARBAGE, problem="it does not begin like a libvirt state file."
        )
    byte_order = _byte_order(data)
    if not byte_order:
        version = struct.unpack_from("<I", data, 16)[0]
        return StateHeader(
            StateKind.GARBAGE, problem=f"its header has the unknown version {version}."
        )
    return _numbers(data, size, byte_order)


def require_real(header: StateHeader | NotRunning, name: str) -> StateHeader:
    """The header of a state file that can be restored; raises InvalidInput for everything else."""
    if isinstance(header, NotRunning):
        raise InvalidInput(
            f"{name}: the machine was not running at backup time, there is no memory state.",
            "Restore it as a cold start.",
        )
    if header.kind is not StateKind.REAL:
        raise InvalidInput(f"{name}: {header.problem}", "Choose another backup, or a cold start.")
    return header


def _broken_off(data: bytes, problem: str) -> StateHeader:
    started = data[:16] in (_COMPLETE, _PARTIAL) or (data and _COMPLETE.startswith(data[:16]))
    return StateHeader(StateKind.TRUNCATED if started else StateKind.GARBAGE, problem=problem)


def _byte_order(data: bytes) -> str:
    """The order in which the version makes sense; a host of the other kind wrote the other one."""
    for order in "<>":
        if struct.unpack_from(f"{order}I", data, 16)[0] in _VERSIONS:
            return order
    return ""


def _numbers(data: bytes, size: int, order: str) -> StateHeader:
    _, data_len, was_running, compression, cookie_offset = struct.unpack_from(
        f"{order}5I", data, 16
    )
    if data_len > MAX_DATA_BYTES:
        return StateHeader(StateKind.GARBAGE, problem=f"its XML would have {data_len} bytes.")
    text = data[HEADER_BYTES : HEADER_BYTES + data_len]
    xml, end, _ = text.partition(b"\0")
    kind, problem = _judge(data, size, data_len, bool(end))
    return StateHeader(
        kind,
        xml=xml if end else b"",
        cookie=_cookie(text, cookie_offset, len(xml)),
        was_running=bool(was_running),
        compression=_COMPRESSIONS.get(compression, f"unknown ({compression})"),
        data_len=data_len,
        big_endian=order == ">",
        problem=problem,
    )


def _judge(data: bytes, size: int, data_len: int, terminated: bool) -> tuple[StateKind, str]:
    if data[:16] == _PARTIAL:
        return StateKind.PARTIAL, "save image is incomplete: the save was interrupted."
    if HEADER_BYTES + data_len >= size:
        return StateKind.TRUNCATED, (
            f"it ends at byte {size}, before the memory image that begins at "
            f"{HEADER_BYTES + data_len}."
        )
    if not terminated:
        return StateKind.GARBAGE, "the XML in its header has no end."
    return StateKind.REAL, ""


def _cookie(text: bytes, offset: int, xml_length: int) -> bytes:
    """The migration cookie, where the offset points behind the XML and inside the header."""
    if not xml_length < offset < len(text):
        return b""
    return text[offset:].partition(b"\0")[0]
