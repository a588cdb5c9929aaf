"""The questions of the check of backups: the text an operator reads."""

from __future__ import annotations

from config.errors import InvalidInput
from config.interviews.virtual_machine import one_component
from config.questions import Choice, Given, Group, Interview, Kind, Question, Value

ONE = "one"
MACHINE_SETS = "machine"
DUE = "due"
ALL = "all"

NO = "no"
AS_BACKED_UP = "as-backed-up"
COLD = "cold"

DEFAULT_DAYS = 30
LEAST_SECONDS, MOST_SECONDS = 5, 3600
_MOST_DAYS = 3650
_MOST_AT_ONCE = 16


def _whole(value: Value, least: int, most: int, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidInput(
            f"{value!r} is not a number of {what} between {least} and {most}.",
            f"Give a whole number, for instance {max(least, min(30, most))}.",
        )


def _of_one_machine(given: Given) -> bool:
    return given.get("scope") in (ONE, MACHINE_SETS)


def _is_tried(given: Given) -> bool:
    return given.get("restore_test", NO) != NO


def _default_trial(given: Given) -> Value:
    return AS_BACKED_UP if given.get("scope") == ONE else NO


SCOPE = Question(
    name="scope",
    title="Which backups",
    kind=Kind.CHOICE,
    why="Verifying reads every byte from disk again, not from memory: choose what there is time"
    " for. Run unattended with the third every night, it goes through all of them in turn.",
    choices=(
        Choice(ONE, "One backup"),
        Choice(MACHINE_SETS, "All backups of one machine"),
        Choice(DUE, "Those not verified for some days"),
        Choice(ALL, "All of them"),
    ),
    default=DUE,
)

MACHINE = Question(
    name="machine",
    title="Machine",
    kind=Kind.CHOICE,
    why="Machines whose directory entry is gone are listed from their backups.",
    choices_probe="machines",
    check=one_component,
    condition=_of_one_machine,
)

ITERATION = Question(
    name="iteration",
    title="Backup",
    kind=Kind.CHOICE,
    why="Newest first, with when it was last verified and last restored.",
    choices_probe="iterations",
    depends_on=("machine",),
    check=one_component,
    condition=lambda given: given.get("scope") == ONE,
)

DAYS = Question(
    name="days",
    title="Not verified for so many days",
    kind=Kind.NUMBER,
    why="Also those that were never verified, that changed since, or that were found damaged.",
    default=DEFAULT_DAYS,
    check=lambda value, _given: _whole(value, 0, _MOST_DAYS, "days"),
    condition=lambda given: given.get("scope") == DUE,
)

RESTORE_TEST = Question(
    name="restore_test",
    title="Restore them in isolation to see that they work",
    kind=Kind.CHOICE,
    why="In a hypervisor of its own, on overlays that are thrown away: no network, no other host"
    " resource. The backup is only read, and that is proved afterwards.",
    help="As backed up: from its memory state where there is one, under its own name, which"
    " disturbs nothing outside; else, and for templates, a cold boot under another name. The screen"
    " is kept with the run. It runs on the host where Rekindle runs, so only backups of nodes that"
    " are this host can be tried.",
    choices=(
        Choice(NO, "No, verify only"),
        Choice(AS_BACKED_UP, "Yes, as they were backed up", "memory state where there is one"),
        Choice(COLD, "Yes, cold boot under another name"),
    ),
    default=_default_trial,
    probe="sets",
    depends_on=("scope", "machine", "iteration", "days"),
)

SECONDS = Question(
    name="watch_seconds",
    title="Seconds to watch each restored machine",
    kind=Kind.NUMBER,
    why="It must run, use its processor and meet no I/O error for so long.",
    default=30,
    check=lambda value, _given: _whole(value, LEAST_SECONDS, MOST_SECONDS, "seconds"),
    condition=_is_tried,
)

AT_ONCE = Question(
    name="at_once",
    title="Backups checked side by side",
    kind=Kind.NUMBER,
    why="One disk is read fastest by one reader; several help where backups lie on several.",
    default=1,
    check=lambda value, _given: _whole(value, 1, _MOST_AT_ONCE, "backups"),
    condition=lambda given: given.get("scope") != ONE,
)

CHECK = Interview(
    groups=(
        Group("sets", "Which backups", (SCOPE, MACHINE, ITERATION, DAYS)),
        Group("how", "How to check them", (RESTORE_TEST, SECONDS, AT_ONCE)),
    )
)
