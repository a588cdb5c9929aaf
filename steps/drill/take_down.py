"""Take a practice site down: its machine, its slapd, its bridges, its folder; nothing else."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from config.errors import Refused
from steps.drill.bridges import bridge_names, may_make_bridges, remove_bridge
from steps.drill.embedded import end_guests, forget_root
from steps.drill.memory_disk import unmount_below
from steps.drill.places import Places
from steps.drill.practice_engine.places import EnginePlaces
from steps.drill.practice_engine.site import stop_server
from steps.drill.practice_hosts.places import HostPlaces
from steps.drill.practice_hosts.site import stop_all
from steps.drill.slapd import stop_slapd

Say = Callable[[str], None]


def take_down(places: Places, say: Say) -> None:
    """Remove everything the build made; what is not there is fine."""
    if not places.folder.exists():
        say(f"there is no practice site in {places.folder}")
        return
    if not places.marker.is_file():
        raise Refused(
            f"{places.folder} is not a practice site: it has no {places.marker.name}.",
            "Name the right folder. Nothing was removed.",
        )
    stop_server(EnginePlaces(places.folder))
    stop_all(HostPlaces(places.folder))
    end_guests(places.hypervisor)
    stop_slapd(places.directory)
    if may_make_bridges():
        for bridge in bridge_names(places.mark):
            remove_bridge(bridge)
    unmount_below(places.folder)
    forget_root(places.hypervisor)
    shutil.rmtree(places.folder)
    say(f"removed the practice site in {places.folder}")


if __name__ == "__main__":
    from steps.drill.child import run_child

    run_child(lambda say: take_down(Places(Path(sys.argv[1])), say))
