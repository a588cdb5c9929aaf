"""The daemon: looks what is ordered of its node, has it done, and says so. See orders.py."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from config.errors import RekindleError, Unreachable
from steps.ldif_text import normal_dn
from steps.targets.directory import Directory
from steps.targets.directory_names import all_of, equals
from steps.virtual_machine.job_leaf import job_leaf
from steps.virtual_machine.machine_directory import machines_dn
from steps.virtual_machine.node.beating import Heart, Pulse, backoff
from steps.virtual_machine.node.orders import Order, interesting, orders
from steps.virtual_machine.node.worker import Ending, Result, Worker
from steps.virtual_machine.server_clock import ServerClock

REST_SECONDS: Final = 0.1
"""Between two looks: when a hundred leaves change at once, one look serves many changes."""
MOST_WAIT_SECONDS: Final = 30.0
"""The longest wait between two attempts to reach a directory that does not answer."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often the daemon looks, in seconds, and how much it does at once."""

    look_seconds: float = 5.0
    """Between two looks where nobody tells of changes."""
    calm_seconds: float = 30.0
    """Between two looks where the server tells of changes: only to be sure."""
    retry_seconds: float = 0.5
    beat_seconds: float = 10.0
    at_once: int = 4


class Watch(Protocol):
    """Somebody who calls `wake` when the directory changes, as far as the server tells."""

    @property
    def serving(self) -> bool:
        """Whether changes are told of now."""

    def start(self) -> None:
        """Begin."""

    def close(self) -> None:
        """End."""


class Polled:
    """Nobody tells: the directory is looked at regularly."""

    serving = False

    def start(self) -> None:
        """Nothing to begin."""

    def close(self) -> None:
        """Nothing to end."""


class NodeDaemon:
    """One daemon. `wake` may be called from any thread: something may have changed."""

    def __init__(
        self,
        node: str,
        owner: str,
        directory: Directory,
        worker: Worker,
        heart: Heart,
        pulse: Pulse,
        clock: ServerClock,
        rhythm: Rhythm,
        *,
        watch: Watch,
        say: Callable[[str], None],
    ) -> None:
        self.node, self.owner = node, owner
        self._directory, self._worker = directory, worker
        self._heart, self._pulse, self._clock = heart, pulse, clock
        self._rhythm, self._say = rhythm, say
        self._watch = watch
        self._woken = threading.Event()
        self._lock = threading.Lock()
        self._working: dict[str, threading.Thread] = {}
        self._pending: list[Order] = []
        self.results: list[Result] = []
        self._stopping = False
        self._fatal: RekindleError | None = None

    def wake(self) -> None:
        """Look again, now."""
        self._woken.set()

    def stop(self) -> None:
        """Claim nothing more; leave what may be left, finish the rest, end."""
        self._stopping = self._pulse.stopping = True
        self.wake()

    def usurped(self, error: RekindleError) -> None:
        """Another daemon works in our name: end with that error."""
        self._fatal = error
        self.stop()

    @property
    def stopping(self) -> bool:
        """Whether it is on its way out."""
        return self._stopping

    def run(self, *, once: bool = False) -> None:
        """Work until it is stopped; with `once` until nothing is ordered any more.

        Raises RekindleError where it cannot begin, or where it must not go on.
        """
        self._heart.start()
        self._watch.start()
        try:
            self._follow(once)
        finally:
            self._stopping = True
            for thread in list(self._working.values()):
                thread.join()
            self._watch.close()
            self._heart.stop()
            self._directory.close()
        if self._fatal is not None:
            raise self._fatal

    def _follow(self, once: bool) -> None:
        wait = backoff(self._rhythm.retry_seconds, MOST_WAIT_SECONDS)
        silent = False
        while not self._stopping:
            self._woken.clear()
            try:
                found = self._look()
            except Unreachable as error:
                if once:
                    raise
                if not silent:
                    self._say(f"{error.message} Trying again and again.")
                silent = True
                self._woken.wait(wait(False))
                continue
            if silent:
                self._say("The directory answers again.")
            silent = False
            wait(True)
            if once and not found and not self._working:
                return
            calm = self._watch.serving
            self._woken.wait(self._rhythm.calm_seconds if calm else self._rhythm.look_seconds)
            time.sleep(REST_SECONDS)

    def _look(self) -> tuple[Order, ...]:
        """Begin whatever is ordered and there is room for."""
        base = machines_dn(self._directory.base)
        own = frozenset(
            normal_dn(entry.dn)
            for entry in self._directory.search(
                base,
                all_of(
                    equals("objectClass", "sstVirtualizationVirtualMachine"),
                    equals("sstNode", self.node),
                ),
            )
        )
        leaves = [job_leaf(entry) for entry in self._directory.search(base, interesting())]
        found = orders(leaves, own, self.owner, self._clock.now().astimezone())
        with self._lock:
            self._pending = [o for o in found if o.leaf.machine_dn not in self._working]
        self._begin()
        return found

    def _begin(self) -> None:
        """Begin what is pending, as far as there is room.

        What it was read as may be old by now; then the claim fails, and nothing is lost.
        """
        with self._lock:
            while len(self._working) < self._rhythm.at_once and not self._stopping:
                order = self._next()
                if order is None:
                    return
                thread = threading.Thread(
                    target=self._work, args=(order,), name=order.title, daemon=True
                )
                self._working[order.leaf.machine_dn] = thread
                thread.start()

    def _next(self) -> Order | None:
        """One machine is worked on by one thread: its leaves wait for each other."""
        for order in self._pending:
            if order.leaf.machine_dn not in self._working:
                self._pending.remove(order)
                return order
        return None

    def _work(self, order: Order) -> None:
        try:
            self._say(f"{order.title}: {'taken up again' if order.resumed else 'begun'}")
            result = self._worker.carry_out(order)
            self._say(_told(result))
            if result.ending in (Ending.DONE, Ending.FAILED):
                self.results.append(result)
            unsaid = result.ending is Ending.UNSAID
        except RekindleError as error:
            self._say(f"{order.title}: {error.message}")
            unsaid = True
        finally:
            with self._lock:
                del self._working[order.leaf.machine_dn]
        if not unsaid:
            # After an error of the connection the next look comes in its own time.
            self._begin()
            self.wake()


def _told(result: Result) -> str:
    title = result.order.title
    match result.ending:
        case Ending.DONE:
            return f"{title}: done in {result.seconds:.1f} s"
        case Ending.FAILED:
            return f"{title}: failed with return value {result.return_value}: {result.message}"
        case Ending.LEFT:
            return f"{title}: left for the next start. {result.message}"
        case Ending.LOST:
            return f"{title}: somebody else has it. {result.message}"
    return f"{title}: the directory could not be told; looking again. {result.message}"
