"""The lock of a run: a flock held for the runner's life, with who holds it inside.

A kernel drops the flock when its holder dies, so a free lock means that nobody runs, whatever the
text inside says.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from config.errors import Refused

PATIENCE_SECONDS = 1.0
"""A look at the lock holds it for an instant: a starting runner outwaits that."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who runs a run."""

    pid: int
    host: str
    boot_id: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def boot_id() -> str:
    """Identity of this boot of this host: a new one after each reboot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def this_process() -> Holder:
    """This process as a holder."""
    return Holder(os.getpid(), socket.gethostname(), boot_id())


class RunLock:
    """Held from construction until `release` or death; raises Refused where another holds it."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _take(self._descriptor, path)
            self.sign()
        except BaseException:
            os.close(self._descriptor)
            raise

    def sign(self) -> None:
        """Write down who holds it: this process, which may be a fork of the one that took it."""
        _write_holder(self._descriptor, this_process())

    def release(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)


def read_holder(path: Path) -> Holder | None:
    """Who holds the lock now, or None where it is free."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _parse_holder(os.pread(descriptor, 4096, 0))
    else:
        return None
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                holder = _parse_holder(os.pread(descriptor, 4096, 0))
                raise Refused(
                    f"Run {path.parent.name} is being run by {holder}.",
                    f"Look at it with: rekindle attach {path.parent.name}",
                ) from None
        time.sleep(0.02)


def _write_holder(descriptor: int, holder: Holder) -> None:
    text = json.dumps({"pid": holder.pid, "host": holder.host, "boot_id": holder.boot_id})
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode() + b"\n", 0)


def _parse_holder(content: bytes) -> Holder:
    try:
        data = json.loads(content)
        return Holder(int(data["pid"]), str(data["host"]), str(data["boot_id"]))
    except (ValueError, KeyError, TypeError):
        # Its holder has taken the lock and is about to write who it is.
        return Holder(0, "this host", "")
