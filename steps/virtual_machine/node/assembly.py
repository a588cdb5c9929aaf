"""Puts a daemon together from a site: connections, state folder, heartbeat, worker, watch."""

from __future__ import annotations

import os
import secrets as random
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.errors import InvalidInput
from config.secrets import Secret
from config.site import DirectoryAccess, Site
from config.site_secrets import DIRECTORY_PASSWORD
from steps.run.redact import Redactor
from steps.targets import Targets
from steps.targets.directory import Directory
from steps.targets.directory_names import equals
from steps.targets.engine import Engine
from steps.targets.hypervisor import Hypervisor
from steps.targets.open import open_directory, open_targets
from steps.targets.shell import Shell
from steps.virtual_machine.heartbeat import Heartbeat
from steps.virtual_machine.job_leaf import CLASS
from steps.virtual_machine.machine_directory import machines_dn
from steps.virtual_machine.node.beating import Heart, Pulse
from steps.virtual_machine.node.daemon import NodeDaemon, Polled, Rhythm, Watch
from steps.virtual_machine.node.keeping import StateFolder
from steps.virtual_machine.node.work import Work
from steps.virtual_machine.node.worker import Worker
from steps.virtual_machine.server_clock import ServerClock


@dataclass(frozen=True, slots=True)
class WorkerTargets:
    """The targets of one order: hypervisor and shells are the daemon's, the directory its own.

    A hypervisor of the embedded kind can be opened once a process only; an LDAP connection must
    not be used by two threads.
    """

    shared: Targets
    own: Directory

    def shell(self, name: str) -> Shell:
        """The shell on a node."""
        return self.shared.shell(name)

    def hypervisor(self, name: str) -> Hypervisor:
        """A node's hypervisor."""
        return self.shared.hypervisor(name)

    def directory(self) -> Directory:
        """The directory."""
        return self.own

    def engine(self) -> Engine:
        """The oVirt engine."""
        return self.shared.engine()

    def close(self) -> None:
        """Close what is this order's own."""
        self.own.close()


def node_of_site(site: Site, named: str) -> str:
    """The node whose daemon this is: the named one, else this host, else the site's only one."""
    names = [named] if named else [socket.getfqdn(), socket.gethostname()]
    for name in names:
        node = site.node(name)
        if node is not None:
            return node.name
    if not named and len(site.nodes) == 1:
        return site.nodes[0].name
    known = ", ".join(node.name for node in site.nodes) or "none"
    raise InvalidInput(
        f"The site {site.name} has no node {named or ' or '.join(names)}; it has {known}.",
        "Name the node as sstNode names it: --node FQDN, and add it to the site file.",
    )


def make_daemon(
    site: Site,
    node: str,
    folder: StateFolder,
    secrets: Mapping[str, Secret],
    work: Work,
    rhythm: Rhythm,
    say: Callable[[str], None],
    connect: Callable[[DirectoryAccess, Secret | None], Directory] = open_directory,
    clock: ServerClock | None = None,
) -> NodeDaemon:
    """A daemon that is ready to run. Raises InvalidInput where the site has no directory."""
    access = _access(site)
    password = secrets.get(DIRECTORY_PASSWORD)
    redactor = Redactor()
    for secret in secrets.values():
        redactor.register(secret.reveal())
    clock, pulse = clock or ServerClock(), Pulse()
    owner = f"{node.lower()}/{folder.instance}"
    shared = open_targets(site, secrets)
    daemon: NodeDaemon

    def speak(line: str) -> None:
        say(redactor.clean(line))

    worker = Worker(
        work, folder, owner, clock, pulse,
        open_targets=lambda: WorkerTargets(shared, connect(access, password)),
        secrets=secrets.get, redactor=redactor, leaving=lambda: daemon.stopping,
    )  # fmt: skip
    me = Heartbeat(
        node, owner, rhythm.beat_seconds, random.token_hex(8), socket.gethostname(), os.getpid()
    )
    heart = Heart(
        connect(access, password), me, folder.instance, pulse, clock,
        usurped=lambda error: daemon.usurped(error), say=speak,
    )  # fmt: skip

    def wake() -> None:
        daemon.wake()

    watch = _watch(access, password, wake, speak)
    daemon = NodeDaemon(
        node, owner, connect(access, password), worker, heart, pulse, clock, rhythm,
        watch=watch, say=speak,
    )  # fmt: skip
    return daemon


def _watch(
    access: DirectoryAccess,
    password: Secret | None,
    changed: Callable[[], None],
    say: Callable[[str], None],
) -> Watch:
    if access.ldif_folder is not None:
        return Polled()
    from steps.targets.ldap_watch import LdapWatch

    return LdapWatch(
        access, password, machines_dn(access.base), equals("objectClass", CLASS), changed, say
    )


def _access(site: Site) -> DirectoryAccess:
    if site.directory is None:
        raise InvalidInput(
            f"The site {site.name} has no directory to take orders from.",
            "Add `directory:` to the site file; `rekindle site --example` shows how.",
        )
    return site.directory


def default_state(site_name: str, node: str, state: Path) -> Path:
    """Where the daemon of a node keeps its state, below Rekindle's state folder."""
    safe = "".join(c if c.isalnum() or c in ".-_" else "_" for c in f"{site_name}.{node}")
    return state / "node" / safe
