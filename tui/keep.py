"""Keeping what the operator said or must pass on: answers and errors, each in a file of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tui.session import Session


@dataclass(frozen=True, slots=True)
class Keep:
    """How a screen of the wizard saves the answers; `write` raises RekindleError."""

    session: Session
    write: Callable[[Session], Path]

    def save(self) -> Path:
        """Write them to a file and return its path."""
        return self.write(self.session)

    def how_to_use(self, path: Path) -> str:
        """What the operator can do with the file."""
        return (
            f"{path}\n\nIt holds no secrets. The same answers run unattended with:\n"
            f"rekindle run {self.session.procedure.name} --answers {path}"
        )


def keep_text(text: str) -> Path:
    """Write an error's text to a file that can be sent on; raises RekindleError."""
    from config.paths import log_folder, private_folder
    from config.private_files import write_private

    stamp = datetime.now().astimezone().strftime("%m%d-%H%M%S")
    path = private_folder(log_folder()) / f"copied-{stamp}.txt"
    write_private(path, text.rstrip() + "\n")
    return path
