"""A small world for backups of an engine: real files and shells, a scripted engine-backup, and an
engine in memory with the rules that matter to a failover host.

Archives are real ones: what the scripted engine-backup copies was built by the programs that the
real one uses, and says of each host what the engine said when it was made.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from config.errors import Refused
from config.questions import Given, Value
from config.site import (
    BackupServer,
    EngineAccess,
    EngineHost,
    EngineMachine,
    ShellAccess,
    Site,
)
from steps.hosted_engine.backup.procedure import PROCEDURE
from steps.procedure import Plan, ProbeInput
from steps.targets.engine_facts import AboutEngine, Host, HostedEngine, Machine
from steps.targets.local import LocalShell
from tests.engine_archives import FQDN, MODERN, build
from tests.unit.dump_support import CustomDump
from tests.unit.restore_world import MemoryContext

MACHINE, SERVER, AGENT = "engine.practice", "backup.practice", "h2.practice"
NAMES = ("hosted_engine_1", "hosted_engine_2", "hosted_engine_3", "plain_4")
FULL_SCORE = 3400

ENGINE_BACKUP = r"""#!/bin/sh
world='{world}'
for word in "$@"; do
  case $word in --file=*) file=${word#*=};; --log=*) log=${word#*=};; esac
done
echo "$*" >> "$world/called"
echo "Start of engine-backup with mode 'backup'"
: > "$file"; chmod 600 "$file"
echo "2026-11-27 03:00:00 1: Start of engine-backup" >> "$log"
mode=$(cat "$world/mode")
while [ -e "$world/hold" ]; do sleep 0.05; done
case $mode in
  fails) echo "FATAL: Database engine backup failed" >&2; exit 1;;
  full) echo "tar: No space left on device" >> "$log"; echo "FATAL: full" >&2; exit 1;;
  empty) echo "Done."; exit 0;;
  unsure) cp "$world/archive-$(cat "$world/state")" "$file"; echo "Packing"; exit 0;;
  torn) head -c 600 "$world/archive-$(cat "$world/state")" > "$file"; echo "Done."; exit 0;;
esac
cp "$world/archive-$(cat "$world/state")" "$file"
echo "Packing into file '$file'"
echo "Done."
"""

HOSTED_ENGINE = r"""#!/bin/sh
cat '{world}/vm-status'
"""


@dataclass
class MemoryEngine:
    """The engine. A host that is emptied moves a machine at each look; pinned ones stay."""

    world: BackupWorld
    hosts_by_id: dict[str, Host] = field(default_factory=dict)
    all_machines: dict[str, Machine] = field(default_factory=dict)
    pinned: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    refuses: str = ""
    url = "https://engine.practice"

    def marked(self, correlation: str) -> MemoryEngine:
        return self

    def about(self) -> AboutEngine:
        return AboutEngine("oVirt", "oVirt Engine", "4.5.7-1.el9", "")

    def hosts(self) -> Sequence[Host]:
        return tuple(self.hosts_by_id.values())

    def host(self, id: str) -> Host | None:
        self._go_on()
        return self.hosts_by_id.get(id)

    def machines(self, host: str = "") -> Sequence[Machine]:
        return tuple(m for m in self.all_machines.values() if host in ("", m.host))

    def maintain_host(self, id: str, reason: str = "") -> None:
        if self.refuses:
            raise Refused(self.refuses)
        self.calls.append(f"maintain {id}")
        self._status(id, "preparing_for_maintenance")

    def activate_host(self, id: str) -> None:
        self.calls.append(f"activate {id}")
        self._status(id, "up")

    def shut_down_machine(self, id: str) -> None:
        self.calls.append(f"shut down {id}")
        self.all_machines[id] = replace(self.all_machines[id], status="down", host="")

    def machine(self, id: str) -> Machine | None:
        return self.all_machines.get(id)

    def start_machine(self, id: str) -> None:
        self.calls.append(f"start {id}")
        self.all_machines[id] = replace(self.all_machines[id], status="up", host="h3")

    def close(self) -> None:
        pass

    def _go_on(self) -> None:
        for host in self.hosts():
            if host.status != "preparing_for_maintenance":
                continue
            movable = [m for m in self.machines(host.id) if m.id not in self.pinned]
            if movable:
                self.all_machines[movable[0].id] = replace(movable[0], host=self._other(host.id))
            elif not self.machines(host.id):
                self._status(host.id, "maintenance")

    def _other(self, id: str) -> str:
        return next(h.id for h in self.hosts() if h.id != id and h.status == "up")

    def _status(self, id: str, status: str) -> None:
        self.hosts_by_id[id] = replace(self.hosts_by_id[id], status=status)
        self.world.tell()


@dataclass
class BackupWorld:
    """Folders, programs, engine."""

    folder: Path
    engine: MemoryEngine = field(init=False)
    shells: dict[str, LocalShell] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.engine = MemoryEngine(self)
        self.shells = {name: LocalShell(name) for name in (MACHINE, SERVER, AGENT)}

    @property
    def server(self) -> Path:
        return self.folder / "server" / "backups"

    @property
    def work(self) -> Path:
        return self.folder / "machine" / "work"

    @property
    def site(self) -> Site:
        local = ShellAccess()
        machine = EngineMachine(MACHINE, local, str(self.work))
        return Site(
            "practice",
            engine_hosts=(EngineHost(AGENT, local, (str(self.folder / "bin/hosted-engine"),)),),
            engine=EngineAccess("https://engine.practice", machine=machine),
            backup_servers=(BackupServer(SERVER, local, str(self.server)),),
        )

    def mode(self, word: str) -> None:
        """How the next engine-backup goes."""
        (self.folder / "mode").write_text(word)

    def tell(self) -> None:
        """What the agents and the archive say, from what the engine knows."""
        rows = {}
        for number, host in enumerate(self.engine.hosts(), start=1):
            if host.hosted_engine is None:
                continue
            carries = any(m.is_engine for m in self.engine.machines(host.id))
            status = (
                {"vm": "up", "health": "good", "detail": "Up"} if carries
                else {"vm": "down", "health": "bad", "detail": "unknown"}
            )  # fmt: skip
            rows[str(number)] = {
                "host-id": number, "score": host.hosted_engine.score, "engine-status": status,
                "hostname": host.address, "maintenance": host.status == "maintenance",
                "live-data": True,
            }  # fmt: skip
        (self.folder / "vm-status").write_text(json.dumps({**rows, "global_maintenance": False}))
        ready = [h.name for h in self.engine.hosts() if h.status == "maintenance"]
        word = ready[0] if ready else "none"
        (self.folder / "state").write_text(word)
        target = self.folder / f"archive-{word}"
        if not target.exists():
            target.symlink_to(archive_of(word))

    def called(self) -> list[str]:
        """Every command line that engine-backup was called with."""
        path = self.folder / "called"
        return path.read_text().splitlines() if path.exists() else []

    def on_server(self) -> list[str]:
        """Names in the server's folder."""
        return sorted(p.name for p in self.server.iterdir()) if self.server.exists() else []

    def on_machine(self) -> list[str]:
        """Every file below the engine machine's work folder."""
        return sorted(str(p.relative_to(self.work)) for p in self.work.rglob("*") if p.is_file())

    def status(self, name: str) -> str:
        """The status of a host."""
        return next(h.status for h in self.engine.hosts() if h.name == name)


class WorldTargets:
    """The targets of a world. `wrap` may stand between the steps and each of them."""

    def __init__(self, world: BackupWorld, wrap: Callable[[object], object] = lambda t: t) -> None:
        self._world, self._wrap = world, wrap

    def shell(self, name: str) -> object:
        return self._wrap(self._world.shells[name])

    def engine(self) -> object:
        return self._wrap(self._world.engine)

    def close(self) -> None:
        pass


def make_world(folder: Path, monkeypatch) -> BackupWorld:
    """Three hosted-engine hosts, of which the second carries the engine, and one ordinary host."""
    world = BackupWorld(folder)
    programs = folder / "bin"
    for path in (programs, world.work, folder / "run"):
        path.mkdir(parents=True)
    for name, text in (("engine-backup", ENGINE_BACKUP), ("hosted-engine", HOSTED_ENGINE)):
        (programs / name).write_text(text.replace("{world}", str(folder)))
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    engine = world.engine
    for number, name in enumerate(NAMES, start=1):
        part = (
            None if name.startswith("plain") else HostedEngine(True, True, FULL_SCORE, False, False)
        )
        engine.hosts_by_id[f"h{number}"] = Host(
            f"h{number}", name, f"h{number}.practice", "up", hosted_engine=part
        )
    for name, host, origin in (
        ("HostedEngine", "h2", "managed_hosted_engine"), ("vm_web", "h1", "ovirt"),
        ("vm_mail", "h3", "ovirt"), ("vm_build", "h3", "ovirt"), ("vm_off", "", "ovirt"),
    ):  # fmt: skip
        state = "up" if host else "down"
        engine.all_machines[name] = Machine(name, name, state, host, origin=origin)
    world.mode("well")
    world.tell()
    return world


@cache
def archive_of(ready: str) -> Path:
    """An archive in which that host is ready as failover host, and no other."""
    hosts = [
        (f"h{n}", name, f"h{n}.practice", f"uuid-{n}") for n, name in enumerate(NAMES, start=1)
    ]
    dynamic = [
        (f"h{n}", "2" if name == ready else "3", "f" if name.startswith("plain") else "t")
        for n, name in enumerate(NAMES, start=1)
    ]
    busy = "h3" if ready != "hosted_engine_3" else "h1"
    tables = {
        "vds_static": (("vds_id", "vds_name", "host_name", "vds_unique_id"), hosts),
        "vds_dynamic": (("vds_id", "status", "hosted_engine_configured"), dynamic),
        "vds_statistics": (
            ("vds_id", "ha_score", "ha_configured"),
            [(f"h{n}", "3400", "t") for n in (1, 2, 3)] + [("h4", "0", "f")],
        ),
        "vm_static": (
            ("vm_guid", "vm_name", "entity_type", "origin", "auto_startup", "lease_sd_id"),
            [("e", "HostedEngine", "VM", "6", "f", None), ("b", "vm_build", "VM", "3", "t", None)],
        ),
        "vm_dynamic": (
            ("vm_guid", "status", "run_on_vds", "migrating_to_vds"),
            [("e", "1", "h2", None), ("b", "1", busy, None)],
        ),
    }  # fmt: skip
    dump = CustomDump(14, "zlib").dump(tables)
    folder = Path(mkdtemp(prefix="rekindle-engine-backup-"))
    atexit.register(shutil.rmtree, folder)
    return build(folder / "archive", MODERN.but(dumps={"engine_backup.db": dump}))


def given(**more: Value) -> dict[str, Value]:
    """The interview's answers."""
    return {
        "failover": "hosted_engine_1", "server": SERVER, "file_name": "engine.backup",
        "retention": 0, "wait_minutes": 1, **more,
    }  # fmt: skip


def plan_of(world: BackupWorld, answers: Given) -> Plan:
    """The plan, from a survey that went through JSON as a probe process brings it."""
    found = PROCEDURE.survey(ProbeInput(world.site, answers, WorldTargets(world)))  # type: ignore[arg-type]
    return PROCEDURE.plan(world.site, answers, {}, json.loads(json.dumps(found)))


def context_of(world: BackupWorld, answers: Given, targets=None, **replies: str) -> MemoryContext:
    """A run's context; `replies` by prompt, dots and dashes as underscores."""
    return StuckContext(targets or WorldTargets(world), answers, world.folder / "run", **replies)


class StuckContext(MemoryContext):
    """Prompts' names have dots."""

    def ask(self, prompt):
        self.asked.append(prompt)
        return self.answers[prompt.name.replace("-", "_").replace(".", "_")]


def checked_by_sha256sum(folder: Path) -> subprocess.CompletedProcess:
    """What an operator types."""
    return subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, text=True
    )


def until(condition: Callable[[], object], seconds: float = 120.0) -> None:
    """Wait until it is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


__all__ = [
    "AGENT", "FQDN", "MACHINE", "NAMES", "SERVER", "BackupWorld", "MemoryEngine", "WorldTargets",
    "archive_of", "checked_by_sha256sum", "context_of", "given", "make_world", "plan_of", "until",
]  # fmt: skip
