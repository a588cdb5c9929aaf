"""Steps on an engine's machine in this very process: this host is the machine, its programs are
scripts in a folder that comes first in PATH, and the test is the operator.

Nothing here restores an engine. What the scripts are told, and what they leave, is in the folder.
"""

from __future__ import annotations

import os
from pathlib import Path

from config.questions import Group, Interview, Kind, Question
from config.secrets import Secret
from config.site import BackupServer, EngineAccess, EngineMachine, ShellAccess, Site
from steps.hosted_engine.machine_restore.databases import automatic
from steps.hosted_engine.machine_restore.job import (
    ArchiveSource,
    MachinePaths,
    MachineRestoreJob,
)
from steps.hosted_engine.machine_restore.restore_command import ArchiveHolds, RestoreChoice
from steps.procedure import Phase, Plan, Procedure
from steps.run.directory import create_run
from steps.run.runner import open_site_targets
from tests.unit.run_support import Operator

FQDN = "engine.example.com"
MACHINE = "engine.example.com"
SERVER = "backup.example.com"

SYSTEMCTL = """
what=$1; unit=$2; state=@FOLDER@/units; mkdir -p "$state"
echo "$what $unit" >> "@FOLDER@/systemctl.log"
hook=@FOLDER@/bin/unit-$unit
case $what in
  is-active) [ -e "$state/$unit.active" ] && echo active || { echo inactive; exit 3; };;
  is-enabled) [ -e "$state/$unit.enabled" ] && echo enabled || { echo disabled; exit 1; };;
  enable) : > "$state/$unit.enabled";;
  start|restart) if [ -x "$hook" ]; then "$hook" "$what" || exit 1; fi; : > "$state/$unit.active";;
  stop) if [ -x "$hook" ]; then "$hook" stop || exit 1; fi; rm -f "$state/$unit.active";;
esac
"""
HOSTNAME = """
case $1 in -f) cat @FOLDER@/name;; esac
"""
IP = """
case "$*" in *addr*) for one in $(cat @FOLDER@/addresses); do
  case $one in *:*) kind=inet6;; *) kind=inet;; esac
  echo "2: eth0    $kind $one/24 scope global eth0"
done;; esac
"""
GETENT = """
case $1 in
  ahosts) awk -v n="$2" '$2 == n {print $1 " STREAM"}' @FOLDER@/hosts;;
  hosts) awk -v a="$2" '$1 == a' @FOLDER@/hosts;;
  *) exec /usr/bin/getent "$@";;
esac
"""
RPM = """
cat @FOLDER@/installed 2>/dev/null || { echo "package ovirt-engine is not installed"; exit 1; }
"""


class Machine:
    """A machine's folder: its programs, its names, what is installed."""

    def __init__(self, folder: Path, monkeypatch) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        for name, text in (
            ("systemctl", SYSTEMCTL), ("hostname", HOSTNAME), ("getent", GETENT), ("ip", IP),
            ("rpm", RPM), ("engine-backup", "exit 9"), ("engine-setup", "exit 9"),
        ):  # fmt: skip
            self.program(name, text)
        self.write("name", f"{FQDN}\n")
        self.write("addresses", "10.0.0.7 fd00::7\n")
        self.write("hosts", f"10.0.0.7 {FQDN}\nfd00::7 {FQDN}\n")
        self.write("installed", "4.5.7\n")
        monkeypatch.setenv("PATH", f"{self.bin}:{os.environ['PATH']}")
        monkeypatch.setenv("REKINDLE_HOME", str(folder / "home"))

    def program(self, name: str, text: str) -> Path:
        path = self.bin / name
        path.write_text("#!/bin/sh\n" + text.replace("@FOLDER@", str(self.folder)))
        path.chmod(0o755)
        return path

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def unit(self, name: str, state: str = "active") -> None:
        self.write(f"units/{name}.{state}", "")

    @property
    def paths(self) -> MachinePaths:
        return MachinePaths(
            settings={
                "db": str(self.folder / "etc/engine.conf.d/10-setup-database.conf"),
                "dwhdb": str(self.folder / "etc/dwhd.conf.d/10-setup-database.conf"),
            },
            set_up_mark=str(self.folder / "etc/setup.conf.d/20-setup-ovirt-post.conf"),
            temporary=str(self.folder),
            log_folder=str(self.folder),
        )

    def site(self, shell: ShellAccess | None = None) -> Site:
        machine = EngineMachine(MACHINE, shell or ShellAccess(), str(self.folder / "work"))
        return Site(
            "toys",
            engine=EngineAccess(f"https://{FQDN}", machine=machine),
            backup_servers=(BackupServer(SERVER, ShellAccess()),),
        )

    def job(self, **changes) -> MachineRestoreJob:
        machine = self.site(changes.pop("shell", None)).engine.machine
        facts = {
            "site_name": "toys",
            "machine": machine,
            "archive": ArchiveSource("/nowhere/archive"),
            "holds": ArchiveHolds("4.5.7", ("files", "db")),
            "choice": RestoreChoice((automatic("db"),)),
            "fqdn": FQDN,
            "paths": self.paths,
        }
        return MachineRestoreJob(**(facts | changes))

    def run(
        self, *steps, secrets=None, prompts=None, shell=None, folder=None,
        kind=Operator, open_targets=open_site_targets,
    ) -> Operator:  # fmt: skip
        """A run of these steps, not started yet."""
        procedure = Procedure(
            name="toy.machine", system="toy", title="Restore", description="", needs="", undo="",
            interview=Interview((Group("toy", "Toy", (Question("toy", "Toy", Kind.TEXT),)),)),
            probes={}, survey=lambda _input: {},
            plan=lambda *_: Plan("toy.machine", "x", "Restore", (Phase("toy", "Toy", steps),)),
        )  # fmt: skip
        run = folder or create_run(
            self.site(shell), "toy.machine", {"toy": "x"}, {}, {}, prompts or {},
            folder=self.folder / "runs",
        )  # fmt: skip
        operator = kind(run, procedure, secret="", open_targets=open_targets)
        for name, text in (secrets or {}).items():
            operator.session.add_secret(name, Secret(text))
        return operator


def written(run) -> str:
    """Everything that the run has written, as one text."""
    files = [path for path in run.path.rglob("*") if path.is_file()]
    return "\n".join(path.read_text(errors="replace") for path in files)
