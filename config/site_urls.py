"""Addresses in the site file: hypervisors and directories."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from config import checked_fields as read
from config.errors import InvalidInput
from config.showing import quoted
from config.yaml_marks import Data


def hypervisor_uri(value: Data) -> str:
    """The URI of a QEMU hypervisor; raises InvalidInput."""
    found = read.text(value)
    driver = found.split("://", 1)[0].split("+")[0] if "://" in found else ""
    if driver not in ("qemu", "test"):
        raise InvalidInput(
            f"{quoted(found)} is not the URI of a QEMU hypervisor.",
            "Write for instance qemu:///system, qemu:///session or qemu+ssh://root@HOST/system.",
        )
    return found


def ldap_url(value: Data) -> str:
    """The URL of a directory, or of its socket; raises InvalidInput."""
    found = read.text(value)
    try:
        parts = urlsplit(found)
        usable = parts.scheme in ("ldap", "ldaps", "ldapi") and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not _plain_url(parts.netloc, parts.path + parts.query + parts.fragment):
        raise InvalidInput(
            f"{quoted(found)} is not the URL of a directory.",
            "Write ldap://HOST[:PORT], ldaps://HOST[:PORT] or ldapi://%2FPATH%2FOF%2FSOCKET.",
        )
    if parts.scheme == "ldapi":
        _check_socket(found, unquote(parts.netloc))
    elif parts.hostname is not None:
        read.host(parts.hostname)
    return found


def _plain_url(place: str, rest: str) -> bool:
    return bool(place) and "@" not in place and rest in ("", "/")


def _check_socket(found: str, socket: str) -> None:
    if not socket.startswith("/"):
        raise InvalidInput(
            f"{quoted(found)} does not name a socket.", "Write its path with %2F for each /."
        )
