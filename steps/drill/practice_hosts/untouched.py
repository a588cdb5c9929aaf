"""Look whether the practice hosts are as they were before a deployment that was refused.

`python -P -m steps.drill.practice_hosts.untouched FOLDER`.
"""

from __future__ import annotations

from pathlib import Path

from steps.drill.practice_hosts.places import HostPlaces
from steps.drill.practice_hosts.score import CONFIGURATION
from steps.drill.score import Check, as_data


def untouched(places: HostPlaces) -> tuple[Check, ...]:
    """No engine, no configuration, no storage domain."""
    facts = places.world.read()
    machine = facts["engine"]["state"]
    used = [path for path, export in facts["storage"]["exports"].items() if export["used"]]
    deployed = [name for name in places.ports() if (places.root(name) / CONFIGURATION).exists()]
    return (
        Check("engine's machine", machine == "absent", "none", machine),
        Check("storage domain", not used, "none", ", ".join(used) or "none"),
        Check("deployed hosts", not deployed, "none", ", ".join(deployed) or "none"),
    )


if __name__ == "__main__":
    import sys

    from steps.drill.child import run_child

    run_child(lambda _say: as_data(untouched(HostPlaces(Path(sys.argv[1])))))
