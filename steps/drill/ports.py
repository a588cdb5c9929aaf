"""Ports of 127.0.0.1 for servers of the practice site that are started later.

A port that the kernel gives by itself goes back to it until the server listens, and any program
that connects to another one may get it meanwhile. So it is one that the kernel does not give.
"""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

RANGE_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""From and to where the kernel takes the ports of those who connect."""
LOWEST = 20_000
"""Below are the ports of services."""
_ENOUGH = 1000
"""Fewer to choose from are too easily chosen twice."""


def free_ports(count: int) -> tuple[int, ...]:
    """So many different ports that nobody listens on now and the kernel gives to nobody.

    Where the kernel gives nearly all there are, they are the kernel's.
    """
    candidates = _not_given_by_the_kernel()
    random.shuffle(candidates)
    # Held until all are chosen, so that none is chosen twice.
    with ExitStack() as held:
        found: list[int] = []
        for port in [*candidates, *[0] * count]:
            if len(found) == count:
                break
            with suppress(OSError):
                listener = held.enter_context(socket.create_server(("127.0.0.1", port)))
                found.append(int(listener.getsockname()[1]))
        return tuple(found)


def free_port() -> int:
    """One of them."""
    return free_ports(1)[0]


def _not_given_by_the_kernel() -> list[int]:
    try:
        lowest_given = int(RANGE_FILE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return []
    ports = list(range(LOWEST, lowest_given))
    return ports if len(ports) >= _ENOUGH else []
