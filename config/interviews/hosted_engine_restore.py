"""The questions of `hosted_engine.restore`: which backup, onto what, then those of the deployment.

The deployment's own questions are the same objects as in its interview; here they know that a
backup is restored, and are not asked where nothing is deployed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from config.errors import InvalidInput
from config.interviews.hosted_engine.conditions import both, classic, holds, not_
from config.interviews.hosted_engine.interview import DEPLOY
from config.questions import Choice, Given, Group, Interview, Kind, Question, Value

FAILOVER: Final = "failover-host"
NEW_HARDWARE: Final = "new-hardware"
MACHINE: Final = "machine"

FILE: Final = "file"
"""The archive is no one of the list: `archive_file` names it."""

AUTOMATIC: Final = "automatic"
MANUAL: Final = "manual"
REMOTE: Final = "remote"

ALL: Final = "all"
ENGINE_ONLY: Final = "db"
HISTORY_ONLY: Final = "dwhdb"

ASK: Final = "ask"
LEAVE: Final = "leave"

BACKUP: Final = "backup_file"
"""The deployment's own question of a backup: answered here by `archive`, never asked."""

_LONGEST_WAIT: Final = 7 * 24 * 3600

onto_machine = holds("variant", MACHINE)
deploys = not_(onto_machine)
from_file = holds("archive", FILE)


def by_hand(given: Given) -> bool:
    """Whether engine-backup and engine-setup are run here: the newer tool runs them itself."""
    return onto_machine(given) or classic(given)


databases_made = both(by_hand, holds("databases", MANUAL, REMOTE))
databases_remote = both(by_hand, holds("databases", REMOTE))


def archive_of(given: Given) -> str:
    """Where the archive is: SERVER:/PATH, or a full path on this machine; empty: not answered."""
    name = "archive_file" if from_file(given) else "archive"
    value = given.get(name)
    return value if isinstance(value, str) else ""


def with_backup(given: Given) -> Given:
    """The answers as the deployment's questions want them: a backup is restored."""
    return given if onto_machine(given) else {**given, BACKUP: archive_of(given) or FILE}


def _archive(value: Value, _given: Given) -> None:
    text = str(value)
    server, colon, path = text.partition(":")
    if text == FILE or text.startswith("/") or (colon and server and path.startswith("/")):
        return
    raise InvalidInput(
        f"{text!r} names no archive.", "Write SERVER:/PATH, or /PATH on this machine."
    )


def _seconds(value: Value, _given: Given) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LONGEST_WAIT:
        raise InvalidInput(
            f"{value!r} is not a number of seconds between 0 and {_LONGEST_WAIT}.",
            "Give whole seconds, for instance 14400.",
        )


ARCHIVE = Question(
    name="archive",
    title="Backup to restore",
    kind=Kind.CHOICE,
    why="The archives on the backup servers of the site, newest first.",
    help="An archive is looked into before anything else: version, hosts, machines, storage, and"
    " what restoring it will do to each. Nothing is unpacked and nothing is changed.",
    choices_probe="archives",
    probe="archive",
    may_type=True,
    check=_archive,
)
ARCHIVE_FILE = Question(
    name="archive_file",
    title="Path of the archive on this machine",
    kind=Kind.PATH,
    why="A file of engine-backup, where this program runs.",
    probe="archive",
    condition=from_file,
)
VARIANT = Question(
    name="variant",
    title="Restore onto",
    kind=Kind.CHOICE,
    why="A failover host was in maintenance and empty when the backup was made.",
    help="Directly after the restore the failover host is still in the engine, as it was in the"
    " backup; it is removed in time so that the new host can take its place. New hardware must"
    " have a name, an address and an identity that no host of the backup has. An engine machine"
    " that is there already is restored in place: nothing is deployed.",
    choices=(
        Choice(FAILOVER, "The failover host", "the backup knows it, made free"),
        Choice(NEW_HARDWARE, "New hardware", "the backup does not know it"),
        Choice(MACHINE, "A machine that is there", "the engine's; nothing is deployed"),
    ),
    suggest_probe="variant",
    depends_on=("archive", "archive_file"),
)
DATABASES = Question(
    name="databases",
    title="Databases",
    kind=Kind.CHOICE,
    why="As they were set up when the engine was installed.",
    choices=(
        Choice(AUTOMATIC, "Made by engine-backup", "--provision-db"),
        Choice(MANUAL, "Made here, on the engine's machine", "roles, databases, pg_hba.conf"),
        Choice(REMOTE, "On another machine", "made there, or by its administrator"),
    ),
    suggest_probe="databases",
    depends_on=("archive", "archive_file"),
    condition=by_hand,
)
SCOPE = Question(
    name="scope",
    title="What is restored",
    kind=Kind.CHOICE,
    why="Everything in the archive, unless one database alone is wanted.",
    choices=(
        Choice(ALL, "Everything in the archive"),
        Choice(ENGINE_ONLY, "The engine's files and database"),
        Choice(HISTORY_ONLY, "The engine's files and the Data Warehouse's database"),
    ),
    default=ALL,
    condition=by_hand,
)
DATABASE_HOST = Question(
    name="database_host",
    title="Host of the databases",
    kind=Kind.TEXT,
    why="As the engine's machine reaches it. A host that the site names is made ready here.",
    condition=databases_remote,
)
DATABASE_NAME = Question(
    name="database_name",
    title="Name of the engine's database",
    kind=Kind.TEXT,
    why="It is made empty; the guide calls it engine.",
    default="engine",
    condition=both(databases_made, not_(holds("scope", HISTORY_ONLY))),
)
DATABASE_USER = Question(
    name="database_user",
    title="User of the engine's database",
    kind=Kind.TEXT,
    default="engine",
    condition=DATABASE_NAME.condition,
)
DATABASE_PASSWORD = Question(
    name="database_password",
    title="Password of that user",
    kind=Kind.SECRET,
    why="It goes to engine-backup in a file that is removed afterwards, never on a command line.",
    condition=DATABASE_NAME.condition,
)
HAS_HISTORY = Question(
    name="has_history",
    title="Restore the Data Warehouse's database too",
    kind=Kind.YES_NO,
    suggest_probe="has-history",
    depends_on=("archive", "archive_file"),
    condition=both(databases_made, holds("scope", ALL)),
)
_history = both(
    databases_made,
    lambda given: given.get("scope") == HISTORY_ONLY or given.get("has_history") is True,
)
HISTORY_NAME = Question(
    name="history_name",
    title="Name of the Data Warehouse's database",
    kind=Kind.TEXT,
    default="ovirt_engine_history",
    condition=_history,
)
HISTORY_USER = Question(
    name="history_user",
    title="User of the Data Warehouse's database",
    kind=Kind.TEXT,
    default="ovirt_engine_history",
    condition=_history,
)
HISTORY_PASSWORD = Question(
    name="history_password",
    title="Password of that user",
    kind=Kind.SECRET,
    condition=_history,
)
RENEW = Question(
    name="renew_certificates",
    title="Renew the engine's certificates where engine-setup offers it",
    kind=Kind.YES_NO,
    why="Yes means that every host must be installed again later.",
    default=False,
    condition=by_hand,
)
OLD_HOSTS = Question(
    name="old_hosts",
    title="Hosts that do not answer afterwards",
    kind=Kind.CHOICE,
    why="Confirming that a host has been rebooted sets its machines down. It must be true: a host"
    " that is still alive goes on writing to the same disks.",
    choices=(
        Choice(ASK, "Ask for each of them, at the end"),
        Choice(LEAVE, "Leave them as they are", "their machines stay as the backup knew them"),
    ),
    default=ASK,
)
RECOVERY_TARGET = Question(
    name="recovery_target",
    title="Target time to recover, in seconds",
    kind=Kind.NUMBER,
    why="The report compares the restore with it. Leave empty where there is no target.",
    required=False,
    check=_seconds,
)


_WHY: Final = {
    "admin_password": "The restored engine has the password of its backup: give that one.",
    "host_name": "Unique among the hosts of the backup; a clash is settled on the next screens.",
    "execute_engine_setup": "No: the backup comes first, then engine-setup; this run does both.",
    "automate_shutdown": "No: this run shuts the machine down when the tool waits for that.",
}
"""What matters more at these questions where a backup is restored."""

_DEFAULTS: Final = {"execute_engine_setup": False, "automate_shutdown": False}
"""Defaults that differ where a backup is restored."""


def _after_the_restore(value: Value, _given: Given) -> None:
    if value is True:
        raise InvalidInput(
            "engine-setup must not run at first boot: it makes a new engine, and a backup can only"
            " be restored before.",
            "Answer no; engine-setup is run after the restore.",
        )


def _restoring(question: Question) -> Question:
    """A question of the deployment, asked while a backup is restored."""
    more: dict[str, object] = {"why": _WHY.get(question.name, question.why)}
    listed = (ARCHIVE.name, ARCHIVE_FILE.name, VARIANT.name) if question.name == "host" else ()
    if question.name in _DEFAULTS:
        more["default"] = _DEFAULTS[question.name]
    elif callable(question.default):
        more["default"] = lambda given: question.default_for(with_backup(given))
    if callable(question.choices):
        more["choices"] = lambda given: question.choices_for(with_backup(given))
    check = _after_the_restore if question.name == "execute_engine_setup" else question.check
    return replace(
        question,
        condition=_deployed(question.condition),
        check=lambda value, given: check(value, with_backup(given)),
        depends_on=tuple(
            each
            for name in question.depends_on
            for each in ((ARCHIVE.name, ARCHIVE_FILE.name) if name == BACKUP else (name,))
        )
        + listed,
        **more,  # type: ignore[arg-type]
    )


def _deployed(condition: Callable[[Given], bool]) -> Callable[[Given], bool]:
    return lambda given: deploys(given) and condition(with_backup(given))


def _page(group: Group) -> Group:
    questions = tuple(_restoring(each) for each in group.questions if each.name != BACKUP)
    return replace(group, questions=questions, condition=_deployed(group.condition))


_DATABASE_QUESTIONS: Final = (
    SCOPE, DATABASES, DATABASE_HOST, DATABASE_NAME, DATABASE_USER, DATABASE_PASSWORD, HAS_HISTORY,
    HISTORY_NAME, HISTORY_USER, HISTORY_PASSWORD, RENEW,
)  # fmt: skip

_HOST, *_REST = (_page(group) for group in DEPLOY.groups)

RESTORE = Interview(
    groups=(
        Group("archive", "Backup", (ARCHIVE, ARCHIVE_FILE, VARIANT)),
        _HOST,
        Group("engine-data", "Databases", _DATABASE_QUESTIONS),
        *_REST,
        Group("afterwards", "Afterwards", (OLD_HOSTS, RECOVERY_TARGET)),
    )
)
"""Every question; `variant` and `era` decide which there are."""
