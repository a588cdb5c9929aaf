"""Look at the twelve machines after the night, and say of each what came out.

Nothing here trusts the run: sets are checked by `sha256sum`, contents are read from the images, the
boot from each guest's memory, disks and states from the hypervisor.
`python -P -m steps.drill.night.score FOLDER [RUN_DIRECTORY]`.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from config.site_file import load_site
from steps.drill import practice_machine as practice
from steps.drill.fault import Scene
from steps.drill.machine_system import SYSTEM as MACHINES
from steps.drill.night.machines import (
    NightMachine,
    NightTruth,
    Part,
    full_ram_disk,
    ram_disk,
)
from steps.drill.places import STORAGE, Places
from steps.drill.practice_hypervisor import PracticeHypervisor
from steps.drill.recipe import backing_file
from steps.drill.score import Check, as_data, holds, value_at
from steps.run.directory import RunDirectory, list_runs
from steps.run.text import counted, duration
from steps.targets.directory import Directory
from steps.targets.open import open_targets
from steps.virtual_machine.backup.step_spread import FACT as SPREAD
from steps.virtual_machine.iterations import INCOMPLETE, MANIFEST, SUMS

BACKUP = "virtual_machine.backup"


@dataclass(frozen=True, slots=True)
class _World:
    truth: NightTruth
    places: Places
    hypervisor: PracticeHypervisor
    directory: Directory


def score(places: Places, run: RunDirectory | None) -> tuple[Check, ...]:
    """A check for each machine, then what concerns all of them."""
    site = load_site(places.site_file)
    targets = open_targets(site, MACHINES.secrets(Scene(places)))
    hypervisor = PracticeHypervisor(site.nodes[0].uri)
    try:
        truth = NightTruth.read(places.truth)
        world = _World(truth, places, hypervisor, targets.directory())
        machines = [_of_machine(world, machine) for machine in truth.machines]
        return (*machines, _left_over(world), *_of_runs(places, run))
    finally:
        hypervisor.close()
        targets.close()


def _of_machine(world: _World, machine: NightMachine) -> Check:
    excluded = machine.part is Part.EXCLUDED
    looked = [*_machine(world, machine)]
    looked += _untouched(world, machine) if excluded else _set(world, machine)
    wrong = [words for passed, words in looked if not passed]
    what = "excluded, not touched" if excluded else "complete set, checksums hold"
    state = "runs on, on its own disks" if machine.runs else "still off, on its own disks"
    return Check(
        machine.title, not wrong, f"{what}; {state}",
        "; ".join(wrong or [words for _, words in looked]),
    )  # fmt: skip


Looked = Iterator[tuple[bool, str]]


def _set(world: _World, machine: NightMachine) -> Looked:
    """Its newest set: whole, proved, with the contents of the disks, finished in the directory."""
    folder = world.places.backup / STORAGE / machine.shape.machine
    sets = sorted(folder.iterdir()) if folder.is_dir() else []
    if not sets:
        yield False, "no backup"
        return
    newest = sets[-1]
    missing = [name for name in (MANIFEST, SUMS) if not (newest / name).is_file()]
    if missing or (newest / INCOMPLETE).exists():
        yield False, f"set {newest.name} incomplete, no {' and no '.join(missing) or 'end'}"
        return
    manifest = json.loads((newest / MANIFEST).read_text())
    command = ["sha256sum", "--check", "--strict", "--quiet", SUMS]
    proof = subprocess.run(command, cwd=newest, capture_output=True, text=True, check=False)
    counted = len((newest / SUMS).read_text().splitlines())
    proved = proof.returncode == 0 and counted == len(manifest["files"]) > 0
    yield proved, f"complete, {counted} checksums hold" if proved else f"checksums: {proof.stdout}"
    for disk in machine.shape.disks:
        if not holds(newest / f"{disk.image}.{newest.name}", disk.pattern):
            yield False, f"{disk.target} in the set has another content"
    wanted = machine.runs
    yield manifest["memory"] is wanted, "memory kept" if manifest["memory"] else "no memory"
    yield _leaf(world, machine, newest.name)


def _leaf(world: _World, machine: NightMachine, leaf: str) -> tuple[bool, str]:
    """All its leaves are finished: a stuck one was repaired."""
    parent = f"ou=backup,{practice.machine_dn(world.truth.base, machine.shape.machine)}"
    found = {
        entry.text("ou") or "": f"{entry.text('sstProvisioningMode')}"
        f" {entry.text('sstProvisioningReturnValue')}"
        for entry in world.directory.children(parent)
    }
    bad = [f"leaf {name}: {mode}" for name, mode in found.items() if mode != "finished 0"]
    if leaf not in found:
        bad.append(f"no leaf {leaf}")
    return not bad, "; ".join(bad) or "leaf finished"


def _untouched(world: _World, machine: NightMachine) -> Looked:
    folder = world.places.backup / STORAGE / machine.shape.machine
    yield not folder.exists(), f"backed up to {folder}" if folder.exists() else "no backup"
    parent = f"ou=backup,{practice.machine_dn(world.truth.base, machine.shape.machine)}"
    leaves = [entry.dn for entry in world.directory.children(parent)]
    yield not leaves, "leaf made" if leaves else "no leaf"
    for name, wanted in world.truth.excluded_images.items():
        seen = hashlib.sha256((world.places.live / name).read_bytes()).hexdigest()
        yield seen == wanted, "image as before" if seen == wanted else f"{name} was changed"


def _machine(world: _World, machine: NightMachine) -> Looked:
    """State and boot as before; the disks its own, with their content, nothing behind them."""
    name = machine.shape.machine
    status = world.hypervisor.domain(name)
    state = status.state if status else "unknown to the hypervisor"
    wanted = "running" if machine.runs else "shut off"
    yield state == wanted, state
    if status is None:
        return
    if machine.runs and state == wanted:
        mark = world.hypervisor.memory_mark(name)
        same = mark is not None and mark.boot == world.truth.boots[name]
        yield same, "booted once" if same else "was booted anew"
    yield _disks(world, machine)


def _disks(world: _World, machine: NightMachine) -> tuple[bool, str]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(world.hypervisor.xml(machine.shape.machine).encode(), parser)
    seen = {
        value_at(disk, "target@dev"): value_at(disk, "source@file")
        for disk in root.findall("devices/disk")
    }
    wanted = {d.target: str(world.places.live / d.image) for d in machine.shape.disks}
    if seen != wanted:
        return False, f"disks are {', '.join(f'{t} {p}' for t, p in seen.items())}"
    for disk in machine.shape.disks:
        image = world.places.live / disk.image
        behind = backing_file(image)
        if behind:
            return False, f"{disk.target} stands on {behind}"
        if not holds(image, disk.pattern):
            return False, f"{disk.target} has another content"
    return True, f"on its own {', '.join(wanted)}"


def _left_over(world: _World) -> Check:
    """Nothing in retain, nothing on the RAM disks but what was there, no overlay beside images."""
    kept = {full_ram_disk(world.places) / "somebody-elses.state"}
    own = {disk.image for machine in world.truth.machines for disk in machine.shape.disks}
    places = (world.places.retain, ram_disk(world.places), full_ram_disk(world.places))
    left = [str(f) for p in places for f in p.rglob("*") if f.is_file() and f not in kept]
    left += [str(f) for f in world.places.live.iterdir() if f.name not in own]
    return Check("left over", not left, "nothing", ", ".join(left) or "nothing")


def _of_runs(places: Places, run: RunDirectory | None) -> Iterator[Check]:
    """The spread of each run's snapshots, and how long the runs took."""
    if run is None:
        yield Check("backup runs", False, "at least one", "none")
        return
    all_runs = [one for one in list_runs(run.path.parent) if _is_here(places, one)]
    seconds = sum(one.view().elapsed() for one in all_runs)
    for one in reversed([r for r in all_runs if r.frozen().procedure == BACKUP]):
        words = one.view().facts.get(SPREAD, "")
        yield Check(f"spread, {one.id}", bool(words), "measured", words or "no snapshot taken")
    words = f"{duration(seconds)} in {counted(len(all_runs), 'run')}"
    yield Check("time", bool(all_runs), "measured", words)


def _is_here(places: Places, run: RunDirectory) -> bool:
    """Whether it is a run on this site, and not on one that stood in its folder before."""
    same = run.frozen().site.storage.backup_root == str(places.backup)
    return same and run.plan_file.stat().st_mtime > places.truth.stat().st_mtime


if __name__ == "__main__":
    import sys

    from steps.drill.child import run_child

    given = RunDirectory(Path(sys.argv[2])) if len(sys.argv) > 2 else None
    run_child(lambda _say: as_data(score(Places(Path(sys.argv[1])), given)))
