"""The daemon of a node on a real slapd, driven by ldapmodify in the guide's words."""

from __future__ import annotations

import re
import shutil
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from steps.targets.directory import Change
from steps.virtual_machine.coordination import standing
from steps.virtual_machine.coordination.observer import Observer
from steps.virtual_machine.coordination.standing import Kind
from steps.virtual_machine.job_leaf import stamp_time
from tests.real.node_world import LEAF, NodeWorld, both, machine_name, node_world
from tests.real.slapd_support import PASSWORD


@pytest.fixture
def world(tmp_path: Path) -> Iterator[NodeWorld]:
    with node_world(tmp_path, nodes=2, machines=2) as made:
        yield made


def test_a_whole_backup_ordered_by_an_original_control_instance(world: NodeWorld) -> None:
    world.daemon()
    for order, doing, done in (
        ("snapshot", "snapshotting", "snapshotted"),
        ("merge", "merging", "merged"),
        ("retain", "retaining", "retained"),
    ):
        world.order(order)
        leaf = world.wait_mode(done)
        assert leaf.return_value == 0
        assert re.fullmatch(r"\d{8}T\d{6}Z", leaf.state)
        assert leaf.owner == ""
        assert doing != leaf.mode
    assert [name for name, _seconds in world.leaf().times] == ["snapshot", "merge", "retain"]
    assert world.done() == sorted(both("snapshot") + both("merge") + both("retain"))
    assert world.twice == []


def test_the_snapshots_moment_stays_on_the_leaf(world: NodeWorld) -> None:
    world.daemon()
    world.order("snapshot")
    world.wait_mode("snapshotted")
    world.order("merge")
    leaf = world.wait_mode("merged")
    taken = datetime.fromisoformat(leaf.mark("rekindle snapshot at"))
    assert abs(datetime.now(UTC) - taken) < timedelta(seconds=240)


def test_success_is_one_write_and_not_three(world: NodeWorld) -> None:
    world.hold()
    world.daemon()
    world.order("snapshot")
    claimed = world.wait_mode("snapshotting")
    assert not claimed.commanded
    assert claimed.owner.startswith("node-01.example.org/")
    world.let_go()
    leaf = world.wait_mode("snapshotted")
    # Mode, return value, state and time are there at the first moment the mode can be seen.
    assert (leaf.return_value, len(leaf.times), leaf.commanded) == (0, 1, False)


def test_an_order_for_another_node_is_left_alone(world: NodeWorld) -> None:
    world.daemon(node=2)
    world.order("snapshot", 1)
    world.order("snapshot", 2)
    world.wait_mode("snapshotted", 2)
    assert world.leaf(1).mode == "snapshot"
    assert world.done(1) == []


def test_finished_work_is_not_done_again_when_a_daemon_begins_from_nothing(
    world: NodeWorld,
) -> None:
    world.daemon()
    world.order("snapshot")
    world.wait_mode("snapshotted")
    for effect in world.effects.iterdir():
        effect.unlink()
    # A second daemon has no memory at all and reads everything anew.
    world.daemon(state="another")
    world.wait_alive(2)
    time.sleep(0.8)
    assert world.done() == []
    assert world.leaf().mode == "snapshotted"


@pytest.mark.parametrize(
    ("date", "due"),
    [("0", True), ("{today}", True), ("{yesterday}", True), ("{tomorrow}", False),
     ("20121002", False)],
)  # fmt: skip
def test_an_order_waits_for_its_day(world: NodeWorld, date: str, due: bool) -> None:
    today = datetime.now().astimezone()
    days = {"today": 0, "yesterday": -1, "tomorrow": 1}
    value = date.format(
        **{name: f"{today + timedelta(days=away):%Y%m%d}" for name, away in days.items()}
    )
    world.write("sstProvisioningExecutionDate", value)
    world.order("snapshot")
    daemon = world.daemon(once=True)
    assert daemon.wait(120) == 0
    assert (world.leaf().mode == "snapshotted") is due


@pytest.mark.parametrize("first", ["sstProvisioningMode", "sstProvisioningState"])
def test_an_order_written_in_two_halves_is_taken_when_it_is_whole(
    world: NodeWorld, first: str
) -> None:
    halves = {"sstProvisioningMode": "snapshot", "sstProvisioningState": "0"}
    world.daemon()
    world.wait_alive()
    world.write(first, halves.pop(first))
    time.sleep(0.5)
    assert world.done() == []
    for attribute, value in halves.items():
        world.write(attribute, value)
    world.wait_mode("snapshotted")


def test_a_failure_stays_in_the_mode_with_return_value_and_state_0(world: NodeWorld) -> None:
    (world.effects / f"fail@{machine_name(1)}.merge.2").touch()
    world.daemon()
    world.order("merge")
    world.wait_for(lambda: world.leaf().return_value)
    leaf = world.leaf()
    assert (leaf.mode, leaf.return_value, leaf.state) == ("merging", 11, "0")
    assert "The toy broke" in leaf.mark("rekindle failed")
    time.sleep(0.6)
    assert world.done() == both("merge")[:1], "a failure is not tried again by itself"


def test_a_failed_order_is_done_when_it_is_ordered_again(world: NodeWorld) -> None:
    stone = world.effects / f"fail@{machine_name(1)}.merge.2"
    stone.touch()
    world.daemon()
    world.order("merge")
    world.wait_for(lambda: world.leaf().return_value)
    stone.unlink()
    world.order("merge")
    leaf = world.wait_mode("merged")
    assert (leaf.return_value, leaf.mark("rekindle failed")) == (0, "")
    assert world.done() == both("merge")
    assert world.twice == []


def test_no_secret_reaches_directory_or_log(world: NodeWorld) -> None:
    (world.effects / f"fail@{machine_name(1)}.merge.1").touch()
    world.daemon()
    world.order("merge")
    world.wait_for(lambda: world.leaf().return_value)
    world.wait_for(lambda: "failed with return value 11" in world.said())
    kept = "".join(
        f.read_text(errors="replace") for f in (world.folder / "state-1").rglob("*") if f.is_file()
    )
    assert "The toy broke" in kept
    for text in (world.said(), kept, *world.leaf().marks):
        assert PASSWORD.reveal() not in text


def test_two_daemons_of_one_node_share_the_work_and_never_do_it_twice(tmp_path: Path) -> None:
    with node_world(tmp_path, nodes=1, machines=12) as world:
        world.daemon(state="one", at_once=2)
        world.daemon(state="two", at_once=2)
        world.wait_alive(2)
        for number in range(1, 13):
            world.order("snapshot", number)
        for number in range(1, 13):
            world.wait_mode("snapshotted", number)
        for number in range(1, 13):
            assert world.done(number) == both("snapshot")
        assert world.twice == []


def test_a_second_daemon_with_the_same_state_is_refused(world: NodeWorld) -> None:
    world.daemon()
    world.wait_alive()
    second = world.daemon()
    assert second.wait(120) != 0
    assert "Another daemon works with the state folder" in world.said()


DEATHS = [
    "before snapshotting", "after snapshotting", "before snapshot.1", "after snapshot.1",
    "before snapshot.2", "after snapshot.2", "before snapshotted", "after snapshotted",
]  # fmt: skip


@pytest.mark.parametrize("point", DEATHS)
def test_a_daemon_killed_at_any_point_goes_on_after_its_restart(
    world: NodeWorld, point: str
) -> None:
    world.order("snapshot")
    victim = world.daemon(die_at=point)
    assert victim.wait(120) == -signal.SIGKILL
    world.daemon()
    leaf = world.wait_mode("snapshotted")
    assert (leaf.return_value, leaf.commanded, leaf.owner) == (0, False, "")
    assert world.done() == both("snapshot")
    assert world.twice == []


def test_the_work_of_a_dead_daemon_is_not_taken_by_another(world: NodeWorld) -> None:
    world.order("snapshot")
    victim = world.daemon(state="dead", die_at="after snapshot.1")
    assert victim.wait(120) == -signal.SIGKILL
    world.daemon(state="other")
    world.wait_alive(2)
    time.sleep(0.8)
    assert world.leaf().mode == "snapshotting"
    assert world.done() == both("snapshot")[:1]


def test_a_daemon_that_beats_but_hangs_is_suspect_and_goes_on_after_its_restart(
    world: NodeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = world.daemon(hang_at="merge.2")
    world.order("merge")
    observer = Observer()

    def kind() -> Kind:
        look = observer.look(world.directory)
        leaf = look.leaf(world.leaf_dn())
        assert leaf is not None
        return look.standing(leaf).kind

    world.wait_for(lambda: kind() is Kind.WORKING)
    monkeypatch.setattr(standing, "SUSPECT_LEAST_SECONDS", 1.0)
    monkeypatch.setattr(standing, "UNKNOWN_SECONDS", 1.0)
    world.wait_for(lambda: kind() is Kind.SLOW)
    assert daemon.poll() is None
    assert [busy.task for beat in world.beats() for busy in beat.busy] == ["merge"]
    assert world.leaf().mode == "merging", "nobody ordered it again"
    daemon.kill()
    daemon.wait()
    world.daemon()
    world.wait_mode("merged")
    assert world.done() == both("merge")
    assert world.twice == []


def test_a_directory_that_restarts_in_the_middle_loses_nothing(world: NodeWorld) -> None:
    world.hold()
    world.daemon()
    world.order("snapshot")
    world.wait_mode("snapshotting")
    world.restart_slapd()
    world.directory.close()
    world.let_go()
    leaf = world.wait_mode("snapshotted")
    assert leaf.return_value == 0
    assert world.done() == both("snapshot")
    assert world.twice == []
    world.order("merge")
    world.wait_mode("merged")


def test_a_line_cut_in_the_middle_loses_nothing(world: NodeWorld, tmp_path: Path) -> None:
    from tests.real.slapd_support import Relay

    relay = Relay(world.slapd.url)
    world.url = f"ldap://127.0.0.1:{relay.port}/"
    try:
        world.hold()
        world.daemon()
        world.order("snapshot")
        world.wait_mode("snapshotting")
        relay.swallow_answers = True
        world.let_go()
        # The report of success reaches the server; its answer never comes back.
        world.wait_mode("snapshotted")
        time.sleep(0.5)
        relay.swallow_answers = False
        relay.cut()
        world.order("merge")
        world.wait_mode("merged")
    finally:
        relay.close()
    assert world.done() == sorted(both("snapshot") + both("merge"))
    assert world.twice == []


def test_a_stopped_daemon_finishes_what_must_not_be_left_and_says_goodbye(
    world: NodeWorld,
) -> None:
    world.hold()
    daemon = world.daemon()
    world.order("snapshot")
    world.wait_mode("snapshotting")
    daemon.terminate()
    world.let_go()
    assert daemon.wait(120) == 0
    assert world.leaf().mode == "snapshotted"
    assert world.beats() == ()


def test_a_stopped_daemon_leaves_a_merge_and_takes_it_up_again(world: NodeWorld) -> None:
    world.hold()
    daemon = world.daemon()
    world.order("merge")
    world.wait_mode("merging")
    world.wait_for(lambda: any(beat.busy for beat in world.beats()))
    daemon.terminate()
    assert daemon.wait(120) == 0
    assert world.leaf().mode == "merging"
    world.let_go()
    world.daemon()
    world.wait_mode("merged")
    assert world.done() == both("merge")


def test_the_heartbeat_tells_what_is_being_done_and_how_far(world: NodeWorld) -> None:
    world.hold()
    world.daemon(turns=20)
    world.order("merge")
    world.wait_for(lambda: any(b.done > 0 for beat in world.beats() for b in beat.busy))
    (beat,) = world.beats()
    (busy,) = beat.busy
    assert (beat.node, busy.leaf, busy.task) == ("node-01.example.org", world.leaf_dn(), "merge")
    assert busy.total == 20


def test_a_node_the_directory_does_not_know_is_told_at_the_start(world: NodeWorld) -> None:
    daemon = world.daemon(node=7)
    assert daemon.wait(120) != 0
    assert "sstNode=node-07.example.org" in world.said()


def test_a_copied_state_folder_is_noticed(world: NodeWorld) -> None:
    first = world.daemon(state="first")
    world.wait_alive()
    first.send_signal(signal.SIGSTOP)
    shutil.copytree(world.folder / "first", world.folder / "copy")
    first.send_signal(signal.SIGCONT)
    world.daemon(state="copy")
    world.wait_for(lambda: first.poll() is not None)
    assert "Another daemon beats as" in world.said(0)


def test_without_syncrepl_the_directory_is_looked_at_regularly(tmp_path: Path) -> None:
    with node_world(tmp_path) as world:
        configuration = tmp_path / "slapd" / "slapd.conf"
        text = configuration.read_text().replace("overlay syncprov\n", "")
        configuration.write_text(text.replace("moduleload syncprov\n", ""))
        world.restart_slapd()
        world.directory.close()
        world.daemon(calm=60.0)
        world.wait_for(lambda: "does not serve syncrepl" in world.said())
        world.order("snapshot")
        world.wait_mode("snapshotted")


def test_with_syncrepl_an_order_is_taken_at_once(world: NodeWorld) -> None:
    world.daemon(look=60.0, calm=60.0)
    world.wait_alive()
    time.sleep(1.0)
    began = time.monotonic()
    world.order("snapshot")
    world.wait_mode("snapshotted")
    assert time.monotonic() - began < 40


def test_a_host_whose_clock_is_three_days_wrong_works_by_the_servers_time(
    world: NodeWorld,
) -> None:
    world.write("sstProvisioningExecutionDate", f"{datetime.now().astimezone():%Y%m%d}")
    world.order("snapshot")
    daemon = world.daemon(once=True, skew=-3 * 86400)
    assert daemon.wait(120) == 0
    leaf = world.leaf()
    assert leaf.mode == "snapshotted"
    stamped = stamp_time(leaf.state)
    assert stamped is not None
    assert abs(datetime.now(UTC) - stamped) < timedelta(seconds=300)


def test_a_migrated_machine_is_the_new_nodes_work(world: NodeWorld) -> None:
    world.daemon(node=1)
    world.daemon(node=2)
    world.wait_alive(2)
    world.order("snapshot")
    world.wait_mode("snapshotted")
    entry = world.directory.get(world.machine_dn())
    assert entry is not None
    world.directory.modify(
        entry.dn, [Change("replace", "sstNode", (b"node-02.example.org",))],
        expected_csn=entry.entry_csn,
    )  # fmt: skip
    world.order("merge")
    world.wait_mode("merged")
    world.wait_for(lambda: f"merge of {machine_name(1)} ({LEAF}): done" in world.said(1))
