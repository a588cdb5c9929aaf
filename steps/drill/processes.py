"""Ends a process of the practice site, and never one that merely got its number."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable


def end_process(pid: int, belongs: Callable[[int], bool], number: int, seconds: float) -> bool:
    """Signal it and wait until it has ended; False where it still runs after `seconds`.

    Ended means that its sockets are closed and its locks released. `belongs` looks at the process
    and says whether it is the one that is meant; another one is left alone.
    """
    try:
        # A handle, not a number: it goes on meaning the process that is looked at next.
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        if not belongs(pid):
            return True
        signal.pidfd_send_signal(descriptor, number)
        ended = select.poll()
        ended.register(descriptor, select.POLLIN)
        return bool(ended.poll(seconds * 1000))
    except ProcessLookupError:
        return True
    finally:
        os.close(descriptor)


def command_line(pid: int) -> tuple[bytes, ...]:
    """The words a process was started with; none where it is gone."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return tuple(file.read().split(b"\0"))
    except (FileNotFoundError, ProcessLookupError):
        return ()


def recorded_number(file: str | os.PathLike[str]) -> int:
    """The number in a file (a pid, a port); 0 where there is none."""
    try:
        with open(file) as text:
            return int(text.read())
    except (FileNotFoundError, ValueError):
        return 0
