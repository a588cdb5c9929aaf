"""The hypervisor of a trial: what must be known of a guest that nobody else looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from config.errors import InvalidInput, RekindleError
from steps.targets.libvirt_hypervisor import LibvirtHypervisor
from steps.targets.libvirt_loading import quiet_libvirt
from steps.virtual_machine.check.picture import png

_MOST_BYTES = 256 << 20
_PAUSED = 3
_REASONS = {
    0: "for no reason it gives", 5: "after an I/O error", 6: "by a watchdog", 10: "having crashed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Health:
    """How a guest is: its state, why where it is paused, seconds of processor, disks in error."""

    state: str
    why: str
    processor: float
    disks_in_error: tuple[str, ...]

    @property
    def trouble(self) -> str:
        """What is wrong with it, in words; empty where it runs."""
        if self.disks_in_error:
            return f"its disk {', '.join(self.disks_in_error)} has an I/O error"
        if self.state != "running":
            return f"it is {self.state}{f' {self.why}' if self.why else ''}"
        return ""


class IsolatedHypervisor(LibvirtHypervisor):
    """A LibvirtHypervisor that also boots what is nowhere defined, and looks at its screen."""

    def boot_paused(self, xml: str) -> None:
        """Start a machine that ends with its process: nothing is defined. It is paused."""
        flags = quiet_libvirt().VIR_DOMAIN_START_PAUSED
        self._change("starting the machine", lambda c: c.createXML(xml, flags))

    def health(self, name: str) -> Health:
        """How it is now; a machine that is gone is `gone`."""
        domain = self._find(name)
        if domain is None:
            return Health("gone", "", 0.0, ())

        def look(_: Any) -> Health:
            number, reason = domain.state()
            errors = domain.diskErrors() if domain.isActive() else {}
            why = _REASONS.get(reason, "") if number == _PAUSED else ""
            return Health(self._state(domain), why, domain.info()[4] / 1e9, tuple(sorted(errors)))

        return self._call(f"looking at {name}", look)

    def screen(self, name: str) -> bytes | None:
        """Its screen as PNG; None where it has none."""
        domain = self._known(name)
        try:
            return png(self._call("taking a picture", lambda c: _picture(c, domain)))
        except (RekindleError, InvalidInput):
            # A machine without a screen, or one that has just ended: the trial goes on.
            return None


def _picture(connection: Any, domain: Any) -> bytes:
    stream = connection.newStream(0)
    parts: list[bytes] = []
    domain.screenshot(stream, 0, 0)
    stream.recvAll(lambda _stream, data, _opaque: _keep(parts, data), None)
    stream.finish()
    return b"".join(parts)


def _keep(parts: list[bytes], data: bytes) -> int:
    if sum(map(len, parts)) + len(data) > _MOST_BYTES:
        return -1
    parts.append(data)
    return len(data)
