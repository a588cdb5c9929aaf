"""The Linux guest itself: it counts, and a saved memory goes on counting on its own disks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from steps.drill.recipe import without_terminators
from steps.targets.libvirt_hypervisor import LibvirtHypervisor
from tests.real.hypervisor_support import clear_away, save
from tests.real.linux_guest import LinuxMachine, make_linux_machine, read_tick


@pytest.fixture
def guest(hypervisor: LibvirtHypervisor, tmp_path: Path) -> Iterator[LinuxMachine]:
    made = make_linux_machine(tmp_path / "guest")
    hypervisor.define(made.xml)
    yield made
    clear_away(hypervisor, made.name)


def test_it_counts_writes_to_both_disks_and_goes_on_where_its_memory_was_saved(
    hypervisor: LibvirtHypervisor, guest: LinuxMachine, tmp_path: Path
):
    hypervisor.start(guest.name)
    first = guest.wait_for_tick(3)
    assert first.mac == guest.mac
    state = tmp_path / "state"
    save(hypervisor, guest.name, state)

    told = guest.ticks()
    assert [tick.number for tick in told] == list(range(1, len(told) + 1))
    assert all(tick.consistent for tick in told)
    assert {tick.boot_id for tick in told} == {first.boot_id}
    on_disk = [read_tick(image) for image in guest.images]
    for tick in on_disk:
        assert tick is not None
        assert tick[1] == first.boot_id
        # Saved between writing and telling, it may be one ahead of what was told.
        assert tick[0] - told[-1].number in (0, 1)

    hypervisor.restore_paused(str(state), without_terminators(hypervisor.state_xml(str(state))))
    hypervisor.resume(guest.name)
    next_tick = guest.wait_for_tick(1)
    assert next_tick.number == told[-1].number + 1
    assert next_tick.boot_id == first.boot_id
    guest.wait_for_tick(next_tick.number + 2)
    assert all(tick.consistent for tick in guest.ticks())


def test_memory_on_other_disks_is_seen_from_inside(
    hypervisor: LibvirtHypervisor, guest: LinuxMachine, tmp_path: Path
):
    """The guest would notice what libvirt accepts without a word: older disks under a memory."""
    other = make_linux_machine(tmp_path / "other")
    hypervisor.start(guest.name)
    guest.wait_for_tick(2)
    state = tmp_path / "state"
    save(hypervisor, guest.name, state)
    other.images[1].replace(guest.images[1])
    hypervisor.restore_paused(str(state), without_terminators(hypervisor.state_xml(str(state))))
    hypervisor.resume(guest.name)
    assert not guest.wait_for_tick(1).consistent
