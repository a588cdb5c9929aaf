"""The practice site's hypervisor: what a backup and a score need beyond what a restore needs."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from config.errors import StepFailed
from steps.drill.practice_machine import MEMORY_MARK, MEMORY_MARK_ADDRESS
from steps.targets.libvirt_hypervisor import LibvirtHypervisor
from steps.targets.libvirt_loading import quiet_libvirt

_WORD = re.compile(r"0x[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class MemoryMark:
    """What the boot sector keeps in memory: which boot this is, and its timer ticks so far."""

    boot: int
    ticks: int


class PracticeHypervisor(LibvirtHypervisor):
    """A LibvirtHypervisor that can also read the guest's memory."""

    def memory_mark(self, name: str) -> MemoryMark | None:
        """The boot sector's mark in the guest's memory, or None while it is not there."""
        quiet_libvirt()
        import libvirt_qemu

        domain = self._known(name)
        command = f"xp /4wx {MEMORY_MARK_ADDRESS:#x}"
        answer = self._call(
            "reading the guest's memory",
            lambda _: libvirt_qemu.qemuMonitorCommand(
                domain, command, libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP
            ),
        )
        words = [int(word, 16) for word in _WORD.findall(answer)]
        if tuple(words[:2]) != MEMORY_MARK or len(words) < 4:
            return None
        return MemoryMark(boot=words[2], ticks=words[3])

    def wait_for_ticks(self, name: str, ticks: int, limit: float = 60.0) -> MemoryMark:
        """Wait until the guest has counted so many ticks. Raises StepFailed after `limit` s."""
        end = time.monotonic() + limit
        while True:
            mark = self.memory_mark(name)
            if mark is not None and mark.ticks >= ticks:
                return mark
            if time.monotonic() > end:
                raise StepFailed(
                    f"The practice machine did not count {ticks} ticks in {limit:.0f} s.",
                    "Look at its log below the practice folder, hypervisor/log/qemu.",
                    seen=str(mark),
                )
            time.sleep(0.1)

    def graphics_kinds(self) -> str:
        """Domain capabilities of the default machine, as XML."""
        return str(
            self._call(
                "reading what consoles this host offers",
                lambda c: c.getDomainCapabilities(None, "x86_64", "q35", "qemu"),
            )
        )
