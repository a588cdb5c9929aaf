"""Start the practice machine of a site that was put back; a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from config.site_file import load_site
from steps.drill import practice_machine as practice
from steps.drill.child import run_child
from steps.drill.places import Places
from steps.drill.practice_hypervisor import PracticeHypervisor


def start(folder: Path) -> None:
    hypervisor = PracticeHypervisor(load_site(Places(folder).site_file).nodes[0].uri)
    hypervisor.start(practice.MACHINE)
    hypervisor.wait_for_ticks(practice.MACHINE, 1)
    hypervisor.close()


if __name__ == "__main__":
    run_child(lambda _say: start(Path(sys.argv[1])))
