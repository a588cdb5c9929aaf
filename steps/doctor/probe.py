"""The process that looks at one node, the directory or the engine, for site.py.

Reads {site, secrets, what} as JSON from standard input and writes each diagnosis as a line of JSON
when it is made, so that what was seen before something hangs is not lost.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial

from config.errors import RekindleError
from config.secrets import Secret
from config.site import BackupServer, EngineHost, EngineMachine, HypervisorNode, Site
from config.site_file import site_from_data
from steps.doctor.diagnosis import Diagnosis, concern, fault, fine
from steps.run.text import counted
from steps.targets import Targets
from steps.targets.shell import Shell
from steps.targets.sizes import size_text

_Host = HypervisorNode | EngineHost | EngineMachine | BackupServer

OWNER = ("root", "vm-storage")
"""Who owns images where the backup plan says nothing else."""


def main() -> None:
    """Answer one order."""
    order = json.load(sys.stdin)
    answer = _own_output()
    site = site_from_data(order["site"])
    secrets = {name: Secret(text) for name, text in order["secrets"].items()}
    with os.fdopen(answer, "w", encoding="utf-8") as stream:
        for diagnosis in look(site, secrets, order["what"]):
            print(json.dumps(asdict(diagnosis)), file=stream, flush=True)


def look(site: Site, secrets: dict[str, Secret], what: str) -> Iterator[Diagnosis]:
    """Look at the host of that name, at the engine, or at the directory."""
    from steps.targets.open import open_targets

    targets = open_targets(site, secrets)
    try:
        node, host, server = site.node(what), site.engine_host(what), site.backup_server(what)
        machine = site.engine.machine if site.engine else None
        if node is not None:
            yield from _node(site, targets, node)
        elif host is not None:
            yield from _engine_host(targets, host)
        elif server is not None:
            yield from _backup_server(targets, server)
        elif machine is not None and machine.name == what:
            yield from _engine_machine(targets, machine)
        elif what == "engine":
            yield from _engine(targets)
        else:
            yield from _directory(site, targets)
    finally:
        targets.close()


def _own_output() -> int:
    """Keep standard output for the answer; whatever a library prints goes to standard error."""
    kept = os.dup(1)
    os.dup2(2, 1)
    return kept


def _node(site: Site, targets: Targets, node: HypervisorNode) -> Iterator[Diagnosis]:
    yield _tried(f"{node.name} hypervisor", lambda: _hypervisor(targets, node))
    shell = _tried(f"{node.name} shell", lambda: _shell(targets, node))
    yield shell
    if shell.level == "ok":
        yield from _host(site, targets.shell(node.name), node.name)


def _engine_host(targets: Targets, host: EngineHost) -> Iterator[Diagnosis]:
    shell = _tried(f"{host.name} shell", lambda: _shell(targets, host))
    yield shell
    if shell.level == "ok":
        remedy = "Install ovirt-hosted-engine-setup, or correct command."
        look = partial(_program, targets.shell(host.name), host.command[0], remedy)
        yield _tried(f"{host.name} hosted-engine", look)


def _engine_machine(targets: Targets, machine: EngineMachine) -> Iterator[Diagnosis]:
    shell = _tried(f"{machine.name} shell", lambda: _shell(targets, machine))
    yield shell
    if shell.level == "ok":
        remedy = "Is this the machine that the engine runs in? Correct engine.machine."
        look = partial(_program, targets.shell(machine.name), "engine-backup", remedy)
        yield _tried(f"{machine.name} engine-backup", look)


def _backup_server(targets: Targets, server: BackupServer) -> Iterator[Diagnosis]:
    shell = _tried(f"{server.name} shell", lambda: _shell(targets, server))
    yield shell
    if shell.level == "ok":
        look = partial(_folder, targets.shell(server.name), server.folder)
        yield _tried(f"{server.name} {server.folder}", look)


def _engine(targets: Targets) -> Iterator[Diagnosis]:
    health = _tried("engine health", lambda: _engine_health(targets))
    yield health
    if health.level == "ok":
        yield _tried("engine", lambda: _engine_hosts(targets))


def _engine_health(targets: Targets) -> tuple[str, str]:
    health = targets.engine().health()
    remedy = "Look whether its machine runs: hosted-engine --vm-status on one of its hosts."
    return health.seen, "" if health.up else remedy


def _engine_hosts(targets: Targets) -> tuple[str, str]:
    engine = targets.engine()
    about, hosts = engine.about(), engine.hosts()
    up = sum(host.status == "up" for host in hosts)
    simulated = " (simulated)" if about.simulated else ""
    return f"version {about.version}{simulated}: {len(hosts)} hosts, {up} up", ""


def _program(shell: Shell, program: str, remedy: str) -> tuple[str, str]:
    """Whether the program is there; it is not run."""
    found = shell.run(["sh", "-c", 'command -v -- "$1"', "sh", program], check=False, timeout=20)
    if found.code == 0:
        return f"{program} is {found.out.strip()}", ""
    return f"{program} is not there", remedy


def _host(site: Site, shell: Shell, name: str) -> Iterator[Diagnosis]:
    """What a restore needs on that host."""
    yield _tried(f"{name} qemu-img", lambda: _qemu_img(shell))
    yield _tried(f"{name} owner", lambda: _owner(shell))
    for root in (site.storage.live_root, site.storage.backup_root, site.storage.retain_root):
        yield _tried(f"{name} {root}", partial(_folder, shell, root))


def _tried(topic: str, see: Callable[[], tuple[str, str]]) -> Diagnosis:
    """What was seen; with a remedy it is a concern, and an error of ours is a fault."""
    try:
        seen, remedy = see()
    except RekindleError as error:
        return fault(topic, error.message, error.remedy)
    return concern(topic, seen, remedy) if remedy else fine(topic, seen)


def _hypervisor(targets: Targets, node: HypervisorNode) -> tuple[str, str]:
    domains = targets.hypervisor(node.name).domains()
    running = sum(domain.active for domain in domains)
    return f"{node.uri} opened: {counted(len(domains), 'machine')}, {running} running", ""


def _shell(targets: Targets, host: _Host) -> tuple[str, str]:
    shell = targets.shell(host.name)
    shell.run(["true"], timeout=20)
    return f"a command ran on {shell.where}", ""


def _qemu_img(shell: Shell) -> tuple[str, str]:
    version = shell.run(["qemu-img", "--version"], timeout=20).out.partition("\n")[0]
    return version, ""


def _owner(shell: Shell) -> tuple[str, str]:
    missing = shell.has_owner(*OWNER)
    if not missing:
        return f"{':'.join(OWNER)} exists", ""
    return missing, f"groupadd --system {OWNER[1]}; or name another owner in the backup plan."


def _folder(shell: Shell, path: str) -> tuple[str, str]:
    status = shell.status(path)
    if status is None:
        return "not there", "Make it, or correct storage in the site file."
    return f"{size_text(shell.free_space(path))} free", ""


def _directory(site: Site, targets: Targets) -> Iterator[Diagnosis]:
    yield _tried("directory", lambda: _base(targets))


def _base(targets: Targets) -> tuple[str, str]:
    directory = targets.directory()
    if directory.get(directory.base) is None:
        return f"answers, but {directory.base} is not there", "Correct base in the site file."
    return f"answers; {directory.base} is there", ""


if __name__ == "__main__":
    main()
