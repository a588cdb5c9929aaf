"""A small world for restores: real files, a real LDIF-folder directory, a pretended hypervisor.

The hypervisor here follows the rules that were measured on libvirt where they matter to a restore;
the same restores run on the real one in tests/real. What it adds is that a world can be built in
milliseconds, killed at every single effect, and looked at afterwards.
"""

from __future__ import annotations

import atexit
import grp
import json
import os
import pwd
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from config.errors import Refused, StepFailed
from config.questions import Given, Value
from config.secrets import Secret
from config.site import DirectoryAccess, HypervisorNode, MachineStorage, ShellAccess, Site
from steps.conflicts import Decision, Desk, Resolution
from steps.drill import practice_machine as practice
from steps.drill.places import STORAGE, Places
from steps.ldif_text import dump_entries
from steps.procedure import Outcome, Plan, ProbeInput, Prompt, PutOff
from steps.targets.directory import Change, Entry
from steps.targets.hypervisor import DomainStatus, HostAbilities
from steps.targets.ldif_directory import LdifDirectory
from steps.targets.local import LocalShell
from steps.targets.shell import Completed
from steps.virtual_machine.restore import PROCEDURE

BASE = "dc=practice"
NODE = "node-01.practice.invalid"
LEAF = "20260102T030405Z"
PASSWORD = "abcDEF123456"
EMULATOR = "/usr/bin/qemu-system-x86_64"
OWNER = pwd.getpwuid(os.geteuid()).pw_name
GROUP = grp.getgrgid(os.getegid()).gr_name
RUN = "0102-0304-test"
BRIDGE = "lo-br"


class Killed(BaseException):
    """The process dies here: nothing catches this."""


@dataclass
class Domain:
    """What the pretended hypervisor keeps of one domain."""

    inactive: str = ""
    active: str = ""
    state: str = "shut off"
    managed_save: bool = False
    deaf: bool = False


@dataclass
class PretendedHypervisor:
    """libvirt's rules as far as a restore meets them. `ran_on` are inodes a guest has run on."""

    domains_by_name: dict[str, Domain] = field(default_factory=dict)
    ran_on: set[int] = field(default_factory=set)
    restored: int = 0
    refuses: str = ""
    uri: str = "pretended:///"

    def domains(self) -> Sequence[DomainStatus]:
        return [self._status(name) for name in self.domains_by_name]

    def domain(self, name: str) -> DomainStatus | None:
        return self._status(name) if name in self.domains_by_name else None

    def domain_by_uuid(self, uuid: str) -> DomainStatus | None:
        return next((d for d in self.domains() if d.uuid == uuid), None)

    def xml(self, name: str, *, inactive: bool = False) -> str:
        domain = self.domains_by_name[name]
        return domain.inactive if inactive or not domain.active else domain.active

    def abilities(self) -> HostAbilities:
        return HostAbilities((EMULATOR,), ("pc-q35-7.2",), (("q35", "pc-q35-7.2"),))

    def shut_down(self, name: str, timeout: float) -> bool:
        domain = self.domains_by_name.get(name)
        if domain is None or not domain.active:
            return True
        if domain.deaf or domain.state == "paused":
            return False
        self._off(name)
        return True

    def destroy(self, name: str) -> None:
        if name in self.domains_by_name:
            self._off(name)

    def state_xml(self, state_path: str) -> str:
        return state_file_xml(Path(state_path).read_bytes())

    def check_state_xml(self, header_copy: str, xml: str) -> str:
        saved = etree.fromstring(self.state_xml(header_copy).encode())
        wanted = etree.fromstring(xml.encode())
        Path(header_copy).write_bytes(b"rewritten")
        if saved.findtext("memory") != wanted.findtext("memory"):
            return "Target domain max memory does not match source"
        return self.refuses

    def restore_paused(self, state_path: str, xml: str) -> None:
        name = etree.fromstring(xml.encode()).findtext("name") or ""
        status = self.domain(name)
        if status is not None and status.active:
            raise StepFailed(f"domain '{name}' is already active")
        if self.refuses:
            raise StepFailed(self.refuses)
        assert Path(state_path).read_bytes().startswith(b"LibvirtQemudSave")
        inodes = self._inodes(xml)
        assert not inodes & self.ran_on, "memory restored on disks a guest has run on"
        domain = self.domains_by_name.setdefault(name, Domain())
        domain.active, domain.state = xml, "paused"
        self.restored += 1

    def start(self, name: str, *, paused: bool = False) -> None:
        domain = self.domains_by_name[name]
        if domain.active:
            raise Refused("already running")
        domain.active, domain.state = domain.inactive, "paused" if paused else "running"
        self.ran_on |= set() if paused else self._inodes(domain.active)

    def resume(self, name: str) -> None:
        domain = self.domains_by_name[name]
        if domain.state == "paused":
            domain.state = "running"
            self.ran_on |= self._inodes(domain.active)

    def define(self, xml: str) -> None:
        name = etree.fromstring(xml.encode()).findtext("name") or ""
        self.domains_by_name.setdefault(name, Domain()).inactive = xml

    def undefine(self, name: str) -> None:
        domain = self.domains_by_name.get(name)
        if domain is None:
            return
        domain.inactive = ""
        if not domain.active:
            del self.domains_by_name[name]

    def close(self) -> None:
        pass

    def _off(self, name: str) -> None:
        domain = self.domains_by_name[name]
        domain.active, domain.state = "", "shut off"
        if not domain.inactive:
            del self.domains_by_name[name]

    def _status(self, name: str) -> DomainStatus:
        domain = self.domains_by_name[name]
        uuid = etree.fromstring(self.xml(name).encode()).findtext("uuid") or ""
        return DomainStatus(
            name, uuid, domain.state, bool(domain.inactive), domain.managed_save, ()
        )

    def _inodes(self, xml: str) -> set[int]:
        sources = etree.fromstring(xml.encode()).findall("devices/disk/source")
        return {Path(source.get("file", "")).stat().st_ino for source in sources}


def state_file(xml: str, memory: bytes = b"memory" * 1000) -> bytes:
    """A state file with that XML, laid out as libvirt does."""
    text = xml.encode() + b"\0"
    text += b"\0" * (65536 - len(text) % 65536)
    numbers = struct.pack("<5I", 2, len(text), 1, 0, 0) + b"\0" * 56
    return b"LibvirtQemudSave" + numbers + text + memory


def state_file_xml(data: bytes) -> str:
    """The XML in such a file."""
    return data[92:].split(b"\0", 1)[0].decode()


@dataclass(frozen=True, slots=True)
class TemplatePlaces(Places):
    """Places whose machine is a template."""

    @property
    def live(self) -> Path:
        return self.storage / STORAGE.replace("vm-persistent", "vm-templates")


@dataclass
class World:
    """One practice place: folders, directory, hypervisor; and how to restore on it."""

    places: Places
    directory: LdifDirectory
    hypervisor: PretendedHypervisor
    shell: LocalShell
    site: Site
    around: practice.Surroundings
    then: practice.Shape
    now: practice.Shape

    @property
    def set_folder(self) -> Path:
        """The backup set."""
        return self.places.backup / self._below / LEAF

    @property
    def retain(self) -> Path:
        """The retain folder of a restore of it."""
        return self.places.retain / self._below / LEAF

    @property
    def _below(self) -> Path:
        return self.places.live.relative_to(self.places.storage) / practice.MACHINE

    @property
    def dn(self) -> str:
        """The machine's entry."""
        return practice.machine_dn(BASE)

    def leaf(self) -> Entry | None:
        """The iteration's leaf."""
        return self.directory.get(f"ou={LEAF},ou=backup,{self.dn}")

    def change(self, dn: str, attribute: str, value: str) -> None:
        """Somebody changes an entry."""
        entry = self.directory.get(dn)
        assert entry is not None
        change = Change("replace", attribute, (value.encode(),))
        self.directory.modify(dn, [change], expected_csn=entry.entry_csn)

    def remove_entry(self) -> None:
        """The machine's directory entry and lease are gone."""
        for entry in reversed(self.directory.subtree(self.dn)):
            self.directory.delete(entry.dn)
        self.directory.delete(practice.lease_dn(BASE))

    def pattern(self, image: str) -> str:
        """What one live image holds: `then`, `now`, or what else."""
        return contents(self.places.live / image)


class WorldTargets:
    """The targets of a world. `wrap` may stand between the steps and each of them."""

    def __init__(self, world: World, wrap: Callable[[object], object] = lambda t: t) -> None:
        self._world, self._wrap = world, wrap

    def shell(self, name: str) -> object:
        assert name == NODE
        return self._wrap(self._world.shell)

    def hypervisor(self, name: str) -> object:
        assert name == NODE
        return self._wrap(self._world.hypervisor)

    def directory(self) -> object:
        return self._wrap(self._world.directory)

    def close(self) -> None:
        pass


class MemoryContext:
    """A step's context whose facts outlive it, as a journal's do."""

    def __init__(self, targets: object, given: Given, folder: Path, **answers: str) -> None:
        self.targets, self.given, self.run_directory = targets, given, folder
        self.facts: dict[str, str] = {}
        self.lines: list[str] = []
        self.asked: list[Prompt] = []
        self.answers = answers
        self.concealed: set[str] = set()
        self.touched: set[str] = set()
        self.finished: set[str] = set()

    def after_a_crash(self, targets: object) -> MemoryContext:
        """What a resumed runner's steps are given: everything that was journalled, no more."""
        again = MemoryContext(targets, self.given, self.run_directory, **self.answers)
        again.facts, again.touched, again.finished = self.facts, self.touched, self.finished
        return again

    def record(self, name: str) -> None:
        """A step is through: the journal says so."""
        self.finished.add(name)

    def log(self, line: str) -> None:
        self.lines.append(line)

    def progress(self, done: int, total: int, unit: str = "B") -> None:
        pass

    def ask(self, prompt: Prompt) -> str:
        self.asked.append(prompt)
        return self.answers[prompt.name.replace("-", "_")]

    def secret(self, name: str, title: str) -> Secret:
        raise AssertionError("no step of a restore asks for a secret")

    def remember(self, name: str, value: str) -> None:
        self.facts[name] = value

    def recall(self, name: str) -> str | None:
        return self.facts.get(name)

    def conceal(self, text: str) -> None:
        self.concealed.add(text)

    def checkpoint(self) -> None:
        pass


def contents(image: Path) -> str:
    """`then` or `now`, by the bytes that make_image wrote into the image."""
    data = image.read_bytes()
    found = [name for name, byte in (("then", 0xA1), ("now", 0xEE)) if bytes([byte]) * 4096 in data]
    return ", ".join(found) or "neither"


class RememberingShell(LocalShell):
    """The local shell; what qemu-img said of a file is not asked again while the file stands."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[object, ...], Completed] = {}

    def run(self, command: Sequence[str], **named: Any) -> Completed:
        if command[0] != "qemu-img":
            return super().run(command, **named)
        status = os.stat(command[-1]) if os.path.exists(command[-1]) else None
        identity = status and (status.st_ino, status.st_mtime_ns, status.st_size)
        key = (tuple(command), identity)
        if key not in self._said:
            self._said[key] = super().run(command, **named)
        return self._said[key]


def make_image(path: Path, size: int, pattern: int) -> None:
    """A qcow2 image whose first 64 KiB are that byte."""
    shutil.copyfile(_image(size, pattern), path)
    path.chmod(0o660)


@cache
def _image(size: int, pattern: int) -> Path:
    folder = tempfile.mkdtemp(prefix="rekindle-images-")
    atexit.register(shutil.rmtree, folder)
    path = Path(folder) / "image.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, str(size)], check=True)
    command = f"write -q -P {pattern:#x} 0 64k"
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", command, path], check=True)
    return path


def make_world(folder: Path, **options: object) -> World:
    """A machine, its backup, and what it has become since. It runs.

    Options: `running` (False: it was off when backed up), `template`, `card` ("user" or "bridge"),
    `retain` (a folder elsewhere).
    """
    is_template = bool(options.get("template"))
    places = TemplatePlaces(folder) if is_template else Places(folder)
    for path in (places.live, places.retain, places.backup, places.directory):
        path.mkdir(parents=True)
    around = practice.Surroundings(
        places, BASE, NODE, EMULATOR, "vnc", str(options.get("card", "user")), PASSWORD
    )  # fmt: skip
    then = practice.at_backup(BRIDGE, 5931)
    then = replace(then, disks=tuple(replace(d, capacity=1 << 20) for d in then.disks))
    now = practice.today(then, BRIDGE, 5932)
    now = replace(now, disks=tuple(replace(d, capacity=1 << 20) for d in now.disks))
    directory = _directory(places, around, now)
    site = Site(
        "practice",
        (HypervisorNode(NODE, "pretended:///", ShellAccess(), "127.0.0.1", (BRIDGE,)),),
        DirectoryAccess(BASE, ldif_folder=places.directory),
        MachineStorage(str(places.storage), str(places.backup), str(places.retain)),
        practice=True,
    )
    world = World(
        places, directory, PretendedHypervisor(), RememberingShell(), site, around, then, now
    )
    _make_set(world, running=bool(options.get("running", not is_template)))
    for disk in now.disks:
        make_image(places.live / disk.image, disk.capacity, 0xEE)
    if "retain" in options:
        plan = f"ou=backup,ou=configuration,ou=virtualization,ou=services,{BASE}"
        world.change(plan, "sstBackupRetainDirectory", f"file://{options['retain']}")
    if is_template:
        world.change(world.dn, "sstVirtualMachineType", "template")
        return world
    world.hypervisor.define(practice.domain_xml(now, around))
    world.hypervisor.start(practice.MACHINE)
    return world


def put_back(world: World, copy: Path) -> World:
    """The world as it was when its folder was copied to `copy`; its machine runs."""
    shutil.rmtree(world.places.folder)
    shutil.copytree(copy, world.places.folder, symlinks=True)
    hypervisor = world.hypervisor
    hypervisor.domains_by_name.clear()
    hypervisor.ran_on.clear()
    hypervisor.restored = 0
    hypervisor.define(practice.domain_xml(world.now, world.around))
    hypervisor.start(practice.MACHINE)
    return world


def _directory(places: Places, around: practice.Surroundings, now: practice.Shape) -> LdifDirectory:
    entries = [
        *practice.site_entries(BASE, NODE, OWNER, GROUP, places),
        *practice.machine_entries(now, around),
        *practice.leaf_entries(BASE, LEAF, LEAF, mode="finished"),
    ]
    (places.directory / "site.ldif").write_text(dump_entries(entries))
    return LdifDirectory(places.directory, BASE)


def _make_set(world: World, *, running: bool) -> None:
    folder, name = world.set_folder, practice.MACHINE
    folder.mkdir(parents=True)
    xml = practice.domain_xml(world.then, world.around)
    entries = practice.machine_entries(world.then, world.around)
    state = state_file(xml) if running else b"Machine is not runnung, no state file"
    files = {
        f"{name}.xml": xml.replace(f" passwd='{PASSWORD}'", "").encode(),
        f"{name}.ldif": dump_entries(entries).encode(),
        f"{name}.state": state,
    }
    for file, data in files.items():
        (folder / f"{file}.{LEAF}").write_bytes(data)
    for disk in world.then.disks:
        make_image(folder / f"{disk.image}.{LEAF}", disk.capacity, 0xA1)


def survey_of(world: World, given: Given) -> dict[str, object]:
    """The survey as a probe process would bring it: through JSON."""
    found = PROCEDURE.survey(ProbeInput(world.site, given, WorldTargets(world)))  # type: ignore[arg-type]
    return dict(json.loads(json.dumps(found)))


def answers(mode: str = "with-state", **more: Value) -> dict[str, Value]:
    """The interview's answers."""
    return {
        "machine": practice.MACHINE, "iteration": LEAF, "mode": mode, "shutdown_limit": 0, **more,
    }  # fmt: skip


def decide(world: World, given: Given, survey: dict[str, object], **choices: str) -> Desk:
    """Every row decided: as asked for, else by its default, else the first that is allowed."""
    assert PROCEDURE.conflicts is not None
    desk = Desk(PROCEDURE.conflicts(world.site, given, survey))
    for row in desk.conflicts.rows:
        if row.id in desk.conflicts.still_open(desk.decided):
            wanted = choices.get(row.id.replace(".", "_").replace("-", "_"))
            decision = row.default or row.allowed[0]
            desk.decide(row.id, Resolution.parse(wanted) if wanted else Resolution(decision))
    return desk


def plan_of(world: World, given: Given, **choices: str) -> Plan:
    """The plan with every conflict decided."""
    survey = survey_of(world, given)
    desk = decide(world, given, survey, **choices)
    blocking = desk.conflicts.blocking(desk.decided)
    assert not blocking, [block.message for block in blocking]
    return PROCEDURE.plan(world.site, given, desk.decided, survey)


def carry_out(plan: Plan, context: MemoryContext, *, until: str = "") -> list[str]:
    """The law, in small: verify, apply, verify. Returns the steps that were put off."""
    put_off = []
    for step in plan.steps:
        if step.name == until:
            break
        if step.name in context.finished:
            continue
        verdict = step.verify(context)
        assert verdict.outcome is not Outcome.UNKNOWN, f"{step.name}: {verdict.evidence}"
        if verdict.outcome is Outcome.NOT_DONE:
            context.touched.add(step.name)
            try:
                step.apply(context)
            except PutOff:
                put_off.append(step.name)
                continue
            verdict = step.verify(context)
            assert verdict.outcome is Outcome.DONE, f"{step.name}: {verdict.evidence}"
        context.record(step.name)
    return put_off


def take_back(plan: Plan, context: MemoryContext) -> None:
    """Undo every step that was begun and can be, the last first, as the runner does."""
    for step in reversed(plan.steps):
        if step.can_undo and step.name in context.touched:
            step.undo(context)
            verdict = step.verify(context)
            assert verdict.outcome is not Outcome.DONE, f"{step.name}: {verdict.evidence}"
            context.touched.discard(step.name)
            context.finished.discard(step.name)


def snapshot(world: World) -> Mapping[str, object]:
    """What counts of a world, to compare two of them. Stamps of the time are left out."""
    name = practice.MACHINE
    domain = world.hypervisor.domains_by_name.get(name)
    leaf = world.leaf()
    return {
        "images": {
            path.name.split(".before-")[0]: contents(path)
            for path in sorted(world.places.live.iterdir())
        },
        "files": sorted(str(p.relative_to(world.places.folder)) for p in _files(world)),
        "state": domain.state if domain else None,
        "persistent": bool(domain and domain.inactive),
        "active": domain.active if domain else None,
        "inactive": domain.inactive if domain else None,
        "entries": [
            (e.dn, sorted(e.attributes.items()))
            for e in world.directory.subtree(BASE)
            if f"ou={LEAF}" not in e.dn
        ],
        "leaf": leaf
        and (leaf.text("sstProvisioningMode"), leaf.text("sstProvisioningReturnValue")),
    }


def _files(world: World) -> Iterator[Path]:
    for root in (world.places.storage, world.places.backup):
        found = (path for path in root.rglob("*") if path.is_file())
        # That the set was read whole stays true, whatever is taken back.
        yield from (path for path in found if not path.name.endswith(".check.json"))


def keep_backup(*rows: str) -> dict[str, str]:
    """Choices that keep the backup's value for these rows."""
    return {row: Decision.KEEP_BACKUP.value for row in rows}
