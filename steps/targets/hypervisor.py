"""The hypervisor behind one interface: libvirt's answers in our types, its errors in ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from steps.targets.snapshots import Snapshots


@dataclass(frozen=True, slots=True)
class DomainStatus:
    """What the hypervisor knows of one domain. `state`: running, paused, shut off, crashed ..."""

    name: str
    uuid: str
    state: str
    persistent: bool
    managed_save: bool
    jobs: tuple[str, ...]
    """Target names of disks with a running block job."""

    @property
    def active(self) -> bool:
        """Whether a process runs it."""
        return self.state not in ("shut off", "crashed")


@dataclass(frozen=True, slots=True)
class HostAbilities:
    """What this host offers to a domain XML (libvirt's capabilities)."""

    emulators: tuple[str, ...]
    machine_types: tuple[str, ...]
    machine_aliases: tuple[tuple[str, str], ...]
    """(alias, canonical), for instance ("q35", "pc-q35-7.2")."""


class Hypervisor(Snapshots, Protocol):
    """One libvirt connection. Opened late, closed early: an embedded one is exclusive."""

    @property
    def uri(self) -> str:
        """The libvirt URI."""

    def domains(self) -> Sequence[DomainStatus]:
        """All domains, active and inactive."""

    def domain(self, name: str) -> DomainStatus | None:
        """One domain by name, or None."""

    def domain_by_uuid(self, uuid: str) -> DomainStatus | None:
        """One domain by uuid, or None."""

    def xml(self, name: str, *, inactive: bool = False) -> str:
        """The domain's XML with security info (it holds secrets: never log it)."""

    def abilities(self) -> HostAbilities:
        """Emulators and machine types of this host. Slow the first time (seconds)."""

    def shut_down(self, name: str, timeout: float) -> bool:
        """Ask the guest to power off and wait; True where it did. Destroys nothing."""

    def destroy(self, name: str) -> None:
        """Pull the plug. Nothing running is fine."""

    def state_xml(self, state_path: str) -> str:
        """XML inside a state file, with security info."""

    def check_state_xml(self, header_copy: str, xml: str) -> str:
        """libvirt's verdict on restoring with that XML: empty, or its own words of refusal.

        `header_copy` is rewritten: hand over a header-only copy, never the state file.
        """

    def restore_paused(self, state_path: str, xml: str) -> None:
        """Restore from a state file with this XML, paused. Raises StepFailed in libvirt's words."""

    def start(self, name: str, *, paused: bool = False) -> None:
        """Cold start of a defined domain."""

    def resume(self, name: str) -> None:
        """Let a paused domain run."""

    def define(self, xml: str) -> None:
        """Write the persistent definition."""

    def undefine(self, name: str) -> None:
        """Remove the persistent definition (used by undo where there was none before)."""

    def close(self) -> None:
        """Let go of the connection."""
