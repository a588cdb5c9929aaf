"""Watching the machines of a site: blocking calls, for a screen's background thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from config.secrets import Secret
from config.site import Site

if TYPE_CHECKING:
    from steps.virtual_machine.coordination.table import Table

AGAIN, MEND = "again", "mend"


class MachinesWatch:
    """One connection to the directory of a site, opened at the first look."""

    def __init__(self, site: Site, secrets: Mapping[str, Secret]) -> None:
        from steps.targets.open import open_targets
        from steps.virtual_machine.coordination.observer import Observer

        self._targets = open_targets(site, secrets)
        self._observer = Observer()

    def look(self) -> Table:
        """The table as it is now; raises RekindleError."""
        from steps.virtual_machine.coordination.table import table_of

        return table_of(self._observer.look(self._targets.directory()))

    def repair(self, kind: str, machine: str) -> str:
        """Order again (AGAIN) or set the state (MEND); returns what was written.

        Raises Refused where the machine is not stuck any more.
        """
        from steps.virtual_machine.coordination.repairs import find_row, mend, order_again

        directory = self._targets.directory()
        look = self._observer.look(directory)
        row = find_row(look, machine)
        return order_again(directory, row) if kind == AGAIN else mend(directory, look, row)

    def close(self) -> None:
        """Let go of the connection."""
        self._targets.close()
