"""Practice hosts of a test's own, and a deployment on them with the interview's answers."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from config.questions import Given
from config.secrets import SecretReference
from config.site_file import load_site
from steps.drill.practice_hosts import first_world as world
from steps.drill.practice_hosts.host_tree import write_names
from steps.drill.practice_hosts.places import HostPlaces
from steps.drill.practice_hosts.site import build_hosts, start_servers, stop_all
from steps.hosted_engine.deploy import PROCEDURE
from steps.run.directory import create_run
from steps.targets.ssh import SshShell
from tests.unit.deploy_support import Deploying

NEW_HOST = "host-01.practice.invalid"
GUIDE_HOST = "host-02.practice.invalid"
HOSTS = {NEW_HOST: world.ANSIBLE, GUIDE_HOST: world.GUIDE}
SPEED = 4000.0
PASSWORD = SecretReference("prompt")
SECRETS = {"admin_password": "s3cret-5", "root_password": "r00t-pass"}

CLASSIC: Given = {
    "host": GUIDE_HOST, "era": "classic", "build": world.GUIDE, "proceed": True,
    "screen_proceed": True, "storage_type": "nfs3",
    "storage_connection": f"{world.STORAGE}:{world.EXPORT}", "mount_options": "", "nic": "eth0",
    "manage_iptables": True, "gateway": world.GATEWAY, "boot": "pxe",
    "image_alias": "hosted_engine", "cpu_model": "model_Penryn", "vcpus": 2, "disk_gb": 25,
    "mac": world.FREE_MAC, "memory_mb": 4096, "console": "vnc", "host_name": "hosted_engine_1",
    "admin_password": PASSWORD, "fqdn": world.ENGINE, "smtp_server": "localhost", "smtp_port": 25,
    "mail_from": "root@localhost", "mail_to": ("root@localhost",), "confirm_settings": True,
    "storage_domain_name": "hosted_storage", "storage_pool_name": "hosted_datacenter",
    "cluster": "Default",
}  # fmt: skip
ANSIBLE: Given = {
    "host": NEW_HOST, "era": "4.5", "build": "2.6", "proceed": True, "screen_proceed": True,
    "ip_version": "4", "gateway": world.GATEWAY, "nic": "eth0", "network_test": "dns",
    "data_center": "Default", "cluster": "Default", "keycloak": True, "appliance_ova": "",
    "vcpus": 4, "memory_mb": 16384, "fqdn": world.ENGINE, "vm_domain": world.DOMAIN,
    "root_password": PASSWORD, "root_ssh_key": "", "root_ssh_access": "yes", "openscap": False,
    "fips": False, "mac": world.FREE_MAC, "vm_network": "dhcp", "vm_etc_hosts": True,
    "smtp_server": "localhost", "smtp_port": 25, "mail_from": "root@localhost",
    "mail_to": ("root@localhost",), "admin_password": PASSWORD, "host_fqdn": NEW_HOST,
    "host_name": NEW_HOST, "storage_type": "nfs", "nfs_version": "auto",
    "storage_connection": f"{world.STORAGE}:{world.EXPORT}", "mount_options": "", "disk_gb": 61,
}  # fmt: skip
MENUS = {
    "menu.OVEHOSTED_INSTALLING_OS.1": "continue", "menu.OVEHOSTED_ENGINE_UP.1": "wait",
    "menu.1-2-3-4-1.1": "continue", "menu.1-2-3-4-1.2": "wait",
}  # fmt: skip


class Hosts:
    """Practice hosts that stand."""

    def __init__(self, folder: Path) -> None:
        self.places = HostPlaces(folder)

    @property
    def site(self):
        return load_site(self.places.site_file)

    def shell(self, name: str) -> SshShell:
        return SshShell(self.site.engine_host(name).shell, name)

    def begin(self, *faults: str, speed: float = SPEED, **settings: str) -> None:
        """The world as it was at first, with these faults."""
        facts = world.practice_world(HOSTS, speed)
        facts["faults"] = {name: "yes" for name in faults} | {
            name.replace("_", "-"): value for name, value in settings.items()
        }
        self.places.world.write(facts)
        for name in HOSTS:
            write_names(self.places, name, facts)
            root = self.places.root(name)
            for left in ("etc/ovirt-hosted-engine", "var/lib", "var/log", "mnt"):
                shutil.rmtree(root / left)
                (root / left).mkdir()

    def deploying(self, folder: Path, given: Given, prompts=None, **changes) -> Deploying:
        """A run's life on these hosts, by the steps that a real deployment runs."""
        answers = {**given, **changes}
        wanted = MENUS | (prompts or {})
        runs = folder / "runs"
        run = create_run(self.site, PROCEDURE.name, answers, {}, {}, wanted, folder=runs)
        return Deploying(run, SECRETS, procedure=PROCEDURE)


@contextmanager
def practice_hosts():
    with tempfile.TemporaryDirectory(prefix="rekindle-practice-") as folder:
        places = HostPlaces(Path(folder) / "site")
        build_hosts(places, HOSTS, SPEED)
        try:
            start_servers(places)
            yield Hosts(places.folder)
        finally:
            stop_all(places)
