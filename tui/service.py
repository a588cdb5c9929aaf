"""What the screens ask of the world. Blocking calls; screens make them in the background."""

from __future__ import annotations

from typing import Protocol

from config.questions import Given
from steps.procedure import Probed, Procedure, Survey


class Looks(Protocol):
    """Looking at the world for an interview."""

    def probe(self, procedure: Procedure, name: str, given: Given) -> Probed:
        """Ask the probe of that name about these answers; raises RekindleError."""

    def survey(self, procedure: Procedure, given: Given) -> Survey:
        """Look at everything the procedure needs for its plan; raises RekindleError."""

    def cancel(self) -> None:
        """Stop whatever look is going on."""
