"""What the first bytes of a disk image say: qcow2 or not, and how large the guest sees it. Pure.

Deeper checks are qemu-img's; this is for comparing without touching anything.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

HEADER_BYTES = 104
_MAGIC = b"QFI\xfb"
_LARGEST = 1 << 62


@dataclass(frozen=True, slots=True)
class SetImage:
    """One image file of a backup set, by its name without the iteration.

    `format` is qcow2 or raw; `virtual_size` in bytes. `problem` says why it cannot be used.
    """

    name: str
    format: str = ""
    virtual_size: int = 0
    has_backing: bool = False
    problem: str = ""


def read_image(name: str, data: bytes, size: int) -> SetImage:
    """Judge an image by its first HEADER_BYTES; `size` is the size of the file."""
    if not data.startswith(_MAGIC):
        return SetImage(name, "raw", size)
    if len(data) < 72:
        return SetImage(name, "qcow2", problem=f"its qcow2 header ends after {len(data)} bytes")
    version, backing, _, cluster_bits, virtual_size = struct.unpack_from(">IQIIQ", data, 4)
    if version not in (2, 3) or not 9 <= cluster_bits <= 21 or virtual_size > _LARGEST:
        return SetImage(name, "qcow2", problem="its qcow2 header makes no sense")
    return SetImage(name, "qcow2", virtual_size, backing != 0)
