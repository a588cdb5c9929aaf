"""Names and addresses as another host resolves them."""

from __future__ import annotations

from steps.hosted_engine.probes.network_facts import SCRIPT, parse_network, resolved_addresses
from steps.targets.shell import Shell


def addresses_there(shell: Shell, name: str) -> tuple[str, ...]:
    """What a name resolves to on that host, each address once."""
    return resolved_addresses(shell.run(["getent", "ahosts", name], check=False).out)


def own_addresses(shell: Shell) -> frozenset[str]:
    """The addresses of that host's own network cards."""
    done = shell.run(["/bin/sh", "-c", SCRIPT], check=False)
    return frozenset(parse_network(done.out).addresses)


def names_of(shell: Shell, address: str) -> tuple[str, ...]:
    """What an address resolves back to on that host, in lower case without the last dot."""
    words = shell.run(["getent", "hosts", address], check=False).out.split()
    return tuple(word.lower().rstrip(".") for word in words[1:])
