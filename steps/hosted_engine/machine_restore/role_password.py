"""A role's password as PostgreSQL stores it, made here: the password itself never goes into SQL.

Statements stand in the server's log and in pg_stat_activity; a stored form is of no use to log in.
Facts: RFC 5802, RFC 7677, and PostgreSQL's manual on pg_authid. Pure.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from typing import Final

from config.errors import InvalidInput

ITERATIONS: Final = 4096
_MOST_ITERATIONS: Final = 1_000_000
_STORED: Final = re.compile(
    r"SCRAM-SHA-256\$(\d{1,7}):([A-Za-z0-9+/=]{4,200})\$([A-Za-z0-9+/=]{4,200}):"
    r"([A-Za-z0-9+/=]{4,200})"
)


def check_password(password: str) -> None:
    """Raises InvalidInput for a password that does not pass through all the tools in between."""
    if not password:
        raise InvalidInput("The database user's password is empty.")
    if any(not " " <= letter <= "~" for letter in password):
        raise InvalidInput(
            "The database user's password holds a letter that is not plain ASCII.",
            "engine-backup reads the first line of a file: choose letters, digits and signs.",
        )


def stored_password(user: str, password: str, method: str) -> str:
    """As the server stores it by that `password_encryption`: scram-sha-256, else md5."""
    if method.strip().lower() == "scram-sha-256":
        return _scram(password, secrets.token_bytes(16), ITERATIONS)
    return _md5(user, password)


def is_password(stored: str, user: str, password: str) -> bool:
    """Whether that is what the server has stored."""
    match = _STORED.fullmatch(stored)
    if match is None:
        return hmac.compare_digest(stored.encode(), _md5(user, password).encode())
    try:
        salt = base64.b64decode(match[2], validate=True)
    except ValueError:
        return False
    rounds = int(match[1])
    if not 0 < rounds <= _MOST_ITERATIONS:
        return False
    return hmac.compare_digest(stored, _scram(password, salt, rounds))


def _md5(user: str, password: str) -> str:
    # What servers before 10 know; nothing of ours is protected by it.
    digest = hashlib.md5((password + user).encode(), usedforsecurity=False).hexdigest()
    return f"md5{digest}"


def _scram(password: str, salt: bytes, rounds: int) -> str:
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored = hashlib.sha256(client).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    words = (base64.b64encode(part).decode("ascii") for part in (salt, stored, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(rounds, *words)
