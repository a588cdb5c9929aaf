"""Steps of recovery and rejoining against small worlds of their own."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.errors import Refused, StepFailed
from config.site import EngineAccess, EngineHost, ShellAccess
from steps.hosted_engine.deploy_job import DeployJob
from steps.hosted_engine.recovery.rebooted import Confirmation
from steps.hosted_engine.recovery.recovery_job import (
    BackupHost,
    BackupMachine,
    Limits,
    RecoveryJob,
)
from steps.hosted_engine.recovery.step_engine_machine import LOOK, ShutDownEngineMachine
from steps.hosted_engine.recovery.step_host import HostInEngine
from steps.hosted_engine.recovery.step_machines import MachinesDown
from steps.hosted_engine.recovery.step_trust import TrustEngine
from steps.hosted_engine.rejoin import step_key
from steps.hosted_engine.rejoin.rejoin_job import (
    AUTHORIZED,
    CONFIGURATION,
    RejoinHost,
    RejoinJob,
)
from steps.hosted_engine.rejoin.step_configuration import FreeHost
from steps.hosted_engine.rejoin.step_key import LetEngineIn
from steps.hosted_engine.rejoin.step_metadata import ForgetHost
from steps.hosted_engine.rejoin.step_reach import ReachHost
from steps.procedure import Outcome, PutOff, Step, done, not_done
from steps.targets import engine_ca
from steps.targets.engine_ca import ChangedEngineCa, EngineCa
from steps.targets.engine_facts import Host, Machine, Power
from steps.targets.shell import Completed
from tests.real.pretended_host import PretendedHost
from tests.unit import machine_support


class Context:
    """A step's context: memory, what was asked and said, answers prepared by the test."""

    def __init__(self, targets, folder=Path("/runs/r1"), answer=None):
        self.targets, self.run_directory = targets, folder
        self.answer = answer or (lambda prompt: prompt.default)
        self.facts, self.asked, self.said = {}, [], []

    def ask(self, prompt):
        self.asked.append(prompt)
        return self.answer(prompt)

    def remember(self, name, value):
        self.facts[name] = value

    def recall(self, name):
        return self.facts.get(name)

    def log(self, text):
        self.said.append(text)

    def checkpoint(self):
        pass

    def progress(self, *_more):
        pass


class Up:
    """The health page of an engine that is up."""

    up, seen = True, "it is up"


OLD = EngineCa(b"old", "AA:01", "CN=old", "2027-01-01")
NEW = EngineCa(b"new", "BB:02", "CN=new", "2037-01-01")


class RenewedEngine:
    """An engine with a new CA: every call fails until that is the one that is trusted."""

    url = "https://engine.example.com"

    def __init__(self, file, access):
        self.file, self.access = file, access

    def engine(self):
        return self

    def health(self):
        self._greet()
        return Up()

    def about(self):
        self._greet()
        return type("About", (), {"product": "oVirt", "version": "4.5", "simulated": False})

    def _greet(self):
        if self.file.read_bytes() != NEW.pem:
            raise ChangedEngineCa(self.access, NEW, OLD)


def renewed(folder, monkeypatch, *, chosen, ca_file=False):
    shaken = []
    monkeypatch.setattr(engine_ca, "verifying", lambda ca: ca)
    monkeypatch.setattr(engine_ca, "_shake_hands", lambda _url, ca, _seconds: shaken.append(ca))
    named = folder / "named.pem" if ca_file else None
    access = EngineAccess("https://engine.example.com", "u", ca_file=named, known_cas=folder)
    file = engine_ca.trust_file(access)
    file.write_bytes(OLD.pem)
    deploy = DeployJob("s", EngineHost("h", ShellAccess()), "classic", "e", "", lambda _c: None)
    job = RecoveryJob(deploy, "h", renews_certificates=chosen, limits=Limits(every=0.01))
    return TrustEngine(job), RenewedEngine(file, access), file, shaken


def test_a_renewed_ca_is_asked_about_with_both_fingerprints_and_the_old_one_is_kept(
    tmp_path, monkeypatch
):
    step, engine, file, shaken = renewed(tmp_path, monkeypatch, chosen=True)
    context = Context(engine, answer=lambda _prompt: "accept")
    assert step.verify(context).outcome is Outcome.NOT_DONE
    step.apply(context)
    (prompt,) = context.asked
    assert OLD.fingerprint in prompt.detail
    assert NEW.fingerprint in prompt.detail
    assert prompt.default == "refuse"
    assert prompt.seen == NEW.fingerprint, "an answer cannot be prepared without having seen it"
    assert shaken == [NEW]
    assert file.read_bytes() == NEW.pem
    assert OLD.pem in [one.read_bytes() for one in tmp_path.iterdir() if one != file]
    assert step.verify(context).outcome is Outcome.DONE
    assert all(one.stat().st_mode & 0o077 == 0 for one in tmp_path.glob("*.before-*"))


def test_a_renewed_ca_that_is_refused_changes_nothing(tmp_path, monkeypatch):
    step, engine, file, _shaken = renewed(tmp_path, monkeypatch, chosen=True)
    with pytest.raises(Refused, match="not accepted"):
        step.apply(Context(engine))
    assert list(tmp_path.iterdir()) == [file]
    assert file.read_bytes() == OLD.pem


def test_a_changed_ca_is_never_asked_about_where_nothing_was_to_be_renewed(tmp_path, monkeypatch):
    step, engine, file, _shaken = renewed(tmp_path, monkeypatch, chosen=False)
    context = Context(engine, answer=lambda _prompt: "accept")
    for act in (step.verify, step.apply):
        with pytest.raises(ChangedEngineCa):
            act(context)
    assert context.asked == []
    assert file.read_bytes() == OLD.pem


def test_a_ca_file_that_the_site_names_is_never_written(tmp_path, monkeypatch):
    step, engine, file, _shaken = renewed(tmp_path, monkeypatch, chosen=True, ca_file=True)
    with pytest.raises(Refused, match="never written"):
        step.apply(Context(engine, answer=lambda _prompt: "accept"))
    assert file.read_bytes() == OLD.pem


def test_renewing_a_ca_twice_keeps_the_first_one(tmp_path):
    file = tmp_path / "engine.pem"
    file.write_bytes(OLD.pem)
    aside = engine_ca.renew_ca(file, NEW)
    engine_ca.renew_ca(file, NEW)
    assert aside.read_bytes() == OLD.pem
    assert sorted(tmp_path.iterdir()) == sorted([file, aside])


class RejoinWorld:
    """An engine with some hosts, and one host that is entered."""

    url = "https://engine.example.com"
    where = "host-02"

    def __init__(self, hosts, *, uuid="", files=(), services=()):
        self.there, self.uuid = list(hosts), uuid
        self.files, self.services = set(files), set(services)
        self.did = []

    def engine(self):
        return self

    def shell(self, _name):
        return self

    def marked(self, _mark):
        return self

    def hosts(self):
        return self.there

    def host_named(self, name):
        return next((host for host in self.there if host.name == name), None)

    def status(self, path):
        return path if path in self.files else None

    def rename(self, source, target):
        self.files = (self.files - {source}) | {target}

    def run(self, command, **_more):
        match list(command):
            case ["dmidecode", *_]:
                return Completed("", 0, self.uuid, "")
            case ["systemctl", "is-active", service]:
                return Completed("", 0 if service in self.services else 3, "", "")
            case ["systemctl", "disable", _, service]:
                self.services.discard(service)
        return Completed("", 0, "since 1700000000\nlooked\n", "")


HARDWARE = "4c4c4544-0035-3910-8051-b1c04f4e3332"
SWAPPED = "44454c4c-3500-1039-8051-b1c04f4e3332"
ANOTHER = "4c4c4544-0035-3910-8052-b2c04f4e3332"


def rejoined(hardware=""):
    old = BackupHost("2", "host-02", "host-02.example.com", hardware)
    host = RejoinHost(old, "c", "host-02")
    carrier = EngineHost("host-01", ShellAccess())
    return RejoinJob(EngineAccess("https://e"), carrier, (host,), limits=Limits(every=0.01)), host


def host_of(id):
    return Host(id, "host-02", "host-02.example.com", "non_operational")


def test_a_host_that_somebody_has_added_again_keeps_its_new_configuration():
    world = RejoinWorld([host_of("9")], files={CONFIGURATION}, services={"ovirt-ha-agent"})
    assert FreeHost(*rejoined()).verify(Context(world)).outcome is Outcome.DONE
    lost = RejoinWorld([], files={CONFIGURATION})
    assert FreeHost(*rejoined()).verify(Context(lost)).outcome is Outcome.NOT_DONE


@pytest.mark.parametrize(
    ("said", "code", "outcome"),
    [
        ('{"1": {"host-id": 1, "hostname": "host-01", "live-data": true}}', 0, Outcome.DONE),
        ('{"2": {"host-id": 2, "hostname": "host-02.example.com"}}', 0, Outcome.NOT_DONE),
        ('{"2": {"host-id": 2, "hostname": "HOST-02"}}', 0, Outcome.NOT_DONE),
        ('{"2": {"host-id": 2, "hostname": "host-02.elsewhere.org"}}', 0, Outcome.DONE),
        ("", 1, Outcome.UNKNOWN),
        ("{}", 0, Outcome.UNKNOWN),
        ("nonsense", 0, Outcome.UNKNOWN),
    ],
)
def test_agents_that_do_not_answer_have_not_forgotten_a_host(said, code, outcome):
    class Carrier(RejoinWorld):
        def run(self, _command, **_more):
            return Completed("", code, said, "no configuration from the shared storage")

    job, host = rejoined()
    job = replace(job, limits=Limits(every=0.01, services=0.05))
    host = replace(host, site_name="host-02.example.com")
    step, context = ForgetHost(job, host), Context(Carrier([]))
    assert step.verify(context).outcome is outcome
    if outcome is Outcome.UNKNOWN:
        with pytest.raises(StepFailed, match="not even host-01"):
            step.apply(context)


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("{key} engine", Outcome.DONE),
        ('from="192.0.2.1" {key}', Outcome.DONE),
        ("# {key} engine", Outcome.NOT_DONE),
        ("", Outcome.NOT_DONE),
    ],
)
def test_a_key_that_is_commented_out_lets_nobody_in(line, outcome, monkeypatch):
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDq"
    monkeypatch.setattr(step_key, "engine_public_key", lambda _engine: key)
    before = f"ssh-rsa AAAA somebody\n{line.format(key=key)}\n"
    host = PretendedHost("host-02", files={AUTHORIZED: before.encode()})
    world = SimpleNamespace(engine=lambda: RejoinWorld([]), shell=lambda _name: host)
    step, context = LetEngineIn(*rejoined()), Context(world)
    assert step.verify(context).outcome is outcome
    step.apply(context)
    assert step.verify(context).outcome is Outcome.DONE
    assert host.files[AUTHORIZED].decode().startswith(before)
    step.undo(context)
    assert host.files[AUTHORIZED].decode() == before


def test_machines_on_a_host_that_is_still_coming_up_are_waited_for_and_not_put_off():
    class Engine(RejoinWorld):
        def machines(self, *_host):
            return (Machine("v", "vm_web", "up", "3"),)

    engine = Engine([Host("3", "host-03", "a", "connecting")])
    deploy = DeployJob("s", EngineHost("h", ShellAccess()), "classic", "e", "", lambda _c: None)
    wanted = BackupMachine("v", "vm_web", "host-03")
    job = RecoveryJob(deploy, "h", machines=(wanted,), limits=Limits(every=0.01))
    step, context = MachinesDown(job), Context(engine)
    assert step.verify(context).outcome is Outcome.NOT_DONE
    up = [Host("3", "host-03", "a", "up")]
    context.log = lambda told: "connecting" in told and setattr(engine, "there", up)
    step.apply(context)
    assert step.verify(context).outcome is Outcome.DONE
    up[0] = Host("3", "host-03", "a", "non_responsive")
    with pytest.raises(PutOff, match="Confirm that the host was rebooted"):
        step.apply(context)


@pytest.mark.parametrize("there", [HARDWARE, SWAPPED, HARDWARE.upper(), "", "Not Settable"])
def test_a_host_is_the_one_that_is_meant_unless_its_hardware_says_otherwise(there):
    world = RejoinWorld([host_of("2")], uuid=there)
    assert ReachHost(*rejoined(HARDWARE)).verify(Context(world)).outcome is Outcome.DONE


def test_another_host_under_that_address_is_asked_about_before_it_is_touched():
    step = ReachHost(*rejoined(HARDWARE))
    context = Context(RejoinWorld([host_of("2")], uuid=ANOTHER))
    assert step.verify(context).outcome is Outcome.NOT_DONE
    with pytest.raises(StepFailed, match=f"hardware UUID is {ANOTHER}"):
        step.apply(context)
    context.answer = lambda _prompt: "it-is"
    step.apply(context)
    assert context.asked[-1].seen == ANOTHER
    assert step.verify(context).outcome is Outcome.DONE
    context.targets.uuid = HARDWARE.replace("4c4c", "5d5d")
    assert step.verify(context).outcome is Outcome.NOT_DONE, "the word was about one hardware"


class Living:
    """An engine that takes a host for lost, and a network in which that host answers."""

    where = "host-01"

    def __init__(self):
        self.confirmed = []

    def power_of(self, _id):
        return Power.ON

    def machines(self, _host):
        return ()

    def confirm_rebooted(self, id):
        self.confirmed.append(id)

    def run(self, *_command, **_more):
        return Completed("", 0, "ping yes\n22 yes\n54321 yes\n", "")


class Confirms(Step):
    """Asks for the word about one host."""

    name, title, reason = "confirms", "Confirm", "A test."

    def __init__(self, living):
        self.living = living

    def commands(self):
        return ()

    def verify(self, _context):
        return done("said") if self.living.confirmed else not_done("not said")

    def apply(self, context):
        lost = Host("2", "host-02", "host-02", "non_responsive", power_management=True)
        Confirmation(context, self.living, self.living, lost).give()


def test_no_answer_file_confirms_that_a_host_was_rebooted_which_is_seen_to_live(
    tmp_path, monkeypatch
):
    living = Living()
    words = {
        "rebooted.host-02": "override", "still-alive.host-02": "host-02",
    }  # fmt: skip
    running = (
        machine_support.Machine(tmp_path / "m", monkeypatch)
        .run(Confirms(living), prompts=words)
        .start()
    )
    question = running.question("still-alive.host-02")
    assert "its power management says that it is on" in question.detail
    assert living.confirmed == []
    assert any("somebody must read it" in text for _at, text in running.view.notes)
    running.answer("still-alive.host-02", "host-02")
    running.end()
    assert living.confirmed == ["2"]


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("libvirt down", Outcome.DONE),
        ("libvirt up", Outcome.NOT_DONE),
        ("ping unseen", Outcome.NOT_DONE),
        ("", Outcome.NOT_DONE),
    ],
)
def test_a_machine_that_cannot_be_looked_at_is_not_taken_to_be_down(said, outcome):
    class Host(RejoinWorld):
        def run(self, command, **_more):
            if command[0] == "systemctl":
                return Completed("", 3, "", "")
            return Completed("", 0, said, "")

    deploy = DeployJob("s", EngineHost("h", ShellAccess()), "classic", "e", "", lambda _c: None)
    context = Context(Host([]))
    assert ShutDownEngineMachine(RecoveryJob(deploy, "h")).verify(context).outcome is outcome
    assert ("recovery.machine-down" in context.facts) == (outcome is Outcome.DONE)


def test_without_virsh_and_ping_the_look_at_the_machine_says_so():
    for name in ("", "no-such-name.invalid"):
        said = subprocess.run(
            ["/bin/sh", "-c", LOOK, "sh", name], capture_output=True, text=True, check=True,
            env={"PATH": "/nowhere"},
        ).stdout  # fmt: skip
        assert said == "ping unseen\n"


def test_of_two_hosts_whose_names_differ_in_case_only_the_one_that_was_named_is_meant():
    deploy = DeployJob("s", EngineHost("h", ShellAccess()), "classic", "e", "", lambda _c: None)
    hosts = [Host("1", "HOST-02", "a", "up"), Host("2", "host-02", "b", "up")]
    step = HostInEngine(RecoveryJob(deploy, "host-02"))
    assert step.found(RejoinWorld(hosts)).id == "2"
    assert step.found(RejoinWorld(hosts[:1])).id == "1"
