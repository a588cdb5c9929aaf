"""Restore an archive's databases into a scratch PostgreSQL, count their rows, and take it away.

The archive is read twice, as a stream: first for what its dumps are and what they need, then for
the restore itself. No dump is ever written to disk.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from config.errors import Interrupted
from steps.hosted_engine.archive.archive_reader import read_archive
from steps.hosted_engine.archive.dump import DumpContent
from steps.hosted_engine.rehearsal.counting import count_rows
from steps.hosted_engine.rehearsal.dump_look import (
    Dump,
    look_at_dumps,
    require_readable,
    require_version,
    room_for,
)
from steps.hosted_engine.rehearsal.lacking import Lacking
from steps.hosted_engine.rehearsal.loading import Loading, make_loader
from steps.hosted_engine.rehearsal.programs import installed_programs
from steps.hosted_engine.rehearsal.rehearsal import (
    Progress,
    Rehearsal,
    RehearsedDatabase,
    Stage,
    TableRows,
)
from steps.hosted_engine.rehearsal.rendering import plain_text
from steps.hosted_engine.rehearsal.scratch_folder import DEFAULT_PARENT
from steps.hosted_engine.rehearsal.scratch_server import ScratchServer, scratch_server
from steps.targets.os_errors import explaining

_PIECE: Final = 1 << 20


def rehearse(
    path: Path,
    *,
    databases: Collection[str] | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    folder: Path | None = None,
) -> Rehearsal:
    """Restore the databases of an archive of engine-backup, and compare their rows.

    `databases` names scopes (`db`, `dwhdb` ...); None is every one in the archive. `folder` is
    where the scratch PostgreSQL is made; None is /var/tmp. It is gone afterwards.

    A database that does not come back whole is in the result. Raises InvalidInput where the file is
    no archive or the scope is not in it, Refused where a dump is damaged, of a newer PostgreSQL
    than the installed one, or would run commands; StepFailed where there is no PostgreSQL or no
    room; Interrupted once `cancel` is set.
    """
    began, at = time.monotonic(), datetime.now(UTC)
    cancel = cancel or threading.Event()
    tell = progress or (lambda _stage: None)
    programs = installed_programs()
    contents, dumps = look_at_dumps(path, databases, _reading("reading", tell), cancel)
    for dump in dumps.values():
        require_version(dump, programs)
    digest = sha256_of(path, cancel)
    tell(Stage("starting a scratch PostgreSQL"))
    parent = (folder or DEFAULT_PARENT).expanduser().absolute()
    with scratch_server(programs, parent, room_for(dumps.values()), cancel) as to:
        done = _Restore(to, dumps, tell).carry_out(path)
    return Rehearsal(
        archive=path.name,
        archive_sha256=digest,
        at=at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        server=programs.version,
        seconds=round(time.monotonic() - began, 3),
        databases=done,
        left_out=tuple(s for s in contents.ordered_scopes if s != "files" and s not in dumps),
    )


def sha256_of(path: Path, cancel: threading.Event | None = None) -> str:
    """Checksum of a file. Raises RekindleError where it cannot be read, Interrupted."""
    found = hashlib.sha256()
    with explaining(f"Cannot read {str(path)!r}"), path.open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
            if cancel is not None and cancel.is_set():
                raise Interrupted("The rehearsal was stopped. Nothing was changed.")
    return found.hexdigest()


class _Restore:
    """The second pass."""

    def __init__(self, server: ScratchServer, dumps: Mapping[str, Dump], tell: Progress) -> None:
        self._server, self._dumps, self._tell = server, dumps, tell
        self._lacking = Lacking(server)
        self._doing = "restoring"
        self._done: list[RehearsedDatabase] = []

    def carry_out(self, path: Path) -> tuple[RehearsedDatabase, ...]:
        make_loader(self._server)
        contents = read_archive(path, self._reading, self._server.cancel, self._take)
        require_readable(contents)
        order = contents.ordered_scopes
        return tuple(sorted(self._done, key=lambda database: order.index(database.scope)))

    def _reading(self, done: int, total: int) -> None:
        self._tell(Stage(self._doing, done, total))

    def _take(self, scope: str, _name: str, content: DumpContent) -> None:
        if scope not in self._dumps:
            return
        began, dump = time.monotonic(), self._dumps[scope]
        self._doing = f"restoring {scope}"
        loading = Loading(self._server, scope, self._lacking, self._later)
        with plain_text(content, self._server) as pieces:
            loading.load(pieces)
        self._tell(Stage(f"counting the rows of {scope}"))
        counted, size = count_rows(self._server, scope)
        self._done.append(
            RehearsedDatabase(
                scope=scope,
                member=dump.member,
                format=dump.format,
                compressor=dump.compressor,
                made_by=dump.made_by,
                dump_bytes=loading.bytes,
                database_bytes=size,
                seconds=round(time.monotonic() - began, 3),
                tables=_compared(dump.rows, counted),
                errors=loading.errors,
            )
        )

    def _later(self, statements: int) -> None:
        self._tell(Stage(f"{self._doing}: indexes and constraints", statements, 0, "statements"))


def _reading(doing: str, tell: Progress) -> Callable[[int, int], None]:
    return lambda done, total: tell(Stage(doing, done, total))


def _compared(in_dump: Mapping[str, int], counted: Mapping[str, int]) -> tuple[TableRows, ...]:
    names = sorted({*in_dump, *counted})
    return tuple(TableRows(name, in_dump.get(name), counted.get(name)) for name in names)
