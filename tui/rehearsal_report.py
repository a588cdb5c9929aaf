"""What a rehearsal of a backup's databases found, in rows to read: for the screen and as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from steps.hosted_engine.rehearsal.rehearsal import (
    Rehearsal,
    RehearsedDatabase,
    RestoreError,
    Stage,
    TableRows,
)
from steps.targets.sizes import size_text
from tui.hanging import Row
from tui.inspect_report import Part
from tui.wording import bar

TITLE: Final = "Rehearsal"
CONFIRM_TITLE: Final = "Rehearse the restore of the databases?"
CONFIRM_TEXT: Final = (
    "Every database of the archive is restored into a PostgreSQL of its own, in a private folder "
    "below /var/tmp, and every row is counted. Then it is removed. The engine and its database are "
    "not touched.\n\nIt needs about three times the room of the dumps without their compression "
    "(that is checked first), and one to two minutes for each GiB of them."
)
_SHOWN_TABLES: Final = 3
_SHOWN_LINES: Final = 20


def rehearsal_part(found: Rehearsal) -> Part:
    """The part of an inspection's report that tells of it."""
    return Part(TITLE, tuple(_rows(found)))


def stage_text(stage: Stage) -> str:
    """Where it is, in one line."""
    if not stage.total:
        return f"{stage.doing} {stage.done} {stage.unit}" if stage.done else stage.doing
    done, total = size_text(stage.done), size_text(stage.total)
    return f"{stage.doing} {bar(stage.done, stage.total)} {done} of {total}"


def _rows(found: Rehearsal) -> Iterator[Row]:
    yield _fact("result", "every row came back" if found.passed else "NOT whole: see below")
    yield _fact("at", f"{found.at}, {found.seconds:.1f} s, in PostgreSQL {found.server}")
    if found.left_out:
        yield _fact("left out", f"{', '.join(found.left_out)} (not asked for, or no PostgreSQL)")
    for database in found.databases:
        yield "", ""
        yield from _database(database)


def _fact(label: str, value: str) -> Row:
    return f"  {label:<14} ", value


def _database(database: RehearsedDatabase) -> Iterator[Row]:
    mark = " " if database.passed else "!"
    yield (
        f"{mark} {database.scope:<14} ",
        f"{len(database.tables)} tables, {database.rows} rows, {database.seconds:.1f} s",
    )
    made_by = f", of PostgreSQL {database.made_by}" if database.made_by else ""
    yield _fact(
        "",
        f"dump {size_text(database.dump_bytes)} ({database.format}, compressor "
        f"{database.compressor}{made_by}), restored {size_text(database.database_bytes)}",
    )
    largest = sorted(database.tables, key=lambda table: -(table.in_database or 0))
    told = ", ".join(f"{t.table} {t.in_database}" for t in largest[:_SHOWN_TABLES] if t.in_database)
    if told:
        yield _fact("", f"largest: {told}")
    yield from _differing(database.differing)
    yield from _errors(database.errors)


def _differing(tables: tuple[TableRows, ...]) -> Iterator[Row]:
    for table in tables[:_SHOWN_LINES]:
        came = "is not there" if table.in_database is None else f"{table.in_database} rows"
        yield f"! {table.table:<14} ", f"{came}; the backup has {table.in_dump or 0}"
    if len(tables) > _SHOWN_LINES:
        yield _fact("", f"and {len(tables) - _SHOWN_LINES} more tables that differ")


def _errors(errors: tuple[RestoreError, ...]) -> Iterator[Row]:
    # Those that count come first.
    for error in sorted(errors, key=lambda error: bool(error.expected))[:_SHOWN_LINES]:
        times = f" ({error.times} times)" if error.times > 1 else ""
        if error.expected:
            yield _fact("passed over", f"{error.message}{times}: {error.expected}")
        else:
            yield f"! {'error':<14} ", f"{error.message}{times}"
    if len(errors) > _SHOWN_LINES:
        yield _fact("", f"and {len(errors) - _SHOWN_LINES} more kinds of error")
