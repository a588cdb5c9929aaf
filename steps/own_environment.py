"""The environment that our own processes get: the operator's, without secrets."""

from __future__ import annotations

import os
from collections.abc import Iterable

from config.secrets import Secret


def environment_without(secrets: Iterable[Secret]) -> dict[str, str]:
    """This process's environment less every variable that holds one of these secrets.

    A secret may come from a variable (`environment:NAME`); it is handed on by other ways only.
    """
    texts = {secret.reveal().strip() for secret in secrets}
    return {name: value for name, value in os.environ.items() if value.strip() not in texts}
