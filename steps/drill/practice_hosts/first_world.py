"""The world of a new practice site: hosts, network, storage, and no engine yet."""

from __future__ import annotations

import time

from steps.drill.practice_hosts.world import Facts

DOMAIN = "practice.invalid"
ENGINE = f"engine.{DOMAIN}"
ENGINE_ADDRESS = "192.0.2.10"
BACKUP = f"backup.{DOMAIN}"
BACKUP_ADDRESS = "192.0.2.6"
STORAGE = f"storage.{DOMAIN}"
STORAGE_ADDRESS = "192.0.2.5"
GATEWAY = "192.0.2.1"
NAME_SERVER = "192.0.2.2"
EXPORT = "/hosted_engine/nfs"
OTHER_EXPORT = "/hosted_engine/spare"
GLUSTER_EXPORT = "/gluster_volume"
TARGET = "iqn.2015-05.invalid.practice:hosted-engine"
FREE_LUN = "3514f0c5447600352"
USED_LUN = "3514f0c5447600351"
FC_LUN = "3600508b400105e21"
TAKEN_MAC = "00:16:3e:77:b2:a4"
FREE_MAC = "00:16:3e:5a:10:02"
GUIDE = "1.3.0_alpha3"
ANSIBLE = "2.6.6"
GIB = 1 << 30

_ANSIBLE_PACKAGES = {
    "ovirt-hosted-engine-setup": "2.6.6-1.el8",
    "ovirt-engine-appliance": "4.5-20221212.1.el8",
    "ovirt-hosted-engine-ha": "2.5.1-1.el8",
}
_GUIDE_PACKAGES = {
    "ovirt-hosted-engine-setup": "1.3.0-0.0.alpha3.el7",
    "ovirt-hosted-engine-ha": "1.3.0-0.0.alpha3.el7",
}


MACHINE, SERVER = "engine-machine", "backup-server"
"""What a server is: the machine that the engine runs in, or one that keeps its backups."""
ENGINE_VERSION = "4.5.6-1.el9"
SITE_SERVERS = {ENGINE: MACHINE, BACKUP: SERVER}
_SERVER_ADDRESSES = {ENGINE: ENGINE_ADDRESS, BACKUP: BACKUP_ADDRESS}
_MACHINE_PACKAGES = {
    name: ENGINE_VERSION
    for name in ("ovirt-engine", "ovirt-engine-setup", "ovirt-engine-tools-backup",
                 "ovirt-engine-backend")
} | {"ovirt-engine-dwh": "4.5.8-1.el9", "postgresql-server": "13.20-1.el9"}  # fmt: skip


def practice_world(
    hosts: dict[str, str], speed: float = 60.0, servers: dict[str, str] | None = None
) -> Facts:
    """The facts; `hosts` maps a host's name to the build of the tool that it has.

    `servers` maps a server's name to what it is. Without the engine's machine among them somebody
    simulated installs the engine in whatever machine is deployed.
    """
    facts: Facts = {
        "speed": speed,
        "started": time.time(),
        "faults": {},
        "dns": _names(hosts),
        "network": {
            "prefix": 24,
            "gateway": GATEWAY,
            "answering": [GATEWAY, NAME_SERVER, STORAGE_ADDRESS],
            "neighbours": {GATEWAY: "52:54:00:fe:00:01", "192.0.2.40": TAKEN_MAC},
        },
        "storage": _storage(),
        "hosts": {
            name: _host(number, name, build)
            for number, (name, build) in enumerate(hosts.items(), start=1)
        },
        "servers": {
            name: _server(number, name, kind)
            for number, (name, kind) in enumerate((servers or {}).items(), start=1)
        },
        "engine": engine_machine(),
        "maintenance": {"global": False},
    }
    if BACKUP in facts["servers"]:
        facts["dns"][BACKUP] = [BACKUP_ADDRESS]
        facts["network"]["answering"].append(BACKUP_ADDRESS)
    facts["network"]["answering"] += [h["address"] for h in facts["hosts"].values()]
    return facts


def engine_machine() -> Facts:
    """An engine machine that does not exist. Times are of the world's clock; None is never.

    `disk` tells one machine from the next of the same name, `boot` one start from the next;
    `system` is whether an operating system is installed, `set_up` whether an engine is.
    """
    return {
        "disk": 0, "boot": 0, "system": True, "set_up": True, "local": "",
        "state": "absent", "host": "", "fqdn": "", "up_at": None, "down_at": None,
        "healthy_at": None, "console_password": "", "password_until": 0.0, "mac": "",
    }  # fmt: skip


def _names(hosts: dict[str, str]) -> dict[str, list[str]]:
    found = {ENGINE: [ENGINE_ADDRESS], STORAGE: [STORAGE_ADDRESS]}
    for number, name in enumerate(hosts, start=1):
        found[name] = [f"192.0.2.{10 + number}"]
    return found


def _storage() -> Facts:
    return {
        "server": STORAGE,
        "exports": {
            EXPORT: {"free": 100 * GIB, "type": "nfs", "used": False},
            OTHER_EXPORT: {"free": 60 * GIB, "type": "nfs", "used": False},
            GLUSTER_EXPORT: {"free": 100 * GIB, "type": "glusterfs", "used": False, "replica": 3},
        },
        "portals": {f"{STORAGE_ADDRESS}:3260": [TARGET]},
        "luns": [
            _lun(USED_LUN, 30, "iscsi", used=True, vendor="XtremIO", product="XtremApp"),
            _lun(FREE_LUN, 100, "iscsi", used=False, vendor="XtremIO", product="XtremApp"),
            _lun(FC_LUN, 100, "fc", used=False, vendor="HP", product="HSV210"),
        ],
    }


def _lun(guid: str, gib: int, kind: str, *, used: bool, vendor: str, product: str) -> Facts:
    return {
        "guid": guid, "size": gib * GIB, "kind": kind, "used": used, "vendor": vendor,
        "product": product, "active": 2, "failed": 0,
    }  # fmt: skip


def _host(number: int, name: str, build: str) -> Facts:
    classic = build.startswith("1.")
    return {
        "id": number,
        "name": name,
        "build": build,
        "address": f"192.0.2.{10 + number}",
        "nics": {
            "eth0": {"mac": f"52:54:00:00:00:{number * 16 + 1:02x}", "addressed": True},
            "eth1": {"mac": f"52:54:00:00:00:{number * 16 + 2:02x}", "addressed": False},
        },
        "uuid": f"4c4c4544-0035-3910-8051-b{number}c04f4e3332",
        "cpus": 8,
        "memory_mb": 32768,
        "packages": dict(_GUIDE_PACKAGES if classic else _ANSIBLE_PACKAGES),
        "services": _services(classic),
        "local_machine": False,
        "ha": {"score": 0, "maintenance": False, "joined": False},
    }


def _server(number: int, name: str, kind: str) -> Facts:
    machine = kind == MACHINE
    return {
        "name": name,
        "kind": kind,
        "address": _SERVER_ADDRESSES[name],
        "nics": {"eth0": {"mac": f"52:54:00:00:01:{number:02x}", "addressed": True}},
        "uuid": f"4c4c4544-0035-3910-8052-b{number}c04f4e3332",
        "cpus": 4,
        "memory_mb": 16384,
        "packages": dict(_MACHINE_PACKAGES) if machine else {},
        "services": machine_services() if machine else {"sshd": "active"},
        "databases": {},
        "roles": {},
    }


def machine_services() -> dict[str, str]:
    """The services of an engine's machine on which nothing was set up yet."""
    return {
        "sshd": "active", "firewalld": "active", "httpd": "inactive", "postgresql": "inactive",
        "ovirt-engine": "inactive", "ovirt-engine-dwhd": "inactive",
    }  # fmt: skip


def _services(classic: bool) -> dict[str, str]:
    return {
        "firewalld": "inactive" if classic else "active",
        "NetworkManager": "inactive" if classic else "active",
        "iptables": "active" if classic else "inactive",
        "libvirtd": "active", "vdsmd": "inactive", "supervdsmd": "inactive",
        "sanlock": "inactive", "ovirt-ha-agent": "inactive", "ovirt-ha-broker": "inactive",
    }  # fmt: skip
