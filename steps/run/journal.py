"""The journal of a run: append-only JSON lines, durable at every transition, followed by readers.

The runner goes on only with what it could record: after one failed write the journal is broken for
the rest of that process, and every further record raises JournalBroken.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from config.errors import InvalidInput, RekindleError
from steps.run.events import Event
from steps.run.redact import Redactor

EventData = dict[str, Any]

MAX_TEXT: Final = 64 << 10
"""Longest text in an event, in characters; the whole of it stands in the step's log."""

MAX_LINE: Final = 8 << 20
READ_SIZE: Final = 1 << 20

_PASSING = (Event.PROGRESS,)
"""Events that are not made durable: the next one says the same again."""

_STRUCTURE = frozenset({"event", "at", "seq", "step", "name", "steps", "plan_hash", "boot_id"})
"""Fields that hold no text of the world and are written as they are."""


class JournalBroken(RekindleError):
    """The journal cannot be written: nothing more may be done in this run by this process."""


class Journal:
    """The writer. One per run, held by whoever holds the run's lock."""

    def __init__(self, path: Path, redactor: Redactor) -> None:
        self.path = path
        self._redactor = redactor
        self._lock = threading.Lock()
        self._broken: str = ""
        events, sound = _load(path)
        self._seq = int(events[-1]["seq"]) if events else 0
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o600)
        os.ftruncate(self._descriptor, sound)
        sync_directory(path.parent)

    def record(self, event: Event, **fields: object) -> EventData:
        """Append one event; when this returns, a transition is on the disk. Thread-safe."""
        with self._lock:
            if self._broken:
                raise _broken(self.path, self._broken)
            data = self._dressed(event, fields)
            line = _line(data)
            try:
                self._write(line)
                if event not in _PASSING:
                    os.fsync(self._descriptor)
            except OSError as error:
                # After a failed write or fsync nobody knows what the disk has: never go on.
                self._broken = error.strerror or str(error)
                raise _broken(self.path, self._broken) from error
            self._seq += 1
            return data

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def _write(self, line: bytes) -> None:
        left = memoryview(line)
        while left:
            left = left[os.write(self._descriptor, left) :]

    def _dressed(self, event: Event, fields: Mapping[str, object]) -> EventData:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        cleaned = {
            name: value if name in _STRUCTURE else _bounded(self._redactor.clean_data(value))
            for name, value in fields.items()
        }
        return {"event": event.value, "at": at, "seq": self._seq + 1, **cleaned}


@dataclass(slots=True)
class Follower:
    """Reads a journal from its start and then whatever is added; never writes, never waits."""

    path: Path
    offset: int = field(default=0)
    """Bytes read so far: always the end of a complete line."""

    def poll(self) -> list[EventData]:
        """The complete events added since the last call; at most about one mebibyte of them."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return []
        try:
            content = self._read_lines(descriptor)
        finally:
            os.close(descriptor)
        self.offset += len(content)
        parsed = (_parse_line(line) for line in content.splitlines())
        return [event for event in parsed if event is not None]

    def _read_lines(self, descriptor: int) -> bytes:
        content = os.pread(descriptor, READ_SIZE, self.offset)
        if len(content) == READ_SIZE and b"\n" not in content:
            content += os.pread(descriptor, MAX_LINE, self.offset + READ_SIZE)
        return content[: content.rfind(b"\n") + 1]


def read_everything(follower: Follower) -> Iterator[EventData]:
    """All events a follower has not seen yet, in as many reads as they take."""
    while events := follower.poll():
        yield from events


def read_journal(path: Path) -> list[EventData]:
    """Every event of a journal; a torn end is dropped, damage before it raises InvalidInput."""
    return _load(path)[0]


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _load(path: Path) -> tuple[list[EventData], int]:
    """The events, and the offset where the sound part of the file ends."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return [], 0
    events: list[EventData] = []
    sound = 0
    for line in content.splitlines(keepends=True):
        event = _parse_line(line) if line.endswith(b"\n") else None
        if event is None:
            _check_tail(path, content[sound + len(line) :], len(events) + 1)
            break
        events.append(event)
        sound += len(line)
    return events, sound


def _check_tail(path: Path, rest: bytes, line_number: int) -> None:
    """A crash may spoil what was never made durable; a durable event after damage is no crash."""
    for line in rest.splitlines():
        event = _parse_line(line)
        if event is not None and event["event"] not in _PASSING:
            raise InvalidInput(
                f"{path}, line {line_number}: the journal is damaged before its end.",
                "Compare it with a copy; a run is not resumed on a journal that was changed.",
            )


def _line(data: EventData) -> bytes:
    # A file name that is no UTF-8 reaches us as lone surrogates: as escapes they are valid JSON.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _parse_line(line: bytes) -> EventData | None:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if isinstance(data, dict) and isinstance(data.get("seq"), int) and "event" in data:
        return data
    return None


def _bounded(value: object) -> object:
    if not isinstance(value, str) or len(value) <= MAX_TEXT:
        return value
    text = value
    return f"{text[:MAX_TEXT]} ... ({len(text) - MAX_TEXT} more characters, see the log)"


def _broken(path: Path, why: str) -> JournalBroken:
    return JournalBroken(
        f"The journal {path} cannot be written: {why}. The run stopped where it was.",
        f"Make room or mend the disk, then: rekindle resume {path.parent.name}",
    )
