"""One spelling for each value, so that only real differences are conflicts. Pure.

Every function takes what stands in a source and returns the form to compare; a text that is not of
the expected kind comes back as it is, so that it shows up as a difference instead of vanishing.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re

_UNITS = {
    "b": 1,
    "bytes": 1,
    "": 1 << 10,
    "kb": 1000,
    "k": 1 << 10,
    "kib": 1 << 10,
    "mb": 1000**2,
    "m": 1 << 20,
    "mib": 1 << 20,
    "gb": 1000**3,
    "g": 1 << 30,
    "gib": 1 << 30,
    "tb": 1000**4,
    "t": 1 << 40,
    "tib": 1 << 40,
}
_MAC = re.compile(r"[0-9a-f]{2}([:-]?[0-9a-f]{2}){5}")
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_DIGITS = re.compile(r"[+-]?[0-9]{1,30}")

_OLD_PC = re.compile(r"pc(-[0-9]+\.[0-9]+)?")

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

TRUE, FALSE = "TRUE", "FALSE"


def plain(text: str) -> str:
    """Without spaces around it."""
    return text.strip()


def word(text: str) -> str:
    """A keyword, whose letter case says nothing."""
    return text.strip().lower()


def number(text: str | None) -> int | None:
    """A whole number of a sane length, or None: a text from a file may be anything."""
    stripped = text.strip() if text is not None else ""
    return int(stripped) if _DIGITS.fullmatch(stripped) else None


def integer(text: str) -> str:
    """A number without sign and leading zeros."""
    found = number(text)
    return text.strip() if found is None else str(found)


def memory_bytes(text: str, unit: str = "") -> str:
    """libvirt's number and unit (KiB where none stands) as bytes."""
    factor = _UNITS.get(unit.strip().lower())
    found = number(text)
    if factor is None or found is None:
        return f"{text.strip()} {unit}".strip()
    return whole_kib(str(found * factor))


def whole_kib(text: str) -> str:
    """Bytes rounded down to whole KiB, which is all that a domain XML can say."""
    found = number(text)
    return text.strip() if found is None else str(found // 1024 * 1024)


def mac(text: str) -> str:
    """Lower case with colons."""
    lower = word(text)
    if not _MAC.fullmatch(lower):
        return lower
    digits = re.sub("[:-]", "", lower)
    return ":".join(digits[n : n + 2] for n in range(0, 12, 2))


def hardware_address(text: str) -> str:
    """The MAC of a dhcpHWAddress, which says `ethernet` before it."""
    return mac(text.strip().rpartition(" ")[2])


def identity(text: str) -> str:
    """A name or UUID: letter case and dashes say nothing in a UUID."""
    lower = word(text)
    if not _UUID.fullmatch(lower):
        return text.strip()
    digits = lower.replace("-", "")
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def boolean(text: str) -> str:
    """TRUE or FALSE, as the directory spells it."""
    lower = word(text)
    if lower in ("true", "yes", "on", "1"):
        return TRUE
    return FALSE if lower in ("false", "no", "off", "0") else text.strip()


def path(text: str) -> str:
    """A path without doubled slashes and dots."""
    stripped = text.strip()
    return re.sub("^/+", "/", posixpath.normpath(stripped)) if stripped else ""


def address(text: str) -> str:
    """An IP address in its short form."""
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return word(text)


def family(machine: str) -> str:
    """The line of machine types a name belongs to: `pc` or `q35`; empty for all others."""
    if machine.startswith("pc-i440fx-") or _OLD_PC.fullmatch(machine):
        return "pc"
    return "q35" if machine == "q35" or machine.startswith("pc-q35-") else ""


def is_machine_alias(machine: str) -> bool:
    """Whether a machine type names a line and libvirt writes the full name (`pc`, `pc-0.13`)."""
    return machine == "q35" or bool(_OLD_PC.fullmatch(machine))


def fits_xml(text: str) -> bool:
    """Whether an XML can hold the text: no control characters, no halves of characters."""
    return not _NOT_IN_XML.search(text)


def size_words(text: str) -> str:
    """Bytes as people say them: 4 GiB; exact where it is not a round number."""
    value = number(text)
    if value is None:
        return text
    for unit, factor in (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if value >= factor and value % factor == 0:
            return f"{value // factor} {unit}"
    return f"{value} B"
