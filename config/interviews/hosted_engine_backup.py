"""The questions of a backup of the self-hosted engine: the text an operator reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from config.errors import InvalidInput
from config.questions import Choice, Given, Group, Interview, Kind, Question, Value
from config.showing import quoted

WITHOUT: Final = "none"
"""The failover host of a backup without maintenance."""

BEST: Final = "best"
"""The best failover host as things stand when the backup is planned: for every night."""

AS_BEFORE, ACTIVATE = "as-before", "activate"
REMOVE, KEEP = "remove", "keep"
DEFAULT, CUSTOM, PLAIN, SMALL = "default", "custom", "plain", "small-size"
AS_IT_DOES: Final = "as-it-does"
STAMP: Final = "STAMP"
FILE_NAME: Final = f"engine-{STAMP}.backup"

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_RESERVED: Final = ("SHA256SUMS",)
_TAKEN_ENDS: Final = (".json", ".log")


def between(first: int, last: int, unit: str) -> Callable[[Value, Given], None]:
    """A check for whole numbers of that range."""

    def check(value: Value, _given: Given) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not first <= value <= last:
            raise InvalidInput(
                f"{quoted(value)} is not a number of {unit} between {first} and {last}.",
                "Write digits only.",
            )

    return check


def _has_failover_host(given: Given) -> bool:
    return given.get("failover") != WITHOUT


def _has_own_form(given: Given) -> bool:
    return given.get("format") in (CUSTOM, PLAIN)


def _file_name(value: Value, _given: Given) -> None:
    text = value if isinstance(value, str) else ""
    if not _NAME.fullmatch(text) or text in _RESERVED or text.endswith(_TAKEN_ENDS):
        raise InvalidInput(
            f"{quoted(value)} cannot be the name of an archive.",
            "Letters, digits, dot, dash and underscore; neither .json nor .log at its end:"
            " those are what lies beside it.",
        )


def _named(value: Value, _given: Given) -> None:
    text = value if isinstance(value, str) else ""
    if not text or len(text) > 255 or not text.isprintable():
        raise InvalidInput(f"{quoted(value)} cannot be a name.", "Pick one from the list.")


def _scopes(value: Value, _given: Given) -> None:
    chosen = value if isinstance(value, tuple) else (str(value),)
    if "all" in chosen and len(chosen) > 1:
        raise InvalidInput("`all` includes every other part.", "Choose all, or the single parts.")


FAILOVER = Question(
    name="failover",
    title="Failover host",
    kind=Kind.CHOICE,
    why="It is emptied and in maintenance while the backup is taken. On such a host, and on it"
    " alone of today's, the engine can be deployed anew and the backup restored.",
    help="Suggested is a hosted-engine host that does not carry the engine's machine, with the"
    " fewest machines on it. Its machines migrate; nothing is switched off.",
    choices_probe="failover-hosts",
    probe="failover-host",
    check=_named,
)

AFTERWARDS = Question(
    name="afterwards",
    title="The failover host after the backup",
    kind=Kind.CHOICE,
    choices=(
        Choice(AS_BEFORE, "As it was before", "activated, unless it was in maintenance already"),
        Choice(ACTIVATE, "Activated in any case"),
    ),
    default=AS_BEFORE,
    condition=_has_failover_host,
)

WAIT_MINUTES = Question(
    name="wait_minutes",
    title="Minutes to wait until it is empty",
    kind=Kind.NUMBER,
    why="A machine that does not migrate is asked about by name: wait on, shut it down, go on"
    " without maintenance, or give up.",
    default=30,
    check=between(1, 24 * 60, "minutes"),
    condition=_has_failover_host,
)

SCOPE = Question(
    name="scope",
    title="What is backed up",
    kind=Kind.CHOICES,
    why="A restore of the engine needs all of it. Single parts are for moves of a database.",
    choices_probe="scopes",
    default=("all",),
    check=_scopes,
    probe="scope",
)

FORMAT = Question(
    name="format",
    title="Format",
    kind=Kind.CHOICE,
    why="The default is pg_dump's custom format since 3.6. engine-backup --mode=verify of 4.5.7"
    " fails on every plain or small backup, although they restore.",
    choices=(
        Choice(DEFAULT, "As engine-backup does by itself"),
        Choice(SMALL, "Small (--small-size)", "xz everywhere, plain SQL; slow"),
        Choice(CUSTOM, "Custom format, with compressors of your own"),
        Choice(PLAIN, "Plain SQL, with compressors of your own"),
    ),
    default=DEFAULT,
    probe="format",
)


def _compressor(name: str, title: str) -> Question:
    return Question(
        name=name,
        title=title,
        kind=Kind.CHOICE,
        choices=(
            Choice(AS_IT_DOES, "As engine-backup does by itself"),
            *(Choice(program, program) for program in ("gzip", "bzip2", "xz")),
            Choice("None", "None"),
        ),
        default=AS_IT_DOES,
        condition=_has_own_form,
    )


FILE = Question(
    name="file_name",
    title="Name of the archive",
    kind=Kind.TEXT,
    why=f"{STAMP} becomes the time of the backup in UTC. Without it a second backup meets the"
    " first one's file and is refused.",
    default=FILE_NAME,
    check=_file_name,
)

SERVER = Question(
    name="server",
    title="Backup server",
    kind=Kind.CHOICE,
    why="A backup that stays on the engine's machine is lost with it.",
    help="The servers of the site file (`backup_servers:`). The archive comes here first, is looked"
    " into, and goes on from here; its SHA-256 is compared at every end.",
    choices_probe="backup-servers",
    probe="backup-server",
    check=_named,
)

RETENTION = Question(
    name="retention",
    title="Backups of this engine to keep there (0: all)",
    kind=Kind.NUMBER,
    why="The oldest above this number go once the new one is complete and was read back. Only"
    " archives that Rekindle put there count.",
    default=14,
    check=between(0, 9999, "backups"),
)

MACHINE_COPY = Question(
    name="machine_copy",
    title="The copy on the engine's machine",
    kind=Kind.CHOICE,
    choices=(
        Choice(REMOVE, "Remove it once the server has it"),
        Choice(KEEP, "Keep it, and as many there as on the server"),
    ),
    default=REMOVE,
    probe="engine-machine",
)

REHEARSE = Question(
    name="rehearse",
    title="Rehearse a restore of its databases",
    kind=Kind.YES_NO,
    why="Every database is restored into a PostgreSQL of its own on this host, each table's rows"
    " are counted, and all of it is removed again. It takes minutes, and a PostgreSQL here.",
    default=False,
    probe="rehearsal",
)

BACKUP = Interview(
    groups=(
        Group("failover", "Failover host", (FAILOVER, AFTERWARDS, WAIT_MINUTES)),
        Group(
            "archive", "Archive",
            (
                SCOPE, FORMAT,
                _compressor("archive_compressor", "Compressor of the archive"),
                _compressor("files_compressor", "Compressor of the files"),
                _compressor("db_compressor", "Compressor of the databases"),
                FILE,
            ),
        ),
        Group("keeping", "Where it is kept", (SERVER, RETENTION, MACHINE_COPY, REHEARSE)),
    )
)  # fmt: skip
