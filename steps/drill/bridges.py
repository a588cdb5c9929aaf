"""The practice site's own network bridges: without ports, named after their site, removed after.

Only root can make them. Without root the practice machine has a user-mode card, and its bridge is
compared in the directory only; the site says so.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from config.errors import StepFailed


def may_make_bridges() -> bool:
    """Whether this account can make a bridge: root with iproute2 at hand."""
    return os.geteuid() == 0 and any(
        (Path(folder) / "ip").exists() for folder in ("/sbin", "/usr/sbin", "/bin", "/usr/bin")
    )


def bridge_names(mark: str) -> tuple[str, str]:
    """The bridge at backup time and today's; at most 15 characters, as the kernel demands."""
    return f"rkd{mark}-vmbr0", f"rkd{mark}-prod"


def make_bridge(name: str) -> None:
    """Make it and set it up; an existing one is fine. Raises StepFailed."""
    if not Path("/sys/class/net", name).exists():
        _ip("link", "add", "name", name, "type", "bridge")
    _ip("link", "set", "dev", name, "up")


def remove_bridge(name: str) -> None:
    """Remove it; nothing there is fine."""
    if Path("/sys/class/net", name).exists():
        _ip("link", "delete", "dev", name)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise StepFailed(
            f"ip {' '.join(words)} said: {done.stderr.strip()}",
            "The practice site needs the right to make a bridge (CAP_NET_ADMIN).",
        )
