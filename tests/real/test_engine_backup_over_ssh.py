"""A backup of a practice engine through real SSH: the runner's law, the operator, the engine's API.

The hosts' programs and the engine are simulated; SSH, shells, files, the client library, the
archive and what is read in it are real.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from config.secrets import Secret
from config.site_secrets import resolve_site_secrets
from steps.drill.practice_engine import database as db
from steps.drill.practice_hosts import first_world as world
from steps.hosted_engine.archive.inspect import inspect
from steps.hosted_engine.backup import step_failover, step_make
from steps.hosted_engine.backup.procedure import PROCEDURE
from steps.hosted_engine.detached_tool import DetachedTool
from steps.procedure import ProbeInput
from steps.run.directory import create_run
from steps.run.runner import open_site_targets
from steps.targets.open import ENGINE_PASSWORD, open_targets
from tests.real.engine_site_support import Standing, standing_site
from tests.real.test_drill import rekindle
from tests.unit.deploy_support import Deploying

NAME = "engine.backup"
FOLDER = "/var/backup/ovirt-engine"


@pytest.fixture(scope="module")
def built():
    with standing_site() as site:
        yield site


@pytest.fixture
def standing(built: Standing, tmp_path, monkeypatch) -> Standing:
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(step_failover, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(step_make, "POLL_SECONDS", 0.2)
    built.begin()
    built.shell(world.BACKUP).run(["rm", "-rf", FOLDER])
    return built


class Backup:
    """One run, and what it left."""

    def __init__(self, standing: Standing, folder: Path, prompts=None, **answers) -> None:
        self.standing, site = standing, standing.site
        self.secrets = resolve_site_secrets(site, lambda *_: None)
        given = {
            "failover": "best", "server": world.BACKUP, "file_name": NAME, "retention": 2,
            "scope": ("all",), "wait_minutes": 30, **answers,
        }  # fmt: skip
        targets = open_targets(site, self.secrets)
        try:
            survey = PROCEDURE.survey(ProbeInput(site, given, targets))
        finally:
            targets.close()
        survey = json.loads(json.dumps(survey))
        runs = folder / "runs"
        self.run = create_run(site, PROCEDURE.name, given, {}, survey, prompts or {}, folder=runs)

    def life(self, open_targets=open_site_targets) -> Deploying:
        texts = {name: secret.reveal() for name, secret in self.secrets.items()}
        return Deploying(self.run, texts, open_targets, PROCEDURE)


def host(standing: Standing, name: str) -> dict:
    return next(h for h in standing.facts()[db.KEY]["hosts"] if h["name"] == name)


def on_server(standing: Standing) -> tuple[str, ...]:
    shell = standing.shell(world.BACKUP)
    return shell.list(FOLDER) if shell.status(FOLDER) else ()


def test_the_whole_backup_on_real_ssh_with_no_secret_anywhere(standing, tmp_path):
    standing.begin(speed=30.0)
    backup = Backup(standing, tmp_path, failover="host-03")
    life = backup.life().start()
    assert life.end().finish.value == "done", life.ended
    assert on_server(standing) == ("SHA256SUMS", NAME, f"{NAME}.json", f"{NAME}.log")
    server = standing.shell(world.BACKUP)
    checked = server.run(["/bin/sh", "-c", f"cd {FOLDER} && sha256sum -c --strict SHA256SUMS"])
    assert checked.out.count(": OK") == 3
    copy = tmp_path / "copy"
    server.get(f"{FOLDER}/{NAME}", str(copy))
    assert inspect(copy).ready_failover_hosts == ("host-03",)
    assert inspect(copy).fit_for_restore
    assert (host(standing, "host-03")["status"], host(standing, "host-02")["status"]) == (
        "up",
        "up",
    )
    assert {m["host"] for m in standing.facts()[db.KEY]["machines"]} >= {
        host(standing, "host-01")["id"]
    }
    log = life.log("failover.maintain")
    assert "vm_web" in log
    assert "migrating" in log
    machine = standing.machine
    assert machine.list("/var/lib/rekindle/engine-backup-logs") == ()
    assert machine.list("/var/lib/rekindle") == ("engine-backup-logs",)
    password = backup.secrets[ENGINE_PASSWORD].reveal().encode()
    for path in backup.run.path.rglob("*"):
        assert not path.is_file() or password not in path.read_bytes(), path
    marks = {event["mark"] for event in standing.facts()[db.KEY]["events"] if event["mark"]}
    assert any(mark.startswith(f"rekindle-{backup.run.id}"[:30]) for mark in marks)


def test_a_pinned_machine_is_asked_about_and_undo_brings_the_host_back(
    standing, tmp_path, monkeypatch
):
    monkeypatch.setattr(step_failover, "STUCK_SECONDS", 3.0)
    with standing.world.change() as facts:
        on = next(h["id"] for h in facts[db.KEY]["hosts"] if h["name"] == "host-03")
        next(m for m in facts[db.KEY]["machines"] if m["name"] == "vm_build")["pinned"] = on
    life = Backup(standing, tmp_path, failover="host-03").life().start()
    question = life.question("failover.stuck.1")
    assert "vm_build" in question.text
    assert "vm_web" not in question.text
    life.answer("failover.stuck.1", "give-up")
    life.answer("step-failed", "undo")
    assert life.end().finish.value == "undone"
    assert host(standing, "host-03")["status"] == "up"
    assert on_server(standing) == ()


def test_shutting_the_stuck_machine_down_lets_the_backup_go_on(standing, tmp_path, monkeypatch):
    monkeypatch.setattr(step_failover, "STUCK_SECONDS", 3.0)
    with standing.world.change() as facts:
        on = next(h["id"] for h in facts[db.KEY]["hosts"] if h["name"] == "host-03")
        next(m for m in facts[db.KEY]["machines"] if m["name"] == "vm_build")["pinned"] = on
    prompts = {"failover.stuck.1": "shut-down:vm_build"}
    life = Backup(standing, tmp_path, prompts, failover="host-03").life().start()
    assert life.end().finish.value == "done", life.ended
    assert on_server(standing)
    standing.until(lambda: standing.has("machines", "vm_build")["status"] == "up")


def test_the_host_that_carries_the_engine_is_emptied_of_it_too(standing, tmp_path):
    life = Backup(standing, tmp_path, failover="host-01").life().start()
    assert life.end().finish.value == "done", life.ended
    carrying = next(m for m in standing.facts()[db.KEY]["machines"] if m["name"] == "HostedEngine")
    assert carrying["host"] != host(standing, "host-01")["id"]


def test_a_wrong_password_is_told_and_nothing_is_changed(standing, tmp_path):
    backup = Backup(standing, tmp_path)
    backup.secrets[ENGINE_PASSWORD] = Secret("wrong")
    life = backup.life().start()
    question = life.question("step-failed")
    assert "password" in (question.text + question.detail).lower()
    life.answer("step-failed", "stop")
    assert life.end().finish.value == "failed"
    assert all(h["status"] == "up" for h in standing.facts()[db.KEY]["hosts"])


def test_by_night_a_failure_that_nobody_answers_brings_the_host_back(standing, tmp_path):
    backup = Backup(standing, tmp_path, {"step-failed": "undo"}, failover="host-02")
    server = standing.shell(world.BACKUP)
    machine = standing.machine
    in_the_way = "/var/lib/rekindle/engine-backup-logs"
    machine.run(["rm", "-rf", in_the_way])
    machine.make_directory("/var/lib/rekindle", mode=0o700)
    machine.write(in_the_way, b"a file where the folder of logs belongs")
    life = backup.life().start()
    ended = life.end()
    machine.remove(in_the_way)
    assert ended.finish.value == "undone"
    assert host(standing, "host-02")["status"] == "up"
    assert server.status(f"{FOLDER}/{NAME}") is None


def test_a_server_that_takes_nothing_leaves_no_archive_lying_about_once_it_is_undone(
    standing, tmp_path
):
    backup = Backup(standing, tmp_path, {"step-failed": "undo"})
    server = standing.shell(world.BACKUP)
    server.write(FOLDER, b"a file where the folder of backups belongs")
    ended = backup.life().start().end()
    server.remove(FOLDER)
    assert ended.finish.value == "undone", ended
    assert {h["status"] for h in standing.facts()[db.KEY]["hosts"]} == {"up"}
    assert standing.machine.list("/var/lib/rekindle") == ("engine-backup-logs",)
    assert not list(backup.run.path.rglob(NAME))


ANSWERS = """\
rekindle: 1
procedure: hosted_engine.backup
answers: {failover: best, server: backup.practice.invalid, retention: 5}
prompts: {step-failed: undo, failover.stuck.1: give-up}
"""


def test_a_file_of_answers_backs_up_by_night_and_the_backups_are_listed(standing, tmp_path):
    answers = tmp_path / "night.yaml"
    answers.write_text(ANSWERS)
    site = ["--site", str(standing.built.file)]
    command = ["run", "hosted_engine.backup", "--answers", str(answers), "--yes"]
    done = rekindle(tmp_path / "home", *site, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    listed = rekindle(tmp_path / "home", *site, "backups", "--json")
    assert listed.returncode == 0, listed.stdout + listed.stderr
    (server,) = json.loads(listed.stdout)["servers"]
    (backup,) = server["backups"]
    assert (backup["engine"], backup["failover"]) == (world.ENGINE, "host-02")


def test_a_connection_that_is_cut_while_engine_backup_runs_loses_nothing(
    standing, tmp_path, monkeypatch
):
    backup = Backup(standing, tmp_path, failover="none")
    opened, cuts = [], []

    def targets(site, secrets):
        found = open_site_targets(site, secrets)
        opened.append(found)
        return found

    def state_after_a_cut(tool, really=DetachedTool.state):
        if len(cuts) < 2:
            cuts.append(opened[0].shell(world.ENGINE).close())
        return really(tool)

    monkeypatch.setattr(DetachedTool, "state", state_after_a_cut)
    life = backup.life(targets).start()
    assert life.end().finish.value == "done", life.ended
    assert len(cuts) == 2
    assert on_server(standing)


def test_what_engine_and_agents_do_not_agree_on_stops_it(standing, tmp_path):
    backup = Backup(standing, tmp_path, failover="host-02")
    with standing.world.change() as facts:
        next(h for h in facts[db.KEY]["hosts"] if h["name"] == "host-02")["address"] = "192.0.2.99"
    life = backup.life().start()
    assert "cannot be confirmed" in life.question("step-failed").text
    life.answer("step-failed", "stop")
    life.end()
    assert host(standing, "host-02")["status"] == "up"


def test_a_host_added_by_its_address_is_found_by_what_its_name_resolves_to(standing, tmp_path):
    with standing.world.change() as facts:
        known = facts["hosts"]["host-02.practice.invalid"]["address"]
        next(h for h in facts[db.KEY]["hosts"] if h["name"] == "host-02")["address"] = known
    survey = Backup(standing, tmp_path).run.frozen().survey
    found = next(c for c in survey["candidates"] if c["name"] == "host-02")
    assert found["ha_name"] == "host-02.practice.invalid"


def test_retention_counts_what_is_on_the_server(standing, tmp_path):
    for number in range(2):
        name = f"e{number}.backup"
        life = Backup(standing, tmp_path, file_name=name, retention=1, failover="none").life()
        life.start()
        assert life.end().finish.value == "done", life.ended
    names = [name for name in on_server(standing) if name.endswith(".backup")]
    assert names == ["e1.backup"]


def test_without_an_engine_only_a_backup_without_maintenance_can_be_chosen(standing):
    site = standing.site
    targets = open_targets(site, {ENGINE_PASSWORD: Secret("wrong")})
    try:
        probed = PROCEDURE.probes["failover-hosts"](ProbeInput(site, {}, targets))
    finally:
        targets.close()
    assert [choice.value for choice in probed.choices] == ["none"]
    assert probed.findings[0].level == "error"


def test_an_archive_here_is_what_sha256sum_says_on_the_server(standing, tmp_path):
    backup = Backup(standing, tmp_path, failover="none")
    assert backup.life().start().end().finish.value == "done"
    server = standing.shell(world.BACKUP)
    there = server.run(["sha256sum", f"{FOLDER}/{NAME}"]).out.split()[0]
    copy = tmp_path / "copy"
    server.get(f"{FOLDER}/{NAME}", str(copy))
    here = subprocess.run(["sha256sum", copy], capture_output=True, text=True, check=True).stdout
    record = json.loads(server.read(f"{FOLDER}/{NAME}.json"))
    assert there == here.split()[0] == record["sha256"]
    assert (record["file"], record["engine"]) == (NAME, world.ENGINE)
