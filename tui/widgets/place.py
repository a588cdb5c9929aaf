"""Where the operator is: what the title line of every screen says."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Place:
    """Procedure and object, site, drill or not, and since when.

    `what` is procedure and object ("Restore web01"), `where` the screen's own name ("Conflicts").
    `started` is `time.monotonic()` of the moment the wizard (or the run) began.
    """

    what: str
    where: str = ""
    site: str = ""
    drill: bool = False
    started: float = field(default_factory=time.monotonic)

    def at(self, where: str) -> Place:
        """The same place, on another screen."""
        return replace(self, where=where)

    @property
    def path(self) -> str:
        """What and where, as the left side of the title line."""
        return " > ".join(part for part in (self.what, self.where) if part)

    @property
    def badge(self) -> str:
        """Site, and DRILL on a practice site."""
        site = f"site {self.site}" if self.site else ""
        return "  ".join(part for part in ("DRILL" if self.drill else "", site) if part)

    def elapsed(self, now: float | None = None) -> float:
        """Seconds since it began."""
        return (time.monotonic() if now is None else now) - self.started
