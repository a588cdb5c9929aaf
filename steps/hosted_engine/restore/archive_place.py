"""Where an archive lies: on a backup server of the site, or on the machine this runs on."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import Final

from config.errors import InvalidInput
from config.interviews.hosted_engine_restore import archive_of
from config.questions import Given
from config.site import Site
from steps.targets import Targets
from steps.targets.shell import Shell

HERE: Final = "this machine"


@dataclass(frozen=True, slots=True)
class ArchivePlace:
    """`server` is a backup server of the site, empty for a file on this machine."""

    server: str
    path: str

    @classmethod
    def answered(cls, site: Site, given: Given) -> ArchivePlace:
        """What the answers name; raises InvalidInput for nothing or a server nobody knows."""
        text = archive_of(given)
        if text.startswith("/"):
            return cls("", text)
        name, colon, path = text.partition(":")
        server = site.backup_server(name)
        if not colon or not path.startswith("/") or server is None:
            known = ", ".join(one.name for one in site.backup_servers) or "none"
            raise InvalidInput(
                f"{text!r} names no archive: the site's backup servers are {known}.",
                "Write SERVER:/PATH, or /PATH on this machine.",
            )
        return cls(server.name, path)

    def __str__(self) -> str:
        return f"{self.server}:{self.path}" if self.server else self.path

    @property
    def name(self) -> str:
        """The file's name."""
        return posixpath.basename(self.path)

    @property
    def where(self) -> str:
        """The machine it lies on, as an operator says."""
        return self.server or HERE

    def shell(self, targets: Targets) -> Shell:
        """The shell on that machine."""
        if self.server:
            return targets.shell(self.server)
        # Loaded where it is needed: most archives lie on a server.
        from steps.targets.local import LocalShell

        return LocalShell()
