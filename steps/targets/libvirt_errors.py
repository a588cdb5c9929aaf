"""libvirt's errors as ours: its own words in the message, a remedy by its error number."""

from __future__ import annotations

from typing import Any

from config.errors import InvalidInput, Refused, RekindleError, StepFailed, Unreachable

# Numbers of libvirt/virterror.h. Kept as numbers, so that this module needs no libvirt.
NO_SUPPORT = 3
NO_CONNECT = 5
INVALID_ARGUMENT = 8
XML_ERROR = 27
DOMAIN_EXISTS = 33
OPERATION_DENIED = 29
XML_DETAIL = 35
RPC = 39
NO_DOMAIN = 42
AUTH_FAILED = 45
OPERATION_INVALID = 55
CONFIG_UNSUPPORTED = 67
OPERATION_TIMEOUT = 68
AUTH_CANCELLED = 79
AUTH_UNAVAILABLE = 80
ACCESS_DENIED = 88

CONNECTION_LOST = frozenset({NO_CONNECT, RPC})
_BAD_INPUT = frozenset({INVALID_ARGUMENT, XML_ERROR, XML_DETAIL, NO_DOMAIN})
_RULES = frozenset({OPERATION_INVALID, CONFIG_UNSUPPORTED, DOMAIN_EXISTS})
_DENIED = frozenset(
    {AUTH_FAILED, OPERATION_DENIED, AUTH_CANCELLED, AUTH_UNAVAILABLE, ACCESS_DENIED}
)

_REMEDIES = {
    NO_DOMAIN: "Check the machine's name; `virsh list --all` shows what this hypervisor knows.",
    XML_ERROR: "Correct the domain XML at the place it names.",
    XML_DETAIL: "Correct the domain XML at the place it names.",
    OPERATION_INVALID: "Look at the machine's state: it is not the one this needs.",
    CONFIG_UNSUPPORTED: "Change that value of the domain XML, or keep what it was before.",
    DOMAIN_EXISTS: "Give the other machine another name or uuid, or undefine it.",
    OPERATION_TIMEOUT: "Another job of this machine is still running; wait for it, then try again.",
}
_WORDS = (
    (
        "Failed to acquire pid file",
        "Another process has this embedded hypervisor open. Wait for it.",
    ),
    ("already open with path", "A process can open one embedded hypervisor only. Start another."),
    ('write" lock', "Another process has the disk image open. End it, then try again."),
    ("No space left", "Make room on that file system, then try again."),
    (
        "managed save image",
        "The machine was saved by somebody: start it or remove that state first.",
    ),
)


def words(error: Any) -> str:
    """libvirt's message in one line.

    A complaint about broken XML goes on with the line of the XML, which may be the one with the
    console password: of such a message only the first line is kept.
    """
    lines = str(error).splitlines()
    if code(error) in (XML_ERROR, XML_DETAIL):
        del lines[1:]
    return " ".join(" ".join(lines).split())


def code(error: Any) -> int:
    """libvirt's error number; 0 where it gave none."""
    return int(error.get_error_code() or 0)


def translated(error: Any, uri: str, doing: str) -> RekindleError:
    """The error of a call on an open connection."""
    number = code(error)
    message = f"The hypervisor {uri} refused ({doing}): {words(error)}."
    remedy = _remedy(error)
    if number in CONNECTION_LOST:
        return unreachable(error, uri, doing)
    if number in _BAD_INPUT:
        return InvalidInput(message, remedy)
    if number in _RULES or number in _DENIED:
        return Refused(message, remedy)
    return failed(error, uri, doing)


def failed(error: Any, uri: str, doing: str) -> StepFailed:
    """The error of a call that was to change something."""
    return StepFailed(
        f"The hypervisor {uri} failed ({doing}): {words(error)}.",
        _remedy(error),
        seen=words(error),
    )


def unreachable(error: Any, uri: str, doing: str) -> Unreachable:
    """The error of a connection that does not open, or broke."""
    remedy = _remedy(error) or (
        "Check that libvirt runs on that host, that the URI is right and that you may use it."
    )
    return Unreachable(f"The hypervisor {uri} does not answer ({doing}): {words(error)}.", remedy)


def _remedy(error: Any) -> str:
    told = words(error)
    by_words = next((remedy for part, remedy in _WORDS if part in told), "")
    return by_words or _REMEDIES.get(code(error), "")
