"""What restoring the backup will do to hosts and machines, told before it is done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from steps.hosted_engine.archive.engine_model import Cluster, EngineModel, Host, Vm
from steps.hosted_engine.archive.version import Version
from steps.hosted_engine.archive.words import DOWN, MAINTENANCE, NOT_MONITORED

_SETS_HA_DOWN: Final = (4, 2)

HOW_TO_STOP_FENCING: Final = (
    "Before the restored engine starts, set on the engine machine: "
    "engine-config -s DisableFenceAtStartupInSec=86400; put it back once the hosts are as they "
    "should be. Or cut the engine off from the power management of these hosts."
)


@dataclass(frozen=True, slots=True)
class LeftUp:
    """A machine that the restored engine believes to run on a host that may be gone."""

    vm: str
    host: str
    status_name: str | None


def idle_maintenance_hosts(model: EngineModel) -> tuple[str, ...] | None:
    """Hosts in maintenance with nothing on them and nothing migrating to them."""
    if model.hosts is None:
        return None
    return tuple(host.name for host in model.hosts if is_idle(host))


def is_idle(host: Host) -> bool:
    """Whether the host was in maintenance, and certainly empty."""
    return host.status_name == MAINTENANCE and host.vms == 0 and host.vms_migrating_in == 0


def he_hosts(model: EngineModel) -> tuple[str, ...] | None:
    """Hosts that can run the engine; None where the era does not tell."""
    if model.hosts is None or any(host.he_configured is None for host in model.hosts):
        return None
    return tuple(host.name for host in model.hosts if host.he_configured)


def ready_failover_hosts(model: EngineModel) -> tuple[str, ...] | None:
    """Hosts that can run the engine and were made free for a restore."""
    if model.hosts is None or he_hosts(model) is None:
        return None
    return tuple(host.name for host in model.hosts if host.he_configured and is_idle(host))


def restore_sets_down(model: EngineModel, version: Version | None) -> tuple[str, ...] | None:
    """Highly available machines without a lease, from 4.2 on. Nothing else is set down."""
    if model.vms is None:
        return None
    if version is not None and version.release < _SETS_HA_DOWN:
        return ()
    if any(vm.lease is None or vm.ha is None for vm in model.vms):
        return None
    return tuple(vm.name for vm in model.vms if _is_set_down(vm))


def _is_set_down(vm: Vm) -> bool:
    return bool(vm.ha) and vm.lease is False


def left_up_on_old_host(model: EngineModel, version: Version | None) -> tuple[LeftUp, ...] | None:
    """Machines that stay as they were, until their host is fenced or removed."""
    if model.vms is None:
        return None
    resets = version is None or version.release >= _SETS_HA_DOWN
    return tuple(
        LeftUp(vm.name, vm.host, vm.status_name)
        for vm in model.vms
        if vm.host and vm.status_name != DOWN and not (resets and _is_set_down(vm))
    )


def fenced_after_start(
    hosts: Iterable[Host] | None, clusters: Iterable[Cluster] | None
) -> tuple[str, ...] | None:
    """Hosts that the restored engine may power off where it cannot reach them.

    Those with power management that it asks how they are, in clusters that fence.
    """
    if hosts is None:
        return None
    spared = {cluster.name for cluster in clusters or () if cluster.fencing is False}
    return tuple(
        host.name
        for host in hosts
        if host.power_management
        and host.status_name not in NOT_MONITORED
        and host.cluster not in spared
    )
