"""Where everything of the practice hosts lies, below the practice site's folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from steps.drill.practice_hosts.world import World


@dataclass(frozen=True, slots=True)
class HostPlaces:
    """The practice hosts' part of a practice site's folder."""

    folder: Path

    @property
    def world(self) -> World:
        """The world."""
        return World(self.folder / "world")

    @property
    def exports(self) -> Path:
        """The storage server's exports: a folder each."""
        return self.folder / "exports"

    @property
    def ssh(self) -> Path:
        """Keys and password."""
        return self.folder / "ssh"

    @property
    def user_key(self) -> Path:
        """The operator's private key, 0600."""
        return self.ssh / "id_ed25519"

    @property
    def password_file(self) -> Path:
        """The password of root on the hosts, 0600."""
        return self.ssh / "password"

    @property
    def known_hosts(self) -> Path:
        """The hosts' public keys, for the site file."""
        return self.ssh / "known_hosts"

    @property
    def site_file(self) -> Path:
        """The site file that `rekindle --site` reads."""
        return self.folder / "site.yaml"

    @property
    def ports_file(self) -> Path:
        """The port of each host's SSH server."""
        return self.folder / "ports.json"

    @property
    def server_file(self) -> Path:
        """The process id of the servers."""
        return self.folder / "server.pid"

    @property
    def server_log(self) -> Path:
        """What the servers complain of."""
        return self.folder / "server.log"

    def host(self, name: str) -> Path:
        """One host's folder."""
        return self.folder / "hosts" / name

    def root(self, name: str) -> Path:
        """What a host has at /."""
        return self.host(name) / "root"

    def host_key(self, name: str) -> Path:
        """A host's own private key."""
        return self.ssh / f"host-{name}"

    def agent(self, name: str) -> Path:
        """The socket of the process that starts a host's commands."""
        return self.root(name) / "practice" / "run" / "agent"

    def agent_file(self, name: str) -> Path:
        """The process id of that process's keeper."""
        return self.host(name) / "agent.pid"

    def disk_file(self, name: str) -> Path:
        """Which of the machines of that name has its files here (`disk` in the world)."""
        return self.host(name) / "disk"

    def ports(self) -> dict[str, int]:
        """Ports by host."""
        found: dict[str, int] = json.loads(self.ports_file.read_text())
        return found
