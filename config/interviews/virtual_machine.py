"""The questions of the virtual machine procedures: the text an operator reads."""

from __future__ import annotations

from config.errors import InvalidInput
from config.questions import Choice, Given, Group, Interview, Kind, Question, Value

WITH_STATE = "with-state"
COLD = "cold"

ASK = "ask"
KEEP = "keep"
REMOVE = "remove"

_LONGEST_WAIT = 24 * 3600


def _is_cold(given: Given) -> bool:
    return given.get("mode") == COLD


def _seconds(value: Value, _given: Given) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LONGEST_WAIT:
        raise InvalidInput(
            f"{value!r} is not a number of seconds between 0 and {_LONGEST_WAIT}.",
            "Give whole seconds, for instance 120.",
        )


def one_component(value: Value, _given: Given) -> None:
    """A name that becomes a folder's; raises InvalidInput for any other."""
    # The machine and the iteration become folder names: refuse before anything is looked up.
    text = value if isinstance(value, str) else ""
    if not text or text in (".", "..") or "/" in text or not text.isprintable():
        raise InvalidInput(f"{value!r} cannot be a name.", "Pick one from the list.")


MACHINE = Question(
    name="machine",
    title="Machine",
    kind=Kind.CHOICE,
    why="The machine to take back. Machines whose directory entry is gone are listed from their"
    " backups.",
    help="Machines are named by their uuid; the list shows the display name beside it. The storage"
    " pool is read from the machine's first disk, it is never asked.",
    choices_probe="machines",
    probe="machine",
    check=one_component,
)

ITERATION = Question(
    name="iteration",
    title="Backup to restore from",
    kind=Kind.CHOICE,
    why="Newest first. A backup is complete when its state, XML, directory entry and every disk of"
    " the XML are there.",
    help="The name is shown as it was given: whether it means local time or UTC depends on what"
    " wrote it. Choosing one checks the whole backup set and changes nothing.",
    choices_probe="iterations",
    probe="backup-set",
    depends_on=("machine",),
    check=one_component,
)

MODE = Question(
    name="mode",
    title="Memory",
    kind=Kind.CHOICE,
    why="With state, the machine goes on in the middle of what it was doing. Cold, it boots from"
    " the restored disks as after a power cut.",
    help="With state the hypervisor accepts only the hardware of the backup; today's memory or"
    " processors can be taken from the next cold start on.",
    choices_probe="modes",
    depends_on=("machine", "iteration"),
)

START = Question(
    name="start",
    title="Start it after a cold restore",
    kind=Kind.CHOICE,
    why="As backed up: a machine that ran is started, also where its disks alone were backed up."
    " One that was off stays off, unless its backup plan forces a start.",
    choices=(
        Choice("as-backed-up", "As it was when it was backed up"),
        Choice("start", "Start it"),
        Choice("leave-off", "Leave it off"),
    ),
    default="as-backed-up",
    condition=_is_cold,
)

SHUTDOWN_LIMIT = Question(
    name="shutdown_limit",
    title="Seconds to wait for a clean shutdown",
    kind=Kind.NUMBER,
    why="When the guest has not powered off by then you are asked; nothing is pulled by itself.",
    default=120,
    check=_seconds,
)

RECOVERY_TARGET = Question(
    name="recovery_target",
    title="Target time to recover, in seconds",
    kind=Kind.NUMBER,
    why="The report compares the restore with it. Leave empty where there is no target.",
    required=False,
    check=_seconds,
)

OLD_IMAGES = Question(
    name="old_images",
    title="The images of today, after the restore",
    kind=Kind.CHOICE,
    why="They are renamed aside, not overwritten. While they are there the restore can be undone.",
    choices=(
        Choice(ASK, "Ask at the end"),
        Choice(KEEP, "Keep them", "the clean-up can be done later by resuming the run"),
        Choice(REMOVE, "Remove them", "ends the way back"),
    ),
    default=ASK,
)

RESTORE = Interview(
    groups=(
        Group("backup", "Machine and backup", (MACHINE, ITERATION)),
        Group("way", "How to bring it back", (MODE, START)),
        Group("limits", "Limits and afterwards", (SHUTDOWN_LIMIT, RECOVERY_TARGET, OLD_IMAGES)),
    )
)
