"""Host keys: which are known, which are revoked, and how a new one is accepted.

The file is OpenSSH's known_hosts. Plain and hashed names, patterns with `*`, `?` and `!`, and the
mark `@revoked` count; `@cert-authority` lines do not (certificates are not used here).
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import fnmatch
import hashlib
import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.errors import Refused
from steps.targets.files import write_atomically
from steps.targets.os_errors import explaining

_LARGEST_FILE = 16 << 20
SYSTEM_FILE = Path("/etc/ssh/ssh_known_hosts")


@dataclass(frozen=True, slots=True)
class HostKey:
    """A public host key as the server showed it."""

    key_type: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` prints it: `SHA256:...`."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode("ascii")
        return "SHA256:" + digest.rstrip("=")


class UnknownHostKey(Refused):
    """The host's key has not been accepted yet. Show it, ask, then call `accept`."""

    def __init__(self, host: str, port: int, key: HostKey, known_hosts: Path) -> None:
        super().__init__(
            f"The host key of {host} port {port} is not known: {key.key_type} {key.fingerprint}.",
            "Compare the fingerprint with what `ssh-keygen -lf` shows on the host itself, then "
            f"accept it here or connect once with `ssh -p {port} {host}`. "
            f"It is looked up in {known_hosts}.",
        )
        self.host = host
        self.port = port
        self.key = key
        self.known_hosts = known_hosts

    @property
    def key_type(self) -> str:
        """For instance `ssh-ed25519`."""
        return self.key.key_type

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` prints it."""
        return self.key.fingerprint

    def accept(self) -> None:
        """Note exactly the key that was shown as this host's."""
        accept_host_key(self.known_hosts, self.host, self.port, self.key)


class ChangedHostKey(Refused):
    """The host shows another key than the one it had. It is never accepted here."""

    def __init__(self, host: str, port: int, key: HostKey, known: HostKey, file: Path) -> None:
        super().__init__(
            f"The host key of {host} port {port} has changed: it was {known.key_type} "
            f"{known.fingerprint} and now is {key.key_type} {key.fingerprint}. "
            "Someone may be listening in, or the host was installed anew.",
            f"If the host was installed anew, remove the old key with `ssh-keygen -f {file} "
            f"-R '{lookup_name(host, port)}'` and connect again.",
        )


def lookup_name(host: str, port: int) -> str:
    """The name a host goes by in known_hosts."""
    return host.lower() if port == 22 else f"[{host.lower()}]:{port}"


def known_host_keys(text: str, host: str, port: int) -> Iterator[tuple[str, HostKey]]:
    """(mark, key) of each line for that host; the mark is empty or `@revoked`.

    Lines that make no sense are passed over, as ssh does.
    """
    name = lookup_name(host, port)
    for line in text.splitlines():
        fields = line.split()
        mark = fields.pop(0) if fields and fields[0].startswith("@") else ""
        if mark not in ("", "@revoked") or len(fields) < 3 or fields[0].startswith("#"):
            continue
        if _names(fields[0], name):
            try:
                yield mark, HostKey(fields[1], base64.b64decode(fields[2], validate=True))
            except (binascii.Error, ValueError):
                continue


def _names(patterns: str, name: str) -> bool:
    if patterns.startswith("|1|"):
        return _hashes_to(patterns, name)
    found = False
    for pattern in patterns.lower().split(","):
        plain = pattern.lstrip("!").replace("[", "[[]")  # brackets are no pattern here
        if fnmatch.fnmatchcase(name, plain):
            if pattern.startswith("!"):
                return False
            found = True
    return found


def _hashes_to(hashed: str, name: str) -> bool:
    try:
        salt, digest = (base64.b64decode(part) for part in hashed[3:].split("|"))
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.digest(salt, name.encode(), "sha1"), digest)


def read_known_hosts(file: Path) -> str:
    """The text of a known_hosts file; empty where there is none."""
    with explaining(f"Cannot read the known hosts in {str(file)!r}"):
        try:
            with open(file, "rb") as stream:
                return stream.read(_LARGEST_FILE).decode("utf-8", "replace")
        except FileNotFoundError:
            return ""


def known_types(files: tuple[Path, ...], host: str, port: int) -> tuple[str, ...]:
    """The key types this host is known by, so that it can be asked for one of them."""
    found = (known_host_keys(read_known_hosts(file), host, port) for file in files)
    return tuple(key.key_type for keys in found for mark, key in keys if not mark)


def check_host_key(files: tuple[Path, ...], host: str, port: int, shown: HostKey) -> None:
    """Return only where the key is known to be this host's. The first file is the operator's own.

    Raises UnknownHostKey where nothing is known of the host, ChangedHostKey where another key is,
    Refused where the key is revoked.
    """
    other: tuple[HostKey, Path] | None = None
    known = False
    for file in files:
        for mark, key in known_host_keys(read_known_hosts(file), host, port):
            same = key == shown
            if same and mark:
                raise Refused(
                    f"The host key of {host} port {port} is revoked in {file}: {key.fingerprint}.",
                    "Find out why before you trust that host again.",
                )
            known = known or same
            if not mark and (other is None or key.key_type == shown.key_type):
                other = key, file
    if known:
        return
    if other is not None:
        raise ChangedHostKey(host, port, shown, *other)
    raise UnknownHostKey(host, port, shown, files[0])


def accept_host_key(known_hosts: Path, host: str, port: int, key: HostKey) -> None:
    """Add a key that the operator has accepted: atomically, mode 0600.

    Raises Refused where another key of that host got in meanwhile.
    """
    file = Path(os.path.realpath(known_hosts))
    with explaining(f"Cannot write the known hosts in {str(file)!r}"):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)  # two operators may accept at once
            try:
                check_host_key((file,), host, port, key)
            except UnknownHostKey:
                blob = base64.b64encode(key.blob).decode("ascii")
                text = file.read_bytes() if file.exists() else b""
                text += b"" if not text or text.endswith(b"\n") else b"\n"
                line = f"{lookup_name(host, port)} {key.key_type} {blob}\n"
                write_atomically(str(file), text + line.encode(), 0o600)
        finally:
            os.close(directory)
