"""A backup in which something fails: the machine is as before, and trying again succeeds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.errors import RekindleError, StepFailed
from steps.drill import practice_machine as practice
from steps.procedure import ProbeInput
from steps.targets.os_errors import NoSpaceLeft
from steps.virtual_machine.backup import work
from steps.virtual_machine.machine_site import find_machine
from steps.virtual_machine.verification import Verified, note
from tests.unit.backup_world import (
    BackupWorld,
    _with_sources,
    context_of,
    generation_of,
    make_world,
    plan_of,
    tells,
)
from tests.unit.deadly import Deadly, Fate
from tests.unit.restore_world import WorldTargets, carry_out, take_back
from tests.unit.test_backup_crashes import WAYS, Stage, assert_backed_up

WRITES = frozenset(
    {"write", "copy", "make_directory", "run", "stream", "save", "snapshot", "commit", "pull",
     "begin_push"}
)  # fmt: skip


@dataclass
class FullDisk(Fate):
    """The Nth effect that writes finds its file system full."""

    def strike(self, name: str, act: Callable[[], object]) -> object:
        if name not in WRITES:
            return act()
        number, self.count = self.count, self.count + 1
        self.names.append(name)
        if number == self.kill_at:
            raise NoSpaceLeft(f"{name}: No space left on device.")
        return act()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path))
    monkeypatch.setattr(work, "POLL_SECONDS", 0.0)


def stage_of(way: str) -> Stage:
    state, method = WAYS[way]
    world = make_world(state)
    plan, answers = plan_of(world, method=method)
    return Stage(world, state, method, plan, answers)


def assert_goes_on(world: BackupWorld, state: str) -> None:
    """It does what it did, and reads what it wrote last."""
    name = practice.MACHINE
    assert world.hypervisor.domains_by_name[name].state == state
    assert world.hypervisor.memory[name] == world.hypervisor.generation, "it never booted anew"
    if state != "shut off":
        assert world.hypervisor.reads(name) == {world.hypervisor.memory[name]}


@pytest.mark.parametrize("way", WAYS)
def test_a_disk_full_at_any_write_leaves_the_machine_at_work_and_a_second_try_succeeds(way: str):
    stage = stage_of(way)
    fate = FullDisk()
    carry_out(stage.plan, stage.doomed(fate))
    assert fate.count > 5
    for number in range(fate.count):
        stage.again()
        context = stage.doomed(FullDisk(number))
        with pytest.raises(RekindleError):
            carry_out(stage.plan, context)
        where = f"{fate.names[number]}, number {number}"
        assert_goes_on(stage.world, stage.state)
        (leaf,) = stage.world.leaves().values() or [("initialize", "0")]
        assert leaf[1] in ("47", "5", "11", "15", "6", "0"), where
        carry_out(stage.plan, stage.survivor(context))
        assert_backed_up(stage, where)
    shutil.rmtree(stage.world.folder.parent)


@pytest.mark.parametrize("call", ["save", "restore_paused", "pull"])
def test_a_save_that_fails_midway_leaves_the_guest_running_on_its_right_disks(call: str):
    stage = stage_of("save")
    stage.world.hypervisor.fail = {call}
    context = context_of(stage.world, stage.answers)
    with pytest.raises(StepFailed):
        carry_out(stage.plan, context)
    assert_goes_on(stage.world, "running")
    if call != "pull":
        images = [str(path) for path in stage.world.images]
        xml = stage.world.hypervisor.xml(practice.MACHINE)
        assert stage.world.hypervisor._sources(xml) == images
        assert not any("retain" in line for line in xml.splitlines() if "source" in line)
    carry_out(stage.plan, context)
    assert_backed_up(stage, call)


@pytest.mark.parametrize("call", ["snapshot", "part"])
def test_a_live_snapshot_that_half_fails_is_taken_back_at_once(call: str):
    stage = stage_of("live")
    stage.world.hypervisor.fail = {call}
    context = context_of(stage.world, stage.answers)
    with pytest.raises(StepFailed):
        carry_out(stage.plan, context)
    assert_goes_on(stage.world, "running")
    names = sorted(path.name for path in stage.world.images)
    assert stage.world.beside_images() == names
    carry_out(stage.plan, context)
    assert_backed_up(stage, call)


@pytest.mark.parametrize("how", ["merged", "taken back"])
@pytest.mark.parametrize("method", ["live", "disk-only"])
def test_what_a_guest_wrote_last_is_kept_where_it_was_defined_anew_on_the_image_and_went_off(
    method: str, how: str
):
    """As an edit in the web interface does: undefine and define while the machine runs."""
    stage = stage_of(method)
    world, name = stage.world, practice.MACHINE
    context = context_of(world, stage.answers)
    carry_out(stage.plan, context, until=f"merge.{practice.FIRST_DISKS[0].target}.{name}")
    domain = world.hypervisor.domains_by_name[name]
    overlays = world.hypervisor._sources(domain.active)
    domain.inactive, domain.active, domain.state = world.definition, "", "shut off"
    with pytest.raises(StepFailed) as told:
        (carry_out if how == "merged" else take_back)(stage.plan, context)
    if how == "taken back":
        assert "may hold what its guest wrote" in told.value.message
    assert {generation_of(path) for path in overlays} == {world.hypervisor.generation}
    # Defined with its overlays again it goes on, and nothing is missing.
    domain.inactive = _with_sources(
        world.definition, dict(zip((d.target for d in practice.FIRST_DISKS), overlays, strict=True))
    )
    take_back(stage.plan, context)
    assert world.hypervisor.reads(name) == {world.hypervisor.generation}
    assert world.beside_images() == sorted(path.name for path in world.images)


def test_taken_back_just_after_a_pull_the_image_is_written_out_before_retain_goes():
    """QEMU still holds tables of the pulled image in memory: a power cut would leave zeros."""
    stage = stage_of("save")
    world, name = stage.world, practice.MACHINE
    context = context_of(world, stage.answers)
    targets = [disk.target for disk in practice.FIRST_DISKS]
    carry_out(stage.plan, context, until=f"merge.{targets[0]}.{name}")
    for target in targets:
        context.touched.add(f"merge.{target}.{name}")
        world.hypervisor.pull(name, target)
    assert world.hypervisor.unwritten
    take_back(stage.plan, context)
    assert not world.hypervisor.unwritten
    assert_goes_on(world, "running")


def test_a_save_xml_with_its_chain_ends_left_in_is_noticed_before_the_guest_runs(
    monkeypatch: pytest.MonkeyPatch,
):
    stage = stage_of("save")
    monkeypatch.setattr(work, "drop_chain_ends", lambda _root: ())
    context = context_of(stage.world, stage.answers)
    with pytest.raises(RekindleError, match="wrong disks"):
        carry_out(stage.plan, context)
    assert_goes_on(stage.world, "running")


def test_a_machine_started_by_somebody_while_it_was_saved_is_left_running():
    stage = stage_of("save")
    world, name = stage.world, practice.MACHINE
    world.hypervisor.fail = {"restore_paused"}
    original = world.hypervisor._may

    def somebody_starts(call: str) -> None:
        if call == "restore_paused" and call in world.hypervisor.fail:
            world.hypervisor.fail.discard(call)
            world.hypervisor.start(name)
            raise StepFailed("domain is already active")
        original(call)

    world.hypervisor._may = somebody_starts  # type: ignore[method-assign]
    with pytest.raises(StepFailed, match="started by somebody else"):
        carry_out(stage.plan, context_of(world, stage.answers))
    assert world.hypervisor.domains_by_name[name].state == "running"


def test_the_number_of_the_plan_is_kept_and_only_a_complete_new_backup_lets_an_old_one_go():
    world = make_world(iterations=2)
    leaves = []
    for _ in range(4):
        plan, answers = plan_of(world)
        carry_out(plan, context_of(world, answers))
        leaves.append(dict(plan.settings)["Backup"])
        assert [f.name for f in world.sets()] == leaves[-2:]
        assert list(world.leaves()) == leaves[-2:]


def test_an_incomplete_backup_neither_counts_nor_goes():
    world = make_world(iterations=1)
    plan, answers = plan_of(world)
    carry_out(plan, context_of(world, answers))
    (first,) = world.sets()
    (first / "INCOMPLETE").write_text("")
    plan, answers = plan_of(world)
    carry_out(plan, context_of(world, answers))
    assert first in world.sets()
    assert len(world.sets()) == 2


def test_a_backup_that_was_found_damaged_lets_no_sound_one_go():
    world = make_world(iterations=2)
    for _ in range(2):
        plan, answers = plan_of(world)
        carry_out(plan, context_of(world, answers))
    sound, damaged = world.sets()
    found_damaged(world, damaged)
    plan, answers = plan_of(world)
    carry_out(plan, context_of(world, answers))
    assert {sound, damaged} < {path for path in world.sets() if path.is_dir()}


def test_a_removal_is_refused_where_the_newer_backups_were_found_damaged():
    world = make_world(iterations=1)
    for _ in range(2):
        plan, answers = plan_of(world, retention="keep")
        carry_out(plan, context_of(world, answers))
    old, newer = world.sets()
    plan, answers = plan_of(world)
    found_damaged(world, newer)
    removal = next(step for step in plan.steps if step.name.startswith(f"delete.{old.name}"))
    with pytest.raises(RekindleError, match="newest complete"):
        removal.apply(context_of(world, answers))
    assert tells(old)["memory"] is not None


def found_damaged(world: BackupWorld, folder: Path) -> None:
    """A check has found that set damaged."""
    targets = WorldTargets(world)  # type: ignore[arg-type]
    site = find_machine(ProbeInput(world.site, {}, targets), practice.MACHINE)  # type: ignore[arg-type]
    verdict = Verified("20260101T000000Z", "vda reads otherwise")
    note(site.shell, site.iteration(folder.name), verified=verdict)


def test_the_newest_complete_backup_is_never_removed():
    world = make_world(iterations=1)
    for _ in range(2):
        plan, answers = plan_of(world)
        if len(world.sets()) == 1:
            break
        carry_out(plan, context_of(world, answers))
    old = world.sets()[0]
    removal = next(step for step in plan.steps if step.name.startswith("delete."))
    context = context_of(world, answers)
    with pytest.raises(RekindleError, match="newest complete"):
        removal.apply(context)
    assert tells(old)["memory"] is not None
    assert "INCOMPLETE" not in [path.name for path in old.iterdir()]


def test_two_file_systems_are_told_from_one_by_the_copy():
    """Retain elsewhere: every file is copied, compared, and its original removed at the end."""
    stage = stage_of("live")

    class OtherDevice(Deadly):
        def __getattr__(self, name: str):
            found = getattr(self._inner, name)
            if name != "status":
                return found

            def status(path: str):
                from dataclasses import replace

                seen = found(path)
                return replace(seen, device=99) if seen and "/backup/" in path else seen

            return status

    targets = WorldTargets(stage.world, lambda t: OtherDevice(t, Fate()))  # type: ignore[arg-type]
    context = context_of(stage.world, stage.answers, targets)
    carry_out(stage.plan, context)
    assert_backed_up(stage, "two file systems")
    assert sum("root" in value for key, value in context.facts.items() if "retained." in key) == 5
