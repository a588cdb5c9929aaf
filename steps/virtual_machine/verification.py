"""The record of a backup set: when it was verified, when it was restored to see that it works.

A hidden file beside the set, `.<iteration>.check.json` in the machine's backup folder, so that
everybody who sees the backup sees it; the set itself is only ever read. Where the backup cannot be
written to, the record is kept in the state folder of whoever checks. It belongs to the files as
they were: a set that changed since counts as never checked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from config.errors import RekindleError
from config.paths import private_folder, state_folder
from steps.targets.shell import Shell
from steps.virtual_machine.iterations import Iteration, SetFile
from steps.virtual_machine.places import SetPlace
from steps.virtual_machine.small_files import read_small

_MODE = 0o644


@dataclass(frozen=True, slots=True)
class Verified:
    """One verification: `at` as a leaf is named, in UTC; `problem` is empty where it was sound."""

    at: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """One restore in isolation: seconds until it ran, `how` it was brought up."""

    at: str
    how: str
    seconds: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SetRecord:
    """What is known of a set. `sums`: SHA-256 by file name as last found sound, whatever happens
    to the files since: an original set has no checksum list of its own.
    """

    verified: Verified | None = None
    tried: Tried | None = None
    sums: Mapping[str, str] = field(default_factory=dict)

    @property
    def last_sound(self) -> str:
        """When it was last found sound; empty for never, or where it was found damaged since."""
        return self.verified.at if self.verified and not self.verified.problem else ""


def read_record(shell: Shell, iteration: Iteration) -> SetRecord:
    """The record of the set; of one that changed since, only the checksums it had."""
    found = max(_documents(shell, iteration.place), key=_moment, default={})
    record = _record(found)
    same = found.get("files") == _identity(iteration.files)
    return record if same else SetRecord(sums=record.sums)


def note(
    shell: Shell,
    iteration: Iteration,
    *,
    verified: Verified | None = None,
    tried: Tried | None = None,
    sums: Mapping[str, str] | None = None,
) -> None:
    """Add to the record of the set as its files are now."""
    record = read_record(shell, iteration)
    record = replace(
        record, verified=verified or record.verified, tried=tried or record.tried,
        sums=record.sums if sums is None else sums,
    )  # fmt: skip
    document = {
        "format": "rekindle check record 1", "set": iteration.place.backup,
        "files": _identity(iteration.files), **asdict(record),
    }  # fmt: skip
    data = (json.dumps(document, indent=1) + "\n").encode()
    try:
        shell.write(_beside(iteration.place), data, mode=_MODE)
    except RekindleError:
        # A backup that may only be read is a good backup: the record has another place.
        _write_own(iteration.place, data)


def last_verified(shell: Shell, iteration: Iteration) -> str:
    """When these very files were last found sound; empty for never."""
    return read_record(shell, iteration).last_sound


def forget(shell: Shell, place: SetPlace) -> None:
    """Remove the record of a set that is no more."""
    _own(place).unlink(missing_ok=True)
    shell.remove(_beside(place))


def _documents(shell: Shell, place: SetPlace) -> list[dict[str, Any]]:
    found = []
    for text in (_read_beside(shell, place), _read_own(place)):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            # No record, or half of one: nothing is known.
            continue
        if isinstance(document, dict):
            found.append(document)
    return found


def _moment(document: Mapping[str, Any]) -> str:
    record = _record(document)
    return max(
        record.verified.at if record.verified else "", record.tried.at if record.tried else ""
    )


def _record(document: Mapping[str, Any]) -> SetRecord:
    verified, tried, sums = (document.get(name) for name in ("verified", "tried", "sums"))
    try:
        return SetRecord(
            Verified(**_texts(verified)) if isinstance(verified, dict) else None,
            Tried(**{**_texts(tried), "seconds": _number(tried)})
            if isinstance(tried, dict)
            else None,
            _texts(sums) if isinstance(sums, dict) else {},
        )
    except TypeError:
        return SetRecord()


def _texts(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(value)[:2000] for name, value in found.items()}


def _number(found: Mapping[str, Any]) -> float:
    value = found.get("seconds", 0.0)
    return float(value) if isinstance(value, int | float) else 0.0


def _beside(place: SetPlace) -> str:
    folder = PurePosixPath(place.backup).parent
    return f"{folder}/.{place.leaf}.check.json"


def _read_beside(shell: Shell, place: SetPlace) -> str:
    path = _beside(place)
    if shell.status(path) is None:
        return ""
    try:
        return read_small(shell, path).decode("utf-8", "replace")
    except RekindleError:
        return ""


def has_record(shell: Shell, place: SetPlace) -> bool:
    """Whether the set was ever looked at; it may have changed since."""
    return _own(place).exists() or shell.status(_beside(place)) is not None


def _own(place: SetPlace) -> Path:
    name = hashlib.sha256(place.backup.encode()).hexdigest()[:32]
    return state_folder() / "verified" / f"{name}.json"


def _read_own(place: SetPlace) -> str:
    try:
        return _own(place).read_text(errors="replace")
    except OSError:
        return ""


def _write_own(place: SetPlace, data: bytes) -> None:
    file = _own(place)
    private_folder(file.parent)
    temporary = file.with_suffix(".new")
    temporary.write_bytes(data)
    temporary.rename(file)


def _identity(files: Sequence[SetFile]) -> str:
    # Whole seconds: over SSH a file's time has no more.
    seen = sorted((file.name, file.size, int(file.modified)) for file in files)
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()
