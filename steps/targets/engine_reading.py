"""The client library's objects as our records. Whatever an engine leaves out is tolerated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from steps.targets.engine_facts import (
    SSH_PORT,
    UNKNOWN,
    AboutEngine,
    Cluster,
    DataCenter,
    Event,
    Host,
    HostedEngine,
    Machine,
    MachineCards,
    StorageDomain,
)

_Record = TypeVar("_Record")


def word(value: Any) -> str:
    """An enumeration's word; `unknown` for one that is absent or newer than the library."""
    return str(value.value) if value is not None else UNKNOWN


def text(value: Any) -> str:
    """A text, empty where it is absent."""
    return value if isinstance(value, str) else ""


def reference(value: Any) -> str:
    """The id of what is referred to."""
    return text(value.id) if value is not None else ""


def about(api: Any) -> AboutEngine:
    """The API's root."""
    product = api.product_info
    if product is None:
        return AboutEngine("", "", "")
    version = product.version
    return AboutEngine(
        text(product.vendor), text(product.name), _full(version), text(product.instance_id)
    )


def _full(version: Any) -> str:
    if version is None:
        return ""
    parts = (version.major, version.minor, version.build, version.revision)
    numbers = ".".join(str(part) for part in parts if part is not None)
    return text(version.full_version) or numbers


def _level(version: Any) -> str:
    return f"{version.major}.{version.minor}" if version is not None else ""


def host(found: Any) -> Host:
    """One host."""
    hardware, summary = found.hardware_information, found.summary
    return Host(
        id=text(found.id),
        name=text(found.name),
        address=text(found.address),
        status=word(found.status),
        status_detail=text(found.status_detail),
        spm=word(found.spm.status) if found.spm is not None else "none",
        cluster=reference(found.cluster),
        hardware_uuid=text(hardware.uuid) if hardware is not None else "",
        power_management=bool(found.power_management and found.power_management.enabled),
        machines=summary.total if summary is not None else None,
        hosted_engine=_hosted_engine(found.hosted_engine),
        ssh_port=(found.ssh.port if found.ssh is not None else None) or SSH_PORT,
    )


def _hosted_engine(found: Any) -> HostedEngine | None:
    if found is None:
        return None
    return HostedEngine(
        configured=bool(found.configured),
        active=bool(found.active),
        score=found.score or 0,
        global_maintenance=bool(found.global_maintenance),
        local_maintenance=bool(found.local_maintenance),
    )


def machine(found: Any) -> Machine:
    """One virtual machine."""
    available = found.high_availability
    return Machine(
        id=text(found.id),
        name=text(found.name),
        status=word(found.status),
        host=reference(found.host),
        cluster=reference(found.cluster),
        origin=text(found.origin),
        high_availability=bool(available and available.enabled),
    )


def cards(found: Any) -> MachineCards:
    """One virtual machine's cards."""
    nics = [nic for nic in found.nics or () if nic.mac is not None and nic.mac.address]
    reported = [ip for device in found.reported_devices or () for ip in device.ips or ()]
    return MachineCards(
        machine=text(found.id),
        name=text(found.name),
        macs=tuple(text(nic.mac.address) for nic in nics),
        addresses=tuple(text(ip.address) for ip in reported if ip.address),
    )


def storage_domain(found: Any) -> StorageDomain:
    """One storage domain."""
    storage = found.storage
    return StorageDomain(
        id=text(found.id),
        name=text(found.name),
        kind=word(found.type),
        storage=word(storage.type) if storage is not None else "",
        status=word(found.status) if found.status is not None else "",
        master=bool(found.master),
        data_centers=tuple(map(reference, found.data_centers or ())),
        place=_place(storage),
    )


def _place(storage: Any) -> str:
    if storage is None or not storage.path:
        return ""
    return f"{storage.address}:{storage.path}" if storage.address else text(storage.path)


def data_center(found: Any) -> DataCenter:
    """One data centre."""
    return DataCenter(text(found.id), text(found.name), word(found.status), _level(found.version))


def cluster(found: Any) -> Cluster:
    """One cluster."""
    center = reference(found.data_center)
    return Cluster(text(found.id), text(found.name), center, _level(found.version))


def event(found: Any) -> Event:
    """One line of the event log."""
    return Event(
        id=text(found.id),
        time=found.time,
        severity=word(found.severity),
        text=text(found.description),
        code=found.code or 0,
        correlation=text(found.correlation_id),
    )


def each(read: Callable[[Any], _Record], found: Any) -> tuple[_Record, ...]:
    """All of a list."""
    return tuple(read(one) for one in found or ())
