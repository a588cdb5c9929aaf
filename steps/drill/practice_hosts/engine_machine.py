"""The engine's machine in the world: it starts, its engine comes up, it is shut down."""

from __future__ import annotations

import secrets
import string

from steps.drill.practice_hosts.first_world import engine_machine
from steps.drill.practice_hosts.world import Facts, World

NEVER_HEALTHY = "engine-never-healthy"
BOOT_SECONDS = 60.0
SHUT_DOWN_SECONDS = 30.0
TEMPORARY_SECONDS = 10800.0
ADDED_SECONDS = 120.0
HEALTHY = "DB Up!Welcome to Health Status!"


def is_up(facts: Facts, now: float) -> bool:
    """Whether the machine runs at that time."""
    machine = facts["engine"]
    down_at = machine["down_at"]
    return machine["state"] == "running" and (down_at is None or now < down_at)


def is_healthy(facts: Facts, now: float) -> bool:
    """Whether its engine says at that time that it is up."""
    healthy_at = facts["engine"]["healthy_at"]
    never = bool(facts["faults"].get(NEVER_HEALTHY))
    return is_up(facts, now) and healthy_at is not None and now >= healthy_at and not never


def start(
    world: World, host: str, *, healthy_in: float | None, down_in: float | None = None
) -> str:
    """Start the machine on a host; returns its new console password.

    `healthy_in` and `down_in` are seconds from now until its engine is up, or it is shut down by
    whoever works in it; None is never.
    """
    password = new_password()
    with world.change() as facts:
        now = world.now(facts)
        facts["engine"].update(
            state="running", host=host, up_at=now, console_password=password,
            password_until=now + TEMPORARY_SECONDS,
            healthy_at=None if healthy_in is None else now + healthy_in,
            down_at=None if down_in is None else now + down_in,
        )  # fmt: skip
    return password


def shut_down(world: World, seconds: float = SHUT_DOWN_SECONDS) -> None:
    """Have it shut down in so many seconds; one that is down stays so."""
    with world.change() as facts:
        now = world.now(facts)
        if is_up(facts, now):
            facts["engine"]["down_at"] = now + seconds


def destroy(world: World) -> None:
    """It is gone."""
    with world.change() as facts:
        facts["engine"] = engine_machine()


def new_password() -> str:
    """Four digits and four letters, as the tool makes them."""
    digits = "".join(secrets.choice(string.digits) for _ in range(4))
    return digits + "".join(secrets.choice(string.ascii_letters) for _ in range(4))
