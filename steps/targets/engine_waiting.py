"""Waiting until an engine shows what was asked for: with a limit, saying what is seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from config.errors import StepFailed, Unreachable
from steps.targets.engine import Engine
from steps.targets.engine_facts import Host

POLL_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Sight:
    """One look: whether it is so, what was seen, and whether waiting on is of no use."""

    reached: bool
    seen: str
    hopeless: bool = False


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, and who hears of it.

    `told` gets each new sight; `checkpoint` is called at every look and may raise Interrupted.
    """

    seconds: float
    told: Callable[[str], None] = lambda _seen: None
    checkpoint: Callable[[], None] = lambda: None
    every: float = POLL_SECONDS


def wait_until(what: str, look: Callable[[], Sight], patience: Patience) -> str:
    """Look until it is so; returns what was seen then.

    An engine that does not answer meanwhile is waited for too. Raises StepFailed at the limit, or
    at once where it is hopeless, with what was seen last.
    """
    until = time.monotonic() + patience.seconds
    last = ""
    while True:
        patience.checkpoint()
        sight = _looked(look)
        if sight.seen != last:
            patience.told(sight.seen)
            last = sight.seen
        if sight.reached:
            return sight.seen
        left = until - time.monotonic()
        if sight.hopeless or left <= 0:
            raise _given_up(what, sight, patience.seconds)
        time.sleep(min(patience.every, left))


def _looked(look: Callable[[], Sight]) -> Sight:
    try:
        return look()
    except Unreachable as error:
        return Sight(False, error.message)


def _given_up(what: str, sight: Sight, seconds: float) -> StepFailed:
    when = "and will not become so" if sight.hopeless else f"after {seconds:g} s"
    return StepFailed(
        f"{what}: not so {when}; seen last: {sight.seen}.",
        "Look at it in the administration portal; its event log says why. Then try again.",
        seen=sight.seen,
        expected=what,
    )


def host_becomes(
    engine: Engine, id: str, wanted: Collection[str], hopeless: Collection[str] = ()
) -> Callable[[], Sight]:
    """A look at one host: any of `wanted` is well, any of `hopeless` ends the waiting."""

    def look() -> Sight:
        host = engine.host(id)
        if host is None:
            return Sight(False, f"host {id} is not there", hopeless=True)
        return Sight(host.status in wanted, host_seen(host), host.status in hopeless)

    return look


def host_gone(engine: Engine, id: str) -> Callable[[], Sight]:
    """A look whether a host has gone from the engine."""

    def look() -> Sight:
        host = engine.host(id)
        return Sight(host is None, f"host {id} is gone" if host is None else host_seen(host))

    return look


def machine_becomes(engine: Engine, id: str, wanted: Collection[str]) -> Callable[[], Sight]:
    """A look at one machine."""

    def look() -> Sight:
        machine = engine.machine(id)
        if machine is None:
            return Sight(False, f"machine {id} is not there", hopeless=True)
        return Sight(machine.status in wanted, f"machine {machine.name} is {machine.status}")

    return look


def storage_becomes(engine: Engine, id: str, wanted: Collection[str]) -> Callable[[], Sight]:
    """A look at one storage domain."""

    def look() -> Sight:
        found = next((domain for domain in engine.storage_domains() if domain.id == id), None)
        if found is None:
            return Sight(False, f"storage domain {id} is not there", hopeless=True)
        status = found.status or "without a status"
        return Sight(found.status in wanted, f"storage domain {found.name} is {status}")

    return look


def engine_up(engine: Engine) -> Callable[[], Sight]:
    """A look at the health page."""

    def look() -> Sight:
        health = engine.health()
        return Sight(health.up, health.seen)

    return look


def host_seen(host: Host) -> str:
    """One host on one line, as a waiting operator reads it."""
    parts = [f"host {host.name} is {host.status}"]
    if host.status_detail:
        parts.append(f"({host.status_detail})")
    if host.machines:
        parts.append(f"with {host.machines} machine{'s' if host.machines > 1 else ''}")
    if host.spm != "none":
        parts.append(f"and {host.spm}")
    return " ".join(parts)
