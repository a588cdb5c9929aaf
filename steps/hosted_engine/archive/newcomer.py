"""The host that the engine will be deployed on, compared with the hosts in the backup."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from config.errors import InvalidInput
from steps.hosted_engine.archive.effects import is_idle
from steps.hosted_engine.archive.engine_model import EngineModel, Host, StorageDomain
from steps.hosted_engine.archive.mac_rows import is_in, mac_of
from steps.hosted_engine.archive.name_lookup import Resolved

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
    "mac": "other-hardware",
}


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A new host by what is known of it; `storage` is the path of the engine's new storage."""

    name: str | None = None
    fqdn: str | None = None
    addresses: tuple[str, ...] = ()
    hardware_uuid: str | None = None
    storage: str | None = None
    macs: tuple[str, ...] = ()

    def check(self) -> None:
        """Raises InvalidInput where a value cannot be one."""
        for text in self.addresses:
            if address_of(text) is None:
                raise InvalidInput(f"{text!a} is not an address.", "Give an IPv4 or IPv6 address.")
        for text in self.macs:
            if mac_of(text) is None:
                raise InvalidInput(
                    f"{text!a} is not a hardware address.", "It looks like 52:54:00:12:34:56."
                )
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


def conflicts(
    model: EngineModel, newcomer: Newcomer | None, names: Resolved | None = None
) -> tuple[Conflict, ...] | None:
    """Every clash; none without a new host, None where the old hosts are not known.

    `names` are the addresses of names, as far as somebody looked them up.
    """
    if newcomer is None:
        return ()
    if model.hosts is None:
        return None
    look = _Look(newcomer, model, names or {})
    found = (look.conflict(host) for host in model.hosts)
    return tuple(conflict for conflict in found if conflict is not None)


class _Look:
    """The new host beside every old one."""

    def __init__(self, newcomer: Newcomer, model: EngineModel, names: Resolved) -> None:
        self._newcomer, self._model, self._names = newcomer, model, names
        given = (address_of(text) for text in newcomer.addresses)
        looked_up = _telling(names.get(newcomer.fqdn or "") or ())
        self._addresses = looked_up.union(address for address in given if address is not None)
        self._macs = {mac_of(text) for text in newcomer.macs}

    def conflict(self, host: Host) -> Conflict | None:
        matches = tuple(self._matches(host))
        if not matches:
            return None
        return Conflict(
            host_id=host.id,
            host=host.name,
            matches=matches,
            missed_by_tool=not _tool_finds(host, self._newcomer),
            choices=tuple(_choices(host, matches)),
        )

    def _matches(self, host: Host) -> Iterator[str]:
        newcomer = self._newcomer
        if newcomer.name and _same_name(host.name, newcomer.name):
            yield "name"
        if newcomer.fqdn and host.address and _same_name(host.address, newcomer.fqdn):
            yield "fqdn"
        if self._addresses & self._addresses_of(host):
            yield "ip"
        if newcomer.hardware_uuid and host.hardware_uuid:
            old, new = _uuid_of(host.hardware_uuid), _uuid_of(newcomer.hardware_uuid)
            if old is not None and new is not None and new in (old, _swapped(old)):
                yield "hw_uuid"
        if self._macs & set(self._model.host_macs.get(host.id, ())):
            yield "mac"

    def _addresses_of(self, host: Host) -> set[Address]:
        texts = (host.address, host.management_ipv4, host.management_ipv6)
        known = (address_of(text) for text in texts if text)
        looked_up = _telling(self._names.get(host.address or "") or ())
        return looked_up.union(address for address in known if address is not None)


def names_to_look_up(model: EngineModel, newcomer: Newcomer | None) -> tuple[str, ...]:
    """Names whose addresses count for the comparison; none where no address is to be compared."""
    if newcomer is None or not (newcomer.addresses or newcomer.fqdn):
        return ()
    texts = (newcomer.fqdn, *(host.address for host in model.hosts or ()))
    return tuple(text for text in texts if text and address_of(text) is None)


def _telling(texts: Iterable[str]) -> set[Address]:
    """Addresses that tell hosts apart: every host calls itself 127.0.0.1."""
    found = (address_of(text) for text in texts)
    return {a for a in found if a and not (a.is_loopback or a.is_unspecified or a.is_link_local)}


def pools_with(model: EngineModel, newcomer: Newcomer | None) -> tuple[tuple[str, str], ...]:
    """Hardware addresses of the new host that a pool would give to machines, with the pool."""
    return tuple(
        (text, area.pool)
        for text in (newcomer.macs if newcomer else ())
        for area in model.mac_ranges
        if is_in(mac_of(text) or "", area)
    )


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


def address_of(text: str) -> Address | None:
    """A text as an address, whatever its spelling; prefix length and zone do not count."""
    plain = text.strip().strip("[]").partition("/")[0].partition("%")[0]
    try:
        address = ipaddress.ip_address(plain)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def other_hardware(one: str, other: str) -> bool:
    """Whether two hardware UUIDs are certainly of two machines, in whatever byte order."""
    first, second = _uuid_of(one), _uuid_of(other)
    return first is not None and second is not None and second not in (first, _swapped(first))


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
