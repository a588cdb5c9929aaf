"""A real terminal for tests and benchmarks: a pseudo-terminal, and pyte to see what it shows."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0
"""Seconds that a busy machine may take for what is quick on a quiet one."""
TIOCGPTN = 0x80045430
"""Asks a terminal for its number; Python has no name for it."""


def environment(**changes: str | None) -> dict[str, str]:
    """A clean environment for a program under test; None takes a variable away."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    wanted = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT), **changes}
    return kept | {name: value for name, value in wanted.items() if value is not None}


class Terminal:
    """A program in a terminal of its own. Use it as a context manager: it ends the program."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: tuple[int, int] = (80, 24),
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self.received = 0
        self.raw = bytearray()
        self.started = time.perf_counter()
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], list(command), dict(env if env is not None else environment()))
        self.resize(*size)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def resize(self, columns: int, lines: int) -> None:
        """Set the size and tell the program."""
        packed = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, packed)
        self.screen.resize(lines, columns)

    def send(self, keys: str) -> None:
        """Type."""
        os.write(self.descriptor, keys.encode())

    def read(self, seconds: float) -> bytes:
        """What comes within that time, until nothing comes any more; empty at the end."""
        ready, _, _ = select.select([self.descriptor], [], [], seconds)
        if not ready:
            return b""
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:
            return b""
        self.received += len(data)
        self.raw += data
        self._stream.feed(data)
        return data

    @property
    def text(self) -> str:
        """What the terminal shows."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait_for(self, wanted: str, seconds: float = PATIENCE) -> float:
        """Wait until the terminal shows a text; returns seconds since the program was started."""
        self.wait_until(lambda: wanted in self.text, repr(wanted), seconds)
        return time.perf_counter() - self.started

    def wait_until(
        self, holds: Callable[[], object], what: str = "it", seconds: float = PATIENCE
    ) -> None:
        """Read on until something holds of what has come."""
        end = time.monotonic() + seconds
        while not holds():
            self.read(0.02)
            if time.monotonic() > end:
                raise AssertionError(f"never seen: {what}\n{self.text}")

    def wait_taken(self, seconds: float = PATIENCE) -> None:
        """Read on until the program has taken all that was typed."""
        number = struct.unpack("i", fcntl.ioctl(self.descriptor, TIOCGPTN, bytes(4)))[0]
        keyboard = os.open(f"/dev/pts/{number}", os.O_RDONLY | os.O_NOCTTY)
        try:
            self.wait_until(lambda: not _unread(keyboard), "that the keys are taken", seconds)
        finally:
            os.close(keyboard)

    def settle(self, quiet: float = 0.3, seconds: float = 5.0) -> None:
        """Wait until nothing has come for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.read(quiet):
            pass

    def end(self, number: int, seconds: float = PATIENCE) -> int:
        """Send a signal and wait for the end; returns the exit code (negative: the signal)."""
        os.kill(self.pid, number)
        return self.wait(seconds)

    def wait(self, seconds: float = PATIENCE) -> int:
        """Wait for the end, reading on; returns the exit code."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.02)
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                while self.read(0.05):
                    pass
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"it did not end\n{self.text}")

    def hang_up(self) -> None:
        """Close the terminal under the program, as when a connection drops."""
        os.close(self.descriptor)
        self.descriptor = -1

    def close(self) -> None:
        """End the program, if it still runs."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def _unread(keyboard: int) -> int:
    return struct.unpack("i", fcntl.ioctl(keyboard, termios.FIONREAD, bytes(4)))[0]


def python(*arguments: str) -> list[str]:
    """A command that runs Python as the project runs it."""
    return [sys.executable, "-P", *arguments]
