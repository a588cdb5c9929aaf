"""One backup by the guide's recipe, with its errors put right.

Save, rename the images to retain, lay overlays over them, restore paused, check the chain, resume,
pull, and only then move to the backup. The comments say what differs from the published recipe;
each point lost data or the machine when it was tried on current software.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from lxml import etree

from config.errors import StepFailed
from steps.drill.places import STORAGE, Places
from steps.drill.practice_hypervisor import PracticeHypervisor
from steps.ldif_text import dump_entries
from steps.targets.directory import Entry
from steps.targets.local import LocalShell

PULL_LIMIT = 60.0
"""Seconds a pull of these small disks may take."""


def back_up(
    hypervisor: PracticeHypervisor,
    name: str,
    images: Mapping[str, str],
    leaf: str,
    entries: Sequence[Entry],
    places: Places,
) -> Path:
    """Back the running machine up; `images` are file names by target. Returns the set's folder.

    Raises StepFailed where the chain is not what it should be.
    """
    retain = places.retain / STORAGE / name / leaf
    retain.mkdir(parents=True, mode=0o770)
    state = retain / f"{name}.state"
    hypervisor.save(name, str(state))
    for image in images.values():
        (places.live / image).rename(retain / image)
        _lay_overlay(retain / image, places.live / image)
    hypervisor.restore_paused(str(state), without_terminators(hypervisor.state_xml(str(state))))
    _check_chain(places, retain, images)
    hypervisor.resume(name)
    _write(retain / f"{name}.xml", hypervisor.xml(name).encode())
    _write(retain / f"{name}.ldif", dump_entries(entries).encode())
    for target, image in images.items():
        _pull(hypervisor, name, target, places.live / image)
    return _move_to_backup(retain, places.backup / STORAGE / name / leaf, leaf)


def without_terminators(xml: str) -> str:
    """The XML without the empty `<backingStore/>` that libvirt adds when it saves.

    With them QEMU opens the overlay without its base: the guest reads zeros and nobody says so.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(xml.encode(), parser)
    for terminator in root.findall(".//backingStore"):
        parent = terminator.getparent()
        if parent is not None and len(terminator) == 0:
            parent.remove(terminator)
    return str(etree.tostring(root, encoding="unicode"))


def backing_file(image: Path) -> str | None:
    """The backing file an image names, read while a guest may be using it."""
    command = ["qemu-img", "info", "-U", "--output=json", str(image)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    name = found.get("backing-filename")
    return None if name is None else str(name)


def _lay_overlay(base: Path, overlay: Path) -> None:
    # The backing format must be given: without it qemu-img refuses, after the machine was stopped.
    formats = ["-q", "-f", "qcow2", "-F", "qcow2"]
    command = ["qemu-img", "create", *formats, "-b", str(base), str(overlay)]
    subprocess.run(command, check=True, capture_output=True)
    overlay.chmod(0o660)


def _check_chain(places: Places, retain: Path, images: Mapping[str, str]) -> None:
    for image in images.values():
        base = backing_file(places.live / image)
        if base != str(retain / image):
            raise StepFailed(f"{image} has {base} behind it, not {retain / image}.")


def _pull(hypervisor: PracticeHypervisor, name: str, target: str, image: Path) -> None:
    hypervisor.pull(name, target)
    end = time.monotonic() + PULL_LIMIT
    # That no job is there any more says little; the image itself says the rest.
    while _pulling(hypervisor, name, target) or backing_file(image):
        if time.monotonic() > end:
            raise StepFailed(f"{target} still has a backing file after {PULL_LIMIT:.0f} s.")
        time.sleep(0.05)


def _pulling(hypervisor: PracticeHypervisor, name: str, target: str) -> bool:
    status = hypervisor.domain(name)
    return status is not None and target in status.jobs


def _write(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)


def _move_to_backup(retain: Path, target: Path, leaf: str) -> Path:
    target.mkdir(parents=True, mode=0o770)
    sums = []
    shell = LocalShell()
    for file in sorted(retain.iterdir()):
        moved = target / f"{file.name}.{leaf}"
        # The backup may lie on another file system, and a plain copy would fill the holes.
        shell.copy(str(file), str(moved))
        file.unlink()
        sums.append(f"{hashlib.sha256(moved.read_bytes()).hexdigest()}  {moved.name}\n")
    _write(target / "SHA256SUMS", "".join(sums).encode())
    retain.rmdir()
    return target
