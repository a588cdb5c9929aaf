"""A client of the tool's dialects that knows nothing of Rekindle's own."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from pathlib import Path

from steps.drill.practice_hosts.host_command import HostCommand

MACHINE = "--otopi-environment=DIALOG/dialect=str:machine"
PATIENCE = 240.0
PROMPT = re.compile(r"^### ?.*[:?] ?$")


class Talk:
    """One start of a program on a practice host, through pipes or in a terminal."""

    def __init__(self, agent: Path, *command: str, wide: int = 0, **environment: str) -> None:
        line = ["/bin/sh", "-c", 'exec "$@"', "sh", *command]
        told = {"TERM": "screen"} | environment
        if wide:
            self.theirs, child = pty.openpty()
            fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 50, wide, 0, 0))
            ends, self.given = (child, child, child), self.theirs
        else:
            stdin, self.given = os.pipe()
            self.theirs, stdout = os.pipe()
            ends = (stdin, stdout, stdout)
        self.process = HostCommand(agent, line, ends, told, terminal=bool(wide))
        for end in set(ends):
            os.close(end)
        self.said = ""
        self.asked: list[str] = []
        self._heard = 0

    def more(self, seconds: float = PATIENCE) -> bool:
        """Hear some more; False at the end."""
        if not select.select([self.theirs], [], [], seconds)[0]:
            raise AssertionError(f"nothing more came after:\n{self.said[-2000:]}")
        try:
            data = os.read(self.theirs, 65536)
        except OSError:
            return False
        self.said += data.decode()
        return bool(data)

    def until(self, pattern: str) -> str:
        """Hear until it is there; what was said since the last time."""
        end = time.monotonic() + PATIENCE
        while True:
            found = re.compile(pattern, re.MULTILINE).search(self.said, self._heard)
            if found is not None:
                text, self._heard = self.said[self._heard : found.end()], found.end()
                return text
            assert self.more(), f"it ended before {pattern!r}:\n{self.said[-3000:]}"
            assert time.monotonic() < end, self.said[-2000:]

    def say(self, text: str) -> None:
        os.write(self.given, f"{text}\n".encode())

    def say_hidden(self, text: str) -> None:
        """As somebody types who sees that nothing is echoed any more: getpass throws away what was
        typed before."""
        end = time.monotonic() + PATIENCE
        while termios.tcgetattr(self.theirs)[3] & termios.ECHO:
            assert time.monotonic() < end, self.said[-2000:]
            time.sleep(0.01)
        self.say(text)

    def end(self) -> int:
        """Hear it to its end; its exit code."""
        while self.more():
            pass
        code = self.process.wait()
        self.close()
        return code

    def close(self) -> None:
        for end in {self.theirs, self.given}:
            with contextlib.suppress(OSError):
                os.close(end)

    def answer_all(self, answers: dict[str, str], *, old: bool) -> int:
        """Answer by name (`NAME#2` for the second asking); what has no answer takes its default."""
        counts: dict[str, int] = {}
        while True:
            name = self.next_question(old=old)
            if name is None:
                return self.end()
            counts[name] = counts.get(name, 0) + 1
            self.say(answers.get(f"{name}#{counts[name]}", answers.get(name, "")))

    def next_question(self, *, old: bool) -> str | None:
        """Hear up to the next question; its name, or None at the end of the dialog."""
        mark = (
            r"^\*\*\*Q:STRING (\S+)\n(?:###.*\n)*?### ?.*[:?] ?\n"
            if old
            else r"^\*\*%QEnd: (\S+)\n"
        )
        text = self.until(rf"{mark}|^\*\*\*TERMINATE\n")
        found = re.findall(mark, text, re.MULTILINE)
        if not found:
            return None
        self.asked.append(found[-1])
        return found[-1]
