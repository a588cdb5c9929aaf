"""The hypervisor in everyday use: define, start, shut down, destroy, and what it says of a host."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import InvalidInput, Refused, StepFailed, Unreachable
from steps.drill.embedded import emulator
from steps.targets import libvirt_connection, libvirt_hypervisor
from steps.targets.hypervisor import DomainStatus
from steps.targets.libvirt_hypervisor import LibvirtHypervisor
from tests.real.hypervisor_support import (
    PASSWORD,
    Machine,
    clear_away,
    is_listening,
    make_machine,
    run,
    save,
)


def status(hypervisor: LibvirtHypervisor, machine: Machine) -> DomainStatus:
    found = hypervisor.domain(machine.name)
    assert found is not None
    return found


def test_a_machine_is_found_by_name_uuid_and_in_the_list(
    hypervisor: LibvirtHypervisor, machine: Machine
) -> None:
    found = status(hypervisor, machine)
    assert found == DomainStatus(
        name=machine.name,
        uuid=machine.uuid,
        state="shut off",
        persistent=True,
        managed_save=False,
        jobs=(),
    )
    assert not found.active
    assert hypervisor.domain_by_uuid(machine.uuid) == found
    assert hypervisor.domain_by_uuid(machine.uuid.replace("-", "")) == found
    assert found in hypervisor.domains()


def test_what_is_not_there_is_none_and_what_needs_it_says_so(
    hypervisor: LibvirtHypervisor,
) -> None:
    assert hypervisor.domain("no such") is None
    assert hypervisor.domain_by_uuid("00000000-0000-4000-8000-000000000000") is None
    assert hypervisor.shut_down("no such", 0)
    hypervisor.destroy("no such")
    hypervisor.undefine("no such")
    for use in (hypervisor.xml, hypervisor.start, hypervisor.resume):
        with pytest.raises(InvalidInput, match="no such"):
            use("no such")
    with pytest.raises(InvalidInput):
        hypervisor.domain_by_uuid("no uuid")


def test_the_xml_has_the_password_whether_it_runs_or_not(
    hypervisor: LibvirtHypervisor, machine: Machine
) -> None:
    assert PASSWORD in hypervisor.xml(machine.name)
    hypervisor.start(machine.name)
    assert PASSWORD in hypervisor.xml(machine.name)
    assert PASSWORD in hypervisor.xml(machine.name, inactive=True)
    assert "<backingStore" in hypervisor.xml(machine.name)
    assert "<backingStore" not in hypervisor.xml(machine.name, inactive=True)


def test_a_machine_starts_paused_runs_and_is_destroyed(
    hypervisor: LibvirtHypervisor, machine: Machine
) -> None:
    hypervisor.start(machine.name, paused=True)
    assert status(hypervisor, machine).state == "paused"
    hypervisor.resume(machine.name)
    assert status(hypervisor, machine).state == "running"
    with pytest.raises(StepFailed, match="already running"):
        hypervisor.start(machine.name)
    hypervisor.destroy(machine.name)
    assert status(hypervisor, machine).state == "shut off"
    hypervisor.destroy(machine.name)
    with pytest.raises(StepFailed, match="not running"):
        hypervisor.resume(machine.name)


@pytest.mark.parametrize("bad", ["a\0b", "a\udcffb"])
def test_what_libvirt_cannot_be_given_is_refused_by_every_call(
    hypervisor: LibvirtHypervisor, machine: Machine, tmp_path: Path, bad: str
) -> None:
    state = tmp_path / "state"
    hypervisor.start(machine.name)
    save(hypervisor, machine.name, state)
    for use in (
        lambda: hypervisor.domain(bad),
        lambda: hypervisor.domain_by_uuid(bad),
        lambda: hypervisor.xml(bad),
        lambda: hypervisor.shut_down(bad, 1),
        lambda: hypervisor.destroy(bad),
        lambda: hypervisor.start(bad),
        lambda: hypervisor.resume(bad),
        lambda: hypervisor.undefine(bad),
        lambda: hypervisor.define(f"<domain>{bad}</domain>"),
        lambda: hypervisor.state_xml(bad),
        lambda: hypervisor.check_state_xml(str(state), f"<domain>{bad}</domain>"),
        lambda: hypervisor.restore_paused(bad, machine.xml),
        lambda: hypervisor.restore_paused(str(state), f"<domain>{bad}</domain>"),
    ):
        with pytest.raises(InvalidInput):
            use()
    assert status(hypervisor, machine).state == "shut off"


@pytest.fixture
def polite(hypervisor: LibvirtHypervisor, tmp_path: Path) -> Iterator[Machine]:
    """A running guest that listens to its power button."""
    machine = make_machine(tmp_path / "polite", polite=True)
    hypervisor.define(machine.xml)
    hypervisor.start(machine.name)
    deadline = time.monotonic() + 240
    while not is_listening(hypervisor, machine.name):
        assert time.monotonic() < deadline, "the guest's boot sector never ran"
        time.sleep(0.1)
    yield machine
    clear_away(hypervisor, machine.name)


def test_a_guest_that_listens_is_shut_down(hypervisor: LibvirtHypervisor, polite: Machine) -> None:
    assert hypervisor.shut_down(polite.name, 240)
    assert status(hypervisor, polite).state == "shut off"
    assert hypervisor.shut_down(polite.name, 0)


def test_a_transient_guest_that_was_shut_down_is_gone_and_that_counts(
    hypervisor: LibvirtHypervisor, polite: Machine
) -> None:
    hypervisor.undefine(polite.name)
    assert status(hypervisor, polite) == DomainStatus(
        polite.name, polite.uuid, "running", False, False, ()
    )
    assert hypervisor.shut_down(polite.name, 240)
    assert hypervisor.domain(polite.name) is None


@pytest.mark.parametrize("persistent", [True, False])
def test_a_guest_that_ends_while_it_is_looked_at_is_seen_as_it_is_then(
    hypervisor: LibvirtHypervisor,
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    persistent: bool,
) -> None:
    hypervisor.start(machine.name)
    if not persistent:
        hypervisor.undefine(machine.name)
    targets = libvirt_hypervisor._targets

    def slow_targets(xml: str) -> tuple[str, ...]:
        hypervisor.destroy(machine.name)
        return targets(xml)

    monkeypatch.setattr(libvirt_hypervisor, "_targets", slow_targets)
    seen = hypervisor.domain(machine.name)
    if persistent:
        assert seen is not None
        assert seen.state == "shut off"
    else:
        assert seen is None


def test_a_guest_that_does_not_listen_is_waited_for_and_left_running(
    hypervisor: LibvirtHypervisor, machine: Machine
) -> None:
    hypervisor.start(machine.name)
    started = time.monotonic()
    assert not hypervisor.shut_down(machine.name, 1.0)
    assert 1.0 <= time.monotonic() - started < 120
    assert status(hypervisor, machine).state == "running"


def test_a_paused_guest_cannot_be_asked_and_is_not_waited_for(
    hypervisor: LibvirtHypervisor, machine: Machine
) -> None:
    hypervisor.start(machine.name, paused=True)
    started = time.monotonic()
    assert not hypervisor.shut_down(machine.name, 600)
    assert time.monotonic() - started < 300
    assert status(hypervisor, machine).state == "paused"


def test_defining_again_changes_the_next_start_and_not_the_running_one(
    hypervisor: LibvirtHypervisor, machine: Machine
) -> None:
    hypervisor.start(machine.name)
    hypervisor.define(machine.xml.replace("65536", "98304"))
    assert "<memory unit='KiB'>65536" in hypervisor.xml(machine.name)
    assert "<memory unit='KiB'>98304" in hypervisor.xml(machine.name, inactive=True)
    assert status(hypervisor, machine).state == "running"


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("</domain>", "", InvalidInput),
        ("<domain type='qemu'>", "<domain type='nonsense'>", Refused),
        ("machine='q35'", "machine='no-such-machine'", InvalidInput),
        (f"passwd='{PASSWORD}'", "passwd='longer-than-eight'", Refused),
    ],
)
def test_a_definition_that_libvirt_does_not_take_is_told_in_its_words(
    hypervisor: LibvirtHypervisor, machine: Machine, old: str, new: str, error: type[Exception]
) -> None:
    before = hypervisor.xml(machine.name)
    with pytest.raises(error) as refused:
        hypervisor.define(machine.xml.replace(old, new))
    assert hypervisor.uri in str(refused.value)
    assert "longer-than-eight" not in str(refused.value)
    assert hypervisor.xml(machine.name) == before


def test_a_complaint_about_broken_xml_does_not_quote_the_password(
    hypervisor: LibvirtHypervisor, machine: Machine, tmp_path: Path
) -> None:
    hypervisor.start(machine.name)
    save(hypervisor, machine.name, tmp_path / "state")
    state = str(tmp_path / "state")
    for broken in (
        machine.xml.replace(f"passwd='{PASSWORD}'/>", f"passwd='{PASSWORD}'"),
        machine.xml.replace(f"passwd='{PASSWORD}'/>", f"passwd='{PASSWORD}' passwd='x'/>"),
        machine.xml.replace(f"passwd='{PASSWORD}'/>", f"passwd='{PASSWORD}'>&nothing;</x>"),
        machine.xml.replace(f"passwd='{PASSWORD}'", f"passwd='{PASSWORD}' port='none'"),
    ):
        assert PASSWORD in broken
        with pytest.raises(InvalidInput) as invalid:
            hypervisor.define(broken)
        with pytest.raises(StepFailed) as failed:
            hypervisor.restore_paused(state, broken)
        verdict = hypervisor.check_state_xml(state, broken)
        for told in (str(invalid.value), str(failed.value), failed.value.seen, verdict):
            assert "domain" in told
            assert PASSWORD not in told


def test_another_machine_of_the_same_name_or_uuid_is_refused(
    hypervisor: LibvirtHypervisor, machine: Machine
) -> None:
    other = "00000000-0000-4000-8000-000000000002"
    with pytest.raises((Refused, StepFailed), match="already exists with uuid"):
        hypervisor.define(machine.xml.replace(machine.uuid, other))
    with pytest.raises((Refused, StepFailed), match="already defined with uuid"):
        hypervisor.define(machine.xml.replace(machine.name, "another-name"))


def test_a_managed_save_is_seen_and_neither_started_over_nor_thrown_away(
    hypervisor: LibvirtHypervisor, machine: Machine
) -> None:
    hypervisor.start(machine.name)
    hypervisor._known(machine.name).managedSave(0)
    assert status(hypervisor, machine).managed_save
    with pytest.raises(Refused, match="saved by somebody"):
        hypervisor.start(machine.name)
    with pytest.raises(Refused, match="managed save image"):
        hypervisor.undefine(machine.name)
    assert status(hypervisor, machine).managed_save


def test_a_block_job_is_seen_on_its_disk_while_it_runs(
    hypervisor: LibvirtHypervisor, machine: Machine
) -> None:
    image = machine.images[1]
    base = image.with_name("base.qcow2")
    run("qemu-io", "-f", "qcow2", "-c", "write -P 0xa1 0 24M", image)
    image.rename(base)
    run("qemu-img", "create", "-f", "qcow2", "-b", base, "-F", "qcow2", image)
    hypervisor.start(machine.name)
    assert status(hypervisor, machine).jobs == ()
    domain = hypervisor._known(machine.name)
    domain.blockPull("vdb", 1, 0)
    assert status(hypervisor, machine).jobs == ("vdb",)
    domain.blockJobAbort("vdb", 0)
    assert status(hypervisor, machine).jobs == ()


def test_the_host_says_what_it_can_run(hypervisor: LibvirtHypervisor) -> None:
    abilities = hypervisor.abilities()
    assert str(emulator()) in abilities.emulators
    aliases = dict(abilities.machine_aliases)
    assert aliases["q35"].startswith("pc-q35-")
    assert aliases["pc"].startswith("pc-i440fx-")
    assert {"q35", "pc", *aliases.values()} <= set(abilities.machine_types)
    assert hypervisor.abilities() is abilities  # asked once: it takes long enough to be felt


def test_a_daemon_that_takes_the_call_and_says_nothing_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libvirt_connection, "OPEN_SECONDS", 1.0)
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(tmp_path / "s"))
        mute.listen()
        started = time.monotonic()
        silent = LibvirtHypervisor(f"qemu+unix:///system?socket={tmp_path}/s")
        with pytest.raises(Unreachable, match="has not answered for 1 second"):
            silent.domains()
        assert time.monotonic() - started < 120


def test_a_closed_connection_opens_again_and_guests_stay(
    hypervisor: LibvirtHypervisor, machine: Machine
) -> None:
    hypervisor.start(machine.name)
    hypervisor.close()
    hypervisor.close()
    assert status(hypervisor, machine).state == "running"
    second = LibvirtHypervisor(hypervisor.uri)
    assert second.domain(machine.name) == hypervisor.domain(machine.name)
    second.close()
    assert status(hypervisor, machine).state == "running"
