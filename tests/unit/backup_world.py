"""A small world for backups: real files; directory, images and hypervisor are pretended.

An image here is a small JSON file with the *generation* its guest wrote last, or none where it only
stands on another. A guest that is let run writes a new generation to all its disks and keeps it in
memory. So a set is consistent exactly where its memory state and its images tell one generation,
and nothing is lost exactly where the machine reads its own. The rules of libvirt and QEMU are the
measured ones; the same backups run on the real ones in tests/real.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lxml import etree

from config.errors import StepFailed
from config.questions import Value
from config.site import DirectoryAccess, HypervisorNode, MachineStorage, ShellAccess, Site
from steps.drill import practice_machine as practice
from steps.drill.places import Places
from steps.procedure import Plan, ProbeInput
from steps.targets.directory import Change
from steps.targets.local import LocalShell
from steps.targets.shell import Completed, checked_result
from steps.targets.snapshots import BlockJob, PushJob
from steps.virtual_machine.backup.procedure import PROCEDURE
from tests.unit.memory_directory import MemoryDirectory
from tests.unit.restore_world import (
    BASE,
    EMULATOR,
    GROUP,
    NODE,
    OWNER,
    PASSWORD,
    Domain,
    MemoryContext,
    PretendedHypervisor,
    WorldTargets,
    state_file,
    state_file_xml,
)

SIZE = 1 << 20
_FOLDERS: list[Path] = []


def clear_worlds() -> None:
    """Remove the folders of all worlds that were made."""
    while _FOLDERS:
        shutil.rmtree(_FOLDERS.pop(), ignore_errors=True)


def write_image(path: Path, generation: int | None, backing: str = "") -> None:
    path.write_text(json.dumps({"generation": generation, "backing": backing}))


def read_image(path: str | Path) -> dict[str, Any]:
    return dict(json.loads(Path(path).read_text()))


def generation_of(path: str | Path) -> int | None:
    """What a guest would read: the image's own generation, else that of what it stands on."""
    found = read_image(path)
    if found["generation"] is not None or not found["backing"]:
        return found["generation"]
    return generation_of(found["backing"])


class ImageShell(LocalShell):
    """The local shell with a qemu-img that knows the pretended images."""

    def run(self, command: Sequence[str], *, check: bool = True, **named: Any) -> Completed:
        if command[0] != "qemu-img":
            return super().run(command, check=check, **named)
        done = self.qemu_img(list(command))
        return checked_result(done, "here") if check else done

    def stream(self, command: Sequence[str], on_line: Callable[[str], None], **named: Any) -> int:
        return self.qemu_img(list(command)).code

    def qemu_img(self, words: list[str]) -> Completed:
        out = ""
        path = words[-1]
        match words[1]:
            case "info":
                if not os.path.exists(path):
                    return Completed("qemu-img", 1, "", f"Could not open '{path}'")
                chain = "--backing-chain" in words
                out = json.dumps(_chain(path) if chain else _info(path))
            case "create":
                write_image(Path(words[-2]), None, words[words.index("-b") + 1])
            case "rebase":
                write_image(Path(path), generation_of(path), words[words.index("-b") + 1])
            case "commit":
                found = read_image(path)
                if found["generation"] is not None:
                    base = Path(found["backing"])
                    write_image(base, found["generation"], read_image(base)["backing"])
                    write_image(Path(path), None, found["backing"])
            case "map":
                own = read_image(path)["generation"] is not None
                out = json.dumps([{"depth": 0 if own else 1, "present": True}])
            case "check":
                pass
        return Completed("qemu-img", 0, out, "")


def _info(path: str) -> dict[str, Any]:
    backing = read_image(path)["backing"]
    found = {"filename": path, "format": "qcow2", "virtual-size": SIZE, "actual-size": 4096}
    return {**found, "full-backing-filename": backing} if backing else found


def _chain(path: str) -> list[dict[str, Any]]:
    found = _info(path)
    behind = found.get("full-backing-filename")
    return [found, *(_chain(str(behind)) if behind else [])]


@dataclass
class GuestHypervisor(PretendedHypervisor):
    """libvirt's rules as far as a backup meets them, and guests that write when they run."""

    generation: int = 0
    memory: dict[str, int] = field(default_factory=dict)
    jobs: dict[tuple[str, str], BlockJob] = field(default_factory=dict)
    push: PushJob | None = None
    unwritten: set[str] = field(default_factory=set)
    """Images that a pull left half in the memory of QEMU."""
    fail: set[str] = field(default_factory=set)
    """Names of calls that fail, once each."""

    def _may(self, call: str) -> None:
        if call in self.fail:
            self.fail.discard(call)
            raise StepFailed(f"{call} failed, as the test wants it")

    def save(self, name: str, state_path: str) -> None:
        self._may("save")
        domain = self.domains_by_name[name]
        assert domain.active
        Path(state_path).write_bytes(self._state(name))
        domain.active, domain.state = "", "shut off"

    def restore_paused(self, state_path: str, xml: str) -> None:
        self._may("restore_paused")
        data = Path(state_path).read_bytes()
        name = etree.fromstring(xml.encode()).findtext("name") or ""
        domain = self.domains_by_name.setdefault(name, Domain())
        if domain.active:
            raise StepFailed(f"domain '{name}' is already active")
        generation = int(data[-8:])
        seen = {generation_of(path) for path in self._sources(xml)}
        assert seen == {generation}, f"memory of {generation} restored on disks of {seen}"
        domain.active, domain.state = _probed(xml), "paused"
        self.memory[name] = generation
        self.restored += 1

    def state_xml(self, state_path: str) -> str:
        return state_file_xml(Path(state_path).read_bytes())

    def start(self, name: str, *, paused: bool = False) -> None:
        domain = self.domains_by_name[name]
        assert not domain.active
        domain.active, domain.state = _probed(domain.inactive), "paused"
        self.memory[name] = -1
        if not paused:
            self.resume(name)

    def resume(self, name: str) -> None:
        self._may("resume")
        domain = self.domains_by_name[name]
        if domain.state == "paused":
            domain.state = "running"
            self._write(name)

    def snapshot(
        self, name: str, overlays: Mapping[str, str], state_path: str = ""
    ) -> float | None:
        domain = self.domains_by_name[name]
        assert domain.state == "running", "a paused guest's disks are closed"
        if state_path:
            Path(state_path).write_bytes(self._state(name, part="part" in self.fail))
        if "part" in self.fail:
            self.fail.discard("part")
            domain.state = "paused"
            raise StepFailed("No space left on device")
        for target, path in overlays.items():
            base = self._source(domain.active, target)
            assert not Path(path).exists()
            write_image(Path(path), None, base)
        for attribute in ("active", "inactive"):
            xml = getattr(domain, attribute)
            setattr(domain, attribute, _with_sources(xml, overlays))
        domain.active = _probed(domain.active)
        self._write(name)
        self._may("snapshot")
        return 0.25 if state_path else None

    def pull(self, name: str, target: str, *, base: str = "", bandwidth: int = 0) -> None:
        self._may("pull")
        domain = self.domains_by_name[name]
        path = Path(self._source(domain.active, target))
        write_image(path, generation_of(path), base)
        self.unwritten.add(str(path))
        domain.active = _probed(domain.active)

    def suspend(self, name: str) -> None:
        self._may("suspend")
        self.domains_by_name[name].state = "paused"
        self.unwritten.clear()

    def commit(self, name: str, target: str, *, base: str, bandwidth: int = 0) -> None:
        self._may("commit")
        path = self._source(self.domains_by_name[name].active, target)
        assert read_image(path)["backing"] == base
        write_image(Path(base), generation_of(path), read_image(base)["backing"])
        self.jobs[name, target] = BlockJob("commit", 1, 1)

    def pivot(self, name: str, target: str) -> bool:
        self._may("pivot")
        domain = self.domains_by_name[name]
        base = read_image(self._source(domain.active, target))["backing"]
        del self.jobs[name, target]
        domain.active = _probed(_with_sources(domain.active, {target: base}))
        domain.inactive = _with_sources(domain.inactive, {target: base})
        return True

    def cancel_job(self, name: str, target: str) -> None:
        self.jobs.pop((name, target), None)

    def block_job(self, name: str, target: str) -> BlockJob | None:
        return self.jobs.get((name, target))

    def begin_push(self, name: str, files: Mapping[str, tuple[str, str]]) -> None:
        self._may("begin_push")
        xml = self.domains_by_name[name].active
        for target, (path, _) in files.items():
            assert not Path(path).exists()
            write_image(Path(path), generation_of(self._source(xml, target)))
        self.push = PushJob(1, 1, True, True)

    def push_job(self, name: str) -> PushJob | None:
        return self.push

    def cancel_push(self, name: str) -> None:
        return

    def is_busy(self, name: str) -> bool:
        return False

    def reads(self, name: str) -> set[int | None]:
        """What the machine's disks hold, through the chain it has (or would start with)."""
        return {generation_of(path) for path in self._sources(self.xml(name))}

    def _state(self, name: str, *, part: bool = False) -> bytes:
        domain = self.domains_by_name[name]
        ended = _ended(domain.active)
        data = state_file(ended, f"{self.memory[name]:08d}".encode())
        return data.replace(b"LibvirtQemudSave", b"LibvirtQemudPart") if part else data

    def _write(self, name: str) -> None:
        """A guest that runs writes: a new generation to every disk, and to its memory."""
        self.generation += 1
        self.memory[name] = self.generation
        for path in self._sources(self.domains_by_name[name].active):
            write_image(Path(path), self.generation, read_image(path)["backing"])

    def _sources(self, xml: str) -> list[str]:
        found = etree.fromstring(xml.encode()).findall("devices/disk/source")
        return [source.get("file", "") for source in found]

    def _source(self, xml: str, target: str) -> str:
        root = etree.fromstring(xml.encode())
        found = root.find(f"devices/disk/target[@dev='{target}']/../source")
        assert found is not None
        return found.get("file", "")


def _with_sources(xml: str, sources: Mapping[str, str]) -> str:
    root = etree.fromstring(xml.encode())
    for target, path in sources.items():
        found = root.find(f"devices/disk/target[@dev='{target}']/../source")
        assert found is not None
        found.set("file", path)
    return etree.tostring(root, encoding="unicode")


def _probed(xml: str) -> str:
    """What libvirt shows: the chain as it stands in the images, ended by an empty backingStore.

    A chain that the XML has ended already is taken for ended, whatever the image says.
    """
    root = etree.fromstring(xml.encode())
    for disk in root.findall("devices/disk"):
        source, old = disk.find("source"), disk.find("backingStore")
        assert source is not None
        ended = old is not None and not old.attrib and "active" not in (root.get("probed") or "")
        if old is not None:
            disk.remove(old)
        into = disk
        behind = "" if ended else read_image(source.get("file", ""))["backing"]
        while behind:
            store = etree.SubElement(into, "backingStore", type="file")
            etree.SubElement(store, "source", file=behind)
            into, behind = store, read_image(behind)["backing"]
        etree.SubElement(into, "backingStore")
    root.set("probed", "active")
    return etree.tostring(root, encoding="unicode")


def _ended(xml: str) -> str:
    """The XML as it is saved: the chain ends of probing stay in it."""
    root = etree.fromstring(xml.encode())
    root.attrib.pop("probed", None)
    return etree.tostring(root, encoding="unicode")


@dataclass
class BackupWorld:
    """One machine and what it stands on."""

    folder: Path
    hypervisor: GuestHypervisor
    site: Site
    shell: LocalShell
    directory: MemoryDirectory
    definition: str

    @property
    def places(self) -> Places:
        return Places(self.folder)

    @property
    def images(self) -> list[Path]:
        return [self.places.live / disk.image for disk in practice.FIRST_DISKS]

    @property
    def _below(self) -> Path:
        return self.places.live.relative_to(self.places.storage) / practice.MACHINE

    def sets(self) -> list[Path]:
        """The folders of all iterations, oldest first."""
        root = self.places.backup / self._below
        return sorted(root.iterdir()) if root.exists() else []

    def left_in_retain(self) -> list[str]:
        root = self.places.retain
        return sorted(str(p.relative_to(root)) for p in root.rglob("*"))

    def beside_images(self) -> list[str]:
        return sorted(path.name for path in self.places.live.iterdir())

    def leaves(self) -> dict[str, tuple[str | None, str | None]]:
        """Mode and return value of every leaf."""
        dn = f"ou=backup,{practice.machine_dn(BASE)}"
        return {
            e.text("ou") or "": (
                e.text("sstProvisioningMode"), e.text("sstProvisioningReturnValue")
            )
            for e in self.directory.children(dn)
        }  # fmt: skip


def make_world(state: str = "running", *, iterations: int = 1) -> BackupWorld:
    """A machine in that state, with two disks; nothing is backed up yet."""
    # In memory where there is such a place: thousands of small files are made and fsynced.
    fast = "/dev/shm" if os.path.isdir("/dev/shm") else None
    folder = Path(tempfile.mkdtemp(prefix="rekindle-backup-", dir=fast)) / "site"
    _FOLDERS.append(folder.parent)
    places = Places(folder)
    for path in (places.live, places.retain, places.backup, places.directory):
        path.mkdir(parents=True)
    around = practice.Surroundings(places, BASE, NODE, EMULATOR, "vnc", "user", PASSWORD)
    shape = practice.at_backup("lo-br", 5931)
    shape = replace(shape, disks=tuple(replace(d, capacity=SIZE) for d in shape.disks))
    entries = [
        *practice.site_entries(BASE, NODE, OWNER, GROUP, places),
        *practice.machine_entries(shape, around),
    ]
    directory = MemoryDirectory(BASE, entries)
    plan = directory.get(f"ou=backup,ou=configuration,ou=virtualization,ou=services,{BASE}")
    assert plan is not None
    number = Change("replace", "sstBackupNumberOfIterations", (str(iterations).encode(),))
    directory.modify(plan.dn, [number], expected_csn=plan.entry_csn)
    site = Site(
        "practice",
        (HypervisorNode(NODE, "pretended:///", ShellAccess(), "127.0.0.1"),),
        DirectoryAccess(BASE, ldif_folder=places.directory),
        MachineStorage(str(places.storage), str(places.backup), str(places.retain)),
        practice=True,
    )
    definition = practice.domain_xml(shape, around)
    world = BackupWorld(
        folder, GuestHypervisor(), site, ImageShell(), directory,
        definition,
    )  # fmt: skip
    set_machine(world, state)
    return world


def set_machine(world: BackupWorld, state: str) -> None:
    """The machine as it is at first: generation 1 on its disks and in its memory."""
    hypervisor, name = world.hypervisor, practice.MACHINE
    hypervisor.domains_by_name.clear()
    hypervisor.jobs.clear()
    hypervisor.fail.clear()
    hypervisor.unwritten.clear()
    hypervisor.push, hypervisor.generation = None, 0
    for image in world.images:
        write_image(image, 0)
    hypervisor.define(world.definition)
    hypervisor.start(name)
    if state == "paused":
        hypervisor.domains_by_name[name].state = "paused"
    elif state == "shut off":
        hypervisor.destroy(name)


def plan_of(world: BackupWorld, **given: Value) -> tuple[Plan, dict[str, Value]]:
    """Survey through JSON, and the plan made from it."""
    answers: dict[str, Value] = {"machines": (practice.MACHINE,), **given}
    probe = ProbeInput(world.site, answers, WorldTargets(world))  # type: ignore[arg-type]
    survey = json.loads(json.dumps(PROCEDURE.survey(probe)))
    return PROCEDURE.plan(world.site, answers, {}, survey), answers


def context_of(world: BackupWorld, answers: dict[str, Value], targets: object = None):
    folder = world.folder.parent / "run"
    folder.mkdir(exist_ok=True)
    return MemoryContext(targets or WorldTargets(world), answers, folder)  # type: ignore[arg-type]


def tells(folder: Path) -> dict[str, int | None]:
    """The generation that each file of a set tells: images, and the memory state."""
    found: dict[str, int | None] = {}
    for path in sorted(folder.iterdir()):
        if ".qcow2." in path.name:
            found[path.name.split(".")[0]] = generation_of(path)
        elif ".state." in path.name:
            data = path.read_bytes()
            found["memory"] = int(data[-8:]) if data.startswith(b"LibvirtQemudSave") else None
    return found
