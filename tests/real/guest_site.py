"""A practice site whose machine is the Linux guest: built, backed up, restored in child processes.

Called as `python -P -m tests.real.guest_site build|back-up|restore FOLDER ...`: an embedded
hypervisor belongs to one process at a time, its guests outlive it.
"""

from __future__ import annotations

import json
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from config.secrets import Secret
from steps.drill import practice_machine as practice
from steps.drill.bridges import bridge_names
from steps.drill.build import (
    BASE,
    NODE,
    make_folders,
    reserve_ports,
    start_directory,
    write_site_file,
)
from steps.drill.child import ask_child, run_child
from steps.drill.embedded import emulator, keep_capabilities, prepare_root
from steps.drill.places import STORAGE, Places
from steps.drill.practice_hypervisor import PracticeHypervisor
from steps.drill.recipe import back_up
from steps.drill.truth import Truth
from steps.procedure import ProbeInput
from steps.targets.directory import Directory
from steps.virtual_machine.backup.procedure import PROCEDURE as BACKUP
from tests.real.linux_guest import (
    MEMORY_MIB,
    LinuxMachine,
    Tick,
    mac_of,
    make_linux_machine,
    read_tick,
    read_ticks,
)
from tests.real.restore_child import Scene
from tests.unit.restore_world import MemoryContext, carry_out

Say = Callable[[str], None]
_MODULE = "tests.real.guest_site"
_DISK = 64 << 20


@dataclass(frozen=True, slots=True)
class GuestSite:
    """What a test may ask of such a site from outside, without its hypervisor."""

    places: Places
    leaf: str
    saved: Tick
    """The last tick before the memory was saved."""

    @property
    def console(self) -> Path:
        """The serial port of the machine."""
        return self.places.folder / "guest" / "console.log"

    @property
    def set_folder(self) -> Path:
        """The backup set."""
        return self.places.backup / STORAGE / practice.MACHINE / self.leaf

    def ticks(self) -> tuple[Tick, ...]:
        """What the machine has told since it was started last."""
        return read_ticks(self.console)

    def saved_disk_tick(self) -> int:
        """The tick that the backup's first disk holds."""
        found = read_tick(self.set_folder / f"{practice.FIRST_DISKS[0].image}.{self.leaf}")
        assert found is not None
        return found[0]

    def back_up(self, method: str) -> GuestSite:
        """Back the running machine up by that method; the site with the new backup's leaf."""
        leaf = ask_child(_MODULE, ["back-up", str(self.places.folder), method], print)
        return replace(self, leaf=leaf)

    def restore(self, mode: str = "with-state") -> None:
        """Restore the backup and wait until the machine has counted three times."""
        ask_child(_MODULE, ["restore", str(self.places.folder), self.leaf, mode], print)


def build_guest_site(folder: Path, capabilities: Path) -> GuestSite:
    """Bring one up in a child process; its machine runs and has counted on since its backup."""
    places = Places(folder)
    found = ask_child(_MODULE, ["build", str(folder), str(capabilities)], print)
    saved = found["saved"]
    tick = Tick(
        saved["number"], saved["boot_id"], saved["mac"], tuple(saved["before"]),
        tuple(saved["marks"]),
    )  # fmt: skip
    return GuestSite(places, found["leaf"], tick)


def _build(folder: Path, capabilities: Path, say: Say) -> dict[str, object]:
    places = Places(folder)
    make_folders(places)
    slapd = start_directory(places, Secret(secrets.token_hex(8)))
    uri = prepare_root(places.hypervisor, capabilities)
    write_site_file(places, uri, slapd)
    hypervisor = PracticeHypervisor(uri)
    try:
        leaf, saved = _history(places, hypervisor, say)
    finally:
        hypervisor.close()
    keep_capabilities(places.hypervisor, capabilities)
    return {"leaf": leaf, "saved": asdict(saved)}


def _history(places: Places, hypervisor: PracticeHypervisor, say: Say) -> tuple[str, Tick]:
    """The guest runs, is backed up by the guide's recipe put right, and runs on."""
    console, other = reserve_ports(places.mark)
    disks = tuple(replace(disk, capacity=_DISK) for disk in practice.FIRST_DISKS)
    shape = practice.Shape(
        MEMORY_MIB << 20, bridge_names(places.mark)[0], mac_of(practice.MACHINE), "10.1.0.7",
        console.getsockname()[1], "a Linux that counts", disks,
    )  # fmt: skip
    around = practice.Surroundings(
        places, BASE, NODE, str(emulator()), "vnc", "user", "pw-linux"
    )  # fmt: skip
    machine = make_linux_machine(
        places.folder / "guest", name=practice.MACHINE,
        images=(places.live / disks[0].image, places.live / disks[1].image),
        graphics=practice.console_xml(shape, around),
    )  # fmt: skip
    directory = _directory(places)
    for entry in practice.machine_entries(shape, around):
        directory.add(entry.dn, entry.attributes)
    for port in (console, other):
        port.close()
    hypervisor.define(machine.xml)
    hypervisor.start(machine.name)
    say(f"booted: {machine.wait_for_tick(3)}")
    leaf, saved = _backed_up(places, hypervisor, directory, machine)
    machine.wait_for_tick(saved.number + 2)
    Truth(
        leaf, NODE, BASE, "user", 0, saved.number, then=shape, now=shape
    ).write(places.truth)  # fmt: skip
    return leaf, saved


def _backed_up(
    places: Places, hypervisor: PracticeHypervisor, directory: Directory, machine: LinuxMachine
) -> tuple[str, Tick]:
    leaf = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    entries = [
        *directory.subtree(practice.machine_dn(BASE)),
        *practice.leaf_entries(BASE, leaf, "0", mode="snapshotting"),
        *directory.subtree(practice.lease_dn(BASE)),
    ]
    images = {disk.target: disk.image for disk in practice.FIRST_DISKS}
    before = machine.ticks()[-1]
    back_up(hypervisor, machine.name, images, leaf, entries, places)
    for entry in practice.leaf_entries(BASE, leaf, leaf, mode="finished"):
        directory.add(entry.dn, entry.attributes)
    # The console was begun anew when the memory was restored: its first tick is the saved one's
    # successor, whatever was told between our look and the save.
    after = machine.wait_for_tick(1)
    return leaf, replace(before, number=after.number - 1)


def _directory(places: Places) -> Directory:
    from config.site_file import load_site
    from steps.targets.open import open_targets

    password = Secret(places.password_file.read_text().strip())
    targets = open_targets(load_site(places.site_file), {"directory password": password})
    return targets.directory()


def _back_up(folder: Path, method: str) -> str:
    """The backup procedure on the running machine; returns the leaf."""
    scene = Scene(folder, {"name": "guest"})
    given = {"machines": (practice.MACHINE,), "method": method, "retention": "keep"}
    try:
        probe = ProbeInput(scene.site, given, scene.targets)
        survey = json.loads(json.dumps(BACKUP.survey(probe)))
        plan = BACKUP.plan(scene.site, given, {}, survey)
        context = MemoryContext(scene.targets, given, _run_folder(folder, f"back-up-{method}"))
        carry_out(plan, context)
    finally:
        scene.targets.close()
    sets = Places(folder).backup / STORAGE / practice.MACHINE
    return max(path.name for path in sets.iterdir() if path.is_dir())


def _restore(folder: Path, leaf: str, mode: str) -> list[str]:
    """The restore procedure, and three ticks; returns the steps that were put off."""
    scene = Scene(folder, {"name": "guest", "mode": mode})
    # A backup of disks alone does not say that the machine ran.
    scene.given |= {"iteration": leaf, "start": "start"}
    try:
        plan = scene.plan()
        context = MemoryContext(
            scene.targets, scene.given, _run_folder(folder, f"restore-{leaf}"), cleanup="keep",
            shut_down="destroy",
        )  # fmt: skip
        put_off = carry_out(plan, context)
    finally:
        scene.targets.close()
    console = folder / "guest" / "console.log"
    end = time.monotonic() + 120
    while len(read_ticks(console)) < 3 and time.monotonic() < end:
        time.sleep(0.2)
    return put_off


def _run_folder(folder: Path, name: str) -> Path:
    return Path(tempfile.mkdtemp(prefix=f"run-{name}-", dir=folder.parent))


def main(what: str, folder: Path, *more: str) -> None:
    """One of the three, in this process."""
    if what == "build":
        run_child(lambda say: _build(folder, Path(more[0]), say))
    elif what == "back-up":
        run_child(lambda _say: _back_up(folder, more[0]))
    else:
        run_child(lambda _say: _restore(folder, more[0], more[1]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
