"""What is kept beside an archive: one JSON document, and the checksums of the folder. Pure.

The document's first line is its summary, so that a folder of them can be listed in one look.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from config.errors import InvalidInput
from steps.hosted_engine.archive.inspection import Inspection

LONGEST_LINE: Final = 4000
_SUM: Final = re.compile(r"([0-9a-f]{64}) [ *](.{1,255})")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, slots=True)
class Summary:
    """One archive in a line. `made` is UTC, ISO; `failover` empty where no host was made ready.

    `whole` is of the folder, not of the record: the archive is there, and as long as it was.
    """

    file: str
    sha256: str
    size: int
    made: str
    engine: str
    version: str
    scopes: tuple[str, ...]
    failover: str
    run: str
    whole: bool = True

    @property
    def restores(self) -> bool:
        """Whether an engine can be brought back from it: its files and its database are there."""
        return {"files", "db"} <= set(self.scopes)


@dataclass(frozen=True, slots=True)
class Record:
    """The whole document."""

    summary: Summary
    inspection: Inspection

    def to_text(self) -> str:
        """As it lies beside the archive. Passwords and keys of the archive are not in it."""
        line = json.dumps({k: v for k, v in asdict(self.summary).items() if k != "whole"})
        return f'{line[:-1]},\n"inspection": {json.dumps(self.inspection.to_data(), indent=1)}}}\n'

    @classmethod
    def from_text(cls, text: str) -> Record:
        """The document again; raises InvalidInput for anything else."""
        try:
            data = json.loads(text)
            inspection = Inspection.from_data(data["inspection"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InvalidInput("This is no record of a backup.", "Look at it by hand.") from error
        summary = _summary(data)
        if summary is None:
            raise InvalidInput("This record of a backup has no summary.", "Look at it by hand.")
        return cls(summary, inspection)


def read_summary(line: str) -> Summary | None:
    """The summary in the first line of a record; None where it is none of ours."""
    try:
        data = json.loads(line.rstrip().removesuffix(",") + "}")
    except (ValueError, RecursionError):
        return None
    return _summary(data)


def _summary(data: Any) -> Summary | None:
    if not isinstance(data, dict):
        return None
    names = ("file", "sha256", "made", "engine", "version", "failover", "run")
    texts = {name: data.get(name) for name in names}
    size, scopes = data.get("size"), data.get("scopes")
    if not all(isinstance(text, str) for text in texts.values()) or not isinstance(size, int):
        return None
    if not isinstance(scopes, list) or not _NAME.fullmatch(str(texts["file"])):
        return None
    told: Mapping[str, Any] = texts
    return Summary(**told, size=size, scopes=tuple(str(scope) for scope in scopes))


def moment_of(made: str) -> datetime | None:
    """When a backup was made, by its record; None where that does not tell."""
    try:
        moment = datetime.fromisoformat(made)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else None


def with_sums(text: str, sums: Mapping[str, str]) -> str:
    """A SHA256SUMS with these files' lines in it, and the others' as they were."""
    kept = without_sums(text, sums)
    return kept + "".join(f"{digest}  {name}\n" for name, digest in sums.items())


def without_sums(text: str, names: Iterable[str]) -> str:
    """A SHA256SUMS without the lines of these files; what is no such line stays as it is."""
    gone = frozenset(names)
    return "".join(f"{line}\n" for line in _lines(text) if _named(line) not in gone)


def read_sums(text: str) -> dict[str, str]:
    """Digest by name."""
    found = (_SUM.fullmatch(line) for line in _lines(text))
    return {match[2]: match[1] for match in found if match}


def _lines(text: str) -> list[str]:
    """As sha256sum divides it: a name may have what Python takes for the end of a line."""
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def _named(line: str) -> str | None:
    match = _SUM.fullmatch(line)
    return match[2] if match else None
