"""What a daemon keeps on its own disk: who it is, and a journal of facts and steps a leaf."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from config.errors import InvalidInput, Refused
from config.paths import private_folder
from steps.run.events import Event
from steps.run.journal import EventData, Journal, read_journal, sync_directory
from steps.run.redact import Redactor
from steps.targets.os_errors import explaining
from steps.virtual_machine.job_leaf import JobLeaf
from steps.virtual_machine.safe_names import safe_name

JOURNAL: Final = "journal.jsonl"
Recall = Callable[[str], str | None]

_INSTANCE = re.compile(r"[0-9a-f]{12}")


class StateFolder:
    """The folder, held by one daemon at a time: raises Refused where another holds it."""

    def __init__(self, path: Path) -> None:
        self.path = private_folder(path)
        self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise Refused(
                f"Another daemon works with the state folder {path}.",
                "One daemon a node is enough; a second one needs a folder of its own (--state).",
            ) from None
        self.instance = self._instance()

    def close(self) -> None:
        """Let go of it."""
        os.close(self._lock)

    def _instance(self) -> str:
        """This daemon's name for itself, the same after each restart."""
        file = self.path / "instance"
        if file.exists():
            text = file.read_text(encoding="ascii").strip()
            if not _INSTANCE.fullmatch(text):
                raise InvalidInput(
                    f"{file} is damaged.", "Take it away: the daemon then has a new name."
                )
            return text
        text = secrets.token_hex(6)
        new = file.with_name("instance.new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(text + "\n")
            out.flush()
            os.fsync(out.fileno())
        new.rename(file)
        sync_directory(self.path)
        return text

    def diary(self, leaf: JobLeaf, redactor: Redactor, *, keep: Callable[[Recall], bool]) -> Diary:
        """The journal of a leaf; where `keep` does not want what is known, it is let go first.

        Raises RekindleError where it cannot be read, or cannot be written.
        """
        folder = self.path / "work" / safe_name(leaf.machine, "machine") / safe_name(
            leaf.name, "leaf"
        )  # fmt: skip
        with explaining(f"Cannot keep a journal in {folder}"):
            if folder.exists() and not keep(_facts(read_journal(folder / JOURNAL)).get):
                shutil.rmtree(folder)
            return Diary(private_folder(folder), redactor)


class Diary:
    """Facts, steps and log of one leaf: durable when a call returns."""

    def __init__(self, folder: Path, redactor: Redactor) -> None:
        self.folder = folder
        self.redactor = redactor
        file = folder / JOURNAL
        self._facts = _facts(read_journal(file))
        self._journal = Journal(file, redactor)
        log = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._log = os.open(folder / "log", log, 0o600)

    def record(self, event: Event, **fields: object) -> None:
        """Write down an event."""
        self._journal.record(event, **fields)

    def remember(self, name: str, value: str) -> None:
        """Write down a fact."""
        if self._facts.get(name) != value:
            self._journal.record(Event.FACT, name=name, value=value)
            self._facts[name] = value

    def recall(self, name: str) -> str | None:
        """A fact that was written down, also before a crash."""
        return self._facts.get(name)

    def log(self, line: str) -> None:
        """A line for whoever looks into it later, without secrets."""
        os.write(self._log, f"{self.redactor.clean(line)}\n".encode("utf-8", "backslashreplace"))

    def close(self) -> None:
        """Let go of the files."""
        self._journal.close()
        os.close(self._log)


def _facts(events: list[EventData]) -> dict[str, str]:
    return {str(e["name"]): str(e["value"]) for e in events if e["event"] == Event.FACT}
