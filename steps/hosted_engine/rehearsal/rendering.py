"""A dump as the text of a plain one: a custom dump is rendered by pg_restore, which gets no server
to write to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

from steps.hosted_engine.archive.dump import CUSTOM, DumpContent
from steps.hosted_engine.archive.piped import piped
from steps.hosted_engine.archive.problems import ArchiveFault, shown_name
from steps.hosted_engine.rehearsal.programs import environment, last_words
from steps.hosted_engine.rehearsal.scratch_server import ScratchServer

_SAID_BYTES: Final = 4096
_FILE_NEEDED_FROM: Final = (12,)
"""Before, pg_restore wrote to its output where no file was named."""


@contextmanager
def plain_text(content: DumpContent, server: ScratchServer) -> Iterator[Iterator[bytes]]:
    """Its text, in pieces. Raises ArchiveFault `corrupt-dump` where pg_restore cannot read it."""
    if content.format != CUSTOM:
        yield content.stream.rest()
        return
    command = [server.programs.path("pg_restore")]
    if server.programs.release >= _FILE_NEEDED_FROM:
        command.append("--file=-")
    with (server.folder / "pg_restore.log").open("w+b") as log:

        def failed(_code: int) -> ArchiveFault:
            return ArchiveFault("corrupt-dump", f"pg_restore cannot read the dump: {_said(log)}")

        with piped(
            command, content.stream.rest(), failed, log, environment(), server.account.options
        ) as pieces:
            yield pieces


def _said(log: IO[bytes]) -> str:
    log.seek(0)
    words = last_words(log.read(_SAID_BYTES).decode("utf-8", "replace"))
    return shown_name(words)
