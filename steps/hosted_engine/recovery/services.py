"""The high availability services of a host."""

from __future__ import annotations

from typing import Final

from steps.targets.shell import Shell

AGENT: Final = "ovirt-ha-agent"
BROKER: Final = "ovirt-ha-broker"
SERVICES: Final = (BROKER, AGENT)
"""In the order in which they are started: the agent needs the broker."""


def is_active(shell: Shell, service: str) -> bool:
    """Whether systemd calls it active."""
    return shell.run(["systemctl", "is-active", service], check=False).code == 0
