"""Restoring from a state file: which XML libvirt accepts, in its own words, and what follows.

The table is the measured one of libvirt 9.0; each row is checked on the header-only copy that the
wizard uses, and rows about the host are checked by a real restore as well.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.errors import RekindleError, StepFailed
from steps.drill.bridges import make_bridge, remove_bridge
from steps.targets.libvirt_hypervisor import LibvirtHypervisor
from tests.real.hypervisor_support import (
    PASSWORD,
    Machine,
    clear_away,
    edited,
    header_only,
    make_image,
    make_machine,
    save,
)

Edit = Callable[[Any], object]


def setting(path: str, attribute: str, value: str) -> Edit:
    return lambda root: root.find(path).set(attribute, value)


def text(path: str, value: str) -> Edit:
    def edit(root: Any) -> None:
        root.find(path).text = value

    return edit


def removing(path: str) -> Edit:
    def edit(root: Any) -> None:
        found = root.find(path)
        found.getparent().remove(found)

    return edit


def adding(path: str, tag: str, content: str) -> Edit:
    def edit(root: Any) -> None:
        from lxml import etree

        etree.SubElement(root.find(path), tag).text = content

    return edit


DISK = "devices/disk[2]"
CARD = "devices/interface"
CONSOLE = "devices/graphics"

REFUSED = {
    "memory": (text("memory", "131072"), "max memory 131072 does not match source 65536"),
    "current memory": (
        text("currentMemory", "32768"),
        "current memory 32768 does not match source 65536",
    ),
    "processors": (text("vcpu", "2"), "vCPU max 2 does not match source 1"),
    "feature removed": (removing("features/apic"), "State of feature 'apic' differs"),
    "machine type": (
        setting("os/type", "machine", "pc-q35-7.1"),
        "machine type pc-q35-7.1 does not match source pc-q35-",
    ),
    "domain type": (lambda root: root.set("type", "kvm"), "virt type kvm does not match source"),
    "name": (text("name", "renamed"), "domain name 'renamed' does not match source"),
    "uuid": (text("uuid", "00000000-0000-4000-8000-000000000001"), "does not match source"),
    "MAC": (
        setting(f"{CARD}/mac", "address", "52:54:00:11:22:c2"),
        "network card mac 52:54:00:11:22:c2 does not match source 52:54:00:11:22:c1",
    ),
    "card model": (setting(f"{CARD}/model", "type", "e1000e"), "network card model e1000e"),
    "card removed": (removing(CARD), "net card count 0 does not match source 1"),
    "disk bus": (
        lambda root: (
            root.find(f"{DISK}/target").set("bus", "sata"),
            removing(f"{DISK}/address")(root),
        ),
        "disk bus sata does not match source virtio",
    ),
    "disk name": (
        setting(f"{DISK}/target", "dev", "vdc"),
        "Target disk vdc does not match source vdb",
    ),
    "disk removed": (removing(DISK), "domain disk count 1 does not match source 2"),
    "disk serial": (adding(DISK, "serial", "ABC"), "disk serial ABC does not match source"),
    "disk read only": (adding(DISK, "readonly", ""), "disk access mode does not match source"),
    "video model": (setting("devices/video/model", "type", "virtio"), "video card model virtio"),
    "balloon": (setting("devices/memballoon", "model", "virtio"), "balloon model virtio"),
    "emulator missing": (text("devices/emulator", "/usr/bin/nosuch"), "/usr/bin/nosuch"),
}
ALLOWED = {
    "nothing": lambda root: None,
    "description": text("description", "as it is"),
    "disk path that is missing": setting(f"{DISK}/source", "file", "/no/such/image.qcow2"),
    "disk format": setting(f"{DISK}/driver", "type", "raw"),
    "disk cache": setting(f"{DISK}/driver", "cache", "none"),
    "console port": lambda root: (
        root.find(CONSOLE).set("port", "5987"),
        root.find(CONSOLE).set("autoport", "no"),
    ),
    "console password": setting(CONSOLE, "passwd", "other"),
    "console password lost": lambda root: root.find(CONSOLE).attrib.pop("passwd"),
    "console removed": removing(CONSOLE),
    "on reboot": text("on_reboot", "destroy"),
    "clock": setting("clock", "offset", "localtime"),
    "machine alias": setting("os/type", "machine", "q35"),
}


@pytest.fixture(scope="module")
def saved(
    hypervisor: LibvirtHypervisor, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Machine, Path]]:
    """A machine whose state was saved while it ran; it is defined and off."""
    machine = make_machine(tmp_path_factory.mktemp("saved") / "machine")
    hypervisor.define(machine.xml)
    hypervisor.start(machine.name)
    state = machine.folder / "state"
    save(hypervisor, machine.name, state)
    yield machine, state
    clear_away(hypervisor, machine.name)


def verdict(
    hypervisor: LibvirtHypervisor, state: Path, folder: Path, change: Callable[[str], str]
) -> str:
    copy = header_only(state, folder / "header")
    return hypervisor.check_state_xml(copy, change(hypervisor.state_xml(copy)))


@pytest.mark.parametrize("row", REFUSED)
def test_the_verdict_on_frozen_hardware_is_libvirts_own_refusal(
    hypervisor: LibvirtHypervisor, saved: tuple[Machine, Path], tmp_path: Path, row: str
) -> None:
    edit, words = REFUSED[row]
    said = verdict(hypervisor, saved[1], tmp_path, lambda xml: edited(xml, edit))
    assert words in said


@pytest.mark.parametrize("row", ALLOWED)
def test_the_verdict_on_the_host_side_is_empty(
    hypervisor: LibvirtHypervisor, saved: tuple[Machine, Path], tmp_path: Path, row: str
) -> None:
    assert verdict(hypervisor, saved[1], tmp_path, lambda x: edited(x, ALLOWED[row])) == ""


def test_the_verdict_on_a_live_dump_and_on_broken_xml_is_a_refusal(
    hypervisor: LibvirtHypervisor, saved: tuple[Machine, Path], tmp_path: Path
) -> None:
    machine, state = saved
    hypervisor.start(machine.name)
    live = hypervisor._known(machine.name).XMLDesc(0)
    hypervisor.destroy(machine.name)
    assert "Target CPU" in verdict(hypervisor, state, tmp_path, lambda _: live)
    assert "domain" in verdict(hypervisor, state, tmp_path, lambda xml: xml[:200])
    assert verdict(hypervisor, state, tmp_path, lambda _: "") != ""


def test_a_verdict_touches_neither_the_state_file_nor_a_machine(
    hypervisor: LibvirtHypervisor, saved: tuple[Machine, Path], tmp_path: Path
) -> None:
    _machine, state = saved
    before = (state.read_bytes(), hypervisor.domains())
    verdict(hypervisor, state, tmp_path, lambda xml: edited(xml, ALLOWED["description"]))
    assert (state.read_bytes(), hypervisor.domains()) == before


def test_the_xml_inside_a_state_file_has_the_password(
    hypervisor: LibvirtHypervisor, saved: tuple[Machine, Path]
) -> None:
    assert PASSWORD in hypervisor.state_xml(str(saved[1]))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"Machine is not runnung, no state file", "failed to read qemu header"),
        (b"", "failed to read qemu header"),
        (b"LibvirtQemudPart" + b"\0" * 100, "save image is incomplete"),
        (b"\0" * 4096, "image magic is incorrect"),
        (None, "No such file"),
    ],
)
def test_what_is_no_state_file_is_an_error_and_no_verdict(
    hypervisor: LibvirtHypervisor,
    saved: tuple[Machine, Path],
    tmp_path: Path,
    content: bytes | None,
    words: str,
) -> None:
    file = tmp_path / "state"
    if content is not None:
        file.write_bytes(content)
    xml = hypervisor.state_xml(str(saved[1]))
    for use in (
        lambda: hypervisor.state_xml(str(file)),
        lambda: hypervisor.check_state_xml(str(file), xml),
        lambda: hypervisor.restore_paused(str(file), xml),
    ):
        with pytest.raises(RekindleError, match=words) as error:
            use()
        assert PASSWORD not in str(error.value)


@pytest.fixture(scope="module")
def bridges() -> Iterator[tuple[str, str]]:
    """Two bridges of this module alone, without ports."""
    mark = secrets.token_hex(3)
    names = (f"rkt{mark}a", f"rkt{mark}b")
    try:
        for name in names:
            make_bridge(name)
        yield names
    finally:
        for name in names:
            remove_bridge(name)


@pytest.fixture(scope="module")
def saved_on_a_bridge(
    hypervisor: LibvirtHypervisor,
    bridges: tuple[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Machine, Path]]:
    machine = make_machine(tmp_path_factory.mktemp("bridged") / "machine", kind=bridges[0])
    hypervisor.define(machine.xml)
    hypervisor.start(machine.name)
    state = machine.folder / "state"
    save(hypervisor, machine.name, state)
    yield machine, state
    clear_away(hypervisor, machine.name)


@pytest.fixture
def bridged(
    hypervisor: LibvirtHypervisor, saved_on_a_bridge: tuple[Machine, Path]
) -> Iterator[tuple[Machine, Path]]:
    """A machine on the first bridge, defined and off, and its state file. A restore keeps both."""
    yield saved_on_a_bridge
    hypervisor.destroy(saved_on_a_bridge[0].name)
    hypervisor.define(saved_on_a_bridge[0].xml)


def test_a_machine_comes_back_paused_on_another_bridge_image_and_port_and_runs_on(
    hypervisor: LibvirtHypervisor,
    bridged: tuple[Machine, Path],
    bridges: tuple[str, str],
    tmp_path: Path,
) -> None:
    machine, state = bridged
    moved = tmp_path / "moved.qcow2"
    shutil.copy(machine.images[1], moved)

    def edit(root: Any) -> None:
        setting(f"{CARD}/source", "bridge", bridges[1])(root)
        setting(f"{DISK}/source", "file", str(moved))(root)
        setting(CONSOLE, "autoport", "no")(root)
        setting(CONSOLE, "port", "5983")(root)

    hypervisor.restore_paused(str(state), edited(hypervisor.state_xml(str(state)), edit))
    restored = hypervisor.domain(machine.name)
    assert restored is not None
    assert (restored.state, restored.active, restored.persistent) == ("paused", True, True)
    hypervisor.resume(machine.name)
    hypervisor.resume(machine.name)
    running = hypervisor.domain_by_uuid(machine.uuid)
    assert running is not None
    assert running.state == "running"
    live = hypervisor.xml(machine.name)
    assert all(word in live for word in (bridges[1], str(moved), "5983", PASSWORD))
    persistent = hypervisor.xml(machine.name, inactive=True)
    assert bridges[0] in persistent
    assert str(machine.images[1]) in persistent


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (setting(f"{CARD}/source", "bridge", "nosuchbr"), "nosuchbr"),
        (setting(f"{DISK}/source", "file", "/no/such.qcow2"), "No such file or directory"),
        (text("memory", "131072"), "max memory 131072 does not match source 65536"),
        (
            text("uuid", "00000000-0000-4000-8000-000000000001"),
            "domain uuid 00000000-0000-4000-8000-000000000001 does not match",
        ),
    ],
)
def test_a_refused_restore_says_why_and_can_be_repeated_with_better_xml(
    hypervisor: LibvirtHypervisor,
    bridged: tuple[Machine, Path],
    edit: Edit,
    words: str,
) -> None:
    machine, state = bridged
    xml = hypervisor.state_xml(str(state))
    with pytest.raises(StepFailed) as failed:
        hypervisor.restore_paused(str(state), edited(xml, edit))
    assert words in failed.value.seen
    domain = hypervisor.domain(machine.name)
    assert domain is not None
    assert domain.state == "shut off"
    hypervisor.restore_paused(str(state), xml)
    again = hypervisor.domain(machine.name)
    assert again is not None
    assert again.state == "paused"


def test_a_restore_over_a_running_machine_is_refused(
    hypervisor: LibvirtHypervisor, bridged: tuple[Machine, Path]
) -> None:
    _machine, state = bridged
    xml = hypervisor.state_xml(str(state))
    hypervisor.restore_paused(str(state), xml)
    with pytest.raises(StepFailed, match="already active"):
        hypervisor.restore_paused(str(state), xml)


def test_an_undefined_machine_comes_back_transient_until_it_is_defined(
    hypervisor: LibvirtHypervisor, bridged: tuple[Machine, Path]
) -> None:
    machine, state = bridged
    xml = hypervisor.state_xml(str(state))
    hypervisor.undefine(machine.name)
    assert hypervisor.domain(machine.name) is None
    hypervisor.restore_paused(str(state), xml)
    restored = hypervisor.domain(machine.name)
    assert restored is not None
    assert not restored.persistent
    hypervisor.define(machine.xml)
    hypervisor.destroy(machine.name)
    defined = hypervisor.domain(machine.name)
    assert defined is not None
    assert (defined.state, defined.persistent) == ("shut off", True)


def test_resuming_on_an_image_that_somebody_else_holds_fails_and_stays_paused(
    hypervisor: LibvirtHypervisor, bridged: tuple[Machine, Path]
) -> None:
    machine, state = bridged
    with subprocess.Popen(
        ["qemu-io", "-f", "qcow2", str(machine.images[1])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        # Its answer to a first command shows that it has the image open.
        holder.stdin.write(b"length\n")
        holder.stdin.flush()
        assert b"32 MiB" in holder.stdout.readline()
        hypervisor.restore_paused(str(state), hypervisor.state_xml(str(state)))
        with pytest.raises(StepFailed, match='"write" lock') as failed:
            hypervisor.resume(machine.name)
        assert "Another process has the disk image open" in failed.value.remedy
        paused = hypervisor.domain(machine.name)
        assert paused is not None
        assert paused.state == "paused"
        holder.stdin.close()
        holder.wait()
    hypervisor.resume(machine.name)


def test_libvirt_does_not_mind_a_smaller_image(
    hypervisor: LibvirtHypervisor, bridged: tuple[Machine, Path], tmp_path: Path
) -> None:
    """Why the wizard checks sizes itself."""
    _machine, state = bridged
    small = tmp_path / "small.qcow2"
    make_image(small, size=1 << 20)
    xml = edited(hypervisor.state_xml(str(state)), setting(f"{DISK}/source", "file", str(small)))
    hypervisor.restore_paused(str(state), xml)
