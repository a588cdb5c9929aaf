"""What the machine of a practice site does now, as JSON; a process of its own."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from config.site_file import load_site
from steps.drill import practice_machine as practice
from steps.drill.places import Places
from steps.drill.practice_hypervisor import PracticeHypervisor
from steps.virtual_machine.xml_facts import xml_facts


def look(folder: Path) -> dict[str, object]:
    """State, boot, and the chain of every disk."""
    hypervisor = PracticeHypervisor(load_site(Places(folder).site_file).nodes[0].uri)
    try:
        status = hypervisor.domain(practice.MACHINE)
        assert status is not None
        disks = xml_facts(hypervisor.xml(practice.MACHINE), "live").images
        mark = hypervisor.memory_mark(practice.MACHINE) if status.active else None
        return {
            "state": status.state,
            "persistent": status.persistent,
            "mark": asdict(mark) if mark else None,
            "disks": [[disk.source, list(disk.backing)] for disk in disks],
        }
    finally:
        hypervisor.close()


if __name__ == "__main__":
    print(json.dumps(look(Path(sys.argv[1]))))
