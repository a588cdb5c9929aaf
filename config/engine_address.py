"""How an engine is addressed in a site file: its URL and the account."""

from __future__ import annotations

from urllib.parse import urlsplit

from config import checked_fields as read
from config.errors import InvalidInput
from config.showing import quoted
from config.yaml_marks import Data

PATHS = ("", "/api", "/ovirt-engine", "/ovirt-engine/api")
"""Paths that the URL may come with; which of them is asked is found out."""


def engine_origin(value: Data) -> str:
    """https://FQDN[:PORT]; the paths that operators paste along with it are known and dropped."""
    found = read.text(value)
    try:
        parts = urlsplit(found)
        usable = parts.scheme == "https" and parts.hostname is not None and parts.port != 0
    except ValueError:
        usable = False
    known = usable and parts.path.rstrip("/") in PATHS
    if not known or parts.query or parts.fragment or "@" in parts.netloc:
        raise InvalidInput(
            f"{quoted(found)} is not the URL of an engine.",
            "Write https://FQDN, the name that its certificate is made for.",
        )
    read.host(parts.hostname or "")
    return f"https://{parts.netloc.lower()}"


def engine_user(value: Data) -> str:
    """An account with its profile."""
    found = read.text(value)
    name, _at, profile = found.partition("@")
    if not name or not profile or " " in found:
        raise InvalidInput(
            f"{quoted(found)} is not an engine's account.",
            "Write the user with the profile: admin@internal, or with Keycloak "
            "admin@ovirt@internalsso.",
        )
    return found
