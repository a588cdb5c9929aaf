"""A tool that runs on its host by itself: started once, looked at and answered from anywhere.

Its folder on the host is the truth: a lost connection or a killed runner loses nothing, and an
answer that has a number is given once, however often it is tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from config.errors import InvalidInput, StepFailed
from steps.hosted_engine import detached_scripts as scripts
from steps.targets.quoting import checked_path
from steps.targets.shell import Completed, Shell

READ_SIZE: Final = 256 << 10
MOST_ERRORS: Final = 64 << 10


class Channel(StrEnum):
    """What the tool speaks through."""

    PIPES = "pipes"
    TERMINAL = "terminal"


class Standing(StrEnum):
    """Where the tool stands."""

    NONE = "none"
    """There is no such folder: it was never started."""
    STARTING = "starting"
    RUNNING = "running"
    ENDED = "ended"
    GONE = "gone"
    """It is no more and left no exit code: killed, or the host went down."""


@dataclass(frozen=True, slots=True)
class ToolState:
    """What its folder tells. `size` is how much it has said, in bytes."""

    standing: Standing
    code: int | None = None
    size: int = 0
    hidden: bool = False
    refused: int = 0
    pid: int | None = None

    @property
    def over(self) -> bool:
        """Whether it will say nothing more."""
        return self.standing in (Standing.ENDED, Standing.GONE, Standing.NONE)


class GivenAnswer(StrEnum):
    """What became of an answer that was given."""

    SENT = "sent"
    ALREADY = "already"
    ENDED = "ended"
    UNSURE = "unsure"


_GIVEN: Final = {
    0: GivenAnswer.SENT,
    11: GivenAnswer.ENDED,
    12: GivenAnswer.ALREADY,
    13: GivenAnswer.UNSURE,
}


class DetachedTool:
    """One tool in one folder of one host."""

    def __init__(self, shell: Shell, folder: str, channel: Channel) -> None:
        self.shell, self.folder, self.channel = shell, checked_path(folder), channel

    def start(self, command: Sequence[str]) -> str:
        """Start it in a new folder (mode 0700); returns by what: `systemd-run --scope` or `setsid`.

        Raises StepFailed where the folder is there.
        """
        parent = self.folder.rpartition("/")[0] or "/"
        self.shell.make_directory(parent, mode=0o700)
        script = scripts.PIPES if self.channel is Channel.PIPES else scripts.TERMINAL
        words = (self.channel.value, *command)
        return self._sh(scripts.START, *words, stdin=script.encode(), check=True).out.strip()

    def state(self) -> ToolState:
        """Look at it."""
        lines = self._sh(scripts.STATE, check=True).out.splitlines()
        facts = dict(line.partition(" ")[::2] for line in lines[1:])
        return ToolState(
            standing=Standing(lines[0].strip()) if lines else Standing.NONE,
            code=_number(facts.get("code", "")),
            size=_number(facts.get("size", "")) or 0,
            hidden=facts.get("hidden", "") == "yes",
            refused=_number(facts.get("refused", "")) or 0,
            pid=_number(facts.get("pid", "")),
        )

    def said(self, offset: int, limit: int = READ_SIZE) -> bytes:
        """Some of what it has said, from that byte on."""
        return self.shell.read(f"{self.folder}/output", limit=limit, offset=offset)

    def complaints(self) -> str:
        """What it wrote to standard error (in a terminal that is part of what it says)."""
        return self.shell.read(f"{self.folder}/errors", limit=MOST_ERRORS).decode(
            "utf-8", "replace"
        )

    def give(self, number: int, text: str, *, secret: bool) -> GivenAnswer:
        """Give the answer of that number, once. Raises StepFailed where it did not arrive whole.

        In a terminal a secret goes to a question that hides it and nothing else does; what does
        not fit within seconds is refused: the state counts it, and the number is free again.
        """
        data = text.encode()
        head = "" if self.channel is Channel.PIPES else "s" if secret else "v"
        done = self._sh(scripts.GIVE, str(number), str(len(data)), head, stdin=data)
        if done.code not in _GIVEN:
            raise StepFailed(
                f"An answer did not reach {self.shell.where}: exit code {done.code}.", "Try again."
            )
        return _GIVEN[done.code]

    def was_given(self, number: int) -> bool:
        """Whether the answer of that number has been given."""
        return self.shell.status(f"{self.folder}/given/{number}/done") is not None

    def give_up(self) -> bool:
        """See to it that a start which came to nothing never comes to anything; False where the
        tool has been started after all."""
        return self._sh(scripts.GIVE_UP).code == 0

    def stop(self) -> None:
        """Ask it to end (SIGTERM): it cleans up after itself. It may take a while."""
        self._sh(scripts.STOP, check=True)

    def remove(self) -> None:
        """Remove its folder. Raises InvalidInput while it runs."""
        if not self.state().over:
            raise InvalidInput(f"{self.folder} on {self.shell.where} belongs to a running tool.")
        self.shell.run(["rm", "-rf", "--", self.folder])

    def _sh(self, script: str, *words: str, stdin: bytes = b"", check: bool = False) -> Completed:
        command = ["/bin/sh", "-c", script, "sh", self.folder, *words]
        return self.shell.run(command, stdin=stdin, check=check)


def _number(text: str) -> int | None:
    return int(text) if text.strip().lstrip("-").isdigit() else None
