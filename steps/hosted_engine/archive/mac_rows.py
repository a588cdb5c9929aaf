"""Hardware addresses (MACs) out of the database's rows: those of hosts, and those of pools."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from steps.hosted_engine.archive.engine_model import MacRange
from steps.hosted_engine.archive.tables import Tables

_MAC: Final = re.compile(r"[0-9a-f]{12}")


def host_macs(tables: Tables) -> Mapping[str, tuple[str, ...]]:
    """Of every host, by its id; a bond and a VLAN have those of their cards."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for row in tables.find("vds_interface") or ():
        host, mac = row.get("vds_id"), mac_of(row.get("mac_addr") or "")
        if host is not None and mac is not None and int(mac, 16):
            found[host][mac] = None
    return {host: tuple(macs) for host, macs in found.items()}


def mac_ranges(tables: Tables) -> tuple[MacRange, ...]:
    """Of every pool."""
    names = {row.get("id"): row.get("name") for row in tables.find("mac_pools") or ()}
    return tuple(
        MacRange(names.get(row.get("mac_pool_id")) or "", row.get("from_mac") or "", last)
        for row in tables.find("mac_pool_ranges") or ()
        if (last := row.get("to_mac"))
    )


def mac_of(text: str) -> str | None:
    """A hardware address as twelve digits, whatever its spelling; None where it is none."""
    digits = re.sub(r"[:.-]", "", text.strip()).lower()
    return digits if _MAC.fullmatch(digits) else None


def is_in(mac: str, area: MacRange) -> bool:
    """Whether a range has this address (twelve digits)."""
    first, last = mac_of(area.first), mac_of(area.last)
    return first is not None and last is not None and first <= mac <= last
