"""The site: the hosts, hypervisors and directory of one place.

The data only; reading and checking the YAML file is site_file.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from config.secrets import SecretReference


@dataclass(frozen=True, slots=True)
class ShellAccess:
    """How commands reach a host: `local`, or SSH with a known host key."""

    kind: str = "local"
    host: str = ""
    port: int = 22
    user: str = ""
    key_file: Path | None = None
    password: SecretReference | None = None
    known_hosts: Path | None = None


@dataclass(frozen=True, slots=True)
class HypervisorNode:
    """One KVM host. `name` is what sstNode says (its fully qualified name)."""

    name: str
    uri: str
    shell: ShellAccess
    console_address: str = ""
    """The address consoles listen on at this node."""
    bridges: tuple[str, ...] = ()
    """Bridges to use where they cannot be looked up; empty: look on the host."""


@dataclass(frozen=True, slots=True)
class EngineHost:
    """One host that may carry a self-hosted oVirt engine.

    `command` is the program that deploys it, with arguments that always go before ours. What a
    deployment needs on the host while it runs lies in `work_folder`, in a folder of its own.
    """

    name: str
    shell: ShellAccess
    command: tuple[str, ...] = ("hosted-engine",)
    work_folder: str = "/var/lib/rekindle"


@dataclass(frozen=True, slots=True)
class EngineMachine:
    """The virtual machine that the engine runs in, as its own administrator reaches it.

    After a new deployment it is another machine under the same name: its SSH host key is new.
    What a backup or a restore needs there while it runs lies in `work_folder`.
    """

    name: str
    shell: ShellAccess
    work_folder: str = "/var/lib/rekindle"


@dataclass(frozen=True, slots=True)
class BackupServer:
    """A server outside the engine's machine that keeps the engine's backups in `folder`."""

    name: str
    shell: ShellAccess
    folder: str = "/var/backup/ovirt-engine"


@dataclass(frozen=True, slots=True)
class EngineAccess:
    """The oVirt engine that manages the hosts: `url` is its origin, https://FQDN[:PORT].

    Whose certificate is trusted says `ca_file`; without it the engine's own CA, which an operator
    confirmed once and which is kept in the folder `known_cas`.
    """

    url: str
    user: str = "admin@internal"
    """`admin@internal`, or on a Keycloak installation `admin@ovirt@internalsso`."""
    password: SecretReference | None = None
    ca_file: Path | None = None
    known_cas: Path | None = None
    machine: EngineMachine | None = None


@dataclass(frozen=True, slots=True)
class DirectoryAccess:
    """The directory: an LDAP URL, or a folder of LDIF files."""

    base: str
    url: str = ""
    ldif_folder: Path | None = None
    bind_dn: str = ""
    password: SecretReference | None = None
    ca_file: Path | None = None
    start_tls: bool = False


@dataclass(frozen=True, slots=True)
class MachineStorage:
    """Where machines' files live when the backup plan does not say."""

    live_root: str = "/var/virtualization"
    backup_root: str = "/var/backup/virtualization"
    retain_root: str = "/var/virtualization/retain"


@dataclass(frozen=True, slots=True)
class Site:
    """One place. `practice` is true on the practice site only: screens then say DRILL."""

    name: str
    nodes: tuple[HypervisorNode, ...] = ()
    directory: DirectoryAccess | None = None
    storage: MachineStorage = MachineStorage()
    practice: bool = False
    file: Path | None = None
    engine_hosts: tuple[EngineHost, ...] = ()
    engine: EngineAccess | None = None
    backup_servers: tuple[BackupServer, ...] = ()

    def node(self, name: str) -> HypervisorNode | None:
        """The node of that name, compared without regard to case."""
        return next((node for node in self.nodes if node.name.lower() == name.lower()), None)

    def engine_host(self, name: str) -> EngineHost | None:
        """The engine host of that name, compared without regard to case."""
        return next((host for host in self.engine_hosts if host.name.lower() == name.lower()), None)

    def backup_server(self, name: str) -> BackupServer | None:
        """The backup server of that name, compared without regard to case."""
        return next((one for one in self.backup_servers if one.name.lower() == name.lower()), None)

    @property
    def shells(self) -> dict[str, ShellAccess]:
        """Every shell of the site by the name of its host; no two hosts bear one name."""
        machine = self.engine.machine if self.engine else None
        hosts = (*self.nodes, *self.engine_hosts, *self.backup_servers)
        return {host.name: host.shell for host in (*hosts, *((machine,) if machine else ()))}
