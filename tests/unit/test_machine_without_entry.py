"""A machine whose directory entry is gone, at a site of two nodes that share the backup storage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from config.errors import InvalidInput, Unreachable
from config.site import HypervisorNode, Site
from steps.drill import practice_machine as practice
from steps.procedure import ProbeInput
from steps.virtual_machine.machine_site import find_machine
from tests.unit.restore_world import NODE, PretendedHypervisor, World, make_world

FIRST = "node-00.practice.invalid"


class TwoNodes:
    """Both see the same files; each has a hypervisor of its own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.hypervisors: dict[str, PretendedHypervisor | None] = {
            FIRST: PretendedHypervisor(), NODE: PretendedHypervisor(),
        }  # fmt: skip
        self.blind: set[str] = set()

    def shell(self, name: str) -> object:
        if name in self.blind:
            raise Unreachable(f"{name} does not answer.")
        return self._world.shell

    def hypervisor(self, name: str) -> PretendedHypervisor:
        found = self.hypervisors[name]
        if found is None:
            raise Unreachable(f"{name} does not answer.")
        return found

    def directory(self) -> object:
        return self._world.directory


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = make_world(tmp_path / "site")
    made.remove_entry()
    return made


def node_of_the_restore(world: World, targets: TwoNodes) -> str:
    (own,) = world.site.nodes
    first = HypervisorNode(FIRST, own.uri, own.shell, own.console_address)
    site: Site = replace(world.site, nodes=(first, own))
    return find_machine(ProbeInput(site, {}, targets), practice.MACHINE).node.name  # type: ignore[arg-type]


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


def test_a_machine_on_a_node_that_does_not_see_its_backups_is_not_brought_up_elsewhere(
    world: World,
) -> None:
    targets = TwoNodes(world)
    targets.hypervisors[NODE] = world.hypervisor
    targets.blind = {NODE}
    with pytest.raises(InvalidInput, match=f"hypervisor of {NODE} has it"):
        node_of_the_restore(world, targets)
