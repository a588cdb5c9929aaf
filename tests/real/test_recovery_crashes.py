"""Recovery and rejoining killed before every effect on engine and hosts, and then resumed.

The effects are found by running once and counting. The engine is the practice engine behind the
real client library; the hosts' shells are pretended.
"""

from __future__ import annotations

import json

import pytest

from config.errors import StepFailed
from config.questions import Given
from config.site import EngineHost, ShellAccess
from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.site import lose_host, restore_database, saved_database
from steps.hosted_engine.deploy_job import DeployJob
from steps.hosted_engine.recovery.phases import make_way_phase, recovery_phases
from steps.hosted_engine.recovery.recovery_job import BackupHost, BackupMachine, RecoveryJob
from steps.hosted_engine.recovery.step_remove import RemoveHost
from steps.hosted_engine.rejoin.procedure import rejoin_plan
from steps.hosted_engine.rejoin.rejoin_job import AUTHORIZED, CONFIGURATION, RejoinHost, RejoinJob
from steps.hosted_engine.rejoin.step_add import AddHost, TakePart
from steps.hosted_engine.rejoin.step_configuration import FreeHost
from steps.hosted_engine.rejoin.step_key import LetEngineIn
from steps.procedure import Outcome, Plan
from steps.targets.engine import NewHost
from tests.real.engine_support import HOSTS
from tests.real.pretended_host import DeadlyEngine, DeadlyShell, PretendedHost
from tests.real.recovery_world import LIMITS, NEW_NAME
from tests.unit.deadly import Deadly, Fate
from tests.unit.restore_world import Killed, MemoryContext, carry_out

NOTHING: Given = {}
WORDS = {"rebooted.host_02": "rebooted", "rebooted.host_03": "rebooted"}


class Targets:
    """The engine and the pretended hosts, each effect counted."""

    def __init__(self, engine, hosts, fate) -> None:
        self._engine, self._hosts, self._fate = engine, hosts, fate

    def engine(self):
        return DeadlyEngine(self._engine, self._fate)

    def shell(self, name):
        return DeadlyShell(self._hosts[name], self._fate)

    def close(self):
        """Nothing was opened."""


class Stage:
    """One world that can be set up again and again."""

    def __init__(self, practice, folder) -> None:
        self.practice, self.folder = practice, folder
        self.first = json.dumps(practice.facts())
        folder.mkdir()

    def again(self) -> None:
        """host-03 is lost with two machines on it; host-02 does not come up."""
        self.practice.places.world.write(json.loads(self.first))
        with self.practice.places.world.change() as facts:
            facts["engine"].update(up_at=0.0, healthy_at=0.0)
        lose_host(self.practice.places, "host-03")
        self.hosts = {name: PretendedHost(name) for name in HOSTS}
        carrier = self.hosts[HOSTS[0]]
        carrier.services |= {"ovirt-ha-agent", "ovirt-ha-broker"}
        carrier.counted |= {1: HOSTS[0], 2: HOSTS[1]}

    def killed_at(self, plan: Plan, number: int) -> tuple[MemoryContext, list[str]]:
        """Two lives: one that ends before that effect, one that goes on to the end."""
        fate = Fate(number)
        targets = Targets(self.practice.engine, self.hosts, fate)
        context = Deadly(MemoryContext(targets, NOTHING, self.folder, **WORDS), Fate())
        try:
            carry_out(plan, context)
        except Killed:
            again = context.after_a_crash(Targets(self.practice.engine, self.hosts, Fate()))
            carry_out(plan, again)
        else:
            assert number < 0, "nothing was killed"
        return context, fate.names


@pytest.fixture
def stage(practice, tmp_path):
    made = Stage(practice, tmp_path / "run")
    made.again()
    return made


def every_effect(stage, make_plan, prove, least):
    """Once undisturbed, then killed before each of its effects."""
    _context, names = stage.killed_at(make_plan(), -1)
    prove()
    assert len(names) >= least, names
    for number, name in enumerate(names):
        stage.again()
        stage.killed_at(make_plan(), number)
        try:
            prove()
        except AssertionError as error:
            raise AssertionError(f"killed before {number}, {name}: {error}") from error


def test_rejoining_killed_before_any_effect_goes_on_to_the_same_end(stage):
    old = "fqdn=old\n"

    def plan():
        engine = stage.practice.engine
        host = stage.hosts[HOSTS[1]]
        host.files[CONFIGURATION] = old.encode()
        host.services |= {"ovirt-ha-agent", "ovirt-ha-broker"}
        stage.practice.told("hosts", "host-02", status="non_responsive", due=[])
        stage.practice.told(
            "machines", "vm_archive", host=stage.practice.host_id("host-02"), status="unknown"
        )
        two = engine.host_named("host-02")
        known = RejoinHost(BackupHost(two.id, two.name, two.address), two.cluster, HOSTS[1])
        carrier = EngineHost(HOSTS[0], ShellAccess())
        return rejoin_plan(RejoinJob(stage.practice.access, carrier, (known,), limits=LIMITS))

    def prove():
        host = stage.hosts[HOSTS[1]]
        assert stage.practice.engine.host_named("host-02").status == "up"
        added = [e for e in stage.practice.engine.events() if "host-02 was added" in e.text]
        assert len(added) == 1
        assert host.files == {f"{CONFIGURATION}.before-run": old.encode()}
        assert AUTHORIZED not in host.files
        assert stage.hosts[HOSTS[0]].counted == {1: HOSTS[0]}
        archive = next(m for m in stage.practice.engine.machines() if m.name == "vm_archive")
        assert archive.status == "down"

    every_effect(stage, plan, prove, least=9)


def test_recovery_killed_before_any_effect_goes_on_to_the_same_end(stage):
    def plan():
        practice = stage.practice
        lose_host(practice.places, "host-02")
        practice.told("hosts", "host-01", status="maintenance", spm="none")
        practice.told("machines", "HostedEngine", host=practice.host_id("host-02"))
        backup = saved_database(practice.places)
        restore_database(practice.places, backup, fence_delay=1e9)
        hosts = tuple(BackupHost(h["id"], h["name"], h["address"]) for h in backup["hosts"])
        machines = tuple(
            BackupMachine(m["id"], m["name"], "host-03")
            for m in backup["machines"]
            if m["name"] in ("vm_web", "vm_build")
        )
        carrier = EngineHost(HOSTS[0], ShellAccess())
        deploy = DeployJob("p", carrier, "classic", "engine", "", lambda _context: None)
        job = RecoveryJob(deploy, NEW_NAME, hosts[:1], hosts, machines, limits=LIMITS)
        way, (_down, _settle, *rest) = make_way_phase(job), recovery_phases(job)
        return Plan("toy", "toy", "Recover", (way, AddedByTheTool(stage).phase, *rest))

    def prove():
        engine = stage.practice.engine
        assert [host.name for host in engine.hosts()] == ["host-02", "host-03", NEW_NAME]
        assert engine.host_named(NEW_NAME).status == "up"
        machines = {machine.name: machine for machine in engine.machines()}
        assert machines["vm_build"].status == "down"
        assert machines["vm_web"].host in ("", engine.host_named(NEW_NAME).id)
        assert "damage" not in stage.practice.facts()

    every_effect(stage, plan, prove, least=3)


def context_of(stage, **answers):
    return MemoryContext(
        Targets(stage.practice.engine, stage.hosts, Fate()), NOTHING, stage.folder, **answers
    )


def a_job(stage):
    two = stage.practice.engine.host_named("host-02")
    known = RejoinHost(BackupHost(two.id, two.name, two.address), two.cluster, HOSTS[1])
    carrier = EngineHost(HOSTS[0], ShellAccess())
    return RejoinJob(stage.practice.access, carrier, (known,), limits=LIMITS), known


def test_a_host_that_is_not_operational_gives_its_machines_away_before_it_is_removed(stage):
    practice = stage.practice
    practice.told("hosts", "host-02", status="non_operational", due=[])
    practice.told("machines", "vm_archive", host=practice.host_id("host-02"), status="up")
    _job, known = a_job(stage)
    step = RemoveHost(HOSTS[0], known.old, LIMITS)
    context = context_of(stage)
    step.apply(context)
    assert step.verify(context).outcome is Outcome.DONE
    assert any("it goes to maintenance first, its 1 machine elsewhere" in x for x in context.lines)
    archive = next(m for m in practice.engine.machines() if m.name == "vm_archive")
    assert (archive.status, archive.host) == ("up", practice.host_id("host-01"))


def test_what_was_set_aside_and_put_there_on_a_host_is_put_back(stage):
    job, known = a_job(stage)
    host = stage.hosts[HOSTS[1]]
    mine = b"ssh-ed25519 AAAA me\n"
    host.files |= {CONFIGURATION: b"old", AUTHORIZED: mine}
    host.services |= {"ovirt-ha-agent"}
    context = context_of(stage)
    steps = (FreeHost(job, known), LetEngineIn(job, known))
    for step in steps:
        assert step.verify(context).outcome is Outcome.NOT_DONE
        step.apply(context)
        assert step.verify(context).outcome is Outcome.DONE
    assert CONFIGURATION not in host.files
    assert not host.services
    for step in (*reversed(steps), *steps):
        step.undo(context)
        assert step.verify(context).outcome is Outcome.NOT_DONE
    assert host.files == {CONFIGURATION: b"old", AUTHORIZED: mine}
    assert host.services == {"ovirt-ha-agent"}


def test_a_host_whose_installation_failed_is_installed_again(stage):
    practice = stage.practice
    job, known = a_job(stage)
    practice.engine.maintain_host(known.old.id)
    RemoveHost(HOSTS[0], known.old, LIMITS).apply(context_of(stage))
    with practice.places.world.change() as facts:
        facts["hosts"][HOSTS[1]]["dead"] = True
    context = context_of(stage)
    AddHost(job, known).apply(context)
    part = TakePart(job, known)
    with pytest.raises(StepFailed, match="host-02 is install_failed, score"):
        part.apply(context)
    with practice.places.world.change() as facts:
        facts["hosts"][HOSTS[1]]["dead"] = False
    part.apply(context)
    assert part.verify(context).evidence == "host host-02 is up, score 3400"


class AddedByTheTool:
    """What the deployment does between the two parts of the recovery."""

    def __init__(self, stage) -> None:
        from steps.procedure import Phase, Step, done, not_done

        practice = stage.practice

        class Tool(Step):
            name, title = "tool", "The tool goes on"

            def commands(self):
                return ()

            def verify(self, context):
                found = practice.engine.host_named(NEW_NAME)
                return done("added") if found else not_done("not yet")

            def apply(self, context):
                cluster = practice.facts()[db.KEY]["clusters"][0]["id"]
                practice.engine.add_host(NewHost(NEW_NAME, HOSTS[0], cluster))
                practice.told("hosts", NEW_NAME, status="non_operational", due=[])

        self.phase = Phase("tool", "Tool", (Tool(),))
