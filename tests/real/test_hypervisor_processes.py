"""The hypervisor seen from several processes: killed holders, exclusive roots, silent terminals."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from steps.drill.embedded import (
    emulator,
    end_guests,
    forget_root,
    guest_processes,
    prepare_root,
    why_no_guest_runs,
)
from steps.targets.libvirt_hypervisor import LibvirtHypervisor
from tests.real.hypervisor_support import Machine, make_machine

PROJECT = Path(__file__).parents[2]
_SCRIPT = """
import json, sys, time
from config.errors import RekindleError
from steps.targets.libvirt_hypervisor import LibvirtHypervisor
uri, name, xml_file, *verbs = sys.argv[1:]
hypervisor = LibvirtHypervisor(uri)
def status():
    found = hypervisor.domain(name)
    return None if found is None else found.state
deeds = {
    "define": lambda: hypervisor.define(open(xml_file).read()),
    "start": lambda: hypervisor.start(name),
    "pause": lambda: hypervisor._known(name).suspend(),
    "destroy": lambda: hypervisor.destroy(name),
    "resume": lambda: hypervisor.resume(name),
    "list": lambda: len(hypervisor.domains()),
    "status": status,
    "hold": lambda: (print("holding", flush=True), time.sleep(600)),
}
for verb in verbs:
    try:
        print(json.dumps(deeds[verb]()), flush=True)
    except RekindleError as error:
        print(json.dumps([type(error).__name__, error.message, error.remedy]), flush=True)
"""


def child(uri: str, machine: Machine | None, *verbs: str, **how: Any) -> subprocess.Popen[str]:
    xml = "" if machine is None else str(machine.folder / "definition.xml")
    name = "nobody" if machine is None else machine.name
    return subprocess.Popen(
        [*how.pop("before", []), sys.executable, "-P", "-c", _SCRIPT, uri, name, xml, *verbs],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **how,
    )


def answers(uri: str, machine: Machine | None, *verbs: str, **how: Any) -> list[Any]:
    """What a process of its own answers; it must print nothing else, on either stream."""
    out, err = child(uri, machine, *verbs, **how).communicate(timeout=300)
    assert err == ""
    return [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def root(hypervisor: LibvirtHypervisor, capabilities: Path) -> Iterator[Path]:
    """A root for child processes; the worker's own has filled the capabilities by now."""
    folder = Path(tempfile.mkdtemp(prefix="rk-"))
    yield folder
    end_guests(folder)
    shutil.rmtree(folder)


@pytest.fixture
def uri(root: Path, capabilities: Path) -> str:
    return prepare_root(root, capabilities)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = make_machine(tmp_path / "machine")
    (made.folder / "definition.xml").write_text(made.xml)
    return made


def held_open(uri: str, machine: Machine | None, *verbs: str) -> subprocess.Popen[str]:
    holder = child(uri, machine, *verbs, "hold", start_new_session=True)
    assert holder.stdout is not None
    for line in holder.stdout:
        if line == "holding\n":
            break
    return holder


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_guest_outlives_a_killed_holder_and_is_found_running(
    uri: str, root: Path, machine: Machine
) -> None:
    holder = held_open(uri, machine, "define", "start")
    guests = guest_processes(root)
    assert len(guests) == 1
    os.killpg(holder.pid, signal.SIGKILL)
    holder.communicate()
    assert guest_processes(root) == guests
    # Several short lives in a row: acting at once must not cost the guest its life.
    for _ in range(3):
        assert answers(uri, machine, "status") == ["running"]
        assert answers(uri, machine, "pause", "status") == [0, "paused"]
        assert answers(uri, machine, "resume", "list") == [None, 1]
    assert guest_processes(root) == guests
    assert answers(uri, machine, "destroy", "status") == [None, "shut off"]
    assert guest_processes(root) == ()


def test_a_guest_that_died_while_nobody_looked_is_found_off(
    uri: str, root: Path, machine: Machine
) -> None:
    answers(uri, machine, "define", "start")
    (guest,) = guest_processes(root)
    os.kill(guest, signal.SIGKILL)
    while guest_processes(root):
        time.sleep(0.02)
    (state,) = answers(uri, machine, "status")
    assert state in ("shut off", "crashed")
    assert answers(uri, machine, "start", "status") == [None, "running"]


def test_a_root_held_by_another_process_is_said_so(uri: str) -> None:
    holder = held_open(uri, None, "list")
    try:
        ((kind, message, remedy),) = answers(uri, None, "list")
        assert kind == "Unreachable"
        assert uri in message
        assert "Another process" in remedy
    finally:
        end(holder)
    assert answers(uri, None, "list") == [0]


def test_a_process_can_open_one_root_only_and_is_told(
    hypervisor: LibvirtHypervisor, uri: str
) -> None:
    from config.errors import Unreachable

    assert hypervisor.domains() is not None
    with pytest.raises(Unreachable) as unreachable:
        LibvirtHypervisor(uri).domains()
    assert "one embedded hypervisor only" in unreachable.value.remedy


@pytest.mark.parametrize(
    "wrong",
    [
        "qemu:///embed?root=/no/such/root",
        "qemu:///embed",
        "qemu:///nonsense",
        "qemu+unix:///system?socket=/no/such/socket",
        "qemu+ssh://127.0.0.1:1/system",
        "nonsense://x/",
        "qemu+ssh://[::1/system",
        "nonsense",
        "",
    ],
)
def test_what_cannot_be_opened_is_said_so_and_nothing_is_printed(wrong: str) -> None:
    started = time.monotonic()
    ((kind, message, remedy),) = answers(wrong, None, "list")
    assert kind == ("InvalidInput" if "[" in wrong else "Unreachable")
    assert wrong in message
    assert remedy
    assert time.monotonic() - started < 120


def test_ssh_is_never_allowed_to_ask_on_the_terminal(tmp_path: Path) -> None:
    """A stand-in for ssh writes down how it was called."""
    fake = tmp_path / "ssh"
    fake.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/called\nexit 1\n')
    fake.chmod(0o755)
    uri = f"qemu+ssh://node-01/system?command={fake}"
    ((kind, *_),) = answers(uri, None, "list")
    assert kind == "Unreachable"
    assert "BatchMode=yes" in (tmp_path / "called").read_text()


def test_what_libvirt_has_to_say_goes_to_a_file_of_the_root(uri: str, root: Path) -> None:
    assert answers(uri, None, "list") == [0]
    assert "libvirt version" in (root / "libvirt.log").read_text()


def test_a_deep_folder_works_though_socket_paths_are_short(
    capabilities: Path, machine: Machine, tmp_path: Path, hypervisor: LibvirtHypervisor
) -> None:
    root = tmp_path / ("deep" * 12) / "root"
    root.parent.mkdir(mode=0o700)
    uri = prepare_root(root, capabilities)
    assert uri == prepare_root(root, capabilities)
    try:
        assert answers(uri, machine, "define", "start", "status")[-1] == "running"
        assert len(guest_processes(root)) == 1
        assert answers(uri, machine, "status") == ["running"]
    finally:
        end_guests(root)
        assert guest_processes(root) == ()
        forget_root(root)
    assert not Path(uri.partition("root=")[2]).is_symlink()
    forget_root(root)


def test_a_plain_user_has_a_hypervisor_too(
    root: Path, capabilities: Path, machine: Machine
) -> None:
    """A user namespace makes us somebody who is not root; a plain user needs none."""
    before = ["unshare", "--user", "--map-user=1000"] if os.geteuid() == 0 else []
    code = (
        "import sys, pathlib; from steps.drill.embedded import prepare_root;"
        "print(prepare_root(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))"
    )
    command = [*before, sys.executable, "-c", code, str(root), str(capabilities)]
    uri = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    assert 'user = "root"' not in (root / "etc" / "qemu.conf").read_text() or not before
    told = answers(
        uri.stdout.strip(), machine, "define", "start", "status", "destroy", before=before
    )
    assert told == [None, None, "running", None]


def test_ending_the_guests_of_one_root_leaves_everybody_else_alone(
    uri: str, root: Path, machine: Machine
) -> None:
    answers(uri, machine, "define", "start")
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        (root / "run" / "qemu" / "bystander.pid").write_text(str(bystander.pid))
        end_guests(root)
        assert guest_processes(root) == ()
        assert bystander.poll() is None
        (root / "run" / "qemu" / "bystander.pid").unlink()
        assert answers(uri, machine, "status") == ["shut off"]
    finally:
        bystander.kill()
        bystander.wait()


def test_software_emulation_runs_a_guest_and_a_wrong_accelerator_is_told() -> None:
    assert why_no_guest_runs(emulator(), "tcg") == ""
    assert "nonsense" in why_no_guest_runs(emulator(), "nonsense")
    assert "does not start" in why_no_guest_runs(Path("/no/such/qemu"), "tcg")
    assert why_no_guest_runs(Path("/bin/sleep"), "tcg") != ""
