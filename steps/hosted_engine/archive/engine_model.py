"""The engine's world at the time of the backup: hosts, machines, clusters, storage.

A value that the era's database does not keep, or that the archive does not bring, is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Host:
    """A host. `address` is what it was added by: a name or an address."""

    id: str
    name: str
    address: str | None
    hardware_uuid: str | None
    status_name: str | None
    cluster: str | None
    he_configured: bool | None
    management_ipv4: str | None
    management_ipv6: str | None
    power_management: bool | None
    vms: int | None
    vms_migrating_in: int | None


@dataclass(frozen=True, slots=True)
class Vm:
    """A virtual machine; `host` and `migrating_to` are names of hosts."""

    id: str
    name: str
    status_name: str | None
    host: str | None
    migrating_to: str | None
    ha: bool | None
    lease: bool | None
    origin: str | None
    engine_vm: bool | None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster; `fencing` is whether its hosts are fenced at all."""

    id: str
    name: str
    compatibility_version: str | None
    data_center: str | None
    fencing: bool | None


@dataclass(frozen=True, slots=True)
class DataCenter:
    """A data center; `spm` is the host that managed its storage."""

    id: str
    name: str
    status_name: str | None
    compatibility_version: str | None
    spm: str | None


@dataclass(frozen=True, slots=True)
class StorageDomain:
    """A storage domain; `connection` is its path, where it has one."""

    id: str
    name: str
    type_name: str | None
    storage_type: str | None
    status_name: str | None
    data_center: str | None
    connection: str | None


@dataclass(frozen=True, slots=True)
class MacRange:
    """Hardware addresses that the engine gives to its machines, from `first` to `last`."""

    pool: str
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class EngineModel:
    """None stands for a list that the archive does not bring."""

    hosts: tuple[Host, ...] | None = None
    vms: tuple[Vm, ...] | None = None
    clusters: tuple[Cluster, ...] | None = None
    data_centers: tuple[DataCenter, ...] | None = None
    storage_domains: tuple[StorageDomain, ...] | None = None
    he_storage: tuple[StorageDomain, ...] | None = None
    disable_fence_at_startup_s: int | None = None
    engine_fqdn: str | None = None
    host_macs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Hardware addresses of a host's network cards, by the host's id."""
    mac_ranges: tuple[MacRange, ...] = ()
    dwh_last_sync: str | None = None
    """When the warehouse last fetched from the engine, UTC, ISO."""
