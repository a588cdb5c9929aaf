"""Keeps an embedded libvirt from probing QEMU again and again.

libvirt trusts what it found out about QEMU only while its own code is as old as it was then, and
takes for that age the newest module it has loaded. Its storage module is loaded at the first start
of a guest: from then on everything found out before counts as outdated, in this process and in the
next one. Measured with libvirt 9.0.0: 4 seconds at each change. Telling it the age of all modules
before the first question ends that.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_FOLDERS = ("/usr/lib/x86_64-linux-gnu/libvirt", "/usr/lib64/libvirt", "/usr/lib/libvirt")
_LIBRARY = "libvirt.so.0"


def count_all_modules() -> bool:
    """Make libvirt count every installed module as loaded; False where it offers no way.

    Without it everything works, only slower: the function is one of libvirt's internal ones.
    """
    try:
        update = ctypes.CDLL(_LIBRARY).virUpdateSelfLastChanged
    except (OSError, AttributeError):
        return False
    update.argtypes, update.restype = [ctypes.c_char_p], None
    for folder in _FOLDERS:
        for module in sorted(Path(folder).glob("*/*.so")):
            update(os.fsencode(module))
    return True
