"""Look whether everything is as it was before a restore that was refused.

`python -P -m steps.drill.lost_engine.untouched FOLDER`.
"""

from __future__ import annotations

from pathlib import Path

from steps.drill.practice_engine.standing import FAILOVER, NEW
from steps.drill.practice_hosts import first_world
from steps.drill.practice_hosts.places import HostPlaces
from steps.drill.practice_hosts.score import CONFIGURATION, equal
from steps.drill.score import Check, as_data


def untouched(places: HostPlaces) -> tuple[Check, ...]:
    """No machine, no deployed host, no storage domain, no damage."""
    facts = places.world.read()
    deployed = [n for n in (FAILOVER, NEW) if (places.root(n) / CONFIGURATION).exists()]
    used = facts["storage"]["exports"][first_world.OTHER_EXPORT]["used"]
    return (
        equal("engine's machine", "absent", str(facts["engine"]["state"])),
        equal("deployed hosts", "none", ", ".join(deployed) or "none"),
        equal("new storage domain", "none", "made" if used else "none"),
        equal("machines that ran twice", "none", "; ".join(facts.get("damage", [])) or "none"),
    )


if __name__ == "__main__":
    import sys

    from steps.drill.child import run_child

    run_child(lambda _say: as_data(untouched(HostPlaces(Path(sys.argv[1])))))
