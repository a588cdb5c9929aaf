"""The directory server's time, learned from what it writes: no host's clock need be right."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from steps.virtual_machine.job_leaf import csn_time


class ServerClock:
    """The server's time as far as it is known; this host's clock until anything is."""

    def __init__(
        self,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._learned: tuple[datetime, float] | None = None

    @property
    def known(self) -> bool:
        """Whether the time is the server's, and not this host's."""
        return self._learned is not None

    def wrote(self, csn: str) -> None:
        """The server has just now stamped a change of ours with this entryCSN."""
        moment = csn_time(csn)
        if moment is not None:
            self._learned = (moment, self._monotonic())

    def saw(self, csn: str) -> None:
        """Somebody's change: the server's time is at least that of its entryCSN."""
        moment = csn_time(csn)
        if moment is not None and moment > self.now():
            self._learned = (moment, self._monotonic())

    def now(self) -> datetime:
        """The server's time now."""
        if self._learned is None:
            return self._wall()
        moment, at = self._learned
        return moment + timedelta(seconds=self._monotonic() - at)
