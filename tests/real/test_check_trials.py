"""Restores in isolation of the practice machine: bridged, off, broken."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import Interrupted, StepFailed
from config.paths import cache_folder
from config.questions import Value
from steps.drill import practice_machine as practice
from steps.drill.bridges import bridge_names
from steps.drill.child import ask_child
from steps.drill.places import STORAGE, Places
from steps.drill.truth import Truth
from steps.targets.libvirt_hypervisor import LibvirtHypervisor
from steps.virtual_machine.check.scratch import is_clear
from steps.virtual_machine.check.trial import TrialDisk, TrialJob
from steps.virtual_machine.check.trial_watch import watch_trial
from tests.real.check_child import check
from tests.real.hypervisor_support import Machine, save

NAME = practice.MACHINE

pytestmark = pytest.mark.usefixtures("check_home")


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    folder = tmp_path_factory.mktemp("trials") / "site"
    ask_child("steps.drill.build", [str(folder)], print)
    yield Places(folder)
    ask_child("steps.drill.take_down", [str(folder)], print)


def answers(leaf: str, how: str = "as-backed-up") -> dict[str, Value]:
    return {
        "scope": "one", "machine": NAME, "iteration": leaf, "restore_test": how,
        "watch_seconds": 5,
    }  # fmt: skip


def leaf_of(places: Places) -> str:
    return Truth.read(places.truth).leaf


def another_set(places: Places, leaf: str) -> Path:
    """The same backup once more, under another iteration and without its checksum list."""
    sets = places.backup / STORAGE / NAME
    (sets / leaf).mkdir()
    for path in (sets / leaf_of(places)).iterdir():
        if path.name != "SHA256SUMS":
            shutil.copy2(path, sets / leaf / path.name.replace(leaf_of(places), leaf))
    return sets / leaf


def record(places: Places, leaf: str) -> dict[str, dict[str, str]]:
    file = places.backup / STORAGE / NAME / f".{leaf}.check.json"
    return dict(json.loads(file.read_text()))


def test_a_bridged_machine_is_restored_with_its_memory_on_a_loose_card(
    places: Places, tmp_path: Path
):
    leaf = leaf_of(places)
    run = tmp_path / "run"
    _, context = check(places.folder, run, answers(leaf))
    assert record(places, leaf)["tried"]["how"] == "with-state"
    assert "no I/O error" in json.loads(context.facts[f"try.{NAME}.{leaf}"])["words"]
    # The bridge that it was on then is gone from this host, and nobody needed it.
    bridge = bridge_names(places.mark)[0]
    assert not (Path("/sys/class/net") / bridge).exists()


def test_a_machine_that_was_off_is_booted_under_another_name(places: Places, tmp_path: Path):
    leaf = "20260101T000000Z"
    folder = another_set(places, leaf)
    (folder / f"{NAME}.state.{leaf}").write_bytes(b"Machine is not runnung, no state file")
    if os.geteuid() == 0:
        # The hypervisor would give itself what it opens, were it not told otherwise.
        for path in folder.iterdir():
            os.chown(path, 65534, 65534)
    check(places.folder, tmp_path / "run", answers(leaf))
    assert record(places, leaf)["tried"]["how"] == "cold"


def test_a_memory_that_does_not_load_is_told_recorded_and_leaves_nothing(
    places: Places, tmp_path: Path
):
    leaf = "20260102T000000Z"
    state = another_set(places, leaf) / f"{NAME}.state.{leaf}"
    state.write_bytes(state.read_bytes()[:-300_000])
    with pytest.raises(StepFailed, match="migration failed"):
        check(places.folder, tmp_path / "run", answers(leaf))
    found = record(places, leaf)
    assert found["verified"]["problem"] == ""
    assert "migration failed" in found["tried"]["problem"]
    assert not list((tmp_path / "run" / "scratch").iterdir())


RICH = """
    <controller type='usb' model='ich9-ehci1'/>
    <controller type='virtio-serial'/>
    <serial type='pty'><target port='0'/></serial>
    <console type='pty'><target type='serial' port='0'/></console>
    <console type='pty'><target type='virtio' port='1'/></console>
    <parallel type='file'><source path='{folder}/printer'/><target port='0'/></parallel>
    <channel type='unix'><source mode='bind' path='{folder}/agent'/>
      <target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>
    <redirdev bus='usb' type='spicevmc'/>
    <redirdev bus='usb' type='spicevmc'/>
    <input type='tablet' bus='usb'/>
    <sound model='ac97'/>
    <rng model='virtio'><backend model='random'>/dev/random</backend></rng>
    <watchdog model='i6300esb' action='none'/>
    <panic model='isa'/>
    <disk type='file' device='cdrom'><driver name='qemu' type='raw'/>
      <source file='{folder}/medium.iso'/><target dev='sda' bus='sata'/></disk>
"""
"""What the original's generator and people add to a machine; the cdrom has a medium in it."""


def test_a_machine_with_all_that_is_usual_is_restored_with_its_memory(
    hypervisor: LibvirtHypervisor, machine: Machine, tmp_path: Path
):
    (tmp_path / "medium.iso").write_bytes(bytes(1 << 20))
    xml = machine.xml.replace("</devices>", f"{RICH.format(folder=tmp_path)}</devices>")
    xml = re.sub("type='vnc' port='-1' autoport='yes'", "type='spice' autoport='yes'", xml)
    xml = xml.replace("</cpu>", "").replace(
        "<clock offset='utc'/>",
        "<clock offset='utc'><timer name='rtc' tickpolicy='catchup'/></clock>"
        "<sysinfo type='smbios'><system><entry name='serial'>s-1</entry></system></sysinfo>"
        "<cputune><shares>512</shares></cputune>",
    )
    hypervisor.define(xml)
    hypervisor.start(machine.name)
    time.sleep(3)
    save(hypervisor, machine.name, tmp_path / "state")
    job = TrialJob(
        machine.name, "", str(tmp_path / "state"),
        tuple(TrialDisk(image.stem, str(image), "qcow2") for image in machine.images), 5.0,
        str(tmp_path / "scratch"), str(tmp_path / "keep"), str(cache_folder() / "hypervisor"),
    )  # fmt: skip
    result = watch_trial(job, lambda _line: None)
    assert result.notes == ("sda is empty: what was in it is not part of the backup",)
    assert Path(result.screen).read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "scratch").exists()


def test_an_abort_ends_the_guest_at_once_and_leaves_nothing(places: Places, tmp_path: Path):
    leaf = leaf_of(places)
    folder = places.backup / STORAGE / NAME / leaf
    job = TrialJob(
        NAME, "", str(folder / f"{NAME}.state.{leaf}"),
        tuple(
            TrialDisk(disk.target, str(folder / f"{disk.image}.{leaf}"), "qcow2")
            for disk in practice.FIRST_DISKS
        ),
        600.0, str(tmp_path / "scratch"), str(tmp_path / "keep"),
        str(cache_folder() / "hypervisor"),
    )  # fmt: skip

    def abort(line: str) -> None:
        if line.startswith("watched"):
            assert not is_clear(tmp_path / "scratch")
            raise Interrupted("aborted")

    with pytest.raises(Interrupted):
        watch_trial(job, abort)
    assert is_clear(tmp_path / "scratch")
