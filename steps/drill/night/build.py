"""Bring the site of the nightly backup up: `python -P -m steps.drill.night.build FOLDER`."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from config.errors import StepFailed
from config.paths import cache_folder
from config.secrets import Secret
from steps.drill import practice_machine as practice
from steps.drill.build import (
    BASE,
    NODE,
    Say,
    account,
    make_disk,
    make_folders,
    random_password,
    reserve_ports,
    start_directory,
    write_site_file,
)
from steps.drill.embedded import emulator, keep_capabilities, prepare_root
from steps.drill.memory_disk import mount_memory
from steps.drill.night.machines import (
    COUNT,
    FAILED_LEAF,
    MERGE_FAILED,
    NightMachine,
    NightTruth,
    Part,
    full_ram_disk,
    night_machines,
    ram_disk,
)
from steps.drill.places import Places
from steps.drill.practice_hypervisor import PracticeHypervisor
from steps.targets.directory import Entry

SMALL = 1 << 20
"""Bytes of the RAM disk that is full."""


def build(places: Places, say: Say) -> NightTruth:
    """Bring the site up in an empty folder. Raises InvalidInput where the folder is in use."""
    make_folders(places)
    started = time.monotonic()
    full = _make_ram_disks(places, say)
    console = reserve_ports(places.mark, COUNT)
    ports = tuple(held.getsockname()[1] for held in console)
    machines = night_machines(ports)
    known = cache_folder() / "hypervisor"
    hypervisor = PracticeHypervisor(prepare_root(places.hypervisor, known))
    try:
        around = _surroundings(places, hypervisor)
        password = Secret(random_password())
        slapd = start_directory(places, password, tuple(_entries(machines, around)))
        write_site_file(places, hypervisor.uri, slapd)
        say(f"directory: slapd at {slapd.url}, {len(machines)} machines")
        for held in console:
            held.close()
        boots = dict(_start(machines, around, hypervisor))
    finally:
        hypervisor.close()
    keep_capabilities(places.hypervisor, known)
    truth = NightTruth(NODE, BASE, ports, boots, _checksums(places, machines), full)
    truth.write(places.truth)
    say(f"{len(boots)} machines run, the site stands after {time.monotonic() - started:.1f} s")
    return truth


def _make_ram_disks(places: Places, say: Say) -> bool:
    """The site's RAM disk is a folder here; the full one is real where this account may mount."""
    ram_disk(places).mkdir(mode=0o770)
    full = full_ram_disk(places)
    if os.geteuid() != 0:
        say("RAM disk of mail01: not there (a full one needs root)")
        return False
    try:
        mount_memory(full, SMALL)
    except StepFailed as error:
        full.rmdir()
        say(f"RAM disk of mail01: not there ({error.message})")
        return False
    with (full / "somebody-elses.state").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, SMALL - 65536)
    say(f"RAM disk of mail01: {SMALL >> 20} MiB, full")
    return True


def _surroundings(places: Places, hypervisor: PracticeHypervisor) -> practice.Surroundings:
    spice = "<value>spice</value>" in hypervisor.graphics_kinds()
    return practice.Surroundings(
        places=places, base=BASE, node=NODE, emulator=str(emulator()),
        graphics="spice" if spice else "vnc", card="user", password=random_password(),
    )  # fmt: skip


def _entries(machines: tuple[NightMachine, ...], around: practice.Surroundings) -> Iterator[Entry]:
    for machine in machines:
        found = practice.machine_entries(machine.shape, around)
        if not machine.runs:
            off = {**found[0].attributes, "sstStatus": (b"shutoff",)}
            found = (replace(found[0], attributes=off), *found[1:])
        yield from found
        yield from _backups(machine, around)


def _backups(machine: NightMachine, around: practice.Surroundings) -> Iterator[Entry]:
    """What stands below `ou=backup` of a machine: its own plan, or the leaf that is stuck."""
    name, base, places = machine.shape.machine, around.base, around.places
    ram = {"sstBackupRamDiskLocation": f"file://{ram_disk(places)}"}
    if machine.part is Part.EXCLUDED:
        ram["sstBackupExcludeFromBackup"] = "TRUE"
    elif machine.part is Part.NO_RAM_DISK:
        ram["sstBackupRamDiskLocation"] = f"file://{full_ram_disk(places)}"
    unit, leaf = practice.leaf_entries(
        base, FAILED_LEAF, FAILED_LEAF, mode="merging", machine=name, returned=MERGE_FAILED
    )
    yield practice.plan_entry(unit.dn, *account(), places, **ram)
    if machine.part is Part.STUCK:
        yield leaf


def _start(
    machines: tuple[NightMachine, ...], around: practice.Surroundings,
    hypervisor: PracticeHypervisor,
) -> Iterator[tuple[str, int]]:  # fmt: skip
    """Disks, definitions, starts; then the boot identity of each guest."""
    for machine in machines:
        for disk in machine.shape.disks:
            make_disk(around.places.live / disk.image, disk)
        hypervisor.define(practice.domain_xml(machine.shape, around))
        if machine.runs:
            hypervisor.start(machine.shape.machine)
    for machine in machines:
        if machine.runs:
            name = machine.shape.machine
            yield name, hypervisor.wait_for_ticks(name, 1).boot


def _checksums(places: Places, machines: tuple[NightMachine, ...]) -> dict[str, str]:
    excluded = next(machine for machine in machines if machine.part is Part.EXCLUDED)
    return {
        disk.image: hashlib.sha256((places.live / disk.image).read_bytes()).hexdigest()
        for disk in excluded.shape.disks
    }


if __name__ == "__main__":
    import sys

    from steps.drill.child import run_child

    run_child(lambda say: build(Places(Path(sys.argv[1])), say))
