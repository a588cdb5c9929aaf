"""Which hosts can be taken out and added again, and from which it is looked. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from config.questions import Choice
from config.site import EngineHost, Site
from steps.hosted_engine.recovery.host_rules import next_act
from steps.targets.engine_facts import Host, Machine
from steps.targets.engine_waiting import host_seen


def site_host(site: Site, host: Host) -> EngineHost | None:
    """The site's name for a host of the engine: by its address, else by its name.

    The address first: it says where a host is, and two hosts may bear each other's names.
    """
    address, name = host.address.lower(), host.name.lower()
    hosts = site.engine_hosts
    there = (known for known in hosts if address in (known.shell.host.lower(), known.name.lower()))
    named = (known for known in hosts if known.name.lower() == name)
    return next(there, None) or next(named, None)


def host_choice(site: Site, host: Host, machines: Sequence[Machine]) -> Choice:
    """One host as an answer: how it is, what it holds, what is legal; or why it is no choice."""
    refused = refusal(site, host, machines)
    held = f"{_named(machines)}; " if machines else ""
    return Choice(
        value=host.name,
        label=f"{host.name}  {host.status}",
        note="" if refused else f"{held}{next_act(host, len(machines)).why}",
        refused=refused,
    )


def refusal(site: Site, host: Host, machines: Sequence[Machine]) -> str:
    """Why a host is not taken out; empty where it may be."""
    if host.status == "up":
        return "It is up. If its part in carrying the engine is of old, put it into maintenance."
    if any(machine.is_engine and machine.status == "up" for machine in machines):
        return "The engine's own machine runs on it."
    if site_host(site, host) is None:
        return f"The site names no engine host with the address {host.address}."
    return ""


def _named(machines: Sequence[Machine]) -> str:
    names = ", ".join(machine.name for machine in machines[:4])
    return names + (f" and {len(machines) - 4} more" if len(machines) > 4 else "")


def carrier_choice(known: EngineHost, host: Host | None) -> Choice:
    """One host to look from: it should be up, and take part in carrying the engine."""
    if host is None:
        return Choice(known.name, known.name, refused="The engine does not know it.")
    part = host.hosted_engine
    score = f", score {part.score}" if part is not None and part.configured else ""
    if host.status != "up":
        return Choice(known.name, known.name, refused=f"It is {host.status}.")
    return Choice(known.name, known.name, f"{host_seen(host)}{score}")
