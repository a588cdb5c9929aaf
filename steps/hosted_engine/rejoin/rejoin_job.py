"""What adding hosts again will do, as data: the steps all read this. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from config.errors import InvalidInput
from config.interviews.hosted_engine_rejoin import BY_PASSWORD
from config.site import EngineAccess, EngineHost
from steps.hosted_engine.recovery.recovery_job import BackupHost, Limits
from steps.targets.engine_facts import SSH_PORT

ROOT_PASSWORD: Final = "root_password"  # noqa: S105  (the name of the secret)
CONFIGURATION: Final = "/etc/ovirt-hosted-engine/hosted-engine.conf"
AUTHORIZED: Final = "/root/.ssh/authorized_keys"


@dataclass(frozen=True, slots=True)
class RejoinHost:
    """One host: as the engine knew it when the plan was made, and by its name in the site.
    `ssh_port` is the one at which the engine enters it.
    """

    old: BackupHost
    cluster: str
    site_name: str
    seen: str = ""
    ssh_port: int = SSH_PORT

    @property
    def name(self) -> str:
        """Its name in the engine, before and after."""
        return self.old.name

    @property
    def address(self) -> str:
        """How the engine reaches it, before and after."""
        return self.old.address


@dataclass(frozen=True, slots=True)
class RejoinJob:
    """Everything the steps need to know. `looked_from` carries the engine or could."""

    engine: EngineAccess
    looked_from: EngineHost
    hosts: tuple[RejoinHost, ...]
    by_password: bool = False
    same_password: bool = True
    limits: Limits = field(default_factory=Limits)


def host_data(host: RejoinHost) -> dict[str, Any]:
    """One host as plain data, for the survey."""
    return {
        "id": host.old.id, "name": host.old.name, "address": host.old.address,
        "hardware_uuid": host.old.hardware_uuid, "cluster": host.cluster,
        "site_name": host.site_name, "seen": host.seen, "ssh_port": host.ssh_port,
    }  # fmt: skip


def hosts_from_data(data: object) -> tuple[RejoinHost, ...]:
    """The hosts of a survey. Raises InvalidInput where it is damaged."""
    if not isinstance(data, Sequence):
        raise InvalidInput("The survey of the hosts is damaged.", "Start anew.")
    try:
        return tuple(_host_from(row) for row in data)
    except (KeyError, TypeError) as error:
        raise InvalidInput("The survey of the hosts is damaged.", "Start anew.") from error


def _host_from(row: Mapping[str, Any]) -> RejoinHost:
    old = BackupHost(row["id"], row["name"], row["address"], row["hardware_uuid"])
    return RejoinHost(old, row["cluster"], row["site_name"], row["seen"], row["ssh_port"])


def enters_by_password(given: Mapping[str, object]) -> bool:
    """Whether the engine enters the hosts by the password of root."""
    return given.get("access") == BY_PASSWORD
