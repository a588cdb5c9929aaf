"""Where a desk stands: which rows are open or blocked, what each will become. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from steps.conflicts import Blocking, Decision, Desk, Resolution


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one row stands: is it open, what blocks it, what it will become."""

    open: bool
    blocks: tuple[str, ...]
    result: str
    next_boot: bool = False

    @property
    def mark(self) -> str:
        """`!` open, `x` blocked, blank decided: readable without colour."""
        return "!" if self.open else "x" if self.blocks else " "

    @property
    def word(self) -> str:
        """The same as a word."""
        return "open" if self.open else "blocked" if self.blocks else "decided"

    @property
    def settled(self) -> bool:
        """Nothing more to do here."""
        return not self.open and not self.blocks


@dataclass(frozen=True, slots=True)
class Overview:
    """Every row's standing, and what stops Apply."""

    rows: Mapping[str, Standing]
    open: tuple[str, ...]
    blocking: tuple[Blocking, ...]

    @property
    def finished(self) -> bool:
        """Nothing is open and nothing blocks."""
        return not self.open and not self.blocking

    @classmethod
    def of(cls, desk: Desk) -> Overview:
        """Ask the conflict set once; the screen shows the answer until the next decision."""
        conflicts = desk.conflicts
        still_open = tuple(conflicts.still_open(desk.decided))
        blocking = tuple(conflicts.blocking(desk.decided))
        blocks = _by_row(blocking)
        undecided = frozenset(still_open)
        rows = {
            row.id: Standing(
                open=row.id in undecided,
                blocks=tuple(blocks.get(row.id, ())),
                result=conflicts.result(row.id, desk.decided),
                next_boot=_is_next_boot(desk.decided.get(row.id)),
            )
            for row in conflicts.rows
        }
        return cls(rows, still_open, blocking)


def _is_next_boot(resolution: Resolution | None) -> bool:
    return resolution is not None and resolution.decision is Decision.NEXT_BOOT


def _by_row(blocking: tuple[Blocking, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for block in blocking:
        for row_id in block.rows:
            found.setdefault(row_id, []).append(f"{block.message} {block.remedy}".strip())
    return found
