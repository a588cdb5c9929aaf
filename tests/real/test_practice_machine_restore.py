"""A restore on the practice site's engine machine, over real SSH, from the backup server: every
step of the automatic way, with the practice engine-backup and engine-setup (simulated, and said
so), and a machine whose SSH host key is new."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from config.questions import Group, Interview, Kind, Question
from config.secrets import Secret
from steps.drill.practice_engine.standing import FAILOVER
from steps.drill.practice_hosts import first_world as world
from steps.hosted_engine.archive.inspect import inspect
from steps.hosted_engine.machine_restore.databases import automatic
from steps.hosted_engine.machine_restore.job import ArchiveSource, ExpectedRows, MachineRestoreJob
from steps.hosted_engine.machine_restore.phases import machine_phases, put_back_phase
from steps.hosted_engine.machine_restore.restore_command import ArchiveHolds, RestoreChoice
from steps.procedure import Plan, Procedure
from steps.run.directory import create_run
from steps.run.events import Finish
from steps.run.runner import open_site_targets
from tests.real.engine_site_support import standing_site
from tests.unit.run_support import Operator

ARCHIVE = "/var/backup/ovirt-engine/engine.backup"


@pytest.fixture
def standing(monkeypatch, tmp_path):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    with standing_site() as site:
        yield site


def backed_up(standing, tmp_path):
    """A backup of the running engine, on the backup server; the machine is another one then."""
    machine, here = standing.machine, tmp_path / "engine.backup"
    machine.run(["engine-backup", "--mode=backup", "--file=/root/b", "--log=/root/b.log"],
                timeout=600)  # fmt: skip
    machine.get("/root/b", str(here))
    standing.shell(world.BACKUP).put(str(here), ARCHIVE)
    machine.close()
    known = standing.hosts.known_hosts.read_text()
    standing.fresh_machine(FAILOVER)
    # As an operator's own file would be: nobody has seen the new key yet.
    standing.hosts.known_hosts.write_text(known)
    return here


def job_of(standing, archive):
    seen = inspect(archive)
    databases = tuple(automatic(scope) for scope in seen.scopes if scope in ("db", "dwhdb"))
    return MachineRestoreJob(
        site_name=standing.site.name,
        machine=standing.site.engine.machine,
        archive=ArchiveSource(
            ARCHIVE, world.BACKUP, hashlib.sha256(archive.read_bytes()).hexdigest()
        ),
        holds=ArchiveHolds.of(seen),
        choice=RestoreChoice(databases),
        fqdn=seen.engine_fqdn,
        expected=ExpectedRows.of(seen),
    )


def restoring(standing, tmp_path, job, phases=(), run=None, start=True, **prompts):
    """An operator of all phases or these, of a new run or that one."""
    phases = phases or (*machine_phases(job), put_back_phase(job))
    procedure = Procedure(
        name="toy.machine", system="toy", title="Restore", description="", needs="", undo="",
        interview=Interview((Group("toy", "Toy", (Question("toy", "Toy", Kind.TEXT),)),)),
        probes={}, survey=lambda _input: {}, plan=lambda *_: Plan("toy.machine", "x", "y", phases),
    )  # fmt: skip
    run = run or create_run(
        standing.site, "toy.machine", {"toy": "x"}, {}, {}, prompts, folder=tmp_path / "runs"
    )
    operator = Operator(run, procedure, secret="", open_targets=open_site_targets)
    operator.session.add_secret("engine password", Secret("not asked for here"))
    return operator.start() if start else operator


def test_an_engine_comes_back_on_a_new_machine(standing, tmp_path):
    archive = backed_up(standing, tmp_path)
    hosts = len(inspect(archive).hosts)
    running = restoring(standing, tmp_path, job_of(standing, archive))
    question = running.question("machine.host-key")
    assert "ssh-keygen -lf" in question.detail
    assert "It was SHA256:" in question.detail
    running.answer(question.name, "trust")
    question = running.question("setup.preview")
    assert world.ENGINE in question.detail
    running.answer(question.name, "OK")
    assert running.end().finish is Finish.DONE
    assert f"{hosts} hosts" in running.view.steps["restore.run"].evidence
    assert "DB Up" in running.view.steps["setup.engine-up"].evidence
    assert running.view.facts["setup.fence-delay-before"] == "300"
    assert standing.machine.list("/var/lib/rekindle") == ()
    kept = list(standing.hosts.known_hosts.parent.glob("known_hosts.before-renewal-*"))
    assert len(kept) == 1


@pytest.mark.parametrize("way", ["again", "clean-up"])
def test_a_database_in_the_way_is_met_and_the_restore_goes_on_once_it_is_gone(
    standing, tmp_path, way
):
    archive = backed_up(standing, tmp_path)
    with standing.world.change() as facts:
        facts["faults"]["database-not-empty"] = "struck"
    prompts = {"machine.host-key": "trust", "setup.preview": "OK"}
    running = restoring(standing, tmp_path, job_of(standing, archive), **prompts)
    question = running.question("step-failed")
    assert "Please clean up everything and try again" in question.text
    assert "half restored" in question.detail
    with standing.world.change() as facts:
        del facts["faults"]["database-not-empty"]
    running.answer("step-failed", "retry")
    question = running.question("restore.half-restored")
    assert "files are there" in question.text
    running.answer(question.name, way)
    if way == "clean-up":
        question = running.question("tool.OVESETUP_CORE_REMOVE.1")
        assert "data will be lost" in question.text + question.detail
        running.answer(question.name, "OK")
    assert running.end().finish is Finish.DONE
    logs = standing.machine.list("/var/log/ovirt-engine/setup")
    assert any("ovirt-engine-remove" in name for name in logs) is (way == "clean-up")


def test_an_archive_of_a_newer_engine_is_refused_before_anything_is_touched(standing, tmp_path):
    archive = backed_up(standing, tmp_path)
    job = job_of(standing, archive)
    newer = replace(job, holds=replace(job.holds, version="4.5.9"), installed="4.5.9")
    running = restoring(standing, tmp_path, newer, **{"machine.host-key": "trust"})
    question = running.question("step-failed")
    assert "does not take it back" in question.text
    running.answer("step-failed", "stop")
    running.end()
    assert not (standing.hosts.root(world.ENGINE) / "etc/ovirt-engine").exists()
