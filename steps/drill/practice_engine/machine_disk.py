"""What is on the disk of a machine that comes with an engine that is set up."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Final

from steps.drill.practice_engine.machine_files import write_engine_files
from steps.drill.practice_engine.places import EnginePlaces

BROUGHT: Final = "machine-files.tar"
"""In the world's folder: the files that a deployment restored inside its machine."""


def fill_machine(folder: Path, root: Path) -> None:
    """Below `root`, the machine's /: files out of a backup, or those of an engine set up anew."""
    places = EnginePlaces(folder)
    brought = places.world.folder / BROUGHT
    if brought.exists():
        with tarfile.open(brought) as tar:
            tar.extractall(root, filter="tar")
        return
    write_engine_files(root, places.ca.read_text() if places.ca.exists() else "")
