"""The oVirt engine behind one interface: its answers in our types, its faults in ours.

An action that returns was accepted, not done: look at the status, with `engine_waiting`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from config.secrets import Secret
from steps.targets.engine_facts import (
    SSH_PORT,
    AboutEngine,
    Cluster,
    DataCenter,
    Deployment,
    Event,
    Health,
    Host,
    Machine,
    MachineCards,
    Power,
    StorageDomain,
)


@dataclass(frozen=True, slots=True)
class NewHost:
    """A host to be added. Without a password the engine's public key must be on it already."""

    name: str
    address: str
    cluster: str
    """The cluster's id."""
    root_password: Secret | None = None
    ssh_port: int = SSH_PORT


class Engine(Protocol):
    """One engine. Opened at the first call; calls of several threads go one after another.

    Every call raises Unreachable where the engine does not answer or is only starting, Refused
    where a rule of the engine says no (in its words), InvalidInput for what does not exist.
    """

    @property
    def url(self) -> str:
        """Its origin."""

    def marked(self, correlation: str) -> Engine:
        """The same engine; what is asked of it bears this mark in the engine's event log."""

    def health(self) -> Health:
        """Its health page; needs no account and never raises for an engine that is away."""

    def about(self) -> AboutEngine:
        """Product and version."""

    def hosts(self) -> Sequence[Host]:
        """All hosts."""

    def host(self, id: str) -> Host | None:
        """One host, or None."""

    def host_named(self, name: str) -> Host | None:
        """One host by name, compared without regard to case."""

    def machines(self, host: str = "") -> Sequence[Machine]:
        """All virtual machines, or those that the host of that id has."""

    def machine(self, id: str) -> Machine | None:
        """One virtual machine, or None."""

    def cards(self) -> Sequence[MachineCards]:
        """All virtual machines with their MAC addresses and what their guests report."""

    def data_centers(self) -> Sequence[DataCenter]:
        """All data centres."""

    def clusters(self) -> Sequence[Cluster]:
        """All clusters."""

    def storage_domains(self) -> Sequence[StorageDomain]:
        """All storage domains; attached ones with the status that their data centre tells."""

    def events(
        self, *, correlation: str = "", after: str = "", limit: int = 100
    ) -> Sequence[Event]:
        """The newest events first: of that mark, later than the event of that id."""

    def maintain_host(self, id: str, reason: str = "") -> None:
        """Ask it into maintenance: its machines migrate away."""

    def activate_host(self, id: str) -> None:
        """Ask it back into service."""

    def confirm_rebooted(self, id: str) -> None:
        """Give the word that the host was rebooted. It must be true: its machines start elsewhere.

        The engine lets go of what runs there; a host that still lives then corrupts disks.
        """

    def power_of(self, id: str) -> Power:
        """What its power management says; UNKNOWN where it has none."""

    def remove_host(self, id: str, *, force: bool = False) -> None:
        """Remove it from the engine; the host itself is not touched.

        `force` overlooks Gluster bricks only: status and machines count all the same.
        """

    def add_host(self, host: NewHost, deployment: Deployment = Deployment.KEEP) -> str:
        """Add it; returns its id. It is then installed, which takes minutes."""

    def reinstall_host(
        self, id: str, deployment: Deployment, root_password: Secret | None = None
    ) -> None:
        """Install it again; it must be in maintenance."""

    def start_machine(self, id: str) -> None:
        """Start it."""

    def shut_down_machine(self, id: str) -> None:
        """Ask its guest to power off."""

    def power_off_machine(self, id: str) -> None:
        """Pull its plug."""

    def remove_machine(self, id: str) -> None:
        """Remove it from the engine; its disks are detached and stay."""

    def activate_storage(self, data_center: str, domain: str) -> None:
        """Ask an attached domain back into service."""

    def maintain_storage(self, data_center: str, domain: str) -> None:
        """Ask an attached domain into maintenance."""

    def detach_storage(self, data_center: str, domain: str) -> None:
        """Take a domain in maintenance out of its data centre; what is on it stays."""

    def forget_storage(self, domain: str) -> None:
        """Drop a domain from the engine's database alone; what is on the storage stays."""

    def close(self) -> None:
        """Log out and let go of the connection."""
