"""The host that the engine will be deployed on, compared with the hosts in the backup."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from config.errors import InvalidInput
from steps.hosted_engine.archive.effects import is_idle
from steps.hosted_engine.archive.engine_model import EngineModel, Host, StorageDomain

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

CHOICES: Final = {
    "use-failover-host": "use this failover host, and remove it from the restored engine in time",
    "rename": "give the new host another name in the Administration Portal",
    "other-address": "give the new host another FQDN and address",
    "other-hardware": "deploy on other hardware",
    "stop": "stop here, and settle it first",
}
_SETTLED_BY: Final = {
    "name": "rename",
    "fqdn": "other-address",
    "ip": "other-address",
    "hw_uuid": "other-hardware",
}


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A new host by what is known of it; `storage` is the path of the engine's new storage."""

    name: str | None = None
    fqdn: str | None = None
    addresses: tuple[str, ...] = ()
    hardware_uuid: str | None = None
    storage: str | None = None

    def check(self) -> None:
        """Raises InvalidInput where a value cannot be one."""
        for text in self.addresses:
            if address_of(text) is None:
                raise InvalidInput(f"{text!a} is not an address.", "Give an IPv4 or IPv6 address.")
        if self.hardware_uuid is not None and _uuid_of(self.hardware_uuid) is None:
            raise InvalidInput(
                f"{self.hardware_uuid!a} is not a hardware UUID.",
                "Give what `dmidecode -s system-uuid` prints.",
            )


@dataclass(frozen=True, slots=True)
class Conflict:
    """A host in the backup that the new one would clash with."""

    host_id: str
    host: str
    matches: tuple[str, ...]
    missed_by_tool: bool
    choices: tuple[str, ...]


def conflicts(model: EngineModel, newcomer: Newcomer | None) -> tuple[Conflict, ...] | None:
    """Every clash; none without a new host, None where the old hosts are not known."""
    if newcomer is None:
        return ()
    if model.hosts is None:
        return None
    found = (_conflict(host, newcomer) for host in model.hosts)
    return tuple(conflict for conflict in found if conflict is not None)


def _conflict(host: Host, newcomer: Newcomer) -> Conflict | None:
    matches = tuple(_matches(host, newcomer))
    if not matches:
        return None
    return Conflict(
        host_id=host.id,
        host=host.name,
        matches=matches,
        missed_by_tool=not _tool_finds(host, newcomer),
        choices=tuple(_choices(host, matches)),
    )


def _matches(host: Host, newcomer: Newcomer) -> Iterator[str]:
    if newcomer.name and _same_name(host.name, newcomer.name):
        yield "name"
    if newcomer.fqdn and host.address and _same_name(host.address, newcomer.fqdn):
        yield "fqdn"
    if _addresses(host) & {address_of(text) for text in newcomer.addresses}:
        yield "ip"
    if newcomer.hardware_uuid and host.hardware_uuid:
        old, new = _uuid_of(host.hardware_uuid), _uuid_of(newcomer.hardware_uuid)
        if old is not None and new is not None and new in (old, _swapped(old)):
            yield "hw_uuid"


def _tool_finds(host: Host, newcomer: Newcomer) -> bool:
    """The deployment itself compares only the portal's name, and the UUID as it is written."""
    same_uuid = (
        newcomer.hardware_uuid is not None
        and host.hardware_uuid is not None
        and newcomer.hardware_uuid.casefold() == host.hardware_uuid.casefold()
    )
    return same_uuid or bool(newcomer.name and _same_name(host.name, newcomer.name))


def _choices(host: Host, matches: tuple[str, ...]) -> Iterator[str]:
    if host.he_configured is not False and is_idle(host):
        yield "use-failover-host"
    yield from dict.fromkeys(_SETTLED_BY[match] for match in matches)
    yield "stop"


def _same_name(one: str, other: str) -> bool:
    return one.strip().rstrip(".").casefold() == other.strip().rstrip(".").casefold()


def _addresses(host: Host) -> set[Address | None]:
    texts = (host.address, host.management_ipv4, host.management_ipv6)
    return {address_of(text) for text in texts if text} - {None}


def address_of(text: str) -> Address | None:
    """A text as an address, whatever its spelling; prefix length and zone do not count."""
    plain = text.strip().strip("[]").partition("/")[0].partition("%")[0]
    try:
        address = ipaddress.ip_address(plain)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _uuid_of(text: str) -> uuid.UUID | None:
    """Old hosts add `_` and a hardware address to theirs."""
    try:
        return uuid.UUID(text.strip().partition("_")[0])
    except ValueError:
        return None


def _swapped(value: uuid.UUID) -> uuid.UUID:
    """Firmware and tools disagree about the byte order of the first three parts."""
    return uuid.UUID(bytes=value.bytes_le)


def storage_clash(model: EngineModel, newcomer: Newcomer | None) -> StorageDomain | None:
    """The storage domain in the backup that lies at the new engine's storage path."""
    if newcomer is None or not newcomer.storage:
        return None
    wanted = _path(newcomer.storage)
    domains = model.storage_domains or ()
    return next((d for d in domains if d.connection and _path(d.connection) == wanted), None)


def _path(text: str) -> tuple[str, str]:
    """Server and folder of a path, comparable."""
    host, _, folder = text.strip().rpartition(":")
    return str(address_of(host) or host.rstrip(".").casefold()), "/" + folder.strip("/")
