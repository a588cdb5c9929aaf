"""What the scripted operator answers on the practice hosts, and the hosts there are."""

from __future__ import annotations

from typing import Final

from config.questions import Value
from config.secrets import SecretReference
from steps.drill.practice_hosts import first_world as world

NEW_HOST: Final = f"host-01.{world.DOMAIN}"
GUIDE_HOST: Final = f"host-02.{world.DOMAIN}"
HOSTS: Final = {NEW_HOST: world.ANSIBLE, GUIDE_HOST: world.GUIDE}
SPEED: Final = 120.0
PATH: Final = f"{world.STORAGE}:{world.EXPORT}"
_PASSWORD: Final = SecretReference("prompt")
_BOTH: Final[dict[str, Value]] = {
    "proceed": True, "screen_proceed": True, "storage_connection": PATH, "mount_options": "",
    "nic": "eth0", "gateway": world.GATEWAY, "mac": world.FREE_MAC, "fqdn": world.ENGINE,
    "admin_password": _PASSWORD, "smtp_server": "localhost", "smtp_port": 25,
    "mail_from": "root@localhost", "mail_to": ("root@localhost",), "cluster": "Default",
}  # fmt: skip
CLASSIC: Final[dict[str, Value]] = _BOTH | {
    "host": GUIDE_HOST, "era": "classic", "build": world.GUIDE, "storage_type": "nfs3",
    "manage_iptables": True, "boot": "pxe", "image_alias": "hosted_engine",
    "cpu_model": "model_Penryn", "vcpus": 2, "disk_gb": 25, "memory_mb": 4096, "console": "vnc",
    "host_name": "hosted_engine_1", "confirm_settings": True,
    "storage_domain_name": "hosted_storage", "storage_pool_name": "hosted_datacenter",
}  # fmt: skip
ANSIBLE: Final[dict[str, Value]] = _BOTH | {
    "host": NEW_HOST, "era": "4.5", "build": "2.6", "ip_version": "4", "network_test": "dns",
    "data_center": "Default", "keycloak": True, "appliance_ova": "", "vcpus": 4,
    "memory_mb": 16384, "vm_domain": world.DOMAIN, "root_password": _PASSWORD,
    "root_ssh_key": "", "root_ssh_access": "yes", "openscap": False, "fips": False,
    "vm_network": "dhcp", "vm_etc_hosts": True, "host_fqdn": NEW_HOST, "host_name": NEW_HOST,
    "storage_type": "nfs", "nfs_version": "auto", "disk_gb": 61,
}  # fmt: skip


def answers_of(drill: str) -> dict[str, Value]:
    """The answers for that drill."""
    return dict(CLASSIC if drill == "deploy-classic" else ANSIBLE)
