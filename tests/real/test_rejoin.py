"""Hosts of a restored engine are taken out and added again, on practice hosts behind real SSH."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.errors import InvalidInput, Refused
from config.interviews.hosted_engine_rejoin import BY_KEY, BY_PASSWORD
from config.secrets import SecretReference
from steps.drill.practice_engine import database as db
from steps.hosted_engine.rejoin.procedure import PROCEDURE, rejoin_job, rejoin_plan
from steps.procedure import ProbeInput
from steps.run.directory import create_run
from steps.run.events import Finish
from steps.run.runner import open_site_targets
from steps.targets.open import ENGINE_PASSWORD, open_targets
from tests.real.recovery_world import (
    CARRIER,
    CONFIGURATION,
    HOSTS,
    LIMITS,
    NEW_NAME,
    Running,
    restored_site,
)
from tests.screens.support import wait_for
from tui.app import RekindleApp
from tui.service import RealService
from tui.session import Session

PATIENCE = 120.0
TWO = ("host-02", "host-03")
KEYS = "root/.ssh/authorized_keys"


@pytest.fixture(scope="module")
def standing():
    with restored_site() as found:
        yield found


@pytest.fixture
def world(standing, monkeypatch, tmp_path):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    world, first = standing
    world.hosts_to_be_added_again(first)
    return world


def looked(world, probe, **given):
    targets = open_targets(world.site, {ENGINE_PASSWORD: world.password})
    try:
        return probe(ProbeInput(world.site, given, targets))
    finally:
        targets.close()


def rejoining(
    world, tmp_path, hosts=TWO, prompts=None, access=BY_KEY, run=None, password="", **more
):
    given = {"hosts": hosts, "looked_from": CARRIER, "access": access, **more}
    if access == BY_PASSWORD and more.get("same_password") is not False:
        given["root_password"] = SecretReference("prompt")
    procedure = replace(
        PROCEDURE,
        plan=lambda *of: rejoin_plan(replace(rejoin_job(of[0], of[1], of[3]), limits=LIMITS)),
    )
    run = run or create_run(
        world.site, PROCEDURE.name, given, {}, looked(world, PROCEDURE.survey, **given),
        prompts or {}, folder=tmp_path / "runs",
    )  # fmt: skip
    made = Running(run, procedure, secret="", open_targets=open_site_targets)
    made.session.add_secret(ENGINE_PASSWORD, world.password)
    if password:
        from config.secrets import Secret

        made.session.add_secret("root_password", Secret(password))
    return made


def test_hosts_are_listed_with_their_state_their_machines_and_what_is_legal(world):
    choices = looked(world, PROCEDURE.probes["hosts"]).choices
    told = {choice.value: (choice.label, choice.note, choice.refused) for choice in choices}
    assert told["host-02"] == (
        "host-02  non_operational",
        "it is non_operational and has no machines: it can be removed", "",
    )  # fmt: skip
    assert told["host-03"][1] == (
        "vm_web, vm_build; it is non_responsive and has 2 machines: the engine lets go of that only"
        " when it is confirmed that the host was rebooted"
    )
    assert told[NEW_NAME][2].startswith("It is up.")
    carriers = looked(world, PROCEDURE.probes["carriers"])
    assert carriers.suggested == CARRIER
    assert {c.value: c.refused for c in carriers.choices} == {
        CARRIER: "", HOSTS[1]: "It is non_operational.", HOSTS[2]: "It is non_responsive.",
    }  # fmt: skip
    with pytest.raises(Refused, match="hosted_engine_1 is not taken out: It is up"):
        looked(world, PROCEDURE.survey, hosts=(NEW_NAME,))
    with pytest.raises(InvalidInput, match="has no host 'host-09'"):
        looked(world, PROCEDURE.survey, hosts=("host-09",))


def test_two_hosts_are_added_again_one_after_another_and_nothing_of_ours_is_left(world, tmp_path):
    old = {name: world.id_of(name) for name in TWO}
    (world.root(HOSTS[1]) / "root/.ssh").mkdir(parents=True)
    (world.root(HOSTS[1]) / KEYS).write_text("ssh-ed25519 AAAAmine me@home\n")
    running = rejoining(world, tmp_path, prompts={"rebooted.host-03": "rebooted"}).start()
    ended = running.end()
    assert ended.finish is Finish.DONE, ended.message
    for name, host in zip(TWO, HOSTS[1:], strict=True):
        found = world.engine.host_named(name)
        assert (found.id != old[name], found.status) == (True, "up")
        assert found.hosted_engine.score == 3400
        aside = world.root(host) / f"{CONFIGURATION}.before-{running.session.run.path.name}"
        assert aside.read_text() == "fqdn=old\nvmid=1\nhost_id=7\n"
        assert "host_id=7" not in (world.root(host) / CONFIGURATION).read_text()
        assert running.evidence(f"takes-part.{name}").endswith("is up, score 3400")
        assert "was added by admin@internal" in running.log(f"add.{name}")
    assert (world.root(HOSTS[1]) / KEYS).read_text() == "ssh-ed25519 AAAAmine me@home\n"
    assert not (world.root(HOSTS[2]) / KEYS).exists(), "it was not there before"
    assert running.evidence("metadata.host-02").startswith("the agents count host-01")
    (question,) = running.view.questions
    assert "On the host itself: up since" in question.question.detail
    assert "no machine runs" in question.question.detail
    assert "damage" not in world.facts()
    steps = running.view.steps
    assert steps["add.host-02"].changed_seq < steps["rebooted.host-03"].changed_seq


def test_a_host_on_which_machines_still_run_keeps_its_place_and_the_other_goes_on(world, tmp_path):
    world.fault(db.STILL_ALIVE, "host-03")
    running = rejoining(world, tmp_path, hosts=("host-03", "host-02")).start()
    failed = running.question("step-failed")
    assert "vm_web, vm_build still runs on host-03.practice.invalid" in failed.text
    assert world.engine.host_named("host-02").status == "up", "the other one went on"
    running.answer("step-failed", "leave-out")
    running.answer("skip-reason", "it still works for its living")
    ended = running.end()
    assert ended.finish is Finish.FAILED
    assert world.engine.host_named("host-03").status == "non_responsive"
    assert (world.root(HOSTS[2]) / CONFIGURATION).read_text().startswith("fqdn=old")
    assert running.states()["keys.away"] in ("done", "already")
    assert "damage" not in world.facts()


def test_a_host_that_stays_non_operational_is_told_apart_and_activated_again(world, tmp_path):
    world.fault(db.STAYS_NON_OPERATIONAL, "host-02")
    running = rejoining(world, tmp_path, hosts=("host-02",)).start()
    failed = running.question("step-failed")
    assert "host-02 is non_operational (network_unreachable), score" in failed.text
    assert "lacks a network that its cluster requires" in failed.detail
    assert "host host-02 is non_operational" in running.log("takes-part.host-02")
    world.mend()
    running.answer("step-failed", "retry")
    ended = running.end()
    assert ended.finish is Finish.DONE, ended.message


def test_by_password_nothing_is_put_on_the_host_and_a_wrong_one_changes_nothing_there(
    world, tmp_path
):
    right = world.hosts.password_file.read_text().strip()
    running = rejoining(
        world, tmp_path, hosts=("host-02",), access=BY_PASSWORD, password="wrong-1"
    ).start()
    failed = running.question("step-failed")
    assert "Connecting to host via SSH has failed" in failed.text
    running.answer("step-failed", "stop")
    running.end()
    again = rejoining(
        world, tmp_path, run=running.session.run, access=BY_PASSWORD, password=right
    ).start()
    ended = again.end()
    assert ended.finish is Finish.DONE, ended.message
    assert not (world.root(HOSTS[1]) / KEYS).exists()
    for path in running.session.run.path.rglob("*"):
        if path.is_file():
            assert right.encode() not in path.read_bytes(), path


def test_a_host_is_added_at_its_own_ssh_port_with_its_own_password(world, tmp_path):
    with world.places.world.change() as facts:
        facts[db.KEY]["hosts"][0]["ssh_port"] = 2222
    right = world.hosts.password_file.read_text().strip()
    running = rejoining(
        world, tmp_path, hosts=("host-02",), access=BY_PASSWORD, same_password=False
    ).start()
    question = running.question("root_password.host-02")
    assert question.secret
    assert running.states()["reach.host-02"] == "waiting", "it is asked before anything is done"
    running.answer("root_password.host-02", right)
    ended = running.end()
    assert ended.finish is Finish.DONE, ended.message
    assert world.engine.host_named("host-02").ssh_port == 2222
    for path in running.session.run.path.rglob("*"):
        if path.is_file():
            assert right.encode() not in path.read_bytes(), path


def test_a_host_to_look_from_is_none_that_is_taken_out(world):
    given = {"hosts": ("host-02",), "looked_from": HOSTS[1], "access": BY_KEY}
    survey = looked(world, PROCEDURE.survey, **given)
    with pytest.raises(InvalidInput, match="to be looked from and to be taken out"):
        PROCEDURE.plan(world.site, given, {}, survey)


async def seen(pilot, *words: str) -> str:
    """Wait until all of these words stand on the screen."""
    return await wait_for(pilot, lambda text: all(word in text for word in words), PATIENCE)


async def test_by_keys_from_the_first_question_to_the_report(world):
    session = Session(world.site, PROCEDURE)
    app = RekindleApp(service=RealService(), main=lambda app: app.walk(session))
    async with app.run_test(size=(80, 24)) as pilot:
        text = await seen(pilot, "[ ] host-02", "[ ] host-03", f"(*) {CARRIER}")
        assert "Add hosts again" in text
        await pilot.press("space", "down", "space")
        await seen(pilot, "[*] host-02", "[*] host-03")
        await pilot.press("enter", "enter")
        await seen(pilot, "2 of 2", "(*) By its own public key")
        await pilot.press("f2")
        await seen(pilot, "Type host-02 to confirm", "Take host-02 out")
        await pilot.press("tab", *"host-02", "enter", "enter")
        text = await seen(pilot, "Confirm 'Host has been Rebooted' for host-03?")
        assert "Add host-02 again: 1 of 1 done" in text, "one after the other"
        await pilot.press("up", "up", "enter")
        text = await seen(pilot, "DONE after", "Add hosts again: host-02, host-03")
        assert "Nothing is left to do." in text
    for name in TWO:
        assert world.engine.host_named(name).hosted_engine.score == 3400
    assert "damage" not in world.facts()
