"""The dashboard in words: one row for each machine, found file and storage. Pure; both front ends
use it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from steps.run.text import counted, one_line
from steps.targets.sizes import size_text
from steps.virtual_machine.dashboard.board import (
    Board,
    LeafStanding,
    MachineStanding,
    Storage,
    ago,
    not_backed_up_since,
)
from steps.virtual_machine.dashboard.orphans import Orphan
from steps.virtual_machine.dashboard.space import LEAST_NIGHTS, Forecast

MACHINES, FOUND, SPACE, UNSEEN = "Machines", "Files that nothing names", "Space", "Not looked at"
_SOON_DAYS = 30
FOUND_AT_MOST = 500
"""Rows of found files; more are counted."""


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One row: its section, mark (`!` where an operator is needed), name, a short word, and
    everything about it as (label, text). `repair` is the machine and leaf that can be repaired."""

    id: str
    section: str
    mark: str
    name: str
    word: str
    details: tuple[tuple[str, str], ...]
    repair: tuple[str, str] | None = None


def board_rows(board: Board) -> tuple[BoardRow, ...]:
    """Every row; in each section what needs an operator comes first."""
    now = datetime.fromisoformat(board.now)
    machines = sorted((_machine(m, now) for m in board.machines), key=lambda row: row.mark != "!")
    found = [_orphan(orphan) for orphan in board.orphans[:FOUND_AT_MOST]]
    more = len(board.orphans) - len(found)
    if more:
        text = f"{more} more are in rekindle dashboard --json"
        found.append(BoardRow("found:more", FOUND, " ", text, "", (("", text),)))
    unseen = [
        BoardRow(f"unseen:{n}", UNSEEN, "!", one_line(text), "", (("why", text),))
        for n, text in enumerate(board.silent)
    ]
    return (*machines, *map(_storage, board.storage), *found, *unseen)


def needs_someone(board: Board) -> bool:
    """Whether any row has a mark."""
    return any(row.mark == "!" for row in board_rows(board))


def summary(board: Board) -> str:
    """The board in one line."""
    missed = sum(machine.missed for machine in board.machines)
    stuck = sum(bool(machine.stuck) for machine in board.machines)
    size = size_text(sum(orphan.size for orphan in board.orphans))
    return (
        f"{_count(len(board.machines), 'machine')}, {missed} overdue, {stuck} stuck,"
        f" {_count(len(board.orphans), 'found file')} ({size})"
    )


def _machine(machine: MachineStanding, now: datetime) -> BoardRow:
    overdue = not_backed_up_since(machine, now)
    needed = overdue or machine.problems
    stuck = machine.stuck
    return BoardRow(
        f"machine:{machine.machine}", MACHINES, "!" if needed else " ",
        one_line(machine.title), _word(machine, now), tuple(_machine_details(machine, now)),
        (machine.machine, stuck[0].name) if stuck else None,
    )  # fmt: skip


def _word(machine: MachineStanding, now: datetime) -> str:
    if machine.stuck:
        return "stuck"
    if machine.missed:
        last = machine.last_backup
        return counted((now - datetime.fromisoformat(last)).days, "day") if last else "never"
    if machine.problems:
        return "look"
    if machine.excluded:
        return "excluded"
    return "ok" if machine.last_backup else "none yet"


def _machine_details(machine: MachineStanding, now: datetime) -> Iterator[tuple[str, str]]:
    yield "machine", machine.machine
    yield "node", machine.node or "none"
    followed = "" if machine.followed else ", not followed"
    yield "plan", f"of the {machine.origin}, {machine.timetable or 'no timetable'}{followed}"
    overdue = not_backed_up_since(machine, now)
    if machine.excluded:
        yield "excluded", "yes: the nightly run leaves it out"
    yield "backup", overdue or ago(machine.last_backup, now)
    yield "verified", ago(machine.last_verified, now)
    yield "restored", ago(machine.last_restored, now)
    yield "tried", f"{ago(machine.last_tried, now)}{', in isolation' * bool(machine.last_tried)}"
    for leaf in machine.stuck:
        yield from _leaf(leaf)
    told = {f"{leaf.name}: {leaf.text}" for leaf in machine.stuck}
    yield from (("problem", text) for text in machine.problems if text not in told)
    if machine.stuck:
        yield "repair", "Enter sets the leaf to a sound state"


def _leaf(leaf: LeafStanding) -> Iterator[tuple[str, str]]:
    yield "stuck", f"{leaf.name}: {leaf.text}"
    if leaf.remedy:
        yield "do", leaf.remedy


def _orphan(orphan: Orphan) -> BoardRow:
    details = (
        ("path", orphan.path), ("node", orphan.node), ("size", size_text(orphan.size)),
        ("files", str(orphan.files)), ("what", orphan.what),
        ("do", "Look at it, then move or remove it by hand. Rekindle removes none of these."),
    )  # fmt: skip
    name = orphan.path.rpartition("/")[2]
    return BoardRow(
        f"found:{orphan.node}:{orphan.path}", FOUND, " ", one_line(name), size_text(orphan.size),
        details,
    )  # fmt: skip


def _storage(storage: Storage) -> BoardRow:
    found = storage.forecast
    tight = found.needs > storage.free or _soon(found.earliest)
    details = (
        ("node", storage.node), ("folder", storage.root), ("free", size_text(storage.free)),
        ("nights", f"{len(storage.nights)} there, {storage.kept} kept"),
        ("next", f"needs about {size_text(found.needs)}"), *_forecast(found),
    )  # fmt: skip
    return BoardRow(
        f"space:{storage.node}:{storage.root}", SPACE, "!" if tight else " ",
        f"{storage.node} {storage.root}", size_text(storage.free), details,
    )  # fmt: skip


def _forecast(found: Forecast) -> Iterator[tuple[str, str]]:
    if found.reason:
        yield "full", f"not foretold: {found.reason} (at least {LEAST_NIGHTS} nights)"
        return
    change = size_text(round(found.growth))
    yield (
        "change",
        f"{change} a day from night to night, give or take {size_text(round(found.error))}",
    )
    likely = (
        "not within ten years"
        if found.likely is None
        else f"in about {_count(found.likely, 'day')}"
    )
    if found.earliest is None or found.earliest == found.likely:
        yield "full", likely
    else:
        yield "full", f"{likely}, at the earliest in {_count(found.earliest, 'day')}"
    yield "how", "a straight line through the nights that are there; it knows of nothing else"


def _soon(days: int | None) -> bool:
    return days is not None and days <= _SOON_DAYS


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
