"""The control side on a real slapd, with real daemons, an original daemon, and a second control."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import Refused
from steps.targets.directory import Change
from steps.targets.ldap_directory import LdapDirectory
from steps.virtual_machine.coordination import standing as rules
from steps.virtual_machine.coordination.observer import Observer
from steps.virtual_machine.coordination.steps import CommandedJob, GiveOrder
from steps.virtual_machine.directory_modes import COMMANDED, MODE, STATE
from steps.virtual_machine.job_words import SNAPSHOT
from steps.virtual_machine.server_clock import ServerClock
from tests.real.control_support import NEW_LEAF, Control, ControlContext, commanded, control
from tests.real.node_world import NodeWorld, machine_name, node_world
from tests.real.slapd_support import PASSWORD


@pytest.fixture
def world(tmp_path: Path) -> Iterator[NodeWorld]:
    with node_world(tmp_path, nodes=2, machines=4, leaf_mode="finished") as made:
        yield made


def effects(leaf: str = NEW_LEAF) -> list[str]:
    return sorted(f"{leaf}.{task}.{n}" for task in ("snapshot", "merge", "retain") for n in (1, 2))


def test_every_machine_is_snapshotted_before_any_is_merged(world: NodeWorld) -> None:
    world.daemon(node=1, turns=2)
    world.daemon(node=2, turns=2)
    world.wait_alive(2)
    ran = control(world, "run-1", commanded(range(1, 5), 2)).start().join()
    assert ran.failed == {}
    snapshots, merges = [], []
    for number in range(1, 5):
        leaf = world.leaf(number, NEW_LEAF)
        assert (leaf.mode, leaf.return_value, leaf.commanded) == ("finished", 0, False)
        assert world.done(number) == effects()
        name = f"{machine_name(number)}@{NEW_LEAF}"
        snapshots.append((world.effects / f"{name}.snapshot.2").stat().st_mtime)
        merges.append((world.effects / f"{name}.merge.1").stat().st_mtime)
    assert max(snapshots) < min(merges)
    assert world.twice == []


def test_the_lock_of_a_machine_is_gone_at_the_end(world: NodeWorld) -> None:
    world.daemon(node=1)
    control(world, "run-1", commanded(range(1, 2), 2)).start().join()
    entry = world.directory.get(f"ou=backup,{world.machine_dn()}")
    assert entry is not None
    assert entry.values("description") == ()


def test_the_daemons_progress_is_seen(world: NodeWorld) -> None:
    world.daemon(node=1, turns=30)
    ran = control(world, "run-1", commanded(range(1, 2), 2)).start().join()
    assert any(total == 30 and done for done, total in ran.contexts[machine_name(1)].shown)


def test_a_machine_that_fails_leaves_the_others_alone(world: NodeWorld) -> None:
    (world.effects / f"fail@{machine_name(1)}.snapshot.2").touch()
    world.daemon(node=1)
    world.daemon(node=2)
    ran = control(world, "run-1", commanded(range(1, 4), 2)).start().join()
    assert list(ran.failed) == [machine_name(1)]
    told = ran.failed[machine_name(1)]
    assert "return value 11 (the merge failed): The toy broke" in told.message
    assert world.leaf(1, NEW_LEAF).mode == "snapshotting"
    assert [world.leaf(n, NEW_LEAF).mode for n in (2, 3)] == ["finished"] * 2


def test_a_retry_orders_the_failed_task_again(world: NodeWorld) -> None:
    stone = world.effects / f"fail@{machine_name(1)}.merge.1"
    stone.touch()
    world.daemon(node=1)
    machines = commanded(range(1, 2), 2)
    assert control(world, "run-1", machines).start().join().failed
    stone.unlink()
    # The same run again, as `resume` does it.
    assert control(world, "run-1", machines).start().join().failed == {}
    assert world.leaf(1, NEW_LEAF).mode == "finished"
    assert world.twice == []


def test_a_retry_is_not_judged_by_a_look_from_before_it(world: NodeWorld) -> None:
    stone = world.effects / f"fail@{machine_name(1)}.merge.1"
    stone.touch()
    world.daemon(node=1)
    job = CommandedJob(commanded(range(1, 2), 2), look_seconds=2.0, patience_seconds=30.0)
    assert Control(world, "run-1", job).start().join().failed
    stone.unlink()
    assert Control(world, "run-1", job).start().join().failed == {}


def test_of_two_control_instances_one_backs_a_machine_up(world: NodeWorld) -> None:
    world.daemon(node=1, turns=2)
    world.daemon(node=2, turns=2)
    world.wait_alive(2)
    rivals = [
        control(world, f"run-{n}", commanded(range(1, 5), 2, f"2026112{n}T030000Z")).start()
        for n in (1, 2)
    ]
    for rival in rivals:
        rival.join()
    for number in range(1, 5):
        lost = [rival for rival in rivals if machine_name(number) in rival.failed]
        assert len(lost) == 1
        message = lost[0].failed[machine_name(number)].message
        assert any(w in message for w in ("another control", "not finished", "was changed"))
        assert len(world.done(number)) == 6
    assert world.twice == []


def test_a_control_instance_that_died_goes_on_where_it_was(world: NodeWorld) -> None:
    world.daemon(node=1)
    machines = commanded(range(1, 2), 2)
    for phase in ("initialize", "snapshot-orders", "snapshot", "merge-orders", "merge", "retain"):
        control(world, "run-1", machines, die_after=phase).start().join()
        ran = control(world, "run-1", machines).start().join()
        assert ran.failed == {}
        assert world.done(1) == effects()
        assert world.twice == []
        for effect in world.effects.iterdir():
            effect.unlink()
        world.directory.delete(world.leaf_dn(1, NEW_LEAF))


def test_a_node_without_a_daemon_is_told_and_the_order_waits(
    world: NodeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "UNHEARD_SECONDS", 1.0)
    world.daemon(node=2)
    world.wait_alive()
    other = control(world, "run-2", commanded(range(2, 3), 2)).start()
    ran = control(world, "run-1", commanded(range(1, 2), 2), patience=0.5).start().join()
    assert other.join().failed == {}
    told = ran.failed[machine_name(1)]
    assert "no daemon there has a heartbeat" in told.message
    assert "systemctl start" in told.remedy
    assert world.leaf(2, NEW_LEAF).mode == "finished"
    # Once it is started, it finds the order.
    world.daemon(node=1)
    ran = control(world, "run-1", commanded(range(1, 2), 2)).start().join()
    assert ran.failed == {}


def test_a_daemon_that_dies_in_the_middle_is_told_from_a_slow_one(world: NodeWorld) -> None:
    world.hold()
    slow = world.daemon(node=1)
    world.wait_alive()
    ran = control(world, "run-1", commanded(range(1, 2), 2), patience=4.0).start()
    world.wait_for(lambda: any(b.busy for b in world.beats()))
    time.sleep(6)
    assert ran.failed == {}, "slow is not dead"
    slow.kill()
    world.let_go()
    ran.join()
    assert "which is gone: its last beat was" in ran.failed[machine_name(1)].message
    world.daemon(node=1)
    assert control(world, "run-1", commanded(range(1, 2), 2)).start().join().failed == {}
    assert world.twice == []


@pytest.mark.parametrize("hours", [-30, 30])
def test_a_control_host_whose_clock_is_wrong_judges_no_daemon_dead(
    world: NodeWorld, hours: int
) -> None:
    def wrong() -> Observer:
        return Observer(ServerClock(wall=lambda: datetime.now(UTC) + timedelta(hours=hours)))

    # It beats seldom: a busy host's daemon is not late at once.
    world.daemon(node=1, turns=20, beat=20.0)
    world.wait_alive()
    ran = control(
        world, "run-1", commanded(range(1, 2), 2), patience=0.3, observer=wrong
    ).start().join()  # fmt: skip
    assert ran.failed == {}


def original_daemon(world: NodeWorld, number: int, stop: threading.Event, *, cut: bool) -> None:
    """What the original writes: the "-ing" mode with state 0; mode, return value, state, apart."""
    words = {"snapshot": "snapshott", "merge": "merg", "retain": "retain"}

    def write(attribute: str, value: str) -> None:
        world.ldapmodify(
            f"dn: {world.leaf_dn(number, NEW_LEAF)}\nchangetype: modify\n"
            f"replace: {attribute}\n{attribute}: {value}\n"
        )
        time.sleep(0.2)

    while not stop.wait(0.05):
        entry = world.directory.get(world.leaf_dn(number, NEW_LEAF))
        mode = entry.text("sstProvisioningMode") if entry else None
        if entry is None or mode not in words or entry.text("sstProvisioningState") != "0":
            continue
        write("sstProvisioningMode", f"{words[mode]}ing")
        write("sstProvisioningMode", f"{words[mode]}ed")
        write("sstProvisioningReturnValue", "0")
        if not cut:
            write("sstProvisioningState", "20261127T031500Z")


@pytest.mark.parametrize("cut", [False, True])
def test_an_original_daemon_is_understood_in_each_half_of_its_writes(
    world: NodeWorld, monkeypatch: pytest.MonkeyPatch, cut: bool
) -> None:
    if cut:
        monkeypatch.setattr(rules, "HALF_SECONDS", 1.0)
    stop = threading.Event()
    daemon = threading.Thread(target=original_daemon, args=(world, 1, stop), kwargs={"cut": cut})
    daemon.start()
    try:
        ran = control(world, "run-1", commanded(range(1, 2), 2)).start().join()
    finally:
        stop.set()
        daemon.join()
    assert ran.failed == {}
    leaf = world.leaf(1, NEW_LEAF)
    assert (leaf.mode, leaf.commanded, leaf.return_value) == ("finished", False, 0)


def test_an_original_daemon_that_fails_is_understood(world: NodeWorld) -> None:
    ran = control(world, "run-1", commanded(range(1, 2), 2)).start()
    world.wait_for(lambda: world.directory.get(world.leaf_dn(1, NEW_LEAF)))
    world.wait_for(lambda: world.leaf(1, NEW_LEAF).mode == "snapshot")
    for attribute, value in (
        ("sstProvisioningMode", "snapshotting"),
        ("sstProvisioningReturnValue", "4"),
    ):
        world.ldapmodify(
            f"dn: {world.leaf_dn(1, NEW_LEAF)}\nchangetype: modify\n"
            f"replace: {attribute}\n{attribute}: {value}\n"
        )
    ran.join()
    assert "return value 4 (the RAM disk is too small)" in ran.failed[machine_name(1)].message


def test_an_original_broker_that_goes_ahead_by_itself_disturbs_nobody(world: NodeWorld) -> None:
    world.daemon(node=1, turns=2)
    stop = threading.Event()
    onward = {"snapshotted": "merge", "merged": "retain"}

    commanded_now = Change("replace", STATE, (COMMANDED.encode(),))

    def broker() -> None:
        directory = LdapDirectory(world.access, PASSWORD)
        while not stop.wait(0.02):
            entry = directory.get(world.leaf_dn(1, NEW_LEAF))
            mode = (entry.text("sstProvisioningMode") or "") if entry else ""
            if entry and mode in onward:
                # Where that was not overtaken: on a busy host it would order what is at work.
                with suppress(Refused):
                    directory.transition(entry.dn, MODE, mode, onward[mode], (commanded_now,))
        directory.close()

    thread = threading.Thread(target=broker)
    thread.start()
    try:
        ran = control(world, "run-1", commanded(range(1, 2), 2)).start().join()
    finally:
        stop.set()
        thread.join()
    assert ran.failed == {}
    assert world.done(1) == effects()
    assert world.twice == []


def test_an_order_that_a_broker_gave_just_before_is_not_given_again_and_is_no_error(
    world: NodeWorld,
) -> None:
    machines = commanded(range(1, 2), 2)
    ran = control(world, "run-1", machines, die_after="snapshot-orders").start().join()
    before = world.leaf(1, NEW_LEAF)
    assert before.mode == "snapshot"
    with closing(LdapDirectory(world.access, PASSWORD)) as directory:
        # As after a look that still saw no order.
        GiveOrder(ran.job, machines[0], SNAPSHOT).apply(
            ControlContext(directory, world.folder / "run-1")  # type: ignore[arg-type]
        )
    assert world.leaf(1, NEW_LEAF).csn == before.csn


def test_a_partition_in_the_middle_of_everything_ends_well(world: NodeWorld) -> None:
    world.hold()
    world.daemon(node=1)
    world.daemon(node=2)
    world.wait_alive(2)
    ran = control(world, "run-1", commanded(range(1, 5), 2)).start()
    world.wait_for(lambda: world.leaf(1, NEW_LEAF).mode == "snapshotting"
                   if world.directory.get(world.leaf_dn(1, NEW_LEAF)) else False)  # fmt: skip
    import os

    os.kill(world.slapd.pid, signal.SIGSTOP)
    world.let_go()
    time.sleep(3)
    os.kill(world.slapd.pid, signal.SIGCONT)
    ran.join()
    assert ran.failed == {}
    for number in range(1, 5):
        assert world.done(number) == effects()
    assert world.twice == []


def test_the_older_iteration_that_is_not_finished_stops_a_new_one(world: NodeWorld) -> None:
    world.write("sstProvisioningMode", "merging")
    ran = control(world, "run-1", commanded(range(1, 2), 2)).start().join()
    assert "is not finished" in ran.failed[machine_name(1)].message
    assert world.directory.get(world.leaf_dn(1, NEW_LEAF)) is None


def test_the_leaf_written_is_the_guides(world: NodeWorld) -> None:
    control(world, "run-1", commanded(range(1, 2), 2), die_after="initialize").start().join()
    entry = world.directory.get(world.leaf_dn(1, NEW_LEAF))
    assert entry is not None
    assert entry.text("sstProvisioningMode") == "initialized"
    assert entry.text("sstProvisioningExecutionDate") == "0"
    assert entry.text("sstProvisioningReturnValue") == "0"
    assert (entry.text("sstProvisioningState") or "").endswith("Z")
