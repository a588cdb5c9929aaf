"""Look whether a practice machine is just as it was before a restore that was refused."""

from __future__ import annotations

from pathlib import Path

from config.secrets import Secret
from config.site_file import load_site
from steps.drill import practice_machine as practice
from steps.drill.places import Places
from steps.drill.practice_hypervisor import PracticeHypervisor
from steps.drill.score import OVERWRITTEN, Check, as_data, holds
from steps.drill.truth import Truth
from steps.targets.open import open_targets


def untouched(places: Places) -> tuple[Check, ...]:
    """Machine, disks, entry and leaf are today's, and retain is empty."""
    truth = Truth.read(places.truth)
    hypervisor = PracticeHypervisor(load_site(places.site_file).nodes[0].uri)
    try:
        status = hypervisor.domain(practice.MACHINE)
    finally:
        hypervisor.close()
    state = status.state if status else "gone"
    return (
        Check("machine", state == "running", "running as before", state),
        *(
            _content(places, disk.target, disk.image, OVERWRITTEN)
            for disk in truth.then.disks
        ),
        _entry(places, truth),
        _leaf(places, truth),
        _retain(places),
    )  # fmt: skip


def _content(places: Places, target: str, image: str, pattern: int) -> Check:
    held = holds(places.live / image, pattern)
    return Check(f"content of {target}", held, "today's", "today's" if held else "another")


def _entry(places: Places, truth: Truth) -> Check:
    entry = _directory_entry(places, practice.machine_dn(truth.base))
    seen = entry.get("sstMemory", "nothing")
    return Check("directory entry", seen == str(truth.now.memory), str(truth.now.memory), seen)


def _leaf(places: Places, truth: Truth) -> Check:
    dn = f"ou={truth.leaf},ou=backup,{practice.machine_dn(truth.base)}"
    entry = _directory_entry(places, dn)
    seen = f"{entry.get('sstProvisioningMode')}, {entry.get('sstProvisioningState')}"
    passed = seen.startswith("finished, 2") and seen.endswith("Z")
    return Check("backup leaf", passed, "finished, a time stamp", seen)


def _retain(places: Places) -> Check:
    left = [path.name for path in places.retain.rglob("*") if path.is_file()]
    return Check("retain", not left, "empty", ", ".join(left) or "empty")


def _directory_entry(places: Places, dn: str) -> dict[str, str]:
    site = load_site(places.site_file)
    password = Secret(places.password_file.read_text().strip())
    targets = open_targets(site, {"directory password": password})
    try:
        entry = targets.directory().get(dn)
    finally:
        targets.close()
    if entry is None:
        return {}
    return {name: values[0].decode("utf-8", "replace") for name, values in entry.attributes.items()}


if __name__ == "__main__":
    import sys

    from steps.drill.child import run_child

    run_child(lambda _say: as_data(untouched(Places(Path(sys.argv[1])))))
