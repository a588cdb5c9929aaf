"""The log of an unexpected exception: a private file, so that no traceback reaches a screen."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
import traceback
from pathlib import Path

from config.errors import RekindleError
from config.paths import log_folder, private_folder
from config.version import __version__


def write_crash_log(error: BaseException) -> Path:
    """Write the traceback (without values of variables) to a new file, mode 0600; its path."""
    name = time.strftime("crash-%Y%m%d-%H%M%S-", time.gmtime())
    handle, path = tempfile.mkstemp(prefix=name, suffix=".log", dir=_folder())
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(f"rekindle {__version__}, Python {platform.python_version()}\n")
        stream.write(f"command: {Path(sys.argv[0]).name} {' '.join(sys.argv[1:2])}\n\n")
        stream.writelines(traceback.format_exception(error))
    return Path(path)


def _folder() -> Path:
    try:
        return private_folder(log_folder())
    except RekindleError:
        # The state folder itself may be what is broken; the log must land somewhere.
        return Path(tempfile.gettempdir())
