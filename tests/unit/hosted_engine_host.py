"""A host whose commands answer what was recorded: for programs that cannot run here.

Recorded means typed from the reference or from the programs' manuals, not run in this test.
"""

from __future__ import annotations

from config.errors import InvalidInput
from config.site import EngineHost, ShellAccess, Site
from steps.hosted_engine.probes import deploy_probes
from steps.procedure import Probed, ProbeInput
from steps.targets.shell import Completed, FileStatus

SITE = Site("berne", engine_hosts=(EngineHost("h1", ShellAccess()),))

NETWORK = """\
link|lo|772|unknown|virtual|||00:00:00:00:00:00
link|eth0|1|up|nic|||52:54:00:00:00:01
link|eth1|1|up|nic|||52:54:00:00:00:02
link|eth2|1|up|nic||bond0|52:54:00:00:00:03
link|bond0|1|up|bond|balance-rr||52:54:00:00:00:03
link|bond1|1|up|bond|802.3ad||52:54:00:00:00:04
link|eth1.100|1|up|vlan|||52:54:00:00:00:02
link|storage|1|up|vlan|||52:54:00:00:00:02
link|team0|1|up|team|||52:54:00:00:00:05
link|br0|1|up|bridge|||52:54:00:00:00:06
link|eth3|1|down|nic|||52:54:00:00:00:07
addr|1: lo    inet 127.0.0.1/8 scope host lo
addr|2: eth0    inet 192.0.2.11/24 brd 192.0.2.255 scope global eth0
addr|2: eth0    inet6 2001:db8::11/64 scope global
addr|2: eth0    inet6 fe80::1/64 scope link
addr|3: eth1    inet 198.51.100.11/24 brd 198.51.100.255 scope global eth1
route|default via 198.51.100.1 dev eth1 proto static metric 200
route|default via 192.0.2.1 dev eth0 proto static metric 100
"""


class RecordedShell:
    """Answers by the beginning of the command line; what was not recorded is not installed."""

    where = "h1"

    def __init__(self, **files: str) -> None:
        self.answers: dict[str, tuple[int, str, str]] = {"sh -c \nfor d": (0, NETWORK, "")}
        self.files = {"/proc/cpuinfo": "", "/proc/meminfo": ""} | files
        self.statuses: dict[str, str] = {}
        self.sizes: dict[str, int] = {}
        self.asked: list[str] = []
        self.free = 100 << 30
        self.listing: tuple[str, ...] = ()

    def says(self, command: str, out: str = "", code: int = 0, err: str = "") -> RecordedShell:
        self.answers[command] = (code, out, err)
        return self

    def run(self, command, *, stdin=b"", timeout=60.0, check=True) -> Completed:
        line = " ".join(command)
        self.asked.append(line)
        if command[0] == "cat":
            text = self.files.get(command[1])
            return Completed(line, 0 if text is not None else 1, text or "", "")
        hits = [key for key in self.answers if line.startswith(key)]
        code, out, err = self.answers[max(hits, key=len)] if hits else (127, "", "not found")
        return Completed(line, code, out, err)

    def status(self, path):
        kind = self.statuses.get(path)
        size = self.sizes.get(path, 4 << 30)
        return FileStatus(kind, size, 0, 0o644, "root", "root", 1, 1, 0.0) if kind else None

    def list(self, path):
        if path != "/var/tmp":
            raise InvalidInput("no such folder")
        return self.listing

    def free_space(self, path):
        return self.free


class RecordedTargets:
    """Targets with one recorded host."""

    def __init__(self, shell: RecordedShell) -> None:
        self.host = shell

    def shell(self, name):
        assert name == "h1"
        return self.host


def ask(shell: RecordedShell, probe: str, known=None, **given) -> Probed:
    """What a probe of the interview says about this host."""
    answers = {"host": "h1", "era": "4.5", **given}
    probes = deploy_probes(lambda _probe: known)
    return probes[probe](ProbeInput(SITE, answers, RecordedTargets(shell)))


def told(probed: Probed) -> str:
    """All findings as lines."""
    return "\n".join(f"{f.level}: {f.text} | {f.remedy}" for f in probed.findings)
