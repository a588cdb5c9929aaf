"""What a run writes to a leaf while it does a daemon's work itself: no daemon may take it up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from steps.ldif_text import normal_dn
from steps.targets.directory import Change, Entry
from steps.virtual_machine.backup.modes import BACKUP, REMOVAL, BackupMode
from steps.virtual_machine.backup.modes import changes_with as backup_changes
from steps.virtual_machine.coordination.orders import finish, order
from steps.virtual_machine.directory_modes import CHAIN, DATE, MODE, STATE, Mode, changes_with
from steps.virtual_machine.job_leaf import JobLeaf, job_leaf
from steps.virtual_machine.job_words import SNAPSHOT
from steps.virtual_machine.node.orders import orders
from tests.unit.memory_directory import MemoryDirectory

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STAMP = "20260102T030405Z"
MACHINE_DN = "sstVirtualMachine=m,ou=virtual machines,dc=x"
LEAF_DN = f"ou=L,ou=backup,{MACHINE_DN}"


def directory_with(mode: str, date: str = "0") -> MemoryDirectory:
    attributes = {
        "objectClass": (b"top", b"organizationalUnit", b"sstProvisioning"), "ou": (b"L",),
        MODE: (mode.encode(),), STATE: (STAMP.encode(),), DATE: (date.encode(),),
    }  # fmt: skip
    return MemoryDirectory("dc=x", [Entry(LEAF_DN, attributes, "1")])


def leaf_in(directory: MemoryDirectory) -> JobLeaf:
    entry = directory.get(LEAF_DN)
    assert entry is not None
    return job_leaf(entry)


def taken_up(leaf: JobLeaf) -> bool:
    """By the rule of our daemon, or by that of the original."""
    ours = orders([leaf], frozenset({normal_dn(MACHINE_DN)}), "node/me", NOW)
    return bool(ours) or (leaf.state == "0" and leaf.date in ("0", f"{NOW:%Y%m%d}"))


@pytest.mark.parametrize(
    ("mode", "written"),
    [(mode, changes_with(mode, STAMP)) for mode in CHAIN]
    + [(mode, backup_changes(mode, STAMP)) for mode in (*BACKUP, *REMOVAL)],
)
def test_no_daemon_takes_up_what_a_run_does_itself(
    mode: Mode | BackupMode, written: Sequence[Change]
) -> None:
    """Also between command and claim, and where the run was killed there."""
    directory = directory_with("before")
    directory.transition(LEAF_DN, MODE, "before", mode, written)
    assert leaf_in(directory).mode == mode
    assert not taken_up(leaf_in(directory))


@pytest.mark.parametrize("mode", [Mode.RESTORING, Mode.FINISHED])
def test_after_a_commands_claim_the_leaf_takes_orders_again(mode: Mode) -> None:
    directory = directory_with("before")
    for word in (Mode.RESTORE, mode):
        now = leaf_in(directory).mode
        directory.transition(LEAF_DN, MODE, now, word, changes_with(word, STAMP))
    assert leaf_in(directory).date == "0"


def test_the_order_of_a_control_instance_counts_whatever_a_run_left_there() -> None:
    directory = directory_with("snapshot", "19700101")
    order(directory, leaf_in(directory), SNAPSHOT)
    assert taken_up(leaf_in(directory))


def test_what_a_control_instance_finishes_takes_orders_again() -> None:
    directory = directory_with("snapshot", "19700101")
    finish(directory, leaf_in(directory), NOW)
    assert leaf_in(directory).date == "0"
