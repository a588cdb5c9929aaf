"""Machines on a real hypervisor with a directory of files, to be backed up and restored."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from config.questions import Value
from config.site import DirectoryAccess, HypervisorNode, MachineStorage, ShellAccess, Site
from steps.conflicts import Desk, Resolution
from steps.drill import practice_machine as practice
from steps.drill.embedded import emulator
from steps.drill.places import Places
from steps.ldif_text import dump_entries
from steps.procedure import Plan, ProbeInput
from steps.targets.directory import Change, Entry
from steps.targets.ldif_directory import LdifDirectory
from steps.targets.libvirt_hypervisor import LibvirtHypervisor
from steps.targets.local import LocalShell
from steps.virtual_machine.backup.procedure import PROCEDURE as BACKUP
from steps.virtual_machine.restore import PROCEDURE as RESTORE
from steps.virtual_machine.xml_facts import xml_facts
from tests.real.hypervisor_support import MIB, Machine, clear_away, make_image, make_machine, run
from tests.unit.restore_world import BASE, GROUP, NODE, OWNER, MemoryContext

THEN, LATER = 0xA1, 0xB2
OFFSET = 4 * MIB


@dataclass
class BackupWorld:
    """Folders, directory and machines of one node."""

    folder: Path
    hypervisor: LibvirtHypervisor
    machines: list[Machine] = field(default_factory=list)
    shell: LocalShell = field(default_factory=LocalShell)
    wrap: Callable[[object], object] = lambda target: target
    plan: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path in (self.places.storage, self.places.retain, self.places.backup):
            path.mkdir(parents=True, exist_ok=True)
        self.places.directory.mkdir(parents=True)

    @property
    def places(self) -> Places:
        return Places(self.folder)

    def add(self, *, state: str = "running", polite: bool = False) -> Machine:
        """A machine with two disks full of THEN, running, paused or off."""
        pool = str(uuid.uuid4())
        made = make_machine(self.places.storage / "vm-persistent" / pool, polite=polite)
        if not polite:
            make_image(made.images[0], practice.boot_sector()[:510])
        for image in made.images:
            write_pattern(image, THEN)
        self.hypervisor.define(made.xml)
        if state != "shut off":
            self.hypervisor.start(made.name, paused=state == "paused")
        self.machines.append(made)
        return made

    def open(self) -> None:
        """Write the directory once every machine is there."""
        entries = list(practice.site_entries(BASE, NODE, OWNER, GROUP, self.places))
        for machine in self.machines:
            entries += machine_entries(machine)
        text = dump_entries(entries)
        (self.places.directory / "site.ldif").write_text(text)
        plan_dn = f"ou=backup,ou=configuration,ou=virtualization,ou=services,{BASE}"
        for attribute, value in self.plan.items():
            self.change(plan_dn, attribute, value)

    def change(self, dn: str, attribute: str, value: str) -> None:
        entry = self.directory().get(dn)
        assert entry is not None
        change = Change("replace", attribute, (value.encode(),))
        self.directory().modify(dn, [change], expected_csn=entry.entry_csn)

    @property
    def site(self) -> Site:
        places = self.places
        return Site(
            "practice",
            (HypervisorNode(NODE, self.hypervisor.uri, ShellAccess(), "127.0.0.1"),),
            DirectoryAccess(BASE, ldif_folder=places.directory),
            MachineStorage(str(places.storage), str(places.backup), str(places.retain)),
            practice=True,
        )

    def directory(self) -> LdifDirectory:
        return LdifDirectory(self.places.directory, BASE)

    def probe(self, given: dict[str, Value]) -> ProbeInput:
        return ProbeInput(self.site, given, self.targets())  # type: ignore[arg-type]

    def targets(self) -> Targets:
        return Targets(self)

    def backup_plan(self, *machines: Machine, **given: Value) -> tuple[Plan, dict[str, Value]]:
        """Survey (through JSON) and plan, as a run gets them."""
        names = tuple(machine.name for machine in machines)
        answers: dict[str, Value] = {"machines": names, **given}
        survey = json.loads(json.dumps(BACKUP.survey(self.probe(answers))))
        return BACKUP.plan(self.site, answers, {}, survey), answers

    def context(self, answers: dict[str, Value]) -> MemoryContext:
        folder = self.folder.parent / f"run-{uuid.uuid4().hex[:6]}"
        folder.mkdir()
        return MemoryContext(self.targets(), answers, folder, cleanup="keep", shut_down="destroy")

    def restore_plan(self, machine: Machine, leaf: str, mode: str) -> tuple[Plan, dict[str, Value]]:
        answers: dict[str, Value] = {
            "machine": machine.name, "iteration": leaf, "mode": mode, "shutdown_limit": 0,
        }  # fmt: skip
        probe = self.probe(answers)
        for name in ("backup-set", "modes"):
            found = RESTORE.probes[name](probe)
            assert not [f for f in found.findings if f.level == "error"], found
        survey = json.loads(json.dumps(RESTORE.survey(probe)))
        assert RESTORE.conflicts is not None
        desk = Desk(RESTORE.conflicts(self.site, answers, survey))
        for row in desk.conflicts.rows:
            if row.id in desk.conflicts.still_open(desk.decided):
                desk.decide(row.id, Resolution.parse(row.default or row.allowed[0]))
        assert not desk.conflicts.blocking(desk.decided), desk.conflicts.blocking(desk.decided)
        return RESTORE.plan(self.site, answers, desk.decided, survey), answers

    def leaf(self, machine: Machine, name: str) -> Entry | None:
        return self.directory().get(f"ou={name},ou=backup,{machine_dn(machine)}")

    def leaves_of(self, machine: Machine) -> list[Entry]:
        """The leaves of its iterations in the directory."""
        return list(self.directory().children(f"ou=backup,{machine_dn(machine)}"))

    def leaves(self, machine: Machine) -> list[str]:
        """Names of the iterations on disk."""
        root = self.backup_folder(machine)
        return sorted(path.name for path in root.iterdir()) if root.exists() else []

    def backup_folder(self, machine: Machine) -> Path:
        below = machine.folder.relative_to(self.places.storage)
        return self.places.backup / below / machine.name

    def retained(self, machine: Machine) -> list[str]:
        root = self.places.retain / machine.folder.relative_to(self.places.storage) / machine.name
        return sorted(p.name for p in root.rglob("*") if p.is_file()) if root.exists() else []

    def close(self) -> None:
        for machine in self.machines:
            clear_away(self.hypervisor, machine.name)


class Targets:
    """The targets of a world, each behind its wrap."""

    def __init__(self, world: BackupWorld) -> None:
        self._world = world
        self._directory = world.directory()

    def shell(self, _name: str) -> object:
        return self._world.wrap(self._world.shell)

    def hypervisor(self, _name: str) -> object:
        return self._world.wrap(self._world.hypervisor)

    def directory(self) -> object:
        return self._world.wrap(self._directory)

    def close(self) -> None:
        pass


def machine_dn(machine: Machine) -> str:
    return (
        f"sstVirtualMachine={machine.name},ou=virtual machines,ou=virtualization,ou=services,{BASE}"
    )


def machine_entries(machine: Machine) -> list[Entry]:
    """What the directory says of it, and its lease."""
    dn = machine_dn(machine)
    devices = f"ou=devices,{dn}"
    entry = practice._entry
    disks = [
        entry(
            f"sstDisk={image.stem},{devices}", ["sstVirtualizationVirtualMachineDisk"],
            sstDisk=image.stem, sstDevice="disk", sstType="file", sstTargetBus="virtio",
            sstSourceFile=str(image), sstDriverName="qemu", sstDriverType="qcow2",
            sstVolumeName=image.name, sstVolumeCapacity=str(32 * MIB),
        )
        for image in machine.images
    ]  # fmt: skip
    return [
        entry(
            dn, ["sstVirtualizationVirtualMachine", "sstSpice"], sstVirtualMachine=machine.name,
            sstDisplayName=f"web {machine.name[-4:]}", sstVirtualMachineType="persistent",
            sstVirtualMachinePool=practice.POOL, sstNode=NODE, sstStatus="running",
            sstType="qemu", sstMemory=str(64 * MIB), sstVCPU="1", sstOSType="hvm",
            sstOSArchitecture="x86_64", sstOSMachine="q35", sstOSBootDevice="hd",
            sstFeature=["acpi", "apic"], sstClockOffset="utc", sstOnPowerOff="destroy",
            sstOnReboot="restart", sstOnCrash="destroy", sstSpicePort="5900",
            sstSpicePassword="pw-known",
        ),
        entry(devices, ["organizationalUnit", "sstVirtualizationVirtualMachineDevices"],
              ou="devices", sstEmulator=str(emulator()), sstMemBalloon="none"),
        *disks,
        entry(f"sstInterface=net0,{devices}", ["sstVirtualizationVirtualMachineInterface"],
              sstInterface="net0", sstMacAddress="52:54:00:11:22:c1", sstModelType="virtio",
              sstSourceBridge="none", sstType="user"),
        entry(f"cn={machine.name},{practice._subnet(BASE)}", ["dhcpHost"], cn=machine.name,
              dhcpHWAddress="ethernet 52:54:00:11:22:c1",
              dhcpStatements="fixed-address 10.1.0.9"),
    ]  # fmt: skip


def write_pattern(image: Path, byte: int) -> None:
    run("qemu-io", "-f", "qcow2", "-c", f"write -q -P {byte:#x} {OFFSET} 64k", image)


def pattern(image: Path) -> int | None:
    """The byte that an image (in use or not) holds at OFFSET; None where it is neither."""
    for byte in (THEN, LATER):
        command = ["qemu-io", "-U", "-r", "-c", f"read -q -P {byte:#x} {OFFSET} 64k", str(image)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0 and "Pattern verification failed" not in done.stdout:
            return byte
    return None


def monitor(hypervisor: LibvirtHypervisor, name: str, command: str) -> str:
    import libvirt_qemu

    return str(
        libvirt_qemu.qemuMonitorCommand(
            hypervisor._known(name), command, libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP
        )
    )


def guest_writes(hypervisor: LibvirtHypervisor, machine: Machine, byte: int = LATER) -> None:
    """What a guest does: both disks get that byte at OFFSET, through the running machine."""
    for number in range(len(machine.images)):
        _guest_io(hypervisor, machine, number, f"write -P {byte:#x} {OFFSET} 64k")


def guest_reads(hypervisor: LibvirtHypervisor, machine: Machine) -> list[int | None]:
    """What the machine's disks hold, once it has written out what it kept in memory."""
    for number in range(len(machine.images)):
        _guest_io(hypervisor, machine, number, "flush")
    disks = xml_facts(hypervisor.xml(machine.name), "live").images
    return [pattern(Path(disk.source)) for disk in disks]


def _guest_io(hypervisor: LibvirtHypervisor, machine: Machine, number: int, command: str) -> None:
    device = f"/machine/peripheral/virtio-disk{number}/virtio-backend"
    # What it says goes to the log of QEMU: reading the disks tells.
    monitor(hypervisor, machine.name, f'qemu-io -d {device} "{command}"')
