"""What can be told about an answer without looking at the world. Pure.

Every refusal has the value and the rule. The rules are the tool's own (reference, sections 3 and
4), stricter where the tool lets something through that it fails over later.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable

from config.checked_fields import is_address
from config.errors import InvalidInput
from config.interviews.hosted_engine.conditions import MINIMUM_MEMORY_MB, classic
from config.questions import Given, Value
from config.showing import quoted

Check = Callable[[Value, Given], None]

MAX_NAME = 1000
MAX_CHAP = 50
MAX_DNS = 3
CPU_FAMILIES = (
    "Conroe", "Penryn", "Nehalem", "Westmere", "SandyBridge", "Haswell", "Haswell-noTSX",
    "Broadwell", "Broadwell-noTSX", "Opteron_G1", "Opteron_G2", "Opteron_G3", "Opteron_G4",
    "Opteron_G5",
)  # fmt: skip
"""The families that the classic tool knows, oldest first within each maker."""

_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,255}")
_NIC = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}")
_MAC = re.compile(r"[0-9a-f][02468ace](:[0-9a-f]{2}){5}", re.IGNORECASE)
_MAIL_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_MAIL_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,253}[a-z0-9])?")
_IQN = re.compile(r"(iqn\.|eui\.|naa\.)[A-Za-z0-9.:_-]{1,220}")
_LUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,127}")
_SPACE = re.compile(r"\s")
_KEY_TYPE = re.compile(r"(ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]{2,60}")


def refuse(value: Value, rule: str, remedy: str) -> InvalidInput:
    """The refusal of a value: what it is, which rule it breaks, what to do."""
    shown = ", ".join(value) if isinstance(value, tuple) else value
    return InvalidInput(f"{quoted(shown)}: {rule}", remedy)


def only(answer: bool, rule: str, remedy: str) -> Check:
    """The other answer would end the tool."""

    def check(value: Value, _given: Given) -> None:
        if value is not answer:
            raise refuse("yes" if value else "no", rule, remedy)

    return check


def between(least: int, most: int, what: str) -> Check:
    """A whole number within bounds."""

    def check(value: Value, _given: Given) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise refuse(
                value if not isinstance(value, bool) else str(value),
                f"{what} is a whole number from {least} to {most}.",
                "Give one in that range.",
            )

    return check


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""


def ports(value: Value, _given: Given) -> None:
    """One TCP port, or in the ansible generation one for each portal, separated by commas."""
    for part in _text(value).split(","):
        if not re.fullmatch(r"[0-9]{1,5}", part.strip()) or not 1 <= int(part) <= 65535:
            raise refuse(value, "a port is a number from 1 to 65535.", "iSCSI's own is 3260.")


def address(value: Value, _given: Given) -> None:
    """One IP address."""
    if not is_address(_text(value)):
        raise refuse(value, "this is not an IP address.", "Write the address, not a name.")


def portal(value: Value, given: Given) -> None:
    """iSCSI portals: one dotted quad for the classic tool, a list of addresses for the other."""
    parts = [part.strip() for part in _text(value).split(",")]
    if not classic(given):
        if not all(is_address(part) for part in parts):
            raise refuse(
                value, "portals are IP addresses, parted by commas.", "Write addresses, not names."
            )
        return
    octets = parts[0].split(".")
    decimal = all(re.fullmatch(r"[0-9]{1,3}", octet) for octet in octets)
    if len(parts) > 1 or len(octets) != 4 or not decimal or any(int(o) > 254 for o in octets):
        raise refuse(
            value,
            "this tool takes one IPv4 address here, each part from 0 to 254.",
            "Names and IPv6 addresses are not taken by this generation of the tool.",
        )


def chap_user(value: Value, _given: Given) -> None:
    """At most 50 characters, without white space."""
    found = _text(value)
    if len(found) > MAX_CHAP or _SPACE.search(found):
        raise refuse(
            value, f"a CHAP user has at most {MAX_CHAP} characters and no blanks.", "Shorten it."
        )


def target(value: Value, _given: Given) -> None:
    """The name of an iSCSI target."""
    if not _IQN.fullmatch(_text(value)):
        raise refuse(
            value, "a target is called iqn., eui. or naa. something.", "Pick one of the list."
        )


def lun(value: Value, _given: Given) -> None:
    """A LUN by its GUID, never by its place in a list."""
    found = _text(value)
    if not _LUN.fullmatch(found) or (found.isdigit() and len(found) < 4):
        raise refuse(
            value,
            "a LUN is named by its GUID (WWID), as multipath shows it.",
            "Numbers of a printed list differ from host to host: give the GUID.",
        )


def word(value: Value, _given: Given) -> None:
    """Letters, digits, dash and underscore."""
    if not _WORD.fullmatch(_text(value)):
        raise refuse(value, "only letters, digits, - and _ are allowed.", "Use no other signs.")


def not_blank(value: Value, _given: Given) -> None:
    """Something that is not only blanks."""
    if not _text(value).strip():
        raise refuse(value, "this must not be empty.", "Give a name.")


def full_name(value: Value, _given: Given) -> None:
    """A fully qualified domain name: the tool's letters, no address, a domain part."""
    found = _text(value)
    if is_address(found) or re.fullmatch(r"[0-9.]+", found):
        raise refuse(value, "this is an address; a name is needed.", "Give the full DNS name.")
    if len(found) > MAX_NAME:
        raise refuse(value, f"a name has at most {MAX_NAME} characters.", "Shorten it.")
    labels = found.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise refuse(
            value,
            "a name has letters, digits, dots and dashes, each part beginning and ending with a"
            " letter or digit.",
            "Write for instance engine.example.com.",
        )


def engine_name(value: Value, given: Given) -> None:
    """The engine's name: full, and not the one of this host."""
    full_name(value, given)
    if "." not in _text(value):
        raise refuse(value, "the domain part is missing.", "Write for instance engine.example.com.")
    host = given.get("host_fqdn")
    if isinstance(host, str) and host.lower() == _text(value).lower():
        raise refuse(
            value, "this is the name of the host itself.", "The engine needs a name of its own."
        )


def connection(value: Value, given: Given) -> None:
    """`host:/path`; an IPv6 address in brackets; never the root of the server."""
    found = _text(value)
    host, path = _split_connection(found)
    if not host or not path.startswith("/") or _SPACE.search(found):
        raise refuse(
            value, "this is not HOST:/PATH.", "Write for instance storage.example.com:/exports/he."
        )
    if not path.strip("/"):
        raise refuse(value, "the root of a server cannot be used.", "Name an export below it.")
    if not _is_host(host):
        raise refuse(
            value, f"{quoted(host)} is neither a name nor an address.", "IPv6 stands in brackets."
        )


def _is_host(host: str) -> bool:
    if host.startswith("["):
        return is_address(host[1:-1])
    return is_address(host) or all(_LABEL.fullmatch(label) for label in host.split("."))


def _split_connection(found: str) -> tuple[str, str]:
    if found.startswith("["):
        host, bracket, rest = found.partition("]")
        return (host + bracket, rest[1:]) if rest.startswith(":") else ("", "")
    host, _colon, path = found.partition(":")
    return host, path


def options(value: Value, _given: Given) -> None:
    """Mount options: one word, comma-separated."""
    if _SPACE.search(_text(value)) or _text(value).startswith("-"):
        raise refuse(value, "mount options are one word, parted by commas.", "Leave blanks out.")


def nic(value: Value, _given: Given) -> None:
    """A name the kernel takes for an interface; not loopback, no team device."""
    found = _text(value)
    if not _NIC.fullmatch(found) or found == "lo":
        raise refuse(value, "this is not a network card.", "Pick one of the list.")


def cpu_model(value: Value, _given: Given) -> None:
    """`model_X` of a known family."""
    found = _text(value)
    if not found.startswith("model_") or found.removeprefix("model_") not in CPU_FAMILIES:
        raise refuse(
            value,
            "the tool knows model_ and one of: " + ", ".join(CPU_FAMILIES) + ".",
            "Pick one of the list.",
        )


def mac(value: Value, _given: Given) -> None:
    """Six pairs, unicast (the second digit even), nothing behind them."""
    found = _text(value)
    if not _MAC.fullmatch(found) or found == "00:00:00:00:00:00":
        raise refuse(
            value,
            "a unicast MAC address is six pairs of digits; the second digit is even.",
            "Write for instance 00:16:3e:12:34:56.",
        )


def mail_server(value: Value, given: Given) -> None:
    """Lower-case letters, digits, dot and dash."""
    found = _text(value)
    if not _MAIL_DOMAIN.fullmatch(found):
        raise refuse(
            value, "a mail server has lower-case letters, digits, dots and dashes.", "Rewrite it."
        )


def mail_address(value: Value, _given: Given) -> None:
    """One address: local part, @, lower-case domain."""
    local, at, domain = _text(value).partition("@")
    if not at or not _MAIL_LOCAL.fullmatch(local) or not _MAIL_DOMAIN.fullmatch(domain):
        raise refuse(
            value, "this is not a mail address with a lower-case domain.", "Write user@example.com."
        )


def mail_addresses(value: Value, given: Given) -> None:
    """One address or more."""
    for part in value if isinstance(value, tuple) else (value,):
        mail_address(part, given)


def vm_address(value: Value, given: Given) -> None:
    """The machine's address, with or without prefix; with one: in the gateway's subnet."""
    found = _text(value)
    try:
        interface = ipaddress.ip_interface(found)
    except ValueError:
        raise refuse(
            value, "this is not an IP address with its prefix.", "Write 192.0.2.10/24."
        ) from None
    plain, network = interface.ip, interface.network
    if plain.is_multicast or plain.is_loopback or plain.is_unspecified:
        raise refuse(value, "this address cannot be a machine's own.", "Give a unicast address.")
    if "/" not in found or network.num_addresses <= 2:
        return
    if plain in (network.network_address, network.broadcast_address):
        raise refuse(
            value, f"it is the network or broadcast address of {network}.", "Give another one."
        )
    gateway = given.get("gateway")
    if isinstance(gateway, str) and is_address(gateway):
        if ipaddress.ip_address(gateway) not in network:
            raise refuse(
                value,
                f"the gateway {gateway} is not in {network}.",
                "The engine must be in the subnet of host and gateway; routes are not set up.",
            )
        if ipaddress.ip_address(gateway) == plain:
            raise refuse(value, "it is the gateway's own address.", "Give another one.")


def name_servers(value: Value, given: Given) -> None:
    """At most three addresses."""
    found = value if isinstance(value, tuple) else (value,)
    if len(found) > MAX_DNS:
        raise refuse(value, f"at most {MAX_DNS} name servers are taken.", "Leave some out.")
    for part in found:
        address(part, given)


def public_key(value: Value, _given: Given) -> None:
    """One line of an OpenSSH public key, whose inside says the same type as its front."""
    parts = _text(value).split(None, 2)
    try:
        if len(parts) < 2 or not _KEY_TYPE.fullmatch(parts[0]):
            raise ValueError
        inner = base64.b64decode(parts[1], validate=True)
        length = int.from_bytes(inner[:4], "big")
        if inner[4 : 4 + length] != parts[0].encode() or len(inner) <= 4 + length:
            raise ValueError
    except (ValueError, binascii.Error):
        raise refuse(
            value, "this is not an OpenSSH public key.", "Paste one line of a .pub file."
        ) from None


def memory(value: Value, given: Given) -> None:
    """MiB; under the minimum only with the further yes that the tool asks for."""
    between(512, 1 << 24, "Memory in MB")(value, given)


def confirms_small(name: str, least: int, unit: str) -> Check:
    """A size under the tool's minimum is asked about once more, and its No asks for it again."""

    def check(value: Value, given: Given) -> None:
        if value is not True:
            raise refuse(
                "no",
                f"{given.get(name)} {unit} is less than the {least} the tool wants.",
                f"Give at least {least}, or say yes to take less.",
            )

    return check


def data_center_and_cluster(value: Value, given: Given) -> None:
    """The cluster Default belongs to the data centre Default."""
    word(value, given)
    center = given.get("data_center")
    if value == "Default" and isinstance(center, str) and center != "Default":
        raise refuse(
            value,
            f"the cluster Default belongs to the data centre Default, not to {center}.",
            "Name a cluster of that data centre.",
        )


MEMORY_REMEDY = f"At least {MINIMUM_MEMORY_MB} MB are needed."
