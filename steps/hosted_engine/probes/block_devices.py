"""The block devices of a host: size, vendor, paths, and whether they hold anything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from steps.hosted_engine.probes.look import Look, pairs

LSBLK = (
    "lsblk",
    "-P",
    "-b",
    "-o",
    "NAME,KNAME,PKNAME,TYPE,SIZE,VENDOR,MODEL,WWN,FSTYPE,MOUNTPOINT",
)
"""Pairs, not JSON: hosts of the classic generation know no JSON."""

_MULTIPATH = re.compile(r"^(?:(\S+) )?\(?([0-9a-zA-Z.:_-]{8,})\)? dm-(\d+) (.*)$")
_PATH = re.compile(r"^[\s|`+-]*\d+:\d+:\d+:\d+ +(\S+) +\S+ +(\S+) ")


@dataclass(frozen=True, slots=True)
class Lun:
    """One LUN as the tool lists it: GUID, size in bytes, vendor and product, paths."""

    guid: str
    size: int
    vendor: str = ""
    product: str = ""
    used: str = ""
    """What it holds; empty where it is free."""
    active: int = 0
    failed: int = 0

    @property
    def described(self) -> str:
        """Vendor, status and paths, as the tool's list has them."""
        paths = f"{self.active} active" + (f", {self.failed} failed" if self.failed else "")
        state = f"used: {self.used}" if self.used else "free"
        return " ".join(part for part in (self.vendor, self.product, state + ",", paths) if part)


def luns_of(look: Look) -> tuple[Lun, ...]:
    """The LUNs that the host sees through multipath, as the tool itself sees them."""
    return parse_luns(look.run("multipath", "-ll").out, look.run(*LSBLK).out)


def lun_of(luns: Sequence[Lun], guid: str) -> Lun | None:
    """The LUN of that GUID."""
    return next((lun for lun in luns if lun.guid == guid), None)


def parse_luns(multipath: str, lsblk: str) -> tuple[Lun, ...]:
    """The LUNs out of `multipath -ll` and `lsblk -P -b`."""
    devices = [found for line in lsblk.splitlines() if (found := pairs(line)).get("KNAME")]
    luns: list[Lun] = []
    head: re.Match[str] | None = None
    states: list[str] = []
    for line in [*multipath.splitlines(), ""]:
        begins = _MULTIPATH.match(line)
        if begins or not line:
            if head is not None:
                luns.append(_lun(head, states, devices))
            head, states = begins, []
        elif path := _PATH.match(line):
            states.append(path[2])
    return tuple(luns)


def _lun(head: re.Match[str], states: list[str], devices: list[dict[str, str]]) -> Lun:
    kernel = f"dm-{head[3]}"
    whole = [device for device in devices if device["KNAME"] == kernel]
    size = next((device["SIZE"] for device in whole if device.get("SIZE", "").isdigit()), "0")
    vendor, _, product = head[4].partition(",")
    active = states.count("active")
    return Lun(
        head[2], int(size), vendor.strip(), product.strip(), _used(kernel, whole, devices),
        active, len(states) - active,
    )  # fmt: skip


def _used(kernel: str, whole: list[dict[str, str]], devices: list[dict[str, str]]) -> str:
    """What stands on the device: a file system, or devices made of it."""
    marks = [device.get("FSTYPE", "") for device in whole]
    marks += [device.get("MOUNTPOINT", "") for device in whole]
    marks += [device["NAME"] for device in devices if device.get("PKNAME") == kernel]
    return ", ".join(dict.fromkeys(mark for mark in marks if mark))
