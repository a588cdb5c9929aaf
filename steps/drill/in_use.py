"""A practice site belongs to one drill at a time: no other one takes it away from under it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from config.errors import Refused
from steps.drill.places import Places


@contextmanager
def held(places: Places) -> Iterator[None]:
    """Hold the practice site that stands there; raises Refused where another drill does.

    A lock on its folder: it goes with the process that holds it, and leaves nothing behind.
    """
    try:
        folder = os.open(places.folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        yield  # nothing stands there that could be in use
        return
    try:
        _lock(folder, places)
        yield
    finally:
        os.close(folder)


def _lock(folder: int, places: Places) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refused(
            f"Another drill is at work on the practice site in {places.folder}.",
            "Finish that one first, or give this one a folder of its own: --folder FOLDER. "
            "Nothing was removed.",
        ) from None
