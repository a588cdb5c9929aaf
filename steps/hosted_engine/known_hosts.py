"""What is known of the hosts and machines of the backup, or of the running engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from steps.procedure import ProbeInput


@dataclass(frozen=True, slots=True)
class KnownHost:
    """One host by its name in the engine, its addresses (or names) and the hardware's UUID."""

    name: str
    addresses: tuple[str, ...] = ()
    hardware_uuid: str = ""


@dataclass(frozen=True, slots=True)
class KnownMachine:
    """One virtual machine, with the MAC addresses of its cards and the addresses it had."""

    name: str
    macs: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def is_engine(self) -> bool:
        """Whether it bears the name that the engine's own machine always has."""
        return self.name == "HostedEngine"


class KnownHosts(Protocol):
    """An inventory: of a backup archive, or of a running engine."""

    @property
    def origin(self) -> str:
        """Where it comes from, as an operator would say."""

    @property
    def engine_fqdn(self) -> str:
        """The engine's own name; empty where it is not told."""

    @property
    def hosts(self) -> Sequence[KnownHost]:
        """Every host."""

    @property
    def machines(self) -> Sequence[KnownMachine]:
        """Every virtual machine."""

    @property
    def live(self) -> bool:
        """Whether it is of an engine that runs, not of a backup."""

    @property
    def silent(self) -> str:
        """Why nothing is known; empty where something is."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """A KnownHosts that was read already."""

    origin: str
    engine_fqdn: str = ""
    hosts: tuple[KnownHost, ...] = ()
    machines: tuple[KnownMachine, ...] = ()
    live: bool = False
    silent: str = ""


FindKnown = Callable[[ProbeInput], KnownHosts | None]
"""Reads the inventory for these answers; None where there is none to compare with."""

FindAll = Callable[[ProbeInput], Sequence[KnownHosts]]
"""Reads every inventory there is to compare with: the backup's, the running engine's."""


def free_host_name(wanted: str, known: KnownHosts) -> str:
    """A name like the wanted one that no host has."""
    taken = {host.name.lower() for host in known.hosts}
    stem = wanted.rstrip("0123456789").rstrip("_-") or "host"
    mark = "_" if "-" not in wanted else "-"
    return next(
        name for n in range(1, len(taken) + 2) if (name := f"{stem}{mark}{n}").lower() not in taken
    )
