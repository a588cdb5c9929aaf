"""Opens the targets of a site, each when it is first used, and closes them all."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from config.errors import InvalidInput
from config.secrets import Secret
from config.site import DirectoryAccess, HypervisorNode, ShellAccess, Site
from steps.targets import Targets
from steps.targets.directory import Directory
from steps.targets.engine import Engine
from steps.targets.hypervisor import Hypervisor
from steps.targets.shell import Shell

DIRECTORY_PASSWORD = "directory password"  # noqa: S105 - the name of the secret
ENGINE_PASSWORD = "engine password"  # noqa: S105 - the name of the secret
SSH_PASSWORD = "ssh password"  # noqa: S105 - followed by the node's name


def open_targets(site: Site, secrets: Mapping[str, Secret]) -> Targets:
    """The targets of a site. `secrets` by name: `directory password`, `engine password` and
    `ssh password NODE`.

    Nothing is opened yet. An unknown node or a missing directory raises InvalidInput when asked
    for; what does not answer raises Unreachable at its first use.
    """
    return _SiteTargets(site, secrets)


def open_directory(access: DirectoryAccess, password: Secret | None) -> Directory:
    """The directory of a site: its server, or its folder of LDIF files."""
    if access.ldif_folder is not None:
        from steps.targets.ldif_directory import LdifDirectory

        return LdifDirectory(access.ldif_folder, access.base)
    from steps.targets.ldap_directory import LdapDirectory

    return LdapDirectory(access, password)


class _SiteTargets:
    """Lanes that go side by side share it: opening has a lock, and so has what needs one within."""

    def __init__(self, site: Site, secrets: Mapping[str, Secret]) -> None:
        self._site = site
        self._secrets = secrets
        self._shells: dict[str, Shell] = {}
        self._hypervisors: dict[str, Hypervisor] = {}
        self._directory: Directory | None = None
        self._engine: Engine | None = None
        self._opening = threading.RLock()

    def shell(self, name: str) -> Shell:
        """The shell on the node, engine host, engine machine or backup server of that name."""
        named, access = self._access(name)
        with self._opening:
            if named not in self._shells:
                from steps.targets.open_shell import open_shell

                secret = self._secrets.get(f"{SSH_PASSWORD} {named}")
                self._shells[named] = open_shell(access, named, secret)
            return self._shells[named]

    def hypervisor(self, name: str) -> Hypervisor:
        """The hypervisor of that name. Nodes with one URI share one connection."""
        uri = self._node(name).uri
        with self._opening:
            if uri not in self._hypervisors:
                from steps.targets.libvirt_hypervisor import LibvirtHypervisor

                self._hypervisors[uri] = LibvirtHypervisor(uri)
            return self._hypervisors[uri]

    def directory(self) -> Directory:
        """The directory that keeps the machines' entries."""
        access = self._site.directory
        if access is None:
            raise InvalidInput(
                f"The site {self._site.name} has no directory.",
                "Add `directory:` to the site file; `rekindle site --example` shows how.",
            )
        with self._opening:
            if self._directory is None:
                self._directory = open_directory(access, self._secrets.get(DIRECTORY_PASSWORD))
            return self._directory

    def engine(self) -> Engine:
        """The oVirt engine that manages the hosts."""
        access = self._site.engine
        if access is None:
            raise InvalidInput(
                f"The site {self._site.name} has no engine.",
                "Add `engine:` to the site file; `rekindle site --example` shows how.",
            )
        with self._opening:
            if self._engine is None:
                from steps.targets.ovirt_engine import OvirtEngine

                self._engine = OvirtEngine(access, self._secrets.get(ENGINE_PASSWORD))
            return self._engine

    def close(self) -> None:
        """Close whatever was opened; what is used afterwards opens again."""
        directories = [self._directory] if self._directory else []
        engines = [self._engine] if self._engine else []
        opened: list[Shell | Hypervisor | Directory | Engine] = [
            *self._shells.values(),
            *self._hypervisors.values(),
            *directories,
            *engines,
        ]
        self._shells, self._hypervisors = {}, {}
        self._directory, self._engine = None, None
        for target in opened:
            target.close()

    def _access(self, name: str) -> tuple[str, ShellAccess]:
        for named, access in self._site.shells.items():
            if named.lower() == name.lower():
                return named, access
        return self._node(name).name, ShellAccess()

    def _node(self, name: str) -> HypervisorNode:
        node = self._site.node(name)
        if node is None:
            known = ", ".join(node.name for node in self._site.nodes) or "none"
            raise InvalidInput(
                f"The site {self._site.name} has no hypervisor {name}; it has {known}.",
                "Add it to `nodes:` in the site file.",
            )
        return node
