"""Looking at machines, leaves and heartbeats: one look serves everybody who waits for something."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from steps.ldif_text import normal_dn
from steps.targets.directory import Directory, Entry
from steps.targets.directory_names import equals
from steps.virtual_machine.coordination.standing import Around, Standing, standing, usual_seconds
from steps.virtual_machine.heartbeat import (
    MISSED_BEATS,
    SLACK_SECONDS,
    Heartbeat,
    heartbeats,
    living,
)
from steps.virtual_machine.job_leaf import CLASS, JobLeaf, job_leaf
from steps.virtual_machine.machine_directory import display_name, machines, machines_dn
from steps.virtual_machine.server_clock import ServerClock

MACHINES_SECONDS: Final = 10.0
"""Machines come and move seldom: they are read anew after so long."""


@dataclass(frozen=True, slots=True)
class Known:
    """A machine as far as a job needs to know it."""

    machine: str
    title: str
    node: str


@dataclass(frozen=True, slots=True)
class Look:
    """The site at one moment; everything by normalised DN. `now` is the server's time."""

    machines: Mapping[str, Known]
    leaves: Mapping[str, JobLeaf]
    beats: Sequence[Heartbeat]
    now: datetime
    usual: Mapping[str, float]

    def leaf(self, dn: str) -> JobLeaf | None:
        """The leaf of that DN, or None."""
        return self.leaves.get(normal_dn(dn))

    def node_of(self, leaf: JobLeaf) -> str:
        """The node of a leaf's machine; empty where the machine is not known."""
        known = self.machines.get(normal_dn(leaf.machine_dn))
        return known.node if known else ""

    def standing(self, leaf: JobLeaf) -> Standing:
        """How a leaf's job stands."""
        return standing(leaf, Around(self.node_of(leaf), self.beats, self.now, self.usual))

    def living(self, node: str) -> tuple[Heartbeat, ...]:
        """The living daemons of a node."""
        return living(self.beats, node, self.now)


class Observer:
    """Looks at most as often as asked for, one thread at a time. Thread-safe."""

    def __init__(self, clock: ServerClock | None = None) -> None:
        self.clock = clock or ServerClock()
        self._lock = threading.Lock()
        self._last: tuple[float, Look] | None = None
        self._machines: tuple[float, dict[str, Known]] | None = None
        self._newest = ""
        self._beats: dict[str, tuple[str, float]] = {}

    def look(self, directory: Directory, *, at_most: float = 0.0) -> Look:
        """The site as it is now, or as it was at most `at_most` seconds ago."""
        with self._lock:
            if self._last is not None and time.monotonic() - self._last[0] < at_most:
                return self._last[1]
            found = self._look(directory)
            self._last = (time.monotonic(), found)
            return found

    def wrote(self, entry: Entry | None) -> None:
        """An entry as it is right after our own write: it tells the server's time.

        What was seen before that write is not shown to anybody any more.
        """
        with self._lock:
            self._last = None
        if entry is not None:
            self.clock.wrote(entry.entry_csn)

    def _look(self, directory: Directory) -> Look:
        found = directory.search(machines_dn(directory.base), equals("objectClass", CLASS))
        leaves = {normal_dn(entry.dn): job_leaf(entry) for entry in found}
        beats = heartbeats(directory)
        self._learn([*(leaf.csn for leaf in leaves.values()), *(beat.csn for beat in beats)])
        seen = tuple(self._unless_silent(beat) for beat in beats)
        usual = usual_seconds(leaves.values())
        return Look(self._known(directory), leaves, seen, self.clock.now(), usual)

    def _learn(self, numbers: Sequence[str]) -> None:
        """A change since the last look was stamped just now, whatever this host's clock says."""
        newest = max(numbers, default="")
        if self._newest and newest > self._newest:
            self.clock.wrote(newest)
        self._newest = max(newest, self._newest)

    def _unless_silent(self, beat: Heartbeat) -> Heartbeat:
        """A heartbeat that we watched standing still for too long is dead by any clock."""
        csn, since = self._beats.get(beat.owner, ("", 0.0))
        if csn != beat.csn:
            self._beats[beat.owner] = (beat.csn, time.monotonic())
            return beat
        silent = time.monotonic() - since > MISSED_BEATS * beat.every + SLACK_SECONDS
        dead = silent and beat.lives(self.clock.now())
        return replace(beat, beaten=None) if dead else beat

    def _known(self, directory: Directory) -> dict[str, Known]:
        if self._machines is None or time.monotonic() - self._machines[0] > MACHINES_SECONDS:
            known = {normal_dn(e.dn): _known(e) for e in machines(directory)}
            self._machines = (time.monotonic(), known)
        return self._machines[1]


def _known(entry: Entry) -> Known:
    return Known(
        entry.text("sstVirtualMachine") or "", display_name(entry), entry.text("sstNode") or ""
    )
