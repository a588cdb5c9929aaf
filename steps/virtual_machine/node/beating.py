"""The daemon's heart: a thread with its own connection, so slow work never stops it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from config.errors import InvalidInput, Refused, RekindleError
from steps.targets.directory import Change, Directory
from steps.virtual_machine.heartbeat import (
    Busy,
    Heartbeat,
    heartbeat_attributes,
    heartbeat_dn,
    heartbeat_of,
    heartbeats,
    node_dn,
    told,
)
from steps.virtual_machine.server_clock import ServerClock

FORGOTTEN: Final = timedelta(days=1)
"""A heartbeat of this node that is older is taken away: that daemon will not come back."""


@dataclass
class Pulse:
    """What the daemon is doing, as the next beat will tell it. Thread-safe."""

    _busy: dict[str, Busy] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    stopping: bool = False

    def set(self, busy: Busy) -> None:
        """It does this now."""
        with self._lock:
            self._busy[busy.leaf] = busy

    def clear(self, leaf: str) -> None:
        """It does nothing any more with that leaf."""
        with self._lock:
            self._busy.pop(leaf, None)

    def busy(self) -> tuple[Busy, ...]:
        """Everything it does now."""
        with self._lock:
            return tuple(self._busy.values())


class Heart:
    """Beats until it is stopped. Another daemon that beats in our name ends us: see `usurped`."""

    def __init__(
        self,
        directory: Directory,
        me: Heartbeat,
        instance: str,
        pulse: Pulse,
        clock: ServerClock,
        *,
        usurped: Callable[[RekindleError], None],
        say: Callable[[str], None],
    ) -> None:
        self._directory, self._me, self._instance = directory, me, instance
        self._pulse, self._clock = pulse, clock
        self._usurped, self._say = usurped, say
        self._csn = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)

    def start(self) -> None:
        """The first beat, then the thread. Raises RekindleError where the first one fails."""
        self._check_node()
        self._beat()
        self._forget_the_dead()
        self._thread.start()

    def stop(self) -> None:
        """The last beat takes the entry away: a daemon that was stopped is not a dead one."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        try:
            self._directory.delete(self._dn)
        except RekindleError as error:
            self._say(f"The heartbeat could not be taken away: {error.message}")
        self._directory.close()

    @property
    def _dn(self) -> str:
        return heartbeat_dn(self._directory.base, self._me.node, self._instance)

    def _check_node(self) -> None:
        dn = node_dn(self._directory.base, self._me.node)
        if self._directory.get(dn) is None:
            raise InvalidInput(
                f"The directory has no entry {dn}, below which the heartbeat stands.",
                "Check the node's name (--node), or add the entry:"
                f" objectClass sstVirtualizationNode, sstNode {self._me.node}.",
            )

    def _beat_on(self) -> None:
        failing = False
        while not self._stop.wait(self._me.every):
            try:
                self._beat()
            except RekindleError as error:
                if not failing:
                    self._say(f"The heartbeat is not heard: {error.message}")
                failing = True
                continue
            if failing:
                self._say("The heartbeat is heard again.")
            failing = False

    def _beat(self) -> None:
        beat = replace(self._me, busy=self._pulse.busy(), stopping=self._pulse.stopping)
        there = self._directory.get(self._dn)
        if there is None:
            self._directory.add(self._dn, heartbeat_attributes(beat, self._instance))
        else:
            if self._csn and there.entry_csn != self._csn:
                self._check_ours(heartbeat_of(there))
            change = Change("replace", "description", (told(beat),))
            self._directory.modify(self._dn, [change], expected_csn=there.entry_csn)
        written = self._directory.get(self._dn)
        if written is not None:
            self._csn = written.entry_csn
            self._clock.wrote(written.entry_csn)

    def _check_ours(self, there: Heartbeat | None) -> None:
        # After a lost answer the entry is newer than we know and still our own.
        if there is not None and there.life != self._me.life:
            error = Refused(
                f"Another daemon beats as {self._me.owner}: process {there.pid} on {there.host}.",
                "Two daemons need two state folders; a copied one makes them the same daemon.",
            )
            self._usurped(error)
            self._stop.set()
            raise error

    def _forget_the_dead(self) -> None:
        now = self._clock.now()
        for beat in heartbeats(self._directory):
            old = beat.beaten is not None and now - beat.beaten > FORGOTTEN
            if beat.node.lower() == self._me.node.lower() and old and not beat.busy:
                dn = heartbeat_dn(self._directory.base, beat.node, beat.owner.rpartition("/")[2])
                self._directory.delete(dn, expected_csn=beat.csn)


def backoff(least: float, most: float) -> Callable[[bool], float]:
    """Seconds to wait: `least` after a success, then doubling to `most` while nothing succeeds."""
    waiting = [least]

    def after(succeeded: bool) -> float:
        waiting[0] = least if succeeded else min(waiting[0] * 2, most)
        return waiting[0]

    return after


def elapsed() -> Callable[[], float]:
    """Seconds since now, by a clock that nobody sets."""
    began = time.monotonic()
    return lambda: time.monotonic() - began
