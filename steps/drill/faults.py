"""What else goes wrong on the way: each fault strikes for real, and can be mended."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from dataclasses import replace

from config.errors import StepFailed
from config.secrets import Secret
from config.site_file import load_site
from steps.drill import practice_machine as practice
from steps.drill.fault import Fault, Mendable, RunnerKilled, Scene
from steps.drill.memory_disk import mount_memory
from steps.drill.places import STORAGE, Places
from steps.drill.practice_machine import SOMEBODY_ELSE
from steps.drill.slapd import ensure_running, stop_slapd
from steps.targets.directory import Change, Directory
from steps.targets.open import open_targets

SMALL_DISK = 24 << 20
"""Bytes of the file system under retain and images in the drill with a full one."""


class CorruptImage(Fault):
    """The second image of the backup is damaged."""

    name = "corrupt-image"
    title = "the second image of the backup is corrupt"
    sound_outcome = "refused before anything was touched"
    strikes = "before"

    def strike(self, scene: Scene) -> None:
        disk = scene.machine.then.disks[1]
        folder = scene.places.backup / STORAGE / practice.MACHINE / scene.machine.leaf
        with (folder / f"{disk.image}.{scene.machine.leaf}").open("r+b") as image:
            # The first entry of the first-level table then points outside the file.
            image.seek(40)
            table = int.from_bytes(image.read(8), "big")
            image.seek(table)
            image.write((0x8000_7FFF_FFFF_0000).to_bytes(8, "big"))


class FullDisk(Mendable):
    """The file system of retain and images has no room."""

    name = "full-disk"
    title = "the file system under retain is full"
    sound_outcome = "stopped with how much is missing; goes on once there is room"
    strikes = "before"

    needs_root = True

    def before_build(self, places: Places) -> None:
        mount_small_disk(places)

    def strike(self, scene: Scene) -> None:
        retain = scene.places.retain
        free = shutil.disk_usage(retain).free
        if free > 4 * SMALL_DISK:
            raise StepFailed(
                f"{retain} is not on a small file system, it has {free} bytes free.",
                "Build the practice site for this fault: rekindle drill --fault full-disk.",
            )
        with (retain / "filler").open("wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, max(0, shutil.disk_usage(retain).free - 65536))

    def mend(self, scene: Scene) -> None:
        (scene.places.retain / "filler").unlink(missing_ok=True)


class EntryChanged(Fault):
    """Someone changes the machine's entry between the conflict screen and the run."""

    name = "entry-changed"
    title = "someone changes the directory entry between screen and apply"
    sound_outcome = "stopped, saying who changed it; nothing of theirs is lost"
    strikes = "launch"

    def strike(self, scene: Scene) -> None:
        directory = as_somebody_else(scene.places)
        dn = practice.machine_dn(scene.machine.base)
        entry = directory.get(dn)
        if entry is None:
            raise StepFailed(f"There is no entry {dn}.")
        text = (b"web front, blue, do not touch",)
        change = Change("replace", "description", text)
        directory.modify(dn, [change], expected_csn=entry.entry_csn)


class MachineRunnerKilled(RunnerKilled):
    """The runner is killed while it swaps the images."""

    sound_outcome = "resume finds out where it was and brings the machine back"

    def __init__(self, step: str = "images.aside.vda") -> None:
        super().__init__(step)


class PortTaken(Mendable):
    """Another program takes the console port as soon as the machine lets go of it."""

    name = "port-taken"
    title = "another program takes the console port"
    sound_outcome = "the restore fails in libvirt's words; goes on once the port is free"
    strikes = "launch"

    def __init__(self) -> None:
        self._listener: socket.socket | None = None
        self._mended = threading.Event()

    def strike(self, scene: Scene) -> None:
        port = scene.machine.now.console_port
        threading.Thread(target=self._take, args=(port,), daemon=True).start()

    def _take(self, port: int) -> None:
        while not self._mended.is_set():
            listener = socket.socket()
            try:
                listener.bind(("127.0.0.1", port))
                listener.listen()
            except OSError:
                listener.close()
                time.sleep(0.005)
                continue
            self._listener = listener
            return

    def mend(self, scene: Scene) -> None:
        self._mended.set()
        if self._listener is not None:
            self._listener.close()


class DirectoryGone(Mendable):
    """slapd dies while the machine is being shut down."""

    name = "slapd-gone"
    title = "the directory goes away in the middle"
    sound_outcome = "the step fails as unreachable; goes on once the directory is back"
    strikes = "machine.shut-down"

    def strike(self, scene: Scene) -> None:
        stop_slapd(scene.places.directory, kill=True)

    def mend(self, scene: Scene) -> None:
        ensure_running(scene.places.directory)


FAULTS: tuple[type[Fault], ...] = (
    CorruptImage, FullDisk, EntryChanged, MachineRunnerKilled, PortTaken, DirectoryGone,
)  # fmt: skip


def mount_small_disk(places: Places) -> None:
    """Put a small file system under images and retain (root only)."""
    mount_memory(places.storage, SMALL_DISK * 3)


def as_somebody_else(places: Places) -> Directory:
    """The directory as another account sees it: the changes it makes bear its name."""
    site = load_site(places.site_file)
    assert site.directory is not None
    access = replace(site.directory, bind_dn=f"{SOMEBODY_ELSE},{site.directory.base}")
    password = Secret(places.other_password_file.read_text().strip())
    targets = open_targets(replace(site, directory=access), {"directory password": password})
    return targets.directory()
