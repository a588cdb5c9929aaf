"""An engine's CA: fetched, shown with its fingerprint, kept once an operator has confirmed it.

The folder of known CAs has a PEM file for each engine, named HOST_PORT.pem. It is read by OpenSSL
as it is, and an engine is forgotten by removing its file.
"""

from __future__ import annotations

import hashlib
import secrets
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from config.errors import InvalidInput, Refused, Unreachable
from config.paths import known_cas_folder
from config.site import EngineAccess
from steps.targets.engine_pages import SECONDS, Answer, fetch, unverified
from steps.targets.files import remove_durably, rename_without_replacing, write_atomically
from steps.targets.os_errors import explaining

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

PLACES: Final = (
    "/ovirt-engine/services/pki-resource?resource=ca-certificate&format=X509-PEM-CA",
    "/ca.crt",
)
"""Where a CA is served: from 3.5 on, and up to 3.6."""

_LARGEST_FILE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class EngineCa:
    """The certificates of one CA as PEM, and how an operator compares them."""

    pem: bytes
    fingerprint: str
    """SHA-256 of the first, as `openssl x509 -noout -fingerprint -sha256` prints it."""
    subject: str
    ends: str
    """The day it ends, ISO."""


class UnknownEngineCa(Refused):
    """The engine's CA has not been accepted yet. Show it, ask, then call `accept`."""

    def __init__(self, origin: str, ca: EngineCa, file: Path) -> None:
        super().__init__(
            f"The CA of the engine {origin} is not known: {ca.subject}, until {ca.ends}, "
            f"SHA-256 {ca.fingerprint}.",
            "Compare the fingerprint with what `openssl x509 -noout -fingerprint -sha256 -in "
            "/etc/pki/ovirt-engine/ca.pem` shows on the engine's machine, then accept it with "
            f"`rekindle site --trust-engine`. It is kept in {file}.",
        )
        self.origin = origin
        self.ca = ca
        self.file = file

    @property
    def fingerprint(self) -> str:
        """As `openssl x509 -fingerprint -sha256` prints it."""
        return self.ca.fingerprint

    def accept(self) -> None:
        """Keep exactly the CA that was shown. Raises Refused where another got in meanwhile."""
        keep_ca(self.file, self.ca)


class ChangedEngineCa(Refused):
    """The engine comes with another CA than the one that is trusted.

    It is accepted by nobody but an operator who has renewed it: see `replace_ca`.
    """

    def __init__(self, access: EngineAccess, shown: EngineCa, trusted: EngineCa) -> None:
        file = trust_file(access)
        super().__init__(
            f"The CA of the engine {access.url} has changed: it was SHA-256 {trusted.fingerprint} "
            f"and now is SHA-256 {shown.fingerprint}. Someone may be listening in, or the engine "
            "was set up anew.",
            "A restore keeps the CA of its backup. If the engine was set up anew on purpose, move "
            f"{file} away and connect again.",
        )
        self.access = access
        self.shown = shown
        self.trusted = trusted
        self.file = file

    def replace_ca(self) -> Path:
        """Trust the CA that was shown from now on; returns where the one before is kept.

        Raises Refused where the engine's certificate is not of that CA, or where the site file
        names the CA's file: that one is the operator's own.
        """
        if self.access.ca_file is not None:
            raise Refused(
                f"The site file names {self.file} as the engine's CA; it is never written here.",
                "Put the engine's new CA there yourself, from /etc/pki/ovirt-engine/ca.pem on its "
                "machine, then retry.",
            )
        _shake_hands(self.access.url, verifying(self.shown), SECONDS)
        return renew_ca(self.file, self.shown)


def read_ca(pem: bytes, source: str) -> EngineCa:
    """The CA in a PEM text. Raises InvalidInput where there is none, or it is no CA."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes

    nonsense = (ValueError, x509.InvalidVersion, x509.DuplicateExtension, UnsupportedAlgorithm)
    try:
        first = x509.load_pem_x509_certificates(pem)[0]
        digest = first.fingerprint(hashes.SHA256()).hex(":").upper()
        subject = first.subject.rfc4514_string()
        ends = first.not_valid_after_utc.date().isoformat()
        signs = _signs(first)
    except nonsense as error:
        raise InvalidInput(
            f"{source} is no certificate: {str(error)[:160] or 'it cannot be read'}.",
            "A PEM text is expected: -----BEGIN CERTIFICATE----- and so on.",
        ) from error
    if not signs:
        raise InvalidInput(
            f"{source} is a certificate of {subject}, but not one of a CA.",
            "Give the certificate of the CA that signed it.",
        )
    return EngineCa(pem, digest, _printable(subject), ends)


def _signs(certificate: Certificate) -> bool:
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return False
    return found.value.ca


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)[:200]


def fetch_ca(origin: str, seconds: float = SECONDS) -> EngineCa:
    """The CA as the engine offers it, unverified: show it before it is trusted.

    Raises Unreachable where it does not answer or is only starting, InvalidInput for nonsense.
    """
    answers = []
    for place in PLACES:
        answer = fetch(origin + place, unverified(), seconds)
        if answer.status == 200 and b"-----BEGIN CERTIFICATE-----" in answer.body:
            return read_ca(answer.body, origin + place)
        answers.append(answer)
    raise _no_ca(origin, answers)


def _no_ca(origin: str, answers: list[Answer]) -> Unreachable:
    seen = "; ".join(f"{a.url} answers {a.status} {a.media}" for a in answers)
    return Unreachable(
        f"The engine {origin} does not offer its CA: {seen}.",
        "It may still be starting: try again in a minute. If its web server has a certificate of "
        "another CA, name that as `ca_file` in the site file.",
    )


def trust_file(access: EngineAccess) -> Path:
    """The file that says which CA is trusted for this engine; it need not be there."""
    if access.ca_file is not None:
        return access.ca_file
    parts = urlsplit(access.url)
    name = (parts.hostname or "").replace(":", "-")
    return (access.known_cas or known_cas_folder()) / f"{name}_{parts.port or 443}.pem"


def trusted_ca(access: EngineAccess, seconds: float = SECONDS) -> Path:
    """The file of the trusted CA, after a handshake that it held.

    Raises UnknownEngineCa, ChangedEngineCa, Refused where the certificate does not hold for another
    reason, InvalidInput for a CA file that cannot be read, Unreachable.
    """
    file = trust_file(access)
    if access.ca_file is None and not file.exists():
        shown = fetch_ca(access.url, seconds)
        _shake_hands(access.url, verifying(shown), seconds)
        raise UnknownEngineCa(access.url, shown, file)
    known = kept_ca(file)
    try:
        _greet(access.url, verifying(known), seconds)
    except ssl.SSLCertVerificationError as error:
        raise distrusted(access, error, seconds) from error
    return file


def kept_ca(file: Path) -> EngineCa:
    """The CA in a file. Raises InvalidInput."""
    with explaining(f"Cannot read the engine's CA in {str(file)!r}"), open(file, "rb") as stream:
        return read_ca(stream.read(_LARGEST_FILE), str(file))


def verifying(ca: EngineCa) -> ssl.SSLContext:
    """Trusts this CA and no other; the host's name must be in the certificate.

    Raises InvalidInput for a CA that OpenSSL cannot use.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=ca.pem.decode("ascii", "ignore"))
    except ssl.SSLError as error:
        raise InvalidInput(
            f"The CA {ca.subject}, SHA-256 {ca.fingerprint}, cannot be used: {error}.",
            "Fetch it again from the engine's machine: /etc/pki/ovirt-engine/ca.pem.",
        ) from error
    return context


def trusted_context(access: EngineAccess) -> ssl.SSLContext:
    """Trusts the CA of this engine where one is kept; else nothing is verified."""
    file = trust_file(access)
    return verifying(kept_ca(file)) if access.ca_file or file.exists() else unverified()


def distrusted_now(access: EngineAccess, seconds: float = SECONDS) -> Refused | None:
    """Why the engine's certificate does not hold; None where it does by now."""
    try:
        trusted_ca(access, seconds)
    except Refused as refused:
        return refused
    except Unreachable:
        return None
    return None


def distrusted(
    access: EngineAccess, error: ssl.SSLCertVerificationError, seconds: float = SECONDS
) -> Refused:
    """Why the engine's certificate does not hold: another CA, or anything else."""
    file = trust_file(access)
    try:
        known, shown = kept_ca(file), fetch_ca(access.url, seconds)
    except (InvalidInput, Unreachable):
        return _not_held(access.url, error)
    if shown.fingerprint != known.fingerprint:
        return ChangedEngineCa(access, shown, known)
    return _not_held(access.url, error)


def _not_held(origin: str, error: ssl.SSLCertVerificationError) -> Refused:
    return Refused(
        f"The certificate of {origin} does not hold: {error.verify_message or error}.",
        "Use the name the certificate is made for; look at clocks and at the day it ends. If the "
        "web server has a certificate of another CA, name that as `ca_file` in the site file.",
    )


def _shake_hands(origin: str, context: ssl.SSLContext, seconds: float) -> None:
    try:
        _greet(origin, context, seconds)
    except ssl.SSLCertVerificationError as error:
        raise _not_held(origin, error) from error


def _greet(origin: str, context: ssl.SSLContext, seconds: float) -> None:
    """A TLS handshake and no more. SSLCertVerificationError goes through."""
    parts = urlsplit(origin)
    host, port = parts.hostname or "", parts.port or 443
    try:
        with (
            socket.create_connection((host, port), seconds) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return
    except ssl.SSLCertVerificationError:
        raise
    except OSError as error:
        raise Unreachable(
            f"The engine {parts.netloc} does not answer: {error.strerror or error}.",
            "Look whether its machine and its web server run.",
        ) from error


def keep_ca(file: Path, ca: EngineCa) -> None:
    """Keep a CA that the operator has confirmed: whole, mode 0600, never over another one."""
    with explaining(f"Cannot keep the engine's CA in {str(file)!r}"):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    write_atomically(str(temporary), ca.pem, 0o600)
    try:
        rename_without_replacing(str(temporary), str(file))
    except Refused:
        if kept_ca(file).fingerprint != ca.fingerprint:
            raise
    finally:
        remove_durably(str(temporary))


def renew_ca(file: Path, ca: EngineCa) -> Path:
    """Put a CA that the operator has confirmed in the place of the one before, which is kept beside
    it; returns where. At no time is there no file, and a second call changes nothing more.
    """
    with explaining(f"Cannot renew the engine's CA in {str(file)!r}"):
        before = file.read_bytes()
        aside = file.with_name(f"{file.name}.before-{hashlib.sha256(before).hexdigest()[:16]}")
        if before != ca.pem:
            write_atomically(str(aside), before, 0o600)
            write_atomically(str(file), ca.pem, 0o600)
    return aside
