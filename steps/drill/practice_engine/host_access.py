"""How the practice engine gets onto practice hosts, and what it leaves there: real files of theirs.

Where a host of the world was not built there is nothing to look at: then it is let in.
"""

from __future__ import annotations

import hmac
from pathlib import Path

from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.places import EnginePlaces
from steps.drill.practice_hosts.places import HostPlaces
from steps.drill.practice_hosts.world import Facts

AUTHORIZED = "root/.ssh/authorized_keys"
CONFIGURATION = "etc/ovirt-hosted-engine/hosted-engine.conf"


def public_key(places: EnginePlaces) -> str:
    """The engine's own key for hosts, one line as OpenSSH writes it."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    certificate = x509.load_pem_x509_certificates(places.identity.read_bytes())[0]
    key = certificate.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return f"{key.decode()} ovirt-engine\n"


def lets_in(folder: Path | None, address: str, password: str, *, by_key: bool) -> bool:
    """Whether root of that host is entered with this password, or by the engine's key."""
    if folder is None or not HostPlaces(folder).root(address).exists():
        return True
    places = HostPlaces(folder)
    if not by_key:
        right = places.password_file.read_text().strip()
        return hmac.compare_digest(right.encode(), password.encode())
    file = places.root(address) / AUTHORIZED
    known = file.read_text() if file.exists() else ""
    return public_key(EnginePlaces(folder)).split()[1] in known.split()


def deployed(folder: Path | None, facts: Facts, address: str) -> None:
    """What a deployment of the engine's availability leaves on the host."""
    facts["hosts"][address]["services"].update(
        {name: "active" for name in ("vdsmd", "sanlock", "ovirt-ha-agent", "ovirt-ha-broker")}
    )
    root = HostPlaces(folder).root(address) if folder is not None else None
    if root is None or not root.exists():
        return
    machines = facts[db.KEY]["machines"]
    engine = next((m["id"] for m in machines if m["origin"] == "managed_hosted_engine"), "")
    (root / CONFIGURATION).parent.mkdir(parents=True, exist_ok=True)
    (root / CONFIGURATION).write_text(
        f"fqdn={facts['engine']['fqdn']}\nvmid={engine}\nhost_id={facts['hosts'][address]['id']}\n"
    )
