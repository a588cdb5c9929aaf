"""Opens libvirt connections: prepared embedded roots only, no prompts, guests found again first."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from config.errors import InvalidInput, Unreachable
from steps.targets import libvirt_errors as errors
from steps.targets.libvirt_loading import quiet_libvirt
from steps.targets.libvirt_modules import count_all_modules
from steps.targets.time_limit import within

OPEN_SECONDS = 30.0
_SETTLE_SECONDS = 30.0
_POLL_SECONDS = 0.2


def embedded_root(uri: str) -> str | None:
    """The folder of an embedded hypervisor's URI, or None where it is another one.

    Raises InvalidInput where it is no URI.
    """
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise InvalidInput(
            f"The hypervisor {uri!r} is no URI: {error}.", "Write it as qemu:///system."
        ) from None
    if parts.path != "/embed":
        return None
    return parse_qs(parts.query).get("root", [""])[0]


def open_connection(uri: str) -> Any:
    """An open libvirt connection whose running guests are known. Raises Unreachable."""
    root = embedded_root(uri)
    if root is not None:
        _check_prepared(root, uri)
    libvirt = quiet_libvirt(f"{root}/libvirt.log") if root else quiet_libvirt()
    if root:
        count_all_modules()
    try:
        connection = _open_in_time(libvirt, uri)
        if root:
            _wait_until_settled(connection, libvirt, uri)
        else:
            _notice_silence(connection, libvirt)
        return connection
    except libvirt.libvirtError as error:
        raise errors.unreachable(error, uri, "connecting") from None


def _open_in_time(libvirt: Any, uri: str) -> Any:
    """libvirt has no time limit for connecting: a daemon that hangs would hang us as well."""
    try:
        return within(
            OPEN_SECONDS, lambda: libvirt.open(_without_prompts(uri)), (libvirt.libvirtError,)
        )
    except TimeoutError:
        raise Unreachable(
            f"The hypervisor {uri} has not answered for {OPEN_SECONDS:.0f} seconds.",
            "Check that libvirt on that host is not stuck, and that nothing between drops packets.",
        ) from None


def _notice_silence(connection: Any, libvirt: Any) -> None:
    """A host or daemon that hangs is noticed after 20 seconds instead of never."""
    try:
        connection.setKeepAlive(5, 3)
    except libvirt.libvirtError as error:
        # libvirt's own test driver runs in our process and knows no such thing.
        if errors.code(error) != errors.NO_SUPPORT:
            raise


def _check_prepared(root: str, uri: str) -> None:
    """libvirt would make an empty hypervisor in any folder, and its guests would not start."""
    if not (Path(root) / "etc" / "qemu.conf").is_file():
        raise Unreachable(
            f"The hypervisor {uri} is not there: {root!r} is no embedded hypervisor's folder.",
            "Build the practice site again: `rekindle drill`.",
        )


def _without_prompts(uri: str) -> str:
    """SSH would ask for a password on the terminal: have it fail instead."""
    parts = urlsplit(uri)
    if "ssh" not in parts.scheme or "no_tty" in parse_qs(parts.query):
        return uri
    return f"{uri}{'&' if parts.query else '?'}no_tty=1"


def _wait_until_settled(connection: Any, libvirt: Any, uri: str) -> None:
    """Wait until the embedded driver has found its running guests again.

    It reconnects in the background, and a guest that is acted upon before is killed. Reconnecting
    holds the guest's job lock, so a query that needs the lock answers when it is done.
    """
    deadline = time.monotonic() + _SETTLE_SECONDS
    for domain in connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
        while not _answers(domain, libvirt):
            if time.monotonic() > deadline:
                raise Unreachable(
                    f"The hypervisor {uri} has not found its guest {domain.name()} again.",
                    "Look at libvirt.log in its folder, and whether that guest's QEMU hangs.",
                )
            time.sleep(_POLL_SECONDS)


def _answers(domain: Any, libvirt: Any) -> bool:
    try:
        domain.memoryStats()
    except libvirt.libvirtError as error:
        # Gone, or found to be off: both are answers.
        return errors.code(error) in (errors.NO_DOMAIN, errors.OPERATION_INVALID)
    return True


def is_alive(connection: Any) -> bool:
    """Whether the connection still stands. Asks nothing over the network."""
    try:
        return bool(connection.isAlive())
    except quiet_libvirt().libvirtError:
        return False
