"""SSH keys of a practice site: the operator's, and one a host."""

from __future__ import annotations

from pathlib import Path

import paramiko

from steps.drill.practice_hosts.places import HostPlaces


def make_key(file: Path) -> None:
    """Write a new private key, 0600, in place of one that is there."""
    # paramiko cannot make keys of this kind; the library below it can, and it is there with it.
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    text = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )  # fmt: skip
    file.touch(mode=0o600)
    file.write_bytes(text)


def host_key(places: HostPlaces, name: str) -> paramiko.PKey:
    """A host's own key."""
    return paramiko.Ed25519Key.from_private_key_file(str(places.host_key(name)))
