"""The questions of a backup of virtual machines: the text an operator reads."""

from __future__ import annotations

from collections.abc import Callable

from config.errors import InvalidInput
from config.questions import Choice, Given, Group, Interview, Kind, Question, Value

ALL = "all"
BEST = "best"
REFUSE = "refuse"
LEAVE_OUT = "leave-out"
INCLUDE = "include"
AUTO = "auto"
NODES = "nodes"
HERE = "here"

_MOST_AT_ONCE = 64
_LONGEST = 7 * 24 * 3600
_WIDEST = 100_000


def _between(low: int, high: int, unit: str) -> Callable[[Value, Given], None]:
    def check(value: Value, _given: Given) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise InvalidInput(
                f"{value!r} is not a number of {unit} between {low} and {high}.",
                "Write digits only.",
            )

    return check


def _names(value: Value, _given: Given) -> None:
    # Machines become folder names: refuse before anything is looked up.
    for name in value if isinstance(value, tuple) else (str(value),):
        if name in (".", "..") or "/" in name or not name.isprintable():
            raise InvalidInput(f"{name!r} cannot be a machine.", "Pick from the list.")


def _from_here(given: Given) -> bool:
    """Whether this program may do the work: a daemon decides by itself how."""
    return given.get("through") != NODES


THROUGH = Question(
    name="through",
    title="Who does the work",
    kind=Kind.CHOICE,
    why="A daemon (rekindle node) works on its own node and is ordered through the directory: many"
    " nodes at once, and no connection from here to their hypervisors.",
    help="rekindle machines shows which nodes have a living daemon. Daemons choose the method for"
    " each machine, and keep to the bandwidth of its backup plan.",
    choices=(
        Choice(AUTO, "Daemons where every node has one", "else this program"),
        Choice(NODES, "The daemons of the nodes", "an order waits for a daemon that is down"),
        Choice(HERE, "This program"),
    ),
    default=AUTO,
)

MACHINES = Question(
    name="machines",
    title="Machines",
    kind=Kind.CHOICES,
    why="All are snapshotted first, as close together as the bound allows; then each is merged and"
    " brought to the backup. One that fails stops no other.",
    help="By node, with what each does now and its last backup. `all` takes every machine of the"
    " directory.",
    choices_probe="backup-machines",
    probe="backup-look",
    depends_on=("through",),
    check=_names,
)

METHOD = Question(
    name="method",
    title="Method",
    kind=Kind.CHOICE,
    why="Live keeps memory and disks of one moment without stopping the guest. A machine that is"
    " off has one way only, a paused one is saved.",
    help="Save is the guide's way: the guest stands still while it is saved and restored. Disk only"
    " and push keep no memory: such a backup boots as after a power cut.",
    choices=(
        Choice(BEST, "The best for each machine"),
        Choice("live", "Live", "memory and disks, no downtime"),
        Choice("save", "Save and restore", "memory and disks, with a downtime"),
        Choice("disk-only", "Disks only, by snapshot", "no memory"),
        Choice("push", "Disks only, pushed by the hypervisor", "no memory, no overlay"),
    ),
    default=BEST,
    condition=_from_here,
)

EXCLUDED = Question(
    name="excluded",
    title="Machines that their plan excludes",
    kind=Kind.CHOICE,
    why="A machine whose backup plan says sstBackupExcludeFromBackup.",
    choices=(
        Choice(LEAVE_OUT, "Leave them out", "each is named in the plan"),
        Choice(REFUSE, "Refuse to begin"),
        Choice(INCLUDE, "Back them up all the same"),
    ),
    default=LEAVE_OUT,
)

FAULTY = Question(
    name="faulty",
    title="Machines that something speaks against",
    kind=Kind.CHOICE,
    why="No room, a leftover overlay, a backup that did not end: what was found is shown.",
    choices=(
        Choice(REFUSE, "Refuse to begin"),
        Choice(LEAVE_OUT, "Leave them out", "each is named in the plan with its reason"),
    ),
    default=REFUSE,
)

AT_ONCE = Question(
    name="at_once",
    title="Machines side by side",
    kind=Kind.NUMBER,
    why="More bring the snapshots closer together and load disks and nodes more.",
    default=4,
    check=_between(1, _MOST_AT_ONCE, "machines"),
    condition=_from_here,
)

BANDWIDTH = Question(
    name="bandwidth",
    title="Limit of a merge, in MiB a second",
    kind=Kind.NUMBER,
    why="0 takes what each machine's backup plan says, where that is 0 as well there is no limit.",
    default=0,
    check=_between(0, _WIDEST, "MiB a second"),
    condition=_from_here,
)

MERGE_LIMIT = Question(
    name="merge_limit",
    title="Seconds that one disk may take to merge",
    kind=Kind.NUMBER,
    why="After that the merge is stopped and the machine stays on its chain: nothing is lost, and"
    " it can be tried again. 0 is no limit.",
    default=4 * 3600,
    check=_between(0, _LONGEST, "seconds"),
    condition=_from_here,
)

RAM_DISK = Question(
    name="ram_disk",
    title="Save memory to the RAM disk first",
    kind=Kind.YES_NO,
    why="For the save method: a shorter downtime. Until the state is moved to retain, a power cut"
    " takes the memory of a saved machine with it.",
    default=False,
    condition=lambda given: _from_here(given) and given.get("method") in (BEST, "save"),
)

RETENTION = Question(
    name="retention",
    title="Older backups beyond the plan's number",
    kind=Kind.CHOICE,
    why="Removed one machine after the other, once its new backup is complete and proved.",
    choices=(
        Choice("remove", "Remove them", "the plan of this run names each"),
        Choice("keep", "Keep all of them this time"),
    ),
    default="remove",
)

BACKUP = Interview(
    groups=(
        Group("machines", "Machines", (MACHINES, THROUGH, EXCLUDED, FAULTY)),
        Group("way", "How to take the snapshots", (METHOD, RAM_DISK, AT_ONCE)),
        Group("limits", "Limits and older backups", (BANDWIDTH, MERGE_LIMIT, RETENTION)),
    )
)
