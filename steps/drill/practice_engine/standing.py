"""A whole practice site of a self-hosted engine: hosts, engine, its machine, a backup server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from config.site import BackupServer, EngineMachine
from config.site_file import load_site, save_site
from steps.drill.practice_engine import machine_files
from steps.drill.practice_engine import site as engine_site
from steps.drill.practice_engine.places import ACCOUNT, EnginePlaces
from steps.drill.practice_hosts import first_world
from steps.drill.practice_hosts import site as host_site
from steps.drill.practice_hosts.engine_machine import server_of
from steps.drill.practice_hosts.places import HostPlaces

FIRST, FAILOVER, THIRD, NEW = (f"host-0{n}.{first_world.DOMAIN}" for n in (1, 2, 3, 4))
CLASSIC_HOSTS: Final = dict.fromkeys((FIRST, FAILOVER, THIRD, NEW), first_world.GUIDE)
ANSIBLE_HOSTS: Final = dict.fromkeys((FIRST, FAILOVER, THIRD, NEW), first_world.ANSIBLE)
"""Three hosts that the engine manages, and a new one that it does not know."""
MEMBERS: Final = (FIRST, FAILOVER, THIRD)


@dataclass(frozen=True, slots=True)
class EngineSite:
    """A site that stands in a folder; its site file names everything."""

    folder: Path

    @property
    def hosts(self) -> HostPlaces:
        """The places of the hosts, of the engine's machine and of the backup server."""
        return HostPlaces(self.folder)

    @property
    def engine(self) -> EnginePlaces:
        """The places of the engine."""
        return EnginePlaces(self.folder)

    @property
    def file(self) -> Path:
        """The site file."""
        return self.hosts.site_file


def build_site(
    folder: Path, hosts: Mapping[str, str] = ANSIBLE_HOSTS, speed: float = 60.0, *,
    members: tuple[str, ...] = MEMBERS, account: str = ACCOUNT,
) -> EngineSite:  # fmt: skip
    """Lay it out: the engine manages `members`, and runs on the first of them.

    `hosts` maps names to the build of hosted-engine that each has, `speed` is seconds of the world
    a second. Raises InvalidInput where the folder is in use.
    """
    site = EngineSite(folder)
    host_site.build_hosts(site.hosts, hosts, speed, first_world.SITE_SERVERS)
    engine_site.build_engine(site.engine, members, account)
    _fill_machine(site, members)
    engine_site.name_engine(site.engine, site.file)
    _name_machines(site)
    return site


def start_site(site: EngineSite) -> None:
    """Start all servers, and the hosts that are down. Raises StepFailed with what they said."""
    host_site.start_servers(site.hosts)
    engine_site.start_server(site.engine)


def stop_site(site: EngineSite) -> None:
    """End everything that runs; what is not there is fine."""
    engine_site.stop_server(site.engine)
    host_site.stop_all(site.hosts)


def _fill_machine(site: EngineSite, members: tuple[str, ...]) -> None:
    """The engine's machine as engine-setup left it, and hosts that were deployed."""
    root = site.hosts.root(first_world.ENGINE)
    machine_files.write_engine_files(root, site.engine.ca.read_text())
    with site.engine.world.change() as facts:
        server = server_of(facts)
        assert server is not None
        machine_files.set_up(server)
        facts["engine"]["fqdn"] = first_world.ENGINE
        facts["storage"]["exports"][first_world.EXPORT]["used"] = True
        for name in members:
            facts["hosts"][name]["services"].update(
                {"ovirt-ha-agent": "active", "ovirt-ha-broker": "active", "vdsmd": "active",
                 "sanlock": "active"}
            )  # fmt: skip
    for number, name in enumerate(members, start=1):
        file = site.hosts.root(name) / "etc/ovirt-hosted-engine/hosted-engine.conf"
        file.write_text(f"fqdn={first_world.ENGINE}\nvmid=practice\nhost_id={number}\n")


def _name_machines(site: EngineSite) -> None:
    known = load_site(site.file)
    assert known.engine is not None
    machine = EngineMachine(
        first_world.ENGINE, host_site.shell_access(site.hosts, first_world.ENGINE)
    )
    server = BackupServer(
        first_world.BACKUP, host_site.shell_access(site.hosts, first_world.BACKUP)
    )
    engine = replace(known.engine, machine=machine)
    save_site(site.file, replace(known, engine=engine, backup_servers=(server,)))
