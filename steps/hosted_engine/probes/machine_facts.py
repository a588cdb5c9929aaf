"""Processors and memory as the kernel of the host tells them. Pure parsing."""

from __future__ import annotations

import re
from dataclasses import dataclass

KEPT_FREE_MB = 512
"""What the ansible generation leaves to the host."""

_NEEDS: dict[str, tuple[str, frozenset[str]]] = {
    "Conroe": ("GenuineIntel", frozenset({"ssse3"})),
    "Penryn": ("GenuineIntel", frozenset({"ssse3", "sse4_1", "cx16"})),
    "Nehalem": ("GenuineIntel", frozenset({"sse4_1", "sse4_2", "popcnt"})),
    "Westmere": ("GenuineIntel", frozenset({"sse4_2", "popcnt", "aes"})),
    "SandyBridge": ("GenuineIntel", frozenset({"aes", "avx", "xsave", "pclmulqdq"})),
    "Haswell-noTSX": ("GenuineIntel", frozenset({"avx", "avx2", "bmi1", "bmi2", "fma", "movbe"})),
    "Haswell": ("GenuineIntel", frozenset({"avx2", "bmi2", "fma", "movbe", "rtm", "hle"})),
    "Broadwell-noTSX": ("GenuineIntel", frozenset({"avx2", "bmi2", "fma", "adx", "rdseed"})),
    "Broadwell": ("GenuineIntel", frozenset({"avx2", "fma", "adx", "rdseed", "rtm", "hle"})),
    "Opteron_G1": ("AuthenticAMD", frozenset({"sse2", "lm"})),
    "Opteron_G2": ("AuthenticAMD", frozenset({"cx16", "rdtscp"})),
    "Opteron_G3": ("AuthenticAMD", frozenset({"cx16", "sse4a", "abm", "misalignsse", "popcnt"})),
    "Opteron_G4": ("AuthenticAMD", frozenset({"aes", "avx", "xop", "fma4"})),
    "Opteron_G5": ("AuthenticAMD", frozenset({"avx", "xop", "fma", "f16c", "tbm"})),
}
"""Maker and flags that tell a family from the one before, oldest first."""


@dataclass(frozen=True, slots=True)
class Processors:
    """How many, which maker, which flags."""

    count: int
    maker: str
    flags: frozenset[str]

    @property
    def virtualises(self) -> bool:
        """Whether the hardware can run machines."""
        return bool(self.flags & {"vmx", "svm"})

    @property
    def families(self) -> tuple[str, ...]:
        """The families of the classic tool that these processors can be, newest first."""
        fitting = [
            name
            for name, (maker, needs) in _NEEDS.items()
            if maker == self.maker and needs <= self.flags
        ]
        return tuple(reversed(fitting))


def parse_processors(cpuinfo: str) -> Processors:
    """The facts out of /proc/cpuinfo."""
    count = len(re.findall(r"^processor\s*:", cpuinfo, re.MULTILINE))
    maker = re.search(r"^vendor_id\s*:\s*(\S+)", cpuinfo, re.MULTILINE)
    flags = re.search(r"^flags\s*:\s*(.*)$", cpuinfo, re.MULTILINE)
    return Processors(
        count, maker[1] if maker else "", frozenset(flags[1].split()) if flags else frozenset()
    )


def available_mb(meminfo: str, *, classic: bool) -> int | None:
    """What the tool takes as available, in MiB: free, buffers and cached, less what it keeps."""
    found = dict(re.findall(r"^(\w+):\s+(\d{1,15}) kB$", meminfo, re.MULTILINE))
    if "MemFree" not in found:
        return None
    free = sum(int(found.get(name, 0)) for name in ("MemFree", "Buffers", "Cached")) // 1024
    return max(0, free if classic else free - KEPT_FREE_MB)
