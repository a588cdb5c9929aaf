"""What the recovery of a restored engine will do, as data: the steps all read this. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from steps.hosted_engine.archive.inspection import Inspection
from steps.hosted_engine.archive.words import DOWN
from steps.hosted_engine.deploy_job import DeployJob
from steps.targets.engine_waiting import POLL_SECONDS

USE_FAILOVER_HOST: Final = "use-failover-host"
"""The choice by which an operator says that the new host is the backup's failover host."""


@dataclass(frozen=True, slots=True)
class BackupHost:
    """A host as the backup knows it; its id stays the same in the restored engine."""

    id: str
    name: str
    address: str = ""
    hardware_uuid: str = ""


@dataclass(frozen=True, slots=True)
class BackupMachine:
    """A machine that the backup had on a host. `set_down`: the restore itself sets it Down."""

    id: str
    name: str
    host: str
    high_availability: bool = False
    set_down: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each thing is waited for, in seconds; `every`: how often is looked."""

    engine: float = 1800.0
    machine_down: float = 900.0
    services: float = 600.0
    maintenance: float = 1800.0
    active: float = 1200.0
    storage: float = 1200.0
    settled: float = 600.0
    removed: float = 300.0
    machines: float = 300.0
    every: float = POLL_SECONDS


@dataclass(frozen=True, slots=True)
class RecoveryJob:
    """Everything the steps need to know beforehand.

    `deploy` names the host that carries the engine now and the engine's name. `host_name` is that
    host's name in the engine. `in_the_way` are the hosts of the backup that it would clash with
    and that the operator chose to remove; `hosts` and `machines` all that the backup knows.
    `machine` is the site's name of the engine's machine, where it has a shell. `ca_fingerprint` is
    the SHA-256 of the CA in the archive, as openssl prints it. `renews_certificates`: the operator
    chose to have the certificates renewed, so that the engine may come with another CA.
    """

    deploy: DeployJob
    host_name: str
    in_the_way: tuple[BackupHost, ...] = ()
    hosts: tuple[BackupHost, ...] = ()
    machines: tuple[BackupMachine, ...] = ()
    machine: str = ""
    ca_fingerprint: str = ""
    renews_certificates: bool = False
    limits: Limits = Limits()
    depends_on: tuple[str, ...] = ()

    @property
    def others(self) -> tuple[BackupHost, ...]:
        """The hosts of the backup that stay in the restored engine."""
        removed = {host.id for host in self.in_the_way}
        return tuple(host for host in self.hosts if host.id not in removed)


def hosts_of(inspection: Inspection) -> tuple[BackupHost, ...]:
    """Every host of the backup."""
    return tuple(
        BackupHost(host.id, host.name, host.address or "", host.hardware_uuid or "")
        for host in inspection.hosts or ()
    )


def machines_of(inspection: Inspection) -> tuple[BackupMachine, ...]:
    """The machines that the backup had on a host, without the engine's own."""
    return tuple(_machines(inspection))


def _machines(inspection: Inspection) -> Iterator[BackupMachine]:
    set_down = set(inspection.restore_sets_down or ())
    for machine in inspection.vms or ():
        if machine.host and machine.status_name != DOWN and not machine.engine_vm:
            yield BackupMachine(
                machine.id, machine.name, machine.host, bool(machine.ha), machine.name in set_down
            )


def in_the_way_of(inspection: Inspection, chosen: tuple[str, ...]) -> tuple[BackupHost, ...]:
    """The hosts of the backup that clash with the new one, as far as their ids are `chosen`.

    Only a host that the inspection found in the way is ever among them.
    """
    clashing = {conflict.host_id for conflict in inspection.conflicts or ()}
    return tuple(host for host in hosts_of(inspection) if host.id in clashing & set(chosen))
