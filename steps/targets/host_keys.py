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
from contextlib import contextmanager
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
    """The host shows another key than the one it had: refused, unless `renew_host_key` is called
    where somebody knows that the host was installed anew."""

    def __init__(self, host: str, port: int, key: HostKey, known: HostKey, file: Path) -> None:
        super().__init__(
            f"The host key of {host} port {port} has changed: it was {known.key_type} "
            f"{known.fingerprint} and now is {key.key_type} {key.fingerprint}. "
            "Someone may be listening in, or the host was installed anew.",
            f"If the host was installed anew, remove the old key with `ssh-keygen -f {file} "
            f"-R '{lookup_name(host, port)}'` and connect again.",
        )
        self.host = host
        self.port = port
        self.key = key
        self.known = known
        self.known_hosts = file


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
    with _writing(file):
        try:
            check_host_key((file,), host, port, key)
        except UnknownHostKey:
            text = file.read_bytes() if file.exists() else b""
            write_atomically(str(file), _with_line(text, host, port, key), 0o600)


def renew_host_key(known_hosts: Path, host: str, port: int, key: HostKey) -> Path:
    """Put this key in the place of every other one of that host, which was installed anew.

    The file as it was is kept beside it; returns where. Raises Refused where a line with a pattern
    names the host among others, or where the key is revoked: nothing is changed then.
    """
    file = Path(os.path.realpath(known_hosts))
    with _writing(file):
        text = file.read_bytes() if file.exists() else b""
        kept = _without_host(text.decode("utf-8", "surrogateescape"), host, port, key, file)
        aside = _free_name(file)
        write_atomically(str(aside), text, 0o600)
        new = kept.encode("utf-8", "surrogateescape")
        write_atomically(str(file), _with_line(new, host, port, key), 0o600)
    return aside


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    """Nobody else changes it meanwhile: two operators may accept at once."""
    with explaining(f"Cannot write the known hosts in {str(file)!r}"):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)
            yield
        finally:
            os.close(directory)


def _with_line(text: bytes, host: str, port: int, key: HostKey) -> bytes:
    blob = base64.b64encode(key.blob).decode("ascii")
    text += b"" if not text or text.endswith(b"\n") else b"\n"
    return text + f"{lookup_name(host, port)} {key.key_type} {blob}\n".encode()


def _without_host(text: str, host: str, port: int, key: HostKey, file: Path) -> str:
    """The text without that host's keys; its name is taken out of lines that name others too."""
    name, kept = lookup_name(host, port), []
    for line in text.splitlines(keepends=True):
        found = list(known_host_keys(line, host, port))
        if not found:
            kept.append(line)
        elif found[0][0]:
            if found[0][1] == key:
                raise Refused(
                    f"The host key of {host} port {port} is revoked in {file}: {key.fingerprint}.",
                    "Find out why before you trust that host again.",
                )
            kept.append(line)
        else:
            kept.append(_without_name(line, name, file))
    return "".join(kept)


def _without_name(line: str, name: str, file: Path) -> str:
    patterns = line.split()[0]
    if patterns.startswith("|1|"):
        return ""
    others = [one for one in patterns.split(",") if one.lower() != name]
    if _names(",".join(others), name):
        raise Refused(
            f"A line of {file} names {name} among others, by the pattern {patterns}.",
            "Correct that line by hand, then try again.",
        )
    return line.replace(patterns, ",".join(others), 1) if others else ""


def _free_name(file: Path) -> Path:
    for number in range(1, 10_000):
        aside = file.with_name(f"{file.name}.before-renewal-{number}")
        if not aside.exists():
            return aside
    raise Refused(f"{file} was kept aside ten thousand times.", "Remove the old copies.")
