"""What a dump of the data warehouse (DWH) tells: how much is in it, and up to when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from steps.hosted_engine.archive.copy_text import (
    Block,
    Cells,
    CopyHead,
    CountedBlock,
    RowBlock,
    TakeRow,
)
from steps.hosted_engine.archive.problems import ArchiveFault

_SAMPLES: Final = frozenset(
    {"host_samples_history", "datacenter_samples_history", "storage_domain_samples_history"}
)
"""Tables with a row for each object and minute; those of the machines are far larger."""
_WHEN: Final = "history_datetime"
_MAX_TABLES: Final = 20_000
_LONGEST: Final = 40
_MAX_OFFSETS: Final = 100


@dataclass(frozen=True, slots=True)
class Warehouse:
    """Times are UTC, ISO; None where the dump does not tell. `last_sync` is the engine's word."""

    tables: int
    rows: int
    last_sample: str | None
    last_sync: str | None = None


class WarehouseReader:
    """Counts every row of a dump, and keeps the latest time of the samples."""

    def __init__(self) -> None:
        self._blocks: list[CountedBlock] = []
        self._sampled_rows = self._sampled_tables = 0
        self._latest: dict[str, str] = {}

    def begin(self, head: CopyHead) -> Block:
        """For the readers of dumps."""
        if head.table in _SAMPLES and _WHEN in head.columns:
            self._sampled_tables += 1
            return RowBlock(head.table, len(head.columns), self._taking(head.columns.index(_WHEN)))
        if len(self._blocks) >= _MAX_TABLES:
            raise ArchiveFault("corrupt-dump", f"The dump has more than {_MAX_TABLES} tables.")
        self._blocks.append(CountedBlock())
        return self._blocks[-1]

    @property
    def found(self) -> Warehouse:
        """What was read."""
        return Warehouse(
            tables=len(self._blocks) + self._sampled_tables,
            rows=sum(block.rows for block in self._blocks) + self._sampled_rows,
            last_sample=latest_time(self._latest.values()),
        )

    def _taking(self, at: int) -> TakeRow:
        def take(cells: Cells) -> None:
            self._sampled_rows += 1
            text = cells[at][:_LONGEST].decode("ascii", "replace")
            # Within one offset from UTC the text sorts as the time does.
            offset = text[19:].partition("+")[2] or text[19:].partition("-")[2]
            if text > self._latest.get(offset, "") and len(self._latest) < _MAX_OFFSETS:
                self._latest[offset] = text

        return take


def latest_time(texts: Iterable[str | None]) -> str | None:
    """The latest of times as COPY writes them, in UTC; None where none can be read."""
    times = [time for text in texts if (time := _time(text)) is not None]
    return max(times).isoformat().replace("+00:00", "Z") if times else None


def _time(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
        zoned = found if found.tzinfo else found.replace(tzinfo=UTC)
        return zoned.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None
