"""A machine that may be on another node than is known, at a site of two that share the backups."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from config.errors import Unreachable
from config.site import HypervisorNode, Site
from steps.drill import practice_machine as practice
from steps.procedure import ProbeInput
from steps.virtual_machine.backup_set import findings
from steps.virtual_machine.machine_site import find_machine
from steps.virtual_machine.set_look import look_at_set
from tests.unit.restore_world import NODE, PretendedHypervisor, World, make_world

FIRST = "node-00.practice.invalid"


class Blind:
    """A node on which the backup storage is not mounted."""

    def status(self, _path: str) -> None:
        return None


class TwoNodes:
    """Both see the same files; each has a hypervisor of its own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.hypervisors: dict[str, PretendedHypervisor | None] = {
            FIRST: PretendedHypervisor(), NODE: PretendedHypervisor(),
        }  # fmt: skip
        self.blind: set[str] = set()
        self.down: set[str] = set()
        self.asked: list[str] = []

    def shell(self, name: str) -> object:
        self.asked.append(name)
        if name in self.down:
            raise Unreachable(f"{name} does not answer.")
        return Blind() if name in self.blind else self._world.shell

    def hypervisor(self, name: str) -> PretendedHypervisor:
        found = self.hypervisors[name]
        if found is None:
            raise Unreachable(f"{name} does not answer.")
        return found

    def directory(self) -> object:
        return self._world.directory


@pytest.fixture
def known(tmp_path: Path) -> World:
    return make_world(tmp_path / "site")


@pytest.fixture
def world(known: World) -> World:
    known.remove_entry()
    return known


def probe_of(world: World, targets: TwoNodes) -> ProbeInput:
    (own,) = world.site.nodes
    first = HypervisorNode(FIRST, own.uri, own.shell, own.console_address)
    site: Site = replace(world.site, nodes=(first, own))
    return ProbeInput(site, {}, targets)  # type: ignore[arg-type]


def node_of_the_restore(world: World, targets: TwoNodes) -> str:
    return find_machine(probe_of(world, targets), practice.MACHINE).node.name


@pytest.mark.parametrize("home", [FIRST, NODE])
def test_it_is_restored_where_the_hypervisor_has_it(world: World, home: str) -> None:
    targets = TwoNodes(world)
    targets.hypervisors[home] = world.hypervisor
    assert node_of_the_restore(world, targets) == home


def test_where_no_hypervisor_has_it_the_node_that_the_backup_names_counts(world: World) -> None:
    assert node_of_the_restore(world, TwoNodes(world)) == NODE


def test_a_backup_that_names_no_node_leaves_the_first_that_sees_it(world: World) -> None:
    for path in world.set_folder.glob("*.ldif.*"):
        path.write_text("no LDIF\n")
    assert node_of_the_restore(world, TwoNodes(world)) == FIRST


def test_a_hypervisor_that_cannot_be_asked_stops_nothing(world: World) -> None:
    targets = TwoNodes(world)
    targets.hypervisors[FIRST] = None
    assert node_of_the_restore(world, targets) == NODE


def test_a_node_that_is_down_is_not_waited_for_a_second_time(world: World) -> None:
    targets = TwoNodes(world)
    targets.down = {FIRST}
    assert node_of_the_restore(world, targets) == NODE
    assert node_of_the_restore(world, targets) == NODE
    assert targets.asked.count(FIRST) == 1


def test_a_machine_on_a_node_that_does_not_see_its_backups_is_not_brought_up_elsewhere(
    world: World,
) -> None:
    targets = TwoNodes(world)
    targets.hypervisors[FIRST] = world.hypervisor
    targets.hypervisors[NODE] = PretendedHypervisor()
    targets.blind = {FIRST}
    probe = probe_of(world, targets)
    site = find_machine(probe, practice.MACHINE)
    assert (site.node.name, site.elsewhere) == (NODE, FIRST)
    facts = look_at_set(probe, site, site.iterations()[0], check=False).facts
    (error,) = (f for f in findings(facts, with_state=True) if f.level == "error")
    assert f"the hypervisor of {FIRST} has it" in error.text


@pytest.mark.parametrize("runs", [True, False])
def test_a_machine_that_runs_where_it_migrated_to_is_not_restored_here(
    known: World, runs: bool
) -> None:
    targets = TwoNodes(known)
    targets.hypervisors[NODE], targets.hypervisors[FIRST] = PretendedHypervisor(), known.hypervisor
    if not runs:
        known.hypervisor.destroy(practice.MACHINE)
    known.change(known.dn, "sstMigrationNode", FIRST)
    probe = probe_of(known, targets)
    site = find_machine(probe, practice.MACHINE)
    facts = look_at_set(probe, site, site.iterations()[0], check=False).facts
    assert site.node.name == NODE
    assert (f"It runs on {FIRST}" in facts.domain_problem) == runs
