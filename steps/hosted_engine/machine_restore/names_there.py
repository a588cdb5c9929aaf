"""Names and addresses as another host resolves them."""

from __future__ import annotations

import re
from typing import Final

from steps.targets.shell import Shell

_ADDRESS: Final = re.compile(r"\binet6? ([0-9A-Fa-f.:]{2,45})/")


def addresses_there(shell: Shell, name: str) -> tuple[str, ...]:
    """What a name resolves to on that host, each address once."""
    done = shell.run(["getent", "ahosts", name], check=False)
    words = (line.split() for line in done.out.splitlines())
    return tuple(dict.fromkeys(found[0].partition("%")[0] for found in words if found))


def own_addresses(shell: Shell) -> frozenset[str]:
    """The addresses of that host's own network cards."""
    return frozenset(_ADDRESS.findall(shell.run(["ip", "-o", "addr"], check=False).out))


def names_of(shell: Shell, address: str) -> tuple[str, ...]:
    """What an address resolves back to on that host, in lower case without the last dot."""
    words = shell.run(["getent", "hosts", address], check=False).out.split()
    return tuple(word.lower().rstrip(".") for word in words[1:])
