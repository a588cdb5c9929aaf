"""Look at the practice machine after a restore, and say what came out right.

Nothing here trusts the run: contents are read from the images, memory from the guest, values from
the hypervisor and the directory. Runs in a process of its own, like the build:
`python -P -m steps.drill.score FOLDER RUN_DIRECTORY`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from lxml import etree

from config.secrets import Secret
from config.site_file import load_site
from steps.conflicts import Decision, Resolution, Resolutions
from steps.drill import practice_machine as practice
from steps.drill.places import Places
from steps.drill.practice_hypervisor import PracticeHypervisor
from steps.drill.truth import Truth
from steps.run.directory import RunDirectory
from steps.run.events import StepState
from steps.targets.directory import Directory
from steps.targets.open import open_targets
from steps.virtual_machine.step_cleanup import RemoveOldImages

OVERWRITTEN = 0xEE
"""What fills the disks after the backup: a restored disk must not show it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    passed: bool
    expected: str
    seen: str


@dataclass(frozen=True, slots=True)
class _World:
    truth: Truth
    places: Places
    resolutions: Resolutions
    with_state: bool
    hypervisor: PracticeHypervisor
    directory: Directory
    running: etree._Element
    persistent: etree._Element
    let_go: bool
    """Whether the operator had the images of before removed."""


def score(places: Places, run: RunDirectory) -> tuple[Check, ...]:
    """Every check, in the order of the report."""
    truth = Truth.read(places.truth)
    site = load_site(places.site_file)
    password = Secret(places.password_file.read_text().strip())
    targets = open_targets(site, {"directory password": password})
    hypervisor = PracticeHypervisor(site.nodes[0].uri)
    frozen = run.frozen()
    try:
        name = practice.MACHINE
        if hypervisor.domain(name) is None:
            return (Check("machine", False, "defined and running", "unknown to the hypervisor"),)
        world = _World(
            truth, places, frozen.resolutions, frozen.given.get("mode") != "cold", hypervisor,
            targets.directory(), _parsed(hypervisor.xml(name)),
            _parsed(hypervisor.xml(name, inactive=True)), _let_go(run),
        )  # fmt: skip
        return tuple(check for part in _PARTS for check in part(world))
    finally:
        hypervisor.close()
        targets.close()


def _let_go(run: RunDirectory) -> bool:
    step = run.view().steps.get(RemoveOldImages.name)
    return step is not None and step.state is StepState.DONE


def _parsed(xml: str) -> etree._Element:
    return etree.fromstring(xml.encode(), etree.XMLParser(resolve_entities=False, no_network=True))


def _contents(world: _World) -> Iterator[Check]:
    for disk in world.truth.then.disks:
        image = world.places.live / disk.image
        held = holds(image, disk.pattern)
        yield Check(
            f"content of {disk.target}", held, f"pattern {disk.pattern:#x} of the backup",
            "the backup's" if held else "another",
        )  # fmt: skip


def holds(image: Path, pattern: int) -> bool:
    """Whether the image's practice area is filled with that byte; a guest may be using it."""
    command = ["qemu-io", "-U", "-r", "-f", "qcow2", "-c", f"read -P {pattern:#x} 1M 2M"]
    done = subprocess.run([*command, str(image)], capture_output=True, text=True, check=False)
    return done.returncode == 0 and "Pattern verification failed" not in done.stdout


def _old_images(world: _World) -> Iterator[Check]:
    """The overwritten images are aside until the operator lets them go."""
    live = {disk.image for disk in world.truth.now.disks}
    aside = [
        path
        for path in world.places.live.iterdir()
        if path.name not in live and holds(path, OVERWRITTEN)
    ]
    if world.let_go:
        yield Check("old images", not aside, "gone, as you chose", f"{len(aside)} kept aside")
        return
    wanted = len(world.truth.then.disks)
    yield Check("old images kept aside", len(aside) == wanted, str(wanted), str(len(aside)))


def _runs(world: _World) -> Iterator[Check]:
    status = world.hypervisor.domain(practice.MACHINE)
    assert status is not None
    seen = f"{status.state}, {'persistent' if status.persistent else 'transient'}"
    yield Check("machine", seen == "running, persistent", "running, persistent", seen)
    jobs = ", ".join(status.jobs) or "none"
    yield Check("block jobs", not status.jobs, "none", jobs)


def _memory_state(world: _World) -> Iterator[Check]:
    truth = world.truth
    if not world.with_state:
        mark = world.hypervisor.wait_for_ticks(practice.MACHINE, 1)
        fresh = mark.boot != truth.boot
        yield Check("memory state", fresh, "a fresh boot", f"boot {mark.boot:08x}")
        return
    first = world.hypervisor.memory_mark(practice.MACHINE)
    expected = f"boot {truth.boot:08x} going on from {truth.ticks} ticks"
    if first is None or first.boot != truth.boot or first.ticks < truth.ticks:
        yield Check("memory state", False, expected, str(first))
        return
    later = world.hypervisor.wait_for_ticks(practice.MACHINE, first.ticks + 3)
    seen = f"boot {later.boot:08x} at {later.ticks} ticks, counting"
    yield Check("memory state", True, expected, seen)


def _decision(world: _World, row: str) -> Resolution:
    return world.resolutions.get(row, Resolution(Decision.KEEP_BACKUP))


def _picked(world: _World, row: str, then: str, now: str) -> str:
    """The value the running machine must have."""
    resolution = _decision(world, row)
    if resolution.decision is Decision.CUSTOM:
        return resolution.value
    return now if resolution.decision is Decision.TAKE_LIVE else then


def _at_next_boot(world: _World, row: str, then: str, now: str) -> str:
    if _decision(world, row).decision is Decision.NEXT_BOOT:
        return now
    return _picked(world, row, then, now)


def _values(world: _World) -> Iterator[Check]:
    then, now = world.truth.then, world.truth.now
    kib = (str(then.memory // 1024), str(now.memory // 1024))
    rows: list[tuple[str, str, str, str, str]] = [
        ("memory", "memory", kib[0], kib[1], "memory"),
        ("MAC of net0", "net0.mac", then.mac, now.mac, "devices/interface/mac@address"),
        ("console port", "spice-port", str(then.console_port), str(now.console_port),
         "devices/graphics@port"),
    ]  # fmt: skip
    if world.truth.card == "bridge":
        place = "devices/interface/source@bridge"
        rows.append(("bridge of net0", "net0.bridge", then.bridge, now.bridge, place))
    for title, row, old, new, place in rows:
        yield _equal(
            f"{title}, running", _picked(world, row, old, new), value_at(world.running, place)
        )
        wanted = _at_next_boot(world, row, old, new)
        yield _equal(f"{title}, next boot", wanted, value_at(world.persistent, place))


def _entries(world: _World) -> Iterator[Check]:
    then, now, base = world.truth.then, world.truth.now, world.truth.base
    dn = practice.machine_dn(base)
    card = f"sstInterface=net0,ou=devices,{dn}"
    rows = (
        ("description", dn, "description", "description", then.description, now.description),
        ("console port", dn, "sstSpicePort", "spice-port", str(then.console_port),
         str(now.console_port)),
        ("MAC of net0", card, "sstMacAddress", "net0.mac", then.mac, now.mac),
        ("bridge of net0", card, "sstSourceBridge", "net0.bridge", then.bridge, now.bridge),
        ("lease", practice.lease_dn(base), "dhcpHWAddress", "net0.mac",
         f"ethernet {then.mac}", f"ethernet {now.mac}"),
    )  # fmt: skip
    for title, place, attribute, row, old, new in rows:
        entry = world.directory.get(place)
        seen = (entry.text(attribute) if entry else None) or "nothing"
        # The directory describes the next definition, so the next boot's value stands there.
        wanted = _at_next_boot(world, row, old, new)
        if wanted not in (old, new) and attribute == "dhcpHWAddress":
            wanted = f"ethernet {wanted}"
        yield _equal(f"{title}, directory", wanted, seen)


def _added_disk(world: _World) -> Iterator[Check]:
    added = practice.ADDED_DISK
    decision = _decision(world, added.target).decision
    takes = decision is Decision.TAKE_LIVE
    later = takes or decision is Decision.NEXT_BOOT
    yield _equal("vdc, running", _there(takes), _there(_has_disk(world.running, added.target)))
    seen = _there(_has_disk(world.persistent, added.target))
    yield _equal("vdc, next boot", _there(later), seen)
    kept = holds(world.places.live / added.image, added.pattern)
    yield Check("content of vdc", kept, "untouched", "untouched" if kept else "changed")


def _password(world: _World) -> Iterator[Check]:
    graphics = world.running.find("devices/graphics")
    shown = graphics.get("passwd") if graphics is not None else None
    entry = world.directory.get(practice.machine_dn(world.truth.base))
    stored = entry.text("sstSpicePassword") if entry else None
    same = bool(shown) and shown == stored
    yield Check("console password", same, "set, as in the directory", "so" if same else "not so")


def _leaf(world: _World) -> Iterator[Check]:
    dn = f"ou={world.truth.leaf},ou=backup,{practice.machine_dn(world.truth.base)}"
    entry = world.directory.get(dn)
    if entry is None:
        yield Check("backup leaf", False, "finished, 0", "no entry")
        return
    state = entry.text("sstProvisioningState") or ""
    seen = f"{entry.text('sstProvisioningMode')}, {entry.text('sstProvisioningReturnValue')}"
    passed = seen == "finished, 0" and state.endswith("Z")
    yield Check("backup leaf", passed, "finished, 0, a time stamp", f"{seen}, {state}")


def _equal(name: str, expected: str, seen: str) -> Check:
    return Check(name, expected == seen, expected, seen)


def _there(yes: bool) -> str:
    return "attached" if yes else "not attached"


def _has_disk(root: etree._Element, target: str) -> bool:
    return any(found.get("dev") == target for found in root.findall("devices/disk/target"))


def value_at(root: etree._Element, place: str) -> str:
    """The text or attribute at `path` or `path@attribute`, or "nothing"."""
    path, _, attribute = place.partition("@")
    found = root.find(path)
    if found is None:
        return "nothing"
    return (found.get(attribute) if attribute else found.text) or "nothing"


_PARTS: tuple[Callable[[_World], Iterator[Check]], ...] = (
    _runs, _contents, _memory_state, _values, _entries, _added_disk, _password, _leaf, _old_images,
)  # fmt: skip


def as_data(checks: tuple[Check, ...]) -> list[Mapping[str, object]]:
    """The checks as JSON data."""
    return [asdict(check) for check in checks]


if __name__ == "__main__":
    import sys

    from steps.drill.child import run_child

    folder, run = sys.argv[1:3]
    run_child(lambda _say: as_data(score(Places(Path(folder)), RunDirectory(Path(run)))))
