"""Small file systems in memory for a practice site: one that is full, a RAM disk (root only)."""

from __future__ import annotations

import subprocess
from pathlib import Path

from config.errors import StepFailed, Unreachable


def mount_memory(folder: Path, size: int) -> None:
    """Mount `size` bytes of memory on a folder, which is made. Raises StepFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0770", "rekindle-drill"]
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise StepFailed(f"mount said: {done.stderr.strip()}", "This needs root.")


def unmount_below(folder: Path) -> None:
    """Unmount what is mounted directly in a practice site's folder; nothing there is fine.

    Raises Unreachable while it is in use.
    """
    for path in folder.iterdir():
        if not path.is_mount():
            continue
        done = subprocess.run(["umount", str(path)], capture_output=True, text=True, check=False)
        if done.returncode:
            told = f"umount said: {done.stderr.strip()}"
            raise Unreachable(told, "Leave that folder and try again.")
