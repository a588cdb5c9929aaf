"""The engine's machine in the world: it starts, its engine comes up, it is shut down."""

from __future__ import annotations

import secrets
import string

from steps.drill.practice_hosts.first_world import MACHINE, engine_machine, machine_services
from steps.drill.practice_hosts.world import Facts, World, computer

AGENT_SECONDS = 240.0
"""Until the agents of a host start a machine that nobody runs."""
NEVER_HEALTHY = "engine-never-healthy"
BOOT_SECONDS = 60.0
SHUT_DOWN_SECONDS = 30.0
TEMPORARY_SECONDS = 10800.0
ADDED_SECONDS = 120.0
SERVICE = "ovirt-engine"
WRONG_VERSION = "wrong-version"
"""A fault: set to the version of the engine that is installed on a new machine."""
START_SECONDS = 40.0
HEALTHY = "DB Up!Welcome to Health Status!"


def is_up(facts: Facts, now: float) -> bool:
    """Whether the machine runs at that time."""
    machine = facts["engine"]
    down_at, up_at = machine["down_at"], machine["up_at"]
    started = machine["state"] == "running" and (up_at is None or now >= up_at)
    return started and (down_at is None or now < down_at)


def is_healthy(facts: Facts, now: float) -> bool:
    """Whether its engine says at that time that it is up."""
    healthy_at = facts["engine"]["healthy_at"]
    never = bool(facts["faults"].get(NEVER_HEALTHY))
    return is_up(facts, now) and healthy_at is not None and now >= healthy_at and not never


def server_of(facts: Facts) -> Facts | None:
    """The engine's machine as a server with a way in; None where somebody simulated works in it."""
    servers = facts.get("servers", {}).values()
    return next((server for server in servers if server["kind"] == MACHINE), None)


def has_way_in(facts: Facts, now: float) -> bool:
    """Whether its own administrator can log in: it runs, and has an operating system."""
    return is_up(facts, now) and bool(facts["engine"]["system"])


def engine_answers(facts: Facts, now: float) -> bool:
    """Whether an engine answers: on its machine, or for the time of a deployment on its host."""
    local = facts["hosts"].get(facts["engine"].get("local", ""), {})
    return is_healthy(facts, now) or bool(local.get("local_machine"))


def package_version(facts: Facts, name: str, package: str) -> str | None:
    """The version and release of a package on a host or server; None where it has none."""
    found = computer(facts, name)["packages"].get(package)
    wrong = facts["faults"].get(WRONG_VERSION)
    is_engine = package.startswith("ovirt-engine") and "kind" in computer(facts, name)
    return f"{wrong}-1.el9" if found and wrong and is_engine else found


def service_changed(facts: Facts, now: float) -> None:
    """The engine's service was started or stopped on its machine."""
    server = server_of(facts)
    runs = server is not None and server["services"][SERVICE] == "active"
    set_up = runs and facts["engine"]["set_up"]
    facts["engine"]["healthy_at"] = now + START_SECONDS if set_up else None


def new_disk(world: World) -> None:
    """Another machine takes the name: nothing is installed on it, its keys will be new."""
    with world.change() as facts:
        server = server_of(facts)
        facts["engine"].update(
            disk=facts["engine"]["disk"] + 1, system=server is None, set_up=server is None,
            healthy_at=None,
        )  # fmt: skip
        if server is not None:
            server.update(services=machine_services(), databases={}, roles={})
            server.pop("restored", None)


def installed(world: World, *, set_up: bool | None = None) -> None:
    """It has an operating system now; `set_up` tells whether its engine is set up as well."""
    with world.change() as facts:
        facts["engine"]["system"] = True
        if set_up is not None:
            facts["engine"]["set_up"] = set_up


def start(
    world: World, host: str, *, healthy_in: float | None, down_in: float | None = None,
    up_in: float = 0.0,
) -> str:  # fmt: skip
    """Start the machine on a host; returns its new console password.

    An engine that is not set up does not come up, whenever it was to. `healthy_in` and `down_in`
    are seconds from now until its engine is up, or it is shut down by whoever works in it; None is
    never. `up_in` is how long it takes until it is started at all.
    """
    password = new_password()
    with world.change() as facts:
        now = world.now(facts)
        if not facts["engine"]["set_up"]:
            healthy_in = None
        facts["engine"].update(
            state="running", boot=facts["engine"]["boot"] + 1, host=host, up_at=now + up_in,
            console_password=password, password_until=now + TEMPORARY_SECONDS,
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
        kept = {name: facts["engine"][name] for name in ("disk", "boot")}
        facts["engine"] = engine_machine() | kept


def new_password() -> str:
    """Four digits and four letters, as the tool makes them."""
    digits = "".join(secrets.choice(string.digits) for _ in range(4))
    return digits + "".join(secrets.choice(string.ascii_letters) for _ in range(4))
