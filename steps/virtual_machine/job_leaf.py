"""One iteration's leaf as both sides of a job read it, and the marks Rekindle leaves on it. Pure.

The marks are values of `description`: a leaf is an organizationalUnit, whose schema allows it, and
no original tool reads it there. Values that are not ours are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from steps.ldif_text import split_dn
from steps.targets.directory import Change, Entry
from steps.targets.directory_names import naming
from steps.virtual_machine.directory_modes import COMMANDED, DATE, MODE, RETURN_VALUE, STATE

TIMES: Final = "sstProvisioningExecutionTime"
MARKS: Final = "description"
CLASS: Final = "sstProvisioning"

CLAIMED: Final = "rekindle claim"
FAILED: Final = "rekindle failed"
TAKEN: Final = "rekindle snapshot at"
CONTROL: Final = "rekindle control"

_CSN = re.compile(r"(\d{14})\.(\d{6})Z#")
_STAMP = re.compile(r"(\d{8})T?(\d{6})Z")
_TIME = re.compile(r"\s*([A-Za-z]+)\s*:\s*([0-9]+(?:\.[0-9]+)?)\s*")


@dataclass(frozen=True, slots=True)
class JobLeaf:
    """A leaf as read. `times` are seconds by task, as earlier steps took them."""

    dn: str
    machine: str
    machine_dn: str
    name: str
    mode: str
    state: str
    return_value: int
    date: str = "0"
    times: tuple[tuple[str, float], ...] = ()
    marks: tuple[str, ...] = ()
    csn: str = ""
    changed: datetime | None = None
    changed_by: str = ""

    @property
    def commanded(self) -> bool:
        """Whether its state is the one that makes a daemon act."""
        return self.state == COMMANDED

    def mark(self, kind: str) -> str:
        """What follows the first mark of that kind; empty where there is none."""
        found = (m.removeprefix(kind).strip() for m in self.marks if m.startswith(kind))
        return next(found, "")

    @property
    def owner(self) -> str:
        """The daemon that claimed it, as it calls itself; empty for an original daemon's work."""
        return self.mark(CLAIMED).partition(" ")[0]

    def __str__(self) -> str:
        return f"{self.mode}, state {self.state}, return value {self.return_value}"


def job_leaf(entry: Entry) -> JobLeaf:
    """The leaf an entry describes; what is missing or unreadable reads as empty or 0."""
    machine_dn = ",".join(split_dn(entry.dn)[2:])
    return JobLeaf(
        dn=entry.dn,
        machine=naming(machine_dn)[1] if machine_dn else "",
        machine_dn=machine_dn,
        name=entry.text("ou") or "",
        mode=(entry.text(MODE) or "").strip(),
        state=(entry.text(STATE) or "").strip(),
        return_value=_number(entry.text(RETURN_VALUE)),
        date=(entry.text(DATE) or "0").strip(),
        times=tuple(_times(entry.values(TIMES))),
        marks=tuple(v.decode("utf-8", "replace") for v in entry.values(MARKS)),
        csn=entry.entry_csn,
        changed=csn_time(entry.entry_csn) or stamp_time(entry.modified_at),
        changed_by=entry.modified_by,
    )


def csn_time(csn: str) -> datetime | None:
    """The server's time in an entryCSN, to the microsecond; None where it is none (LDIF files)."""
    found = _CSN.match(csn)
    if found is None:
        return None
    return _moment(found[1], int(found[2]))


def stamp_time(text: str) -> datetime | None:
    """A moment as the directory writes it, with or without the T; None where it is none."""
    found = _STAMP.fullmatch(text.strip())
    return _moment(found[1] + found[2]) if found else None


def marks_changed(leaf: JobLeaf, gone: Iterable[str], new: Iterable[str]) -> tuple[Change, ...]:
    """Changes that take away the marks of these kinds and set new ones.

    Each old one is deleted by its value: where somebody else changed it meanwhile, the whole
    modify fails.
    """
    kinds = tuple(gone)
    old = [mark for mark in leaf.marks if mark.startswith(kinds)] if kinds else []
    changes = [Change("delete", MARKS, tuple(m.encode() for m in old))] if old else []
    added = [mark.encode() for mark in new]
    return (*changes, *([Change("add", MARKS, tuple(added))] if added else []))


def times_changed(leaf: JobLeaf, seconds: Mapping[str, float]) -> Change:
    """sstProvisioningExecutionTime with these in place of an earlier attempt's."""
    new = {name.lower() for name in seconds}
    kept = [(name, took) for name, took in leaf.times if name.lower() not in new]
    times = (*kept, *((name, round(took, 1)) for name, took in seconds.items()))
    return Change("replace", TIMES, tuple(f"{name}: {took:g}".encode() for name, took in times))


def _times(values: Iterable[bytes]) -> Iterable[tuple[str, float]]:
    for value in values:
        found = _TIME.fullmatch(value.decode("ascii", "replace"))
        if found:
            yield found[1], float(found[2])


def _number(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"-?[0-9]{1,9}", text.strip()) else 0


def _moment(digits: str, microseconds: int = 0) -> datetime | None:
    try:
        moment = datetime.strptime(digits, "%Y%m%d%H%M%S")
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC, microsecond=microseconds)
