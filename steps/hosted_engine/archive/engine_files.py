"""The few facts that are taken from the engine's own files: its name, its CA, its databases.

Passwords stand in the same files. Only the settings named here are ever kept.
"""

from __future__ import annotations

import hashlib
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

MAX_FILE_BYTES: Final = 256 << 10

_DATABASES: Final = {
    "db": "ENGINE_DB", "dwhdb": "DWH_DB", "reportsdb": "REPORTS_DB",
    "cinderlibdb": "CINDERLIB_DB", "keycloakdb": "KEYCLOAK_DB",
    "managedblockdb": "MANAGEDBLOCK_DB",
}  # fmt: skip
"""What the settings of a database begin with, by the scope of its dump."""

_ASKED_OF_EACH: Final = (
    "HOST", "PORT", "DATABASE", "USER", "SECURED", "SECURED_VALIDATION",
)  # fmt: skip
_SETTINGS: Final = frozenset(
    {"ENGINE_FQDN"}
    | {f"{start}_{what}" for start in _DATABASES.values() for what in _ASKED_OF_EACH}
)
_SETUP_KEYS: Final = {
    "OVESETUP_CONFIG/fqdn": "fqdn",
    "OVESETUP_ENGINE_CONFIG/fqdn": "fqdn",
    "OVESETUP_DWH_CORE/enable": "dwh",
}
_CONF: Final = re.compile(r"etc/ovirt-engine(-dwh|-reports)?/[^/]+\.conf\.d/[^/]+\.conf")
_SETUP: Final = re.compile(r"etc/ovirt-engine-setup\.conf\.d/[^/]+\.conf")
_CA: Final = "etc/pki/ovirt-engine/ca.pem"
_DWH_DATABASE: Final = "etc/ovirt-engine-dwh/ovirt-engine-dwhd.conf.d/10-setup-database.conf"


def is_wanted(name: str) -> bool:
    """Whether a file of the engine, by its path without the first slash, says one of the facts."""
    return name == _CA or bool(_CONF.fullmatch(name) or _SETUP.fullmatch(name))


@dataclass(frozen=True, slots=True)
class DatabaseThere:
    """Where a database was when the backup was made, by its scope; None is not known."""

    scope: str
    host: str | None = None
    port: int | None = None
    name: str | None = None
    user: str | None = None
    secured: bool | None = None
    validated: bool | None = None

    @property
    def is_told(self) -> bool:
        """Whether more than its host is known of it."""
        return (self.port, self.name, self.user, self.secured) != (None, None, None, None)


@dataclass(slots=True)
class EngineFiles:
    """What was found so far; files of one folder count in the order of their names."""

    _found: dict[str, tuple[str, str]] = field(default_factory=dict)
    dwh_configured: bool = False
    ca_fingerprint: str | None = None
    """SHA-256 of the CA's certificate, as `openssl x509 -noout -fingerprint -sha256` prints it."""

    def take(self, name: str, data: bytes) -> None:
        """Learn from one file."""
        if name == _CA:
            self.ca_fingerprint = _fingerprint(data)
            return
        if name == _DWH_DATABASE:
            self.dwh_configured = True
        pairs = _setup_pairs(data) if _SETUP.fullmatch(name) else _conf_pairs(data)
        for key, value in pairs:
            if key not in self._found or self._found[key][0] <= name:
                self._found[key] = (name, value)

    def _value(self, key: str) -> str | None:
        return self._found[key][1] or None if key in self._found else None

    @property
    def engine_fqdn(self) -> str | None:
        return self._value("ENGINE_FQDN") or self._value("fqdn")

    @property
    def engine_db_host(self) -> str | None:
        return self._value("ENGINE_DB_HOST")

    @property
    def dwh_db_host(self) -> str | None:
        return self._value("DWH_DB_HOST")

    def database(self, scope: str) -> tuple[str | None, int | None, bool | None]:
        """Host, port, and whether the connection was secured; None is not known."""
        found = self.place(scope)
        return found.host, found.port, found.secured

    def place(self, scope: str) -> DatabaseThere:
        """Everything that is known of where it was."""
        start = _DATABASES.get(scope, "")
        port = self._value(f"{start}_PORT")
        return DatabaseThere(
            scope,
            self._value(f"{start}_HOST"),
            int(port) if port and port.isascii() and port.isdigit() and len(port) < 6 else None,
            self._value(f"{start}_DATABASE"),
            self._value(f"{start}_USER"),
            self._flag(f"{start}_SECURED"),
            self._flag(f"{start}_SECURED_VALIDATION"),
        )

    @property
    def places(self) -> tuple[DatabaseThere, ...]:
        """Every database of which more than the host is known."""
        found = (self.place(scope) for scope in _DATABASES)
        return tuple(place for place in found if place.is_told)

    def _flag(self, key: str) -> bool | None:
        value = self._value(key)
        return None if value is None else value.casefold() == "true"

    @property
    def dwh_enabled(self) -> bool:
        return self.dwh_configured or self._value("dwh") == "True"


def _fingerprint(data: bytes) -> str | None:
    """Of the first certificate; None where there is none."""
    start = data.find(b"-----BEGIN CERTIFICATE-----")
    text = data[max(start, 0) :].decode("ascii", "replace")
    first, found, _ = text.partition(ssl.PEM_FOOTER)
    try:
        certificate = ssl.PEM_cert_to_DER_cert(first + found)
    except ValueError:
        return None
    return hashlib.sha256(certificate).digest().hex(":").upper() if certificate else None


def _conf_pairs(data: bytes) -> Iterator[tuple[str, str]]:
    """`NAME=value` or `NAME="value"` of the settings that are wanted."""
    for line in data.decode("utf-8", "replace").splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and name in _SETTINGS:
            yield name, value.strip().strip("\"'")


def _setup_pairs(data: bytes) -> Iterator[tuple[str, str]]:
    """`KEY=type:value` of the keys that are wanted."""
    for line in data.decode("utf-8", "replace").splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and key in _SETUP_KEYS:
            yield _SETUP_KEYS[key], value.partition(":")[2].strip()
