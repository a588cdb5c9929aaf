"""The things a step acts on, behind small interfaces that say nothing about procedures.

Each target turns its library's errors into ours. Steps get them from `Targets`, which opens them
when first used and closes them all at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # Names only: whoever needs one module of this folder need not load the others.
    from steps.targets.directory import Directory
    from steps.targets.engine import Engine
    from steps.targets.hypervisor import Hypervisor
    from steps.targets.shell import Shell


class Targets(Protocol):
    """The targets of one site."""

    def shell(self, name: str) -> Shell:
        """The shell on the node, engine host, engine machine or backup server of that name."""

    def hypervisor(self, name: str) -> Hypervisor:
        """The hypervisor of that name."""

    def directory(self) -> Directory:
        """The directory that keeps the machines' entries."""

    def engine(self) -> Engine:
        """The oVirt engine that manages the hosts."""

    def close(self) -> None:
        """Close whatever was opened."""
