"""Names and addresses as another host resolves them."""

from __future__ import annotations

from steps.targets.shell import Shell


def addresses_there(shell: Shell, name: str) -> tuple[str, ...]:
    """What a name resolves to on that host, each address once."""
    done = shell.run(["getent", "ahosts", name], check=False)
    words = (line.split() for line in done.out.splitlines())
    return tuple(dict.fromkeys(found[0].partition("%")[0] for found in words if found))


def names_of(shell: Shell, address: str) -> tuple[str, ...]:
    """What an address resolves back to on that host, in lower case without the last dot."""
    words = shell.run(["getent", "hosts", address], check=False).out.split()
    return tuple(word.lower().rstrip(".") for word in words[1:])
