"""A restored engine brought back into service, by the real steps, on practice hosts and engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from steps.drill.practice_engine import database as db
from steps.hosted_engine.recovery import rebooted
from steps.hosted_engine.recovery.phases import make_way_phase, recovery_phases
from steps.run.events import Finish
from tests.real.recovery_world import NEW_NAME, restored_site

REBOOTED = {"rebooted.host-02": "rebooted", "rebooted.host-03": "rebooted"}


@pytest.fixture(scope="module")
def standing():
    with restored_site() as found:
        yield found


@pytest.fixture
def world(standing, monkeypatch, tmp_path):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    world, first = standing
    world.begin(first)
    return world


def made_way(world, tmp_path):
    """The failover host is out of the engine, and the tool has added it anew."""
    running = world.running(tmp_path / "way", [make_way_phase(world.job())]).start()
    assert running.end().finish is Finish.DONE
    world.tool_adds_host()
    world.agents(active=True)


def test_the_failover_host_is_removed_by_its_id_and_the_engines_events_join_the_run(
    world, tmp_path
):
    old = world.id_of("host-01")
    running = world.running(tmp_path, [make_way_phase(world.job())]).start()
    assert running.end().finish is Finish.DONE
    assert "Rekindle practice engine (simulated)" in running.evidence("engine.trust")
    assert running.evidence("make-way.host-01").startswith(f"the engine has no host {old}; it has")
    assert "Host host-01 was removed by admin@internal." in running.log("make-way.host-01")
    assert {host.name for host in world.engine.hosts()} == {"host-02", "host-03"}


def test_a_failover_host_that_was_never_freed_is_confirmed_first_and_then_removed(world, tmp_path):
    world.told("hosts", "host-01", status="non_responsive")
    world.told("machines", "vm_build", host=world.id_of("host-01"), status="unknown")
    running = world.running(tmp_path, [make_way_phase(world.job())]).start()
    question = running.question("rebooted.host-01")
    refused = {choice.value: choice.refused for choice in question.choices}
    assert refused["rebooted"].startswith("It does not look so: ping answers")
    assert "vm_build (unknown)" in question.detail
    running.answer("rebooted.host-01", "override")
    running.answer("still-alive.host-01", "host-01")
    assert running.end().finish is Finish.DONE
    assert world.engine.host_named("host-01") is None


def test_a_host_that_is_well_is_never_removed(world, tmp_path):
    world.told("hosts", "host-01", status="up")
    running = world.running(tmp_path, [make_way_phase(world.job())]).start()
    question = running.question("step-failed")
    assert "it may be another host that is well" in question.text
    assert world.engine.host_named("host-01") is not None
    running.answer("step-failed", "stop")
    running.end()


def test_an_unknown_ca_is_taken_from_the_archive_or_asked_about(world, tmp_path):
    from steps.targets.engine_ca import kept_ca, trust_file

    file = trust_file(world.site.engine)
    fingerprint = kept_ca(file).fingerprint
    file.unlink()
    job = world.job(in_the_way=())
    known = replace(job, ca_fingerprint=fingerprint)
    running = world.running(tmp_path / "1", [make_way_phase(known)]).start()
    assert running.end().finish is Finish.DONE
    assert file.exists()
    file.unlink()
    other = replace(job, ca_fingerprint="AA:BB")
    running = world.running(tmp_path / "2", [make_way_phase(other)]).start()
    question = running.question("engine.ca")
    assert fingerprint in question.detail
    assert "The archive's CA is another one: SHA-256 AA:BB." in question.detail
    running.answer("engine.ca", "refuse")
    assert "was not accepted" in running.question("step-failed").text
    assert not file.exists()
    running.answer("step-failed", "retry")
    running.answer("engine.ca", "accept")
    assert running.end().finish is Finish.DONE


def test_everything_after_the_deployment_comes_back_into_service(world, tmp_path):
    made_way(world, tmp_path)
    running = world.running(tmp_path, recovery_phases(world.job()), REBOOTED).start()
    ended = running.end()
    assert ended.finish is Finish.DONE, ended.message
    assert "no failure" in running.evidence("host.seen")
    assert running.evidence("storage.up").startswith(
        f"data centre Default up, Storage Pool Manager {NEW_NAME} (up), 2 of 2 storage domains"
    )
    assert "no other host is up to take that" in running.evidence("host.maintenance")
    told = running.evidence("machines.down")
    assert told == (
        f"1 of 2 are down and can be started; vm_web is up on {NEW_NAME}, started again: it is"
        " highly available"
    )
    assert "damage" not in world.facts()
    prepared = [q for q in running.view.questions if q.question.name.startswith("rebooted.")]
    assert [q.question.name for q in prepared] == ["rebooted.host-03"], "host-02 held nothing"


def test_a_host_goes_through_maintenance_where_the_engine_does_not_show_its_own_machine(
    world, tmp_path
):
    with world.places.world.change() as facts:
        facts[db.KEY]["machines"] = facts[db.KEY]["machines"][1:]
    made_way(world, tmp_path)
    running = world.running(tmp_path, recovery_phases(world.job()), REBOOTED).start()
    ended = running.end()
    assert ended.finish is Finish.DONE, ended.message
    assert running.evidence("host.maintenance").startswith("was in maintenance in this run")
    assert f"Host {NEW_NAME} was switched to Maintenance" not in running.log("host.active")
    assert f"Host {NEW_NAME} is being moved to Maint" in running.log("host.maintenance")


def test_the_engines_machine_goes_down_and_comes_up_again_as_a_service(world, tmp_path):
    made_way(world, tmp_path)
    world.agents(active=False)
    phases = recovery_phases(world.job())
    running = world.running(tmp_path / "down", phases[:1]).start()
    assert running.end().finish is Finish.DONE
    assert running.evidence("engine-machine.down").startswith("seen down in this run: the engine's")
    world.machine_starts()
    running = world.running(tmp_path / "up", phases[1:2]).start()
    assert running.end().finish is Finish.DONE
    assert running.states() == {
        "host.high-availability": "done", "engine-machine.status": "already",
        "engine-machine.health": "already",
    }  # fmt: skip


def test_a_role_that_is_not_released_is_named_and_freed_by_the_word_on_its_host(world, tmp_path):
    from steps.drill.practice_engine.site import restore_database

    world.fault(db.SPM_NOT_RELEASED, "host-02")
    restore_database(world.places, world.backup)
    made_way(world, tmp_path)
    running = world.running(tmp_path, recovery_phases(world.job())).start()
    question = running.question("rebooted.host-02")
    assert "It holds the role of Storage Pool Manager." in question.detail
    running.answer("rebooted.host-02", "leave")
    failed = running.question("step-failed")
    assert failed.text.startswith("SPM not released: host host-02 is non_responsive")
    assert "Switch host-02 off or reboot it" in failed.detail
    running.answer("step-failed", "retry")
    running.answer("rebooted.host-02", "rebooted")
    running.answer("rebooted.host-03", "rebooted")
    ended = running.end()
    assert ended.finish is Finish.DONE, ended.message
    assert "SPM not released" in running.log("storage.up")


def test_a_host_that_still_lives_is_not_fenced_and_its_machines_are_named(world, tmp_path):
    world.fault(db.STILL_ALIVE, "host-03")
    world.told("hosts", "host-03", power_management=True)
    made_way(world, tmp_path)
    running = world.running(tmp_path, recovery_phases(world.job()), REBOOTED).start()
    question = running.question("rebooted.host-03")
    assert "its power management says that it is on; ping answers; SSH (port 22)" in question.detail
    notes = [text for _at, text in running.view.notes]
    assert any("was not taken" in note and "does not look so" in note for note in notes)
    running.answer("rebooted.host-03", "override")
    running.answer("still-alive.host-03", "host-30")
    again = running.question("rebooted.host-03.2")
    assert "nothing was confirmed" in again.detail
    running.answer("rebooted.host-03.2", "leave")
    ended = running.end()
    assert ended.finish is Finish.DONE, ended.message
    assert "damage" not in world.facts()
    put_off = running.view.steps["machines.down"]
    assert "vm_build is unknown on host-03, which is non_responsive" in str(put_off)
    world.mend()  # it is switched off now
    again = world.running(tmp_path, recovery_phases(world.job()), run=running.session.run).start()
    assert again.end().finish is Finish.DONE
    assert again.evidence("machines.down").startswith("1 of 2 are down")
    assert "damage" not in world.facts()


def test_a_host_that_comes_to_life_while_the_question_stands_is_not_fenced(
    world, tmp_path, monkeypatch
):
    monkeypatch.setattr(rebooted, "FRESH_SECONDS", 0.0)
    made_way(world, tmp_path)
    running = world.running(tmp_path, recovery_phases(world.job())).start()
    question = running.question("rebooted.host-03")
    assert not any(choice.refused for choice in question.choices if choice.value == "rebooted")
    world.fault(db.STILL_ALIVE, "host-03")
    running.answer("rebooted.host-03", "rebooted")
    again = running.question("rebooted.host-03.2")
    assert "come to life since it was asked" in again.detail
    running.answer("rebooted.host-03.2", "leave")
    running.end()
    assert "damage" not in world.facts()


def test_the_damage_of_a_false_word_is_what_the_override_was_warned_of(world, tmp_path):
    world.fault(db.STILL_ALIVE, "host-03")
    made_way(world, tmp_path)
    running = world.running(tmp_path, recovery_phases(world.job())).start()
    running.answer("rebooted.host-03", "override")
    running.answer("still-alive.host-03", "host-03")
    running.end()
    assert world.facts()["damage"]
    assert "confirms against what is seen (ping answers" in running.log("rebooted.host-03")


def test_a_host_that_stays_non_operational_tells_why_and_is_tried_again(world, tmp_path):
    made_way(world, tmp_path)
    world.fault(db.STAYS_NON_OPERATIONAL, NEW_NAME)
    running = world.running(tmp_path, recovery_phases(world.job()), REBOOTED).start()
    failed = running.question("step-failed")
    assert f"{NEW_NAME} is non_operational (network_unreachable)" in failed.text
    assert "lacks a network that its cluster requires" in failed.detail
    assert "Activation of host hosted_engine_1 initiated." in running.log("host.active")
    world.mend()
    running.answer("step-failed", "retry")
    assert running.end().finish is Finish.DONE


def test_a_dead_entry_of_the_engines_machine_is_removed_and_never_the_one_in_use(world, tmp_path):
    made_way(world, tmp_path)
    with world.places.world.change() as facts:
        cluster = facts[db.KEY]["clusters"][0]["id"]
        dead = db.machine_record("HostedEngine", cluster, origin="managed_hosted_engine")
        facts[db.KEY]["machines"].append(dead | {"origin": "hosted_engine"})
    prompts = REBOOTED | {f"dead-engine.{dead['id']}": "remove"}
    running = world.running(tmp_path, recovery_phases(world.job()), prompts).start()
    ended = running.end()
    assert ended.finish is Finish.DONE, ended.message
    left = [machine for machine in world.engine.machines() if machine.is_engine]
    assert [machine.status for machine in left] == ["up"]
