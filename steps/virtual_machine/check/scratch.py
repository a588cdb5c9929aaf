"""The scratch folder of a trial: everything in it can go at any moment, its guest first."""

from __future__ import annotations

import shutil
from pathlib import Path

from steps.drill.embedded import end_guests, forget_root, guest_processes


def clear_scratch(folder: Path) -> None:
    """End the trial's guest, remove its overlays and its hypervisor; nothing there is fine."""
    root = folder / "hypervisor"
    end_guests(root)
    if root.exists():
        forget_root(root)
    if folder.exists():
        shutil.rmtree(folder)


def is_clear(folder: Path) -> bool:
    """Whether nothing of a trial is left, neither a process nor a file."""
    return not folder.exists() and not guest_processes(folder / "hypervisor")
