"""The drills there are: what broke, what the operator is asked to do, what a sound outcome is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from config.errors import InvalidInput
from steps.conflicts import Resolution, Resolutions

NEXT = "next-boot"
LIVE = "take-live"
BACKUP = "keep-backup"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One drill: `story` is told to the operator, the rest is what a scripted operator does.

    `system` is whose practice site it needs (systems.py). `prompts` are answered in advance;
    `replies` by the operator, who first mends what the fault broke.
    """

    name: str
    procedure: str
    title: str
    story: str
    target_seconds: int
    system: str = "machine"
    from_home: bool = False
    """Whether it takes several runs: by hand it begins at Home, not in its procedure."""
    decisions: Mapping[str, str] = field(default_factory=dict)
    prompts: Mapping[str, str] = field(default_factory=dict)
    replies: Mapping[str, str] = field(default_factory=dict)

    def resolutions(self) -> Resolutions:
        """The scripted operator's decisions."""
        return {row: Resolution.parse(text) for row, text in self.decisions.items()}


RESTORE_MACHINE = Scenario(
    name="restore-machine",
    procedure="virtual_machine.restore",
    title="Bring a machine back to its backup",
    story="""\
web01 was changed today: twice the memory, another bridge, another MAC, another console port, a
third disk. Then something overwrote both of its first disks. The customer wants it back as it was
at the last backup, with its memory, and wants today's bridge and console port kept.
Bring it back. Nothing you do here touches anything but the practice folder.""",
    decisions={
        "memory": NEXT,
        "net0.mac": BACKUP,
        "net0.bridge": LIVE,
        "spice-port": LIVE,
        "description": LIVE,
        "vdc": NEXT,
    },
    prompts={"shut-down": "destroy", "cleanup": "keep"},
    target_seconds=600,
)

_HOSTS_STORY = """\
Nothing here is an oVirt host: the hosts, their storage, their network and the engine's machine are
simulated, and time passes there two minutes a second. Nothing outside the practice folder changes.
The engine is called engine.practice.invalid (192.0.2.10), its storage is
storage.practice.invalid:/hosted_engine/nfs, the gateway 192.0.2.1. Choose any passwords."""

DEPLOY_4_5 = Scenario(
    name="deploy-4.5",
    procedure="hosted_engine.deploy",
    title="Deploy a self-hosted engine of oVirt 4.5 (simulated hosts)",
    story=f"A new host waits for its engine: host-01.practice.invalid.\n{_HOSTS_STORY}",
    system="engine-hosts",
    replies={
        "pause": "resume", "tool.again.1": "clean-up",
        "tool.OVEHOSTED_PRACTICE_UNFORESEEN.1": "storage0",
    },
    target_seconds=3600,
)  # fmt: skip

DEPLOY_CLASSIC = Scenario(
    name="deploy-classic",
    procedure="hosted_engine.deploy",
    title="Deploy a self-hosted engine of oVirt 3.6, the guide's way (simulated hosts)",
    story="A new host waits for its engine: host-02.practice.invalid.\n"
    "Its machine is installed from /var/tmp/installation.iso on the host; whoever installs its\n"
    f"system and its engine is simulated too.\n{_HOSTS_STORY}",
    system="engine-hosts",
    prompts={"menu.OVEHOSTED_INSTALLING_OS.1": "continue"},
    replies={
        "menu.OVEHOSTED_ENGINE_UP.1": "wait", "tool.OVEHOSTED_NON_OPERATIONAL.1": "Retry",
        "menu.OVEHOSTED_INSTALLING_OS.1": "continue",
        "tool.again.1": "clean-up", "tool.OVEHOSTED_PRACTICE_UNFORESEEN.1": "storage0",
    },
    target_seconds=3600,
)  # fmt: skip

BACKUP_NIGHT = Scenario(
    name="backup-night",
    procedure="virtual_machine.backup",
    title="The nightly backup of twelve machines, four of them difficult",
    story="""\
Twelve machines are to be backed up tonight. Their plan saves memory to a RAM disk first. One
machine is excluded by its plan, one is off, one has no room on its RAM disk, and the last backup
of one failed: nobody has noticed. Back up all, leaving out what cannot be, and see who was left
out and why. Repair the one that is stuck ("Repair a stuck backup"), and back it up as well.
Nothing you do here touches anything but the practice folder.""",
    system="night",
    from_home=True,
    target_seconds=1800,
)

_LOST_STORY = """\
The host that carried the engine is dead, and the engine's machine is gone with it. A backup of last
night lies on backup.practice.invalid. When it was made host-02 was in maintenance; it has been
installed anew since. host-03 is alive and its machines run: they must not be touched. vm_mail ran
on the dead host.
Bring the engine back, and what ran on the dead host to where it can be started again.
Hosts, storage, network, engine-backup, engine-setup and the engine are simulated, and time passes
there two minutes a second; SSH, shells, files and archives are real. The new storage is
storage.practice.invalid:/hosted_engine/spare. The engine's password is in the practice folder:
engine/password. Choose the root password."""

LOST_ENGINE_FAILOVER = Scenario(
    name="lost-engine-failover-host",
    procedure="hosted_engine.restore",
    title="A lost engine comes back on the failover host, the guide's way (simulated hosts)",
    story=f"{_LOST_STORY}\nRestore it onto the failover host, host-02.practice.invalid; the disc to"
    " install its engine's machine from is /var/tmp/installation.iso there.",
    system="lost-engine",
    decisions={"host.host-02": "use-failover-host", "machines.left-up": "accept"},
    prompts={
        "menu.OVEHOSTED_INSTALLING_OS.1": "continue", "machine.host-key": "trust",
        "setup.preview": "OK",
    },
    replies={
        "menu.OVEHOSTED_INSTALLING_OS.1": "continue", "tool.again.1": "clean-up",
        "tool.OVEHOSTED_NON_OPERATIONAL.1": "Retry", "restore.half-restored": "again",
        "rebooted.host-01": "rebooted",
    },
    target_seconds=3600,
)  # fmt: skip

LOST_ENGINE_NEW = Scenario(
    name="lost-engine-new-hardware",
    procedure="hosted_engine.restore",
    title="A lost engine comes back on new hardware, by oVirt 4.5 (simulated hosts)",
    story=f"{_LOST_STORY}\nRestore it onto new hardware, host-04.practice.invalid.",
    system="lost-engine",
    decisions={"machines.left-up": "accept"},
    replies={
        "pause": "resume",
        "tool.again.1": "clean-up",
        "rebooted.host-01": "rebooted",
    },
    target_seconds=3600,
)

BACKUP_WITHOUT_MAINTENANCE = Scenario(
    name="backup-without-maintenance",
    procedure="hosted_engine.backup",
    title="Back an engine up so that it can be restored on a host of today (simulated engine)",
    story="""\
Last night somebody backed the engine up while every host carried machines: restored, that backup
could be deployed on none of today's hosts. Back the engine up again, this time with a failover
host: one that does not carry the engine's machine and has the fewest machines to move. Afterwards
it is in service again, and the archive is on backup.practice.invalid.
Nothing here is an oVirt engine: the engine, its machine and the hosts are simulated, and time
passes there twenty times as fast. Nothing outside the practice folder changes.""",
    system="engine-backup",
    replies={"failover.stuck.1": "wait"},
    target_seconds=900,
)

SCENARIOS = (
    RESTORE_MACHINE, BACKUP_NIGHT, DEPLOY_4_5, DEPLOY_CLASSIC, BACKUP_WITHOUT_MAINTENANCE,
    LOST_ENGINE_FAILOVER, LOST_ENGINE_NEW,
)  # fmt: skip


def find_scenario(name: str) -> Scenario:
    """The drill of that name; raises InvalidInput."""
    found = next((scenario for scenario in SCENARIOS if scenario.name == name), None)
    if found is None:
        known = ", ".join(scenario.name for scenario in SCENARIOS)
        raise InvalidInput(f"There is no drill {name!r}.", f"There are: {known}.")
    return found
