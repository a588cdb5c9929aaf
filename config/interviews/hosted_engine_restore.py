"""The questions of `hosted_engine.restore`: which backup, onto what, then those of the deployment.

The deployment's own questions are the same objects as in its interview; here they know that a
backup is restored, and are not asked where nothing is deployed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from config.errors import InvalidInput
from config.interviews.hosted_engine import databases
from config.interviews.hosted_engine.conditions import holds
from config.interviews.hosted_engine.interview import DEPLOY
from config.interviews.hosted_engine.variants import (
    FAILOVER,
    MACHINE,
    NEW_HARDWARE,
    by_hand,
    deploys,
    onto_machine,
)
from config.questions import Choice, Given, Group, Interview, Kind, Question, Value

FILE: Final = "file"
"""The archive is no one of the list: `archive_file` names it."""

ASK: Final = "ask"
LEAVE: Final = "leave"

BACKUP: Final = "backup_file"
"""The deployment's own question of a backup: answered here by `archive`, never asked."""

_LONGEST_WAIT: Final = 7 * 24 * 3600

from_file = holds("archive", FILE)


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


_HOST, *_REST = (_page(group) for group in DEPLOY.groups)

RESTORE = Interview(
    groups=(
        Group("archive", "Backup", (ARCHIVE, ARCHIVE_FILE, VARIANT)),
        _HOST,
        Group("engine-data", "Databases", (*databases.QUESTIONS, RENEW)),
        *_REST,
        Group("afterwards", "Afterwards", (OLD_HOSTS, RECOVERY_TARGET)),
    )
)
"""Every question; `variant` and `era` decide which there are."""
