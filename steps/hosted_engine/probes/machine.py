"""Probes of what the engine's machine gets: CPU model, processors, memory, disk, MAC address."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from itertools import pairwise

from config.interviews.hosted_engine.conditions import (
    MINIMUM_MEMORY_MB,
    MINIMUM_VCPUS,
)
from config.questions import Choice, Finding
from steps.hosted_engine.known_hosts import FindAll, KnownHosts
from steps.hosted_engine.probes.block_devices import lun_of, luns_of
from steps.hosted_engine.probes.look import Look, found, ok, unheard, warn, wrong
from steps.hosted_engine.probes.machine_facts import Processors, available_mb, parse_processors
from steps.hosted_engine.probes.network import network_of
from steps.procedure import Probed, ProbeInput
from steps.targets.sizes import size_text

USUAL_VCPUS = 4
USUAL_MEMORY_MB = 16384
OVERHEAD = 5 << 30
"""What the storage domain itself takes of a LUN."""


def _processors(look: Look) -> Processors:
    return parse_processors(look.file("/proc/cpuinfo"))


def list_cpu_models(probe: ProbeInput) -> Probed:
    """The families that the host's processors can be, newest first."""
    look = Look(probe)
    processors = _processors(look)
    choices = tuple(Choice(f"model_{name}", f"model_{name}") for name in processors.families)
    if not choices:
        return found(
            wrong(
                f"the processors of {look.host} ({processors.maker or 'unknown'}) are of"
                " no family that the classic tool knows",
                "Deploy on another host.",
            )
        )
    said = ok(
        f"from /proc/cpuinfo of {look.host}: {processors.maker}, {processors.count} processors"
    )
    return Probed((said,), choices, choices[0].value)


def suggest_vcpus(probe: ProbeInput) -> Probed:
    """What the tool proposes, but never more than the host has."""
    look = Look(probe)
    count = _processors(look).count
    usual = MINIMUM_VCPUS if look.is_classic() else USUAL_VCPUS
    said = ok(f"{look.host} has {count} processors; the tool proposes {usual}")
    return Probed((said,), suggested=min(usual, count) or None)


def check_vcpus(probe: ProbeInput) -> Probed:
    """Not more than the host has."""
    look = Look(probe)
    wanted, count = look.number("vcpus"), _processors(look).count
    if wanted > count:
        return found(
            wrong(
                f"{wanted} virtual CPUs on {count} processors of {look.host}: the tool"
                " asks again for ever",
                f"Give at most {count}.",
            )
        )
    if wanted < MINIMUM_VCPUS:
        return found(warn(f"{wanted} is less than the {MINIMUM_VCPUS} the engine wants"))
    return found(ok(f"{wanted} of the {count} processors of {look.host}"))


def suggest_memory(probe: ProbeInput) -> Probed:
    """What the tool proposes, but never more than is available."""
    look = Look(probe)
    free = available_mb(look.file("/proc/meminfo"), classic=look.is_classic())
    usual = MINIMUM_MEMORY_MB if look.is_classic() else USUAL_MEMORY_MB
    if free is None:
        return found(warn(f"/proc/meminfo of {look.host} cannot be read"))
    said = ok(f"{look.host} has {free} MB available; the tool proposes {usual}")
    return Probed((said,), suggested=min(usual, free) if free >= MINIMUM_MEMORY_MB else None)


def check_memory(probe: ProbeInput) -> Probed:
    """Not more than is available, not less than the engine wants."""
    look = Look(probe)
    wanted = look.number("memory_mb")
    free = available_mb(look.file("/proc/meminfo"), classic=look.is_classic())
    if free is None:
        return found(warn(f"/proc/meminfo of {look.host} cannot be read"))
    if wanted > free:
        return found(
            wrong(
                f"{wanted} MB of the {free} MB available on {look.host}",
                "Free some (a machine left behind?), or give less.",
            )
        )
    if wanted < MINIMUM_MEMORY_MB:
        return found(warn(f"{wanted} MB is less than the {MINIMUM_MEMORY_MB} the engine wants"))
    return found(ok(f"{wanted} of the {free} MB available on {look.host}"))


def check_disk(probe: ProbeInput) -> Probed:
    """On a LUN: its size less what the storage domain takes."""
    look = Look(probe)
    wanted = look.number("disk_gb") << 30
    if look.given("storage_type") not in ("iscsi", "fc"):
        return found(ok("its room on an export is looked at together with the path"))
    if not look.given("lun"):
        return found(ok("it is compared with the LUN once one is chosen"))
    lun = lun_of(luns_of(look), look.given("lun"))
    if lun is None:
        return found(warn(f"LUN {look.given('lun')} is not seen on {look.host}: not compared"))
    most = lun.size - OVERHEAD
    if wanted > most:
        return found(
            wrong(
                f"{size_text(wanted)} on a LUN of {size_text(lun.size)}, of which"
                f" {size_text(OVERHEAD)} are taken",
                f"Give at most {most >> 30}.",
            )
        )
    return found(ok(f"{size_text(wanted)} of a LUN of {size_text(lun.size)}"))


def mac_suggestion(find: FindAll) -> Callable[[ProbeInput], Probed]:
    """A random address of the range that the tool takes its own from, used by nothing known."""

    def suggest(probe: ProbeInput) -> Probed:
        look = Look(probe)
        taken = _neighbours(look) | {link.mac.lower() for link in network_of(look).links}
        for known in find(probe):
            for machine in known.machines:
                taken |= {mac.lower() for mac in machine.macs}
        drawn = (_random_mac() for _number in range(1000))
        mac = next((mac for mac in drawn if mac not in taken), None)
        return Probed((ok("drawn from 00:16:3e:00 to 7f, used by nothing known"),), suggested=mac)

    return suggest


def _random_mac() -> str:
    draw = random.SystemRandom()
    return (
        f"00:16:3e:{draw.randrange(0x80):02x}:{draw.randrange(256):02x}:{draw.randrange(256):02x}"
    )


def _neighbours(look: Look) -> set[str]:
    words = look.run("ip", "neigh", "show").out.lower().split()
    return {word for before, word in pairwise(words) if before == "lladdr"}


def mac_check(find: FindAll) -> Callable[[ProbeInput], Probed]:
    """The probe of the MAC address, compared with inventories and the host's neighbours."""

    def check(probe: ProbeInput) -> Probed:
        look = Look(probe)
        mac = look.text("mac").lower()
        if mac in {link.mac.lower() for link in network_of(look).links}:
            return found(wrong(f"{mac} is a card of {look.host} itself", "Give another one."))
        inventories = find(probe)
        owner = _owner(mac, inventories)
        if owner is not None:
            return found(owner)
        told = tuple(unheard(inventories))
        if mac in _neighbours(look):
            words = f"{mac} is among the neighbours of {look.host}: something has it"
            return found(warn(words), *told)
        compared = "".join(f"{known.origin}, " for known in inventories if not known.silent)
        words = f"{mac} is not in {compared}the cards and neighbours of {look.host}"
        return found(ok(words), *told)

    return check


def _owner(mac: str, inventories: Iterable[KnownHosts]) -> Finding | None:
    """What is to be said where a known machine has the address."""
    for known in inventories:
        for machine in known.machines:
            if mac not in {other.lower() for other in machine.macs}:
                continue
            if machine.is_engine:
                return ok(f"{mac} was the engine's own in {known.origin}: DHCP stays right")
            return wrong(f"{mac} belongs to {machine.name} in {known.origin}", "Give another one.")
    return None
