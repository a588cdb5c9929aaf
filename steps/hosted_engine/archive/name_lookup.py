"""Names of old hosts as addresses, asked of this machine's resolver, within a time limit.

A resolver that does not answer says nothing: such a name stays unknown. One that says that there is
no such name has answered.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

Resolved = Mapping[str, tuple[str, ...] | None]
"""Addresses by name; None where nobody could tell."""
Lookup = Callable[[Iterable[str]], Resolved]

LIMIT_SECONDS: Final = 3.0
_AT_ONCE: Final = 16
_MAX_NAMES: Final = 1000
_NO_SUCH_NAME: Final = frozenset({socket.EAI_NONAME, socket.EAI_NODATA})


def resolve_names(names: Iterable[str], limit: float = LIMIT_SECONDS) -> Resolved:
    """Look all of them up side by side; what takes longer than the limit (seconds) is unknown."""
    wanted = list(dict.fromkeys(names))
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    answers: queue.SimpleQueue[tuple[str, tuple[str, ...] | None]] = queue.SimpleQueue()
    for name in wanted[:_MAX_NAMES]:
        waiting.put(name)
    for _ in range(min(_AT_ONCE, len(wanted))):
        # A daemon: a resolver that hangs must not keep the program from ending.
        threading.Thread(target=_work, args=(waiting, answers), name="names", daemon=True).start()
    return dict.fromkeys(wanted) | _collected(answers, min(len(wanted), _MAX_NAMES), limit)


def _collected(
    answers: queue.SimpleQueue[tuple[str, tuple[str, ...] | None]], count: int, limit: float
) -> dict[str, tuple[str, ...] | None]:
    found: dict[str, tuple[str, ...] | None] = {}
    until = time.monotonic() + limit
    while len(found) < count:
        try:
            name, addresses = answers.get(timeout=max(until - time.monotonic(), 0.001))
        except queue.Empty:
            break
        found[name] = addresses
    return found


def _work(
    waiting: queue.SimpleQueue[str],
    answers: queue.SimpleQueue[tuple[str, tuple[str, ...] | None]],
) -> None:
    while True:
        try:
            name = waiting.get_nowait()
        except queue.Empty:
            return
        answers.put((name, _addresses(name)))


def _addresses(name: str) -> tuple[str, ...] | None:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return () if error.errno in _NO_SUCH_NAME else None
    except (OSError, UnicodeError, ValueError):
        return ()
    return tuple(dict.fromkeys(str(row[4][0]) for row in found))
