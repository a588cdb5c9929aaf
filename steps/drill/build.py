"""Bring the practice site up: a directory, a hypervisor, a machine, one backup, and today.

Runs in a process of its own, because an embedded hypervisor belongs to one process at a time:
`python -P -m steps.drill.build FOLDER`. Progress and errors are JSON lines on standard output.
"""

from __future__ import annotations

import grp
import os
import pwd
import secrets
import socket
import string
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from config.errors import InvalidInput, StepFailed
from config.paths import cache_folder
from config.secrets import Secret
from steps.drill import practice_machine as practice
from steps.drill.bridges import bridge_names, make_bridge, may_make_bridges, remove_bridge
from steps.drill.embedded import emulator, keep_capabilities, prepare_root
from steps.drill.places import Places
from steps.drill.practice_hypervisor import MemoryMark, PracticeHypervisor
from steps.drill.recipe import back_up
from steps.drill.slapd import RunningSlapd, hashed_password, start_slapd
from steps.drill.truth import Truth
from steps.targets.directory import Change, Directory, Entry

BASE = "dc=practice"
NODE = "node-01.practice.invalid"
CONSOLE_PORTS = range(5920, 5980)
"""Not the first: libvirt gives those to machines that want just any."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Site:
    places: Places
    around: practice.Surroundings
    hypervisor: PracticeHypervisor
    directory: Directory
    then: practice.Shape
    now: practice.Shape
    console: Sequence[socket.socket]
    """The ports of then and today, held until the machine takes them itself."""


def build(places: Places, say: Say, uri: str = "") -> Truth:
    """Bring the site up in an empty folder. Raises InvalidInput where the folder is in use.

    `uri` names another hypervisor than an embedded one of the site's own.
    """
    make_folders(places)
    started = time.monotonic()
    password = Secret(random_password())
    slapd = start_directory(places, password)
    say(f"directory: slapd at {slapd.url}, {time.monotonic() - started:.1f} s")
    known = cache_folder() / "hypervisor"
    uri = uri or prepare_root(places.hypervisor, known)
    write_site_file(places, uri, slapd)
    hypervisor = PracticeHypervisor(uri)
    try:
        site = _site(places, hypervisor, slapd, password)
        say(f"hypervisor: {uri}, software emulation, network card: {_card_words(site)}")
        truth = _history(site, say)
    finally:
        hypervisor.close()
    keep_capabilities(places.hypervisor, known)
    truth.write(places.truth)
    say(f"the practice site stands after {time.monotonic() - started:.1f} s")
    return truth


def _history(site: _Site, say: Say) -> Truth:
    """The machine as it was, its backup, and what became of it since."""
    started = time.monotonic()
    leaf = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    mark = _machine_at_backup(site)
    say(f"machine {practice.DISPLAY_NAME} runs, boot {mark.boot:08x}, {mark.ticks} ticks")
    mark = _backup(site, leaf)
    say(f"backup {leaf} made, {time.monotonic() - started:.1f} s")
    _become_today(site)
    say("since then: memory, bridge, MAC and lease, console port, description, one disk more")
    return Truth(
        leaf=leaf, node=NODE, base=BASE, card=site.around.card, boot=mark.boot,
        ticks=mark.ticks, then=site.then, now=site.now,
    )  # fmt: skip


def made_before(places: Places) -> set[Path]:
    """What may stand in the folder before the build: a small disk, a hypervisor's settings."""
    return {places.storage, places.hypervisor}


def make_folders(places: Places) -> None:
    """The empty folders of a practice site; raises InvalidInput where its folder is in use."""
    if places.folder.exists() and set(places.folder.iterdir()) - made_before(places):
        raise InvalidInput(
            f"{places.folder} is not empty.",
            "Remove the old practice site first: rekindle drill --remove.",
        )
    places.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    places.marker.touch()
    for folder in (places.live, places.retain, places.backup, places.directory):
        folder.mkdir(parents=True, exist_ok=True, mode=0o770)


def start_directory(places: Places, password: Secret, more: Sequence[Entry] = ()) -> RunningSlapd:
    """A slapd with the tree around the machines and `more`, and the two password files."""
    other = Secret(random_password())
    for file, secret in ((places.password_file, password), (places.other_password_file, other)):
        file.touch(mode=0o600)
        file.write_text(secret.reveal() + "\n")
    entries = [*practice.site_entries(BASE, NODE, *account(), places)]
    entries += [practice.account_entry(BASE, hashed_password(other)), *more]
    return start_slapd(places.directory, BASE, password, entries)


def account() -> tuple[str, str]:
    """User and group that the images of a practice site belong to: whoever builds it."""
    return pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name


def write_site_file(places: Places, uri: str, slapd: RunningSlapd) -> None:
    """The site file of the practice site; it refers to the password, it does not hold it."""
    places.site_file.write_text(
        f"""name: practice
practice: true
nodes:
  - name: {NODE}
    uri: {uri}
    shell: {{kind: local}}
    console_address: 127.0.0.1
    bridges: [{_bridges_told(places)}]
directory:
  url: {slapd.url}
  base: {BASE}
  bind_dn: {slapd.bind_dn}
  password: file:{places.password_file}
storage:
  live_root: {places.storage}
  backup_root: {places.backup}
  retain_root: {places.retain}
"""
    )


def _bridges_told(places: Places) -> str:
    """Without the right to make bridges today's one stands in the directory and here only."""
    return "" if may_make_bridges() else bridge_names(places.mark)[1]


def _site(
    places: Places, hypervisor: PracticeHypervisor, slapd: RunningSlapd, password: Secret
) -> _Site:
    from config.site_file import load_site
    from steps.targets.open import open_targets

    targets = open_targets(load_site(places.site_file), {"directory password": password})
    console = reserve_ports(places.mark)
    then_bridge, now_bridge = bridge_names(places.mark)
    then = practice.at_backup(then_bridge, console[0].getsockname()[1])
    around = practice.Surroundings(
        places=places, base=BASE, node=NODE, emulator=str(emulator()),
        graphics="spice" if "<value>spice</value>" in hypervisor.graphics_kinds() else "vnc",
        card="bridge" if may_make_bridges() else "user", password=random_password(),
    )  # fmt: skip
    now = practice.today(then, now_bridge, console[1].getsockname()[1])
    return _Site(places, around, hypervisor, targets.directory(), then, now, console)


def _card_words(site: _Site) -> str:
    return "bridged" if site.around.card == "bridge" else "user mode (bridges need root)"


def _machine_at_backup(site: _Site) -> MemoryMark:
    for disk in site.then.disks:
        make_disk(site.places.live / disk.image, disk)
    if site.around.card == "bridge":
        make_bridge(site.then.bridge)
    for entry in practice.machine_entries(site.then, site.around):
        site.directory.add(entry.dn, entry.attributes)
    site.hypervisor.define(practice.domain_xml(site.then, site.around))
    site.console[0].close()
    site.hypervisor.start(practice.MACHINE)
    return site.hypervisor.wait_for_ticks(practice.MACHINE, 3)


def make_disk(path: Path, disk: practice.PracticeDisk) -> None:
    """A qcow2 image with a boot sector and, from 1 MiB on, 2 MiB of its pattern."""
    _run(["qemu-img", "create", "-q", "-f", "qcow2", str(path), str(disk.capacity)])
    # qemu-io splits its command at every space: a bare name in its own folder has none.
    sector = path.with_suffix(".boot")
    sector.write_bytes(practice.boot_sector())
    fill = f"write -P {disk.pattern:#x} 1M 2M"
    _run(["qemu-io", "-c", f"write -s {sector.name} 0 512", "-c", fill, str(path)], path.parent)
    sector.unlink()
    path.chmod(0o660)


def _backup(site: _Site, leaf: str) -> MemoryMark:
    entries = [
        *site.directory.subtree(practice.machine_dn(BASE)),
        *practice.leaf_entries(BASE, leaf, "0", mode="snapshotting"),
        *site.directory.subtree(practice.lease_dn(BASE)),
    ]
    images = {disk.target: disk.image for disk in site.then.disks}
    mark = site.hypervisor.memory_mark(practice.MACHINE)
    if mark is None:
        raise StepFailed("The practice machine's memory mark is gone.")
    back_up(site.hypervisor, practice.MACHINE, images, leaf, entries, site.places)
    for entry in practice.leaf_entries(BASE, leaf, leaf, mode="finished"):
        site.directory.add(entry.dn, entry.attributes)
    return mark


def _become_today(site: _Site) -> None:
    """Six differences, in directory and hypervisor alike, and other content on every disk."""
    name = practice.MACHINE
    site.hypervisor.destroy(name)
    for disk in site.then.disks:
        _run(["qemu-io", "-c", "write -P 0xee 1M 2M", str(site.places.live / disk.image)])
    make_disk(site.places.live / practice.ADDED_DISK.image, practice.ADDED_DISK)
    if site.around.card == "bridge":
        make_bridge(site.now.bridge)
        remove_bridge(site.then.bridge)
    _change_entries(site)
    site.hypervisor.define(practice.domain_xml(site.now, site.around))
    site.console[1].close()
    site.hypervisor.start(name)
    site.hypervisor.wait_for_ticks(name, 1)


def _change_entries(site: _Site) -> None:
    for entry in practice.machine_entries(site.now, site.around):
        found = site.directory.get(entry.dn)
        if found is None:
            site.directory.add(entry.dn, entry.attributes)
            continue
        changes = [
            Change("replace", name, values)
            for name, values in entry.attributes.items()
            if set(found.values(name)) != set(values)
        ]
        if changes:
            site.directory.modify(entry.dn, changes, expected_csn=found.entry_csn)


def reserve_ports(mark: str, count: int = 2) -> tuple[socket.socket, ...]:
    """Bound sockets on console ports of 127.0.0.1; where to begin depends on the site."""
    first = int(mark, 16) % len(CONSOLE_PORTS)
    order = (*CONSOLE_PORTS[first:], *CONSOLE_PORTS[:first])
    held: list[socket.socket] = []
    for port in order:
        attempt = socket.socket()
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            attempt.close()
            continue
        held.append(attempt)
        if len(held) == count:
            return tuple(held)
    raise StepFailed(
        f"No {count} ports from {CONSOLE_PORTS[0]} to {CONSOLE_PORTS[-1]} are free on 127.0.0.1.",
        "End what listens there (ss -ltn shows it) and try again.",
    )


def random_password() -> str:
    """A console or directory password that nobody needs to know."""
    letters = string.ascii_letters + string.digits
    return "".join(secrets.choice(letters) for _ in range(practice.PASSWORD_LENGTH))


def _run(command: list[str], folder: Path | None = None) -> None:
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise StepFailed(f"{command[0]} said: {(finished.stderr or finished.stdout).strip()}")


if __name__ == "__main__":
    import sys

    from steps.drill.child import run_child

    run_child(lambda say: build(Places(Path(sys.argv[1])), say, *sys.argv[2:3]))
