"""Bring practice hosts up: `python -P -m steps.drill.practice_hosts.build FOLDER`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from steps.drill.practice_hosts.answers import HOSTS, SPEED
from steps.drill.practice_hosts.places import HostPlaces
from steps.drill.practice_hosts.site import build_hosts, start_servers

Say = Callable[[str], None]


def build(places: HostPlaces, say: Say) -> None:
    """Lay out the hosts and their world, start their servers. Raises InvalidInput, Refused."""
    started = time.monotonic()
    build_hosts(places, HOSTS, SPEED)
    start_servers(places)
    for name, port in places.ports().items():
        tool = "4.5" if HOSTS[name].startswith("2.") else "3.6, the guide's"
        say(
            f"practice host {name}: SSH on 127.0.0.1 port {port}, simulated hosted-engine of {tool}"
        )
    say(f"the practice site stands after {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    import sys

    from steps.drill.child import run_child

    run_child(lambda say: build(HostPlaces(Path(sys.argv[1])), say))
