"""The inventory of the engine that the site names, where it answers. An engine that does not is
told, and no error: deployments are made because an engine is gone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from config.errors import RekindleError
from steps.hosted_engine.kept_json import kept_file
from steps.hosted_engine.known_from_backup import keep_inventory, kept_inventory
from steps.hosted_engine.known_hosts import Inventory, KnownHost, KnownMachine
from steps.procedure import ProbeInput
from steps.targets.engine import Engine

KEPT_SECONDS: Final = 30.0
"""For so long an answer, or a silence, counts: the checks of one page ask once."""


def known_from_engine(probe: ProbeInput) -> Inventory | None:
    """Hosts and machines of the living engine; None where the site names none."""
    access = probe.site.engine
    if access is None:
        return None
    file = kept_file("inventories", "engine", access.url, access.user)
    found = kept_inventory(file) if _is_fresh(file) else None
    if found is None:
        found = _asked(probe, access.url)
        keep_inventory(file, found)
    return found


def _is_fresh(file: Path) -> bool:
    try:
        return 0 <= time.time() - file.stat().st_mtime < KEPT_SECONDS
    except OSError:
        return False


def _asked(probe: ProbeInput, url: str) -> Inventory:
    origin = f"the engine {url}"
    name = urlsplit(url).hostname or ""
    try:
        engine = probe.targets.engine()
        health = engine.health()
        if not health.up:
            return Inventory(origin, name, live=True, silent=health.seen)
        return Inventory(origin, name, _hosts(engine), _machines(engine), live=True)
    except RekindleError as error:
        return Inventory(origin, name, live=True, silent=error.message)


def _hosts(engine: Engine) -> tuple[KnownHost, ...]:
    return tuple(
        KnownHost(host.name, (host.address,) if host.address else (), host.hardware_uuid)
        for host in engine.hosts()
    )


def _machines(engine: Engine) -> tuple[KnownMachine, ...]:
    return tuple(
        KnownMachine(machine.name, machine.macs, machine.addresses) for machine in engine.cards()
    )
