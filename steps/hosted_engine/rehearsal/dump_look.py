"""The first pass over an archive: what dumps it holds, of what PostgreSQL, with how many rows."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from config.errors import InvalidInput, Refused
from steps.hosted_engine.archive.archive_reader import read_archive
from steps.hosted_engine.archive.budget import Progress as ReadProgress
from steps.hosted_engine.archive.contents import Contents
from steps.hosted_engine.archive.copy_text import Block, CopyHead, CountedBlock
from steps.hosted_engine.archive.dump import DumpContent
from steps.hosted_engine.archive.problems import NO_ARCHIVE, ArchiveFault
from steps.hosted_engine.rehearsal.programs import Programs, release_of

_MAX_TABLES: Final = 20_000
_RESTORED_BYTES: Final = 3
"""So many times the text of a dump's rows is what it takes restored. Measured: 2.4 times, with an
index on every column."""
_HARMLESS: Final = frozenset(
    {
        "config-suspicious", "duplicate-member", "hash-mismatch", "hash-missing",
        "hash-missing-member", "hash-unreadable", "link-member", "unsafe-member",
    }
)  # fmt: skip
"""Problems of an archive that an inspection tells, and that say nothing against its dumps."""


@dataclass(slots=True)
class Dump:
    """One dump: the rows that our own reader counts in it, by table."""

    scope: str
    member: str
    format: str
    compressor: str
    made_by: str | None
    rows: Counter[str] = field(default_factory=Counter)
    bytes: int = 0


@dataclass(slots=True)
class _Look:
    """Counts every dump it is given."""

    wanted: Collection[str] | None
    dumps: dict[str, Dump] = field(default_factory=dict)
    _blocks: list[tuple[str, CountedBlock]] = field(default_factory=list)

    def take(self, scope: str, name: str, content: DumpContent) -> None:
        if self.wanted is not None and scope not in self.wanted:
            return
        dump = Dump(scope, name, content.format, content.compressor, content.server_version)
        self.dumps[scope] = dump
        self._blocks.clear()
        content.read(self._begin)
        for table, block in self._blocks:
            dump.rows[table] += block.rows
            dump.bytes += block.bytes

    def _begin(self, head: CopyHead) -> Block:
        block = CountedBlock()
        if len(self._blocks) >= _MAX_TABLES:
            raise ArchiveFault("corrupt-dump", f"The dump has more than {_MAX_TABLES} tables.")
        self._blocks.append((table_name(head), block))
        return block


def look_at_dumps(
    path: Path,
    wanted: Collection[str] | None,
    progress: ReadProgress | None,
    cancel: threading.Event | None,
) -> tuple[Contents, dict[str, Dump]]:
    """The archive, and its dumps by scope. Raises InvalidInput, Refused where one is damaged."""
    look = _Look(wanted)
    contents = read_archive(path, progress, cancel, look.take)
    require_readable(contents)
    missing = sorted(set(wanted or ()) - set(look.dumps))
    if missing or not look.dumps:
        held = ", ".join(scope for scope in contents.ordered_scopes if scope in look.dumps)
        raise InvalidInput(
            f"{str(path)!r} holds no dump of {', '.join(missing) or 'a database'}.",
            f"It holds {held}." if held else "Use an archive made with --scope=all or db.",
        )
    return contents, look.dumps


def require_readable(contents: Contents) -> None:
    """Raises InvalidInput or Refused with the first problem that a dump cannot be restored for."""
    for problem in contents.problems:
        if problem.code in NO_ARCHIVE:
            raise InvalidInput(problem.message, problem.remedy)
        if problem.blocks and problem.code not in _HARMLESS:
            raise Refused(problem.message, problem.remedy)


def require_version(dump: Dump, programs: Programs) -> None:
    """Raises Refused where the dump is of a newer PostgreSQL than the installed one."""
    if dump.made_by is not None and release_of(dump.made_by) > programs.release:
        raise Refused(
            f"The dump '{dump.member}' is of PostgreSQL {dump.made_by}, and {programs.version} is "
            "installed here: an older one does not take it.",
            f"Install PostgreSQL {'.'.join(map(str, release_of(dump.made_by)))} here, or rehearse "
            "on a machine that has it.",
        )


def room_for(dumps: Collection[Dump]) -> int:
    """Bytes that the restored databases may need."""
    return _RESTORED_BYTES * sum(dump.bytes for dump in dumps)


def table_name(head: CopyHead) -> str:
    """A table with its schema."""
    return f"{head.schema or 'public'}.{head.table}"
