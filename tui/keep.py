"""Keeping what the operator said or must pass on: answers and errors, each in a file of its own."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from config.paths import default_site_file
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
        file = self.session.site.file
        elsewhere = file is not None and file != default_site_file()
        site = ["--site", str(file)] if elsewhere else []
        name = self.session.procedure.name
        command = shlex.join(["rekindle", *site, "run", name, "--answers", str(path)])
        return f"{path}\n\nIt holds no secrets. The same answers run unattended with:\n{command}"


def keep_text(text: str) -> Path:
    """Write an error's text to a file that can be sent on; raises RekindleError."""
    from config.paths import log_folder, private_folder
    from config.private_files import write_private

    stamp = datetime.now().astimezone().strftime("%m%d-%H%M%S")
    path = private_folder(log_folder()) / f"copied-{stamp}.txt"
    write_private(path, text.rstrip() + "\n")
    return path
