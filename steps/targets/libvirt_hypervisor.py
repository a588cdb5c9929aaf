"""The hypervisor through libvirt: local, embedded or remote; only the URI differs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from lxml import etree

from config.errors import InvalidInput, Refused, RekindleError, StepFailed
from steps.targets import libvirt_errors as errors
from steps.targets.host_abilities import guest_kinds, host_abilities
from steps.targets.hypervisor import DomainStatus, HostAbilities
from steps.targets.libvirt_connection import is_alive, open_connection
from steps.targets.libvirt_loading import quiet_libvirt
from steps.targets.libvirt_snapshots import LibvirtSnapshots

_POLL_SECONDS = 0.2
_STATES = {
    0: "no state",
    1: "running",
    2: "running",  # libvirt's "blocked": waiting for a resource, on Xen only
    3: "paused",
    4: "shutting down",
    5: "shut off",
    6: "crashed",
    7: "suspended",
}

_Result = TypeVar("_Result")


class LibvirtHypervisor(LibvirtSnapshots):
    """One libvirt connection, opened at the first call, see `Hypervisor`. Thread safe."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._open: Any = None
        self._opening = threading.RLock()
        self._abilities: HostAbilities | None = None

    @property
    def uri(self) -> str:
        """The libvirt URI."""
        return self._uri

    def domains(self) -> Sequence[DomainStatus]:
        """All domains, active and inactive, by name."""
        found = self._call("listing machines", lambda c: c.listAllDomains(0))
        statuses = (self._status(domain) for domain in found)
        return tuple(sorted((s for s in statuses if s is not None), key=lambda s: s.name))

    def domain(self, name: str) -> DomainStatus | None:
        """One domain by name, or None."""
        found = self._find(name)
        return None if found is None else self._status(found)

    def domain_by_uuid(self, uuid: str) -> DomainStatus | None:
        """One domain by uuid, or None."""
        found = self._lookup(
            f"looking for uuid {uuid}", lambda c: c.lookupByUUIDString(_passable(uuid))
        )
        return None if found is None else self._status(found)

    def xml(self, name: str, *, inactive: bool = False) -> str:
        """The domain's XML with security info (it holds secrets: never log it)."""
        libvirt = quiet_libvirt()
        flags = libvirt.VIR_DOMAIN_XML_SECURE
        flags |= libvirt.VIR_DOMAIN_XML_INACTIVE if inactive else 0
        domain = self._known(name)
        return str(self._call(f"reading the XML of {name}", lambda _: domain.XMLDesc(flags)))

    def abilities(self) -> HostAbilities:
        """Emulators and machine types of this host. Slow the first time (seconds)."""
        if self._abilities is None:
            capabilities = self._call("reading capabilities", lambda c: c.getCapabilities())
            self._abilities = host_abilities(capabilities, self._domain_capabilities(capabilities))
        return self._abilities

    def shut_down(self, name: str, timeout: float) -> bool:
        """Ask the guest to power off and wait up to `timeout` seconds; True where it did.

        False at once where it is paused: a paused guest hears nothing. Destroys nothing.
        """
        status = self.domain(name)
        if status is None or not status.active:
            return True
        if status.state == "paused":
            return False
        domain = self._known(name)
        self._call(f"asking {name} to shut down", lambda _: domain.shutdown())
        return self._wait_until_off(name, time.monotonic() + timeout)

    def destroy(self, name: str) -> None:
        """Pull the plug. Nothing running is fine."""
        domain = self._find(name)
        if domain is None or not self._call(f"looking at {name}", lambda _: domain.isActive()):
            return
        try:
            domain.destroy()
        except quiet_libvirt().libvirtError as error:
            # It may have ended by itself between the look and the call.
            if errors.code(error) not in (errors.OPERATION_INVALID, errors.NO_DOMAIN):
                raise self._failed(error, f"destroying {name}") from None

    def state_xml(self, state_path: str) -> str:
        """XML inside a state file, with security info. The path is one of the hypervisor's host."""
        flags = quiet_libvirt().VIR_DOMAIN_SAVE_IMAGE_XML_SECURE
        return str(
            self._call(
                f"reading the XML inside {state_path}",
                lambda c: c.saveImageGetXMLDesc(_passable(state_path), flags),
            )
        )

    def check_state_xml(self, header_copy: str, xml: str) -> str:
        """libvirt's verdict on restoring with that XML: empty, or its own words of refusal.

        `header_copy` is rewritten: hand over a header-only copy, never the state file.
        """
        # Whether the file itself can be read is no verdict on the XML: find out first.
        self.state_xml(header_copy)
        connection = self._connected()
        try:
            connection.saveImageDefineXML(header_copy, _passable(xml), 0)
        except quiet_libvirt().libvirtError as error:
            if errors.code(error) in errors.CONNECTION_LOST or not is_alive(connection):
                raise self._failed(error, "checking the XML against the state file") from None
            return errors.words(error)
        return ""

    def restore_paused(self, state_path: str, xml: str) -> None:
        """Restore from a state file with this XML, paused. Raises StepFailed in libvirt's words."""
        flags = quiet_libvirt().VIR_DOMAIN_SAVE_PAUSED
        self._change(
            f"restoring from {state_path}",
            lambda c: c.restoreFlags(_passable(state_path), _passable(xml), flags),
        )

    def start(self, name: str, *, paused: bool = False) -> None:
        """Cold start of a defined domain. Refused where it runs or has a managed save."""
        status = self.domain(name)
        if status is not None and status.managed_save:
            raise Refused(
                f"{name} was saved by somebody: starting it would resume that state, not start it.",
                f"Look why it was saved, then remove it: `virsh managedsave-remove {name}`.",
            )
        domain = self._known(name)
        flags = quiet_libvirt().VIR_DOMAIN_START_PAUSED if paused else 0
        self._change(f"starting {name}", lambda _: domain.createWithFlags(flags))

    def resume(self, name: str) -> None:
        """Let a paused domain run. A running one is left alone."""
        domain = self._known(name)
        if self._state(domain) == "running":
            return
        self._change(f"resuming {name}", lambda _: domain.resume())
        seen = self._state(domain)
        if seen != "running":
            raise StepFailed(
                f"{name} was resumed, yet it is {seen}.",
                "Look at the machine's QEMU log; a disk that cannot be opened or is full stops it.",
                seen=seen,
                expected="running",
            )

    def define(self, xml: str) -> None:
        """Write the persistent definition."""
        self._call("defining the machine", lambda c: c.defineXML(_passable(xml)))

    def undefine(self, name: str) -> None:
        """Remove the persistent definition, keep its NVRAM file; one that is not there is fine."""
        domain = self._find(name)
        if domain is None or not self._call(f"looking at {name}", lambda _: domain.isPersistent()):
            return
        flags = quiet_libvirt().VIR_DOMAIN_UNDEFINE_KEEP_NVRAM
        self._call(f"undefining {name}", lambda _: domain.undefineFlags(flags))

    def close(self) -> None:
        """Let go of the connection; the next call opens a new one."""
        with self._opening:
            connection, self._open = self._open, None
        if connection is not None:
            try:
                connection.close()
            except quiet_libvirt().libvirtError:
                # Closing is a courtesy; a broken connection is closed already.
                return

    # -- the connection -------------------------------------------------------------------------

    def _connected(self) -> Any:
        with self._opening:
            if not self._stands():
                self.close()
            if self._open is None:
                self._open = open_connection(self._uri)
            return self._open

    def _call(self, doing: str, action: Callable[[Any], _Result]) -> _Result:
        connection = self._connected()
        try:
            return action(connection)
        except quiet_libvirt().libvirtError as error:
            raise self._refused(error, doing) from None

    def _change(self, doing: str, action: Callable[[Any], object]) -> None:
        """A call whose every refusal is a failed step."""
        connection = self._connected()
        try:
            action(connection)
        except quiet_libvirt().libvirtError as error:
            raise self._failed(error, doing) from None

    def _failed(self, error: Any, doing: str) -> RekindleError:
        translate = errors.failed if self._stands() else errors.unreachable
        return translate(error, self._uri, doing)

    def _refused(self, error: Any, doing: str) -> RekindleError:
        translate = errors.translated if self._stands() else errors.unreachable
        return translate(error, self._uri, doing)

    def _stands(self) -> bool:
        connection = self._open
        return connection is not None and is_alive(connection)

    # -- domains --------------------------------------------------------------------------------

    def _lookup(self, doing: str, action: Callable[[Any], Any]) -> Any:
        connection = self._connected()
        try:
            return action(connection)
        except quiet_libvirt().libvirtError as error:
            if errors.code(error) == errors.NO_DOMAIN:
                return None
            raise self._refused(error, doing) from None

    def _find(self, name: str) -> Any:
        return self._lookup(f"looking for {name}", lambda c: c.lookupByName(_passable(name)))

    def _known(self, name: str) -> Any:
        domain = self._find(name)
        if domain is None:
            raise InvalidInput(
                f"The hypervisor {self._uri} knows no machine {name}.",
                "Define it first, or check the name with `virsh list --all`.",
            )
        return domain

    def _state(self, domain: Any) -> str:
        number = self._call("looking at the machine's state", lambda _: domain.state()[0])
        return _STATES.get(number, f"state {number}")

    def _status(self, domain: Any) -> DomainStatus | None:
        """None where it vanished since it was found: transient ones do."""

        def look(_: Any) -> DomainStatus:
            # Jobs first: where the guest ends meanwhile, the state read afterwards says so.
            jobs = _block_jobs(domain)
            return DomainStatus(
                name=domain.name(),
                uuid=domain.UUIDString(),
                state=_STATES.get(domain.state()[0], "unknown"),
                persistent=bool(domain.isPersistent()),
                managed_save=bool(domain.hasManagedSaveImage(0)),
                jobs=jobs,
            )

        found: DomainStatus | None = self._lookup("looking at a machine", look)
        return found

    def _wait_until_off(self, name: str, deadline: float) -> bool:
        while True:
            status = self.domain(name)
            if status is None or not status.active:
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)

    def _domain_capabilities(self, capabilities: str) -> Iterable[str]:
        for architecture, kind in guest_kinds(capabilities):
            yield self._domain_capability(architecture, kind)

    def _domain_capability(self, architecture: str, kind: str) -> str:
        return str(
            self._call(
                f"reading what {architecture} {kind} machines may have",
                lambda c: c.getDomainCapabilities(None, architecture, None, kind),
            )
        )


def _passable(text: str) -> str:
    """The text as it is; raises InvalidInput where no C library could be given it.

    It may be a domain XML with a password, so the message shows none of it.
    """
    if "\0" in text or any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise InvalidInput(
            "A name, path or XML for the hypervisor has a NUL or half a character in it.",
            "Nothing was changed. Look at where it comes from.",
        )
    return text


def _block_jobs(domain: Any) -> tuple[str, ...]:
    """Target names of the disks with a running block job; none where the machine is off.

    A driver that knows no block jobs (libvirt's own test driver, LXC) has none.
    """
    if not domain.isActive():
        return ()
    try:
        return tuple(disk for disk in _targets(domain.XMLDesc(0)) if domain.blockJobInfo(disk))
    except quiet_libvirt().libvirtError as error:
        if errors.code(error) in (errors.OPERATION_INVALID, errors.NO_SUPPORT):
            return ()
        raise


def _targets(xml: str) -> tuple[str, ...]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    found = etree.fromstring(xml.encode("utf-8"), parser).xpath("/domain/devices/disk/target/@dev")
    assert isinstance(found, list)
    return tuple(str(target) for target in found)
