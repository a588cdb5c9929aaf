"""A secret typed at the terminal, unseen."""

from __future__ import annotations

import sys

from config.errors import InvalidInput
from config.secrets import Secret


def ask_secret(title: str) -> Secret:
    """Ask for it; raises InvalidInput where there is no terminal to type it at."""
    if not sys.stdin or not sys.stdin.isatty():
        raise InvalidInput(
            f"{title}: this secret must be typed, but there is no terminal.",
            "Let the reference name a file, an environment variable or a keyring entry.",
        )
    from getpass import getpass

    return Secret(getpass(f"{title}: "))
