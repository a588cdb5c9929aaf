"""A backup of the engine, step by step, on real files and a scripted engine-backup."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import InvalidInput, Refused, StepFailed, Unreachable
from config.interviews.hosted_engine_backup import BACKUP
from steps.hosted_engine.backup import step_failover, step_make, step_space, survey
from steps.hosted_engine.backup.engine_backup import Form, offered_scopes, options
from steps.hosted_engine.backup.kept import kept_backups
from steps.hosted_engine.backup.procedure import PROCEDURE
from steps.hosted_engine.backup.record import Record, Summary
from steps.hosted_engine.backup.survey import parsed
from steps.hosted_engine.rehearsal.rehearsal import Rehearsal
from steps.procedure import Outcome, ProbeInput, PutOff
from steps.targets.local import LocalShell
from steps.targets.shell import Completed
from steps.targets.sizes import size_text
from tests.engine_archives import FQDN, KEY, PASSWORD
from tests.unit.engine_backup_world import (
    BackupWorld,
    WorldTargets,
    archive_of,
    checked_by_sha256sum,
    context_of,
    given,
    make_world,
    plan_of,
)
from tests.unit.restore_world import carry_out, take_back

NAME = "engine.backup"
ON_SERVER = ["SHA256SUMS", NAME, f"{NAME}.json", f"{NAME}.log"]


@pytest.fixture
def world(tmp_path, monkeypatch) -> BackupWorld:
    monkeypatch.setattr(step_failover, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(step_failover, "STUCK_SECONDS", 0.05)
    monkeypatch.setattr(step_make, "POLL_SECONDS", 0.02)
    return make_world(tmp_path / "world", monkeypatch)


def back_up(world, **answers):
    """The whole of it; `replies` are answers to prompts."""
    replies = answers.pop("replies", {})
    asked = given(**answers)
    plan, context = plan_of(world, asked), context_of(world, asked, **replies)
    carry_out(plan, context)
    return plan, context


def step_of(plan, name):
    return next(step for step in plan.steps if step.name == name)


def test_the_failover_host_is_ready_in_the_archive_and_in_service_again_afterwards(world):
    _plan, context = back_up(world)
    assert world.engine.calls == ["maintain h1", "activate h1"]
    assert world.status("hosted_engine_1") == "up"
    assert world.on_server() == ON_SERVER
    record = Record.from_text((world.server / f"{NAME}.json").read_text())
    assert record.inspection.ready_failover_hosts == ("hosted_engine_1",)
    assert record.summary.failover == "hosted_engine_1"
    assert record.summary.engine == FQDN
    assert "Done." in "\n".join(context.lines)


def test_what_lies_on_the_server_is_proved_by_sha256sum_and_nobody_elses_to_read(world):
    back_up(world)
    done = checked_by_sha256sum(world.server)
    assert (done.returncode, done.stdout.count(": OK")) == (0, 3)
    assert {path.stat().st_mode & 0o777 for path in world.server.iterdir()} == {0o600}
    assert world.server.stat().st_mode & 0o077 == 0


def test_nothing_secret_is_beside_the_archive_and_nothing_of_it_stays_here_or_there(world):
    back_up(world)
    for name in (f"{NAME}.json", "SHA256SUMS"):
        text = (world.server / name).read_text()
        assert PASSWORD not in text
        assert KEY not in text
    assert world.on_machine() == []
    left = [p.name for p in (world.folder / "run").rglob("*") if p.is_file()]
    assert left == ["engine-backup.json"]


def test_engine_backup_is_told_exactly_what_was_answered(world):
    back_up(world, scope=("files", "db"), format="plain", db_compressor="xz")
    (called,) = world.called()
    words = called.split()
    assert words[:3] == ["--mode=backup", "--scope=files", "--scope=db"]
    assert {"--db-dump-format=plain", "--dwh-db-dump-format=plain", "--db-compressor=xz"} <= {
        *words
    }
    assert all("=" in word for word in words)


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("fails", "exit code 1"),
        ("empty", "has no bytes"),
        ("unsure", "its last line is 'Packing'"),
        ("full", "disk of engine.practice is full"),
    ],
)
def test_a_backup_that_came_to_nothing_is_called_so_its_log_kept_and_it_can_be_tried_again(
    world, mode, told
):
    world.mode(mode)
    asked = given()
    plan, context = plan_of(world, asked), context_of(world, asked)
    with pytest.raises(StepFailed) as failed:
        carry_out(plan, context)
    assert told in failed.value.message
    assert f"{NAME}.log" in failed.value.remedy
    assert f"engine-backup-logs/{NAME}.log" in world.on_machine()
    assert step_of(plan, "archive.make").verify(context).outcome is Outcome.NOT_DONE
    world.mode("well")
    carry_out(plan, context)
    assert world.on_server() == ON_SERVER


def test_a_torn_archive_that_engine_backup_calls_done_is_found_out(world):
    world.mode("torn")
    with pytest.raises(StepFailed, match="The archive is no good"):
        back_up(world)
    assert world.on_server() == []


def test_a_failed_backup_that_is_undone_leaves_the_host_in_service_and_nothing_else(world):
    world.mode("torn")
    asked = given()
    plan, context = plan_of(world, asked), context_of(world, asked)
    with pytest.raises(StepFailed):
        carry_out(plan, context)
    assert world.status("hosted_engine_1") == "maintenance"
    take_back(plan, context)
    assert world.status("hosted_engine_1") == "up"
    assert world.on_machine() == [f"engine-backup-logs/{NAME}.log"]
    assert not list((world.folder / "run").rglob("archive*"))


def test_a_start_that_was_cut_off_before_anything_ran_is_undone_without_waiting_for_it(
    world, monkeypatch
):
    monkeypatch.setattr(step_make, "START_SECONDS", 0.1)
    monkeypatch.setattr(step_make, "STOP_SECONDS", 0.1)
    asked = given()
    plan, context = plan_of(world, asked), context_of(world, asked)
    step = step_of(plan, "archive.make")
    carry_out(plan, context, until=step.name)
    step.apply(context)
    context.touched.add(step.name)
    tool = Path(step_make.current(step.job, context).tool.folder)
    for name in ("ended", "supervisor", "tool"):
        (tool / name).unlink()
    (tool / "claimed").rmdir()
    take_back(plan, context)
    assert world.status("hosted_engine_1") == "up"
    assert not tool.exists()


def test_an_archive_that_knows_the_failover_host_as_busy_is_refused(world):
    asked = given()
    plan, context = plan_of(world, asked), context_of(world, asked)
    carry_out(plan, context, until="archive.make")
    (world.folder / "state").write_text("none")
    (world.folder / "archive-none").unlink(missing_ok=True)
    (world.folder / "archive-none").symlink_to(archive_of("none"))
    with pytest.raises(StepFailed, match="hosted_engine_1 as Up"):
        carry_out(plan, context)


def test_an_archive_without_the_part_that_was_asked_for_is_refused(world):
    with pytest.raises(StepFailed, match="without 'keycloakdb'"):
        back_up(world, scope=("db", "keycloakdb"))


# -- the failover host -----------------------------------------------------------------------


def test_suggested_is_the_emptiest_host_that_does_not_carry_the_engine(world):
    plan = plan_of(world, given(failover="best"))
    assert dict(plan.settings)["Failover host"] == "hosted_engine_1 (h1.practice)"


def test_an_ordinary_host_can_be_no_failover_host(world):
    with pytest.raises(Refused, match="no hosted-engine host"):
        plan_of(world, given(failover="plain_4"))


def test_the_host_that_carries_the_engine_is_the_last_choice(world):
    plan = plan_of(world, given(failover="hosted_engine_2"))
    assert "carries the engine's machine" in dict(plan.settings)["When planned"]
    for id in ("h1", "h3"):
        world.engine._status(id, "non_operational")
    with pytest.raises(Refused, match="no other host could take that"):
        plan_of(world, given(failover="hosted_engine_2"))
    with pytest.raises(Refused, match="No host can be made the failover host"):
        plan_of(world, given(failover="best"))


def test_the_engines_machine_that_moved_to_the_failover_host_meanwhile_stops_it(world):
    asked = given()
    plan, context = plan_of(world, asked), context_of(world, asked)
    machine = world.engine.all_machines["HostedEngine"]
    world.engine.all_machines["HostedEngine"] = type(machine)(
        machine.id, machine.name, "up", "h1", origin=machine.origin
    )
    world.tell()
    with pytest.raises(StepFailed, match="moved to hosted_engine_1 meanwhile"):
        carry_out(plan, context)
    assert world.engine.calls == []


def test_engine_and_agents_that_disagree_stop_it_before_anything_is_done(world):
    asked = given()
    plan, context = plan_of(world, asked), context_of(world, asked)
    status = json.loads((world.folder / "vm-status").read_text())
    status["1"]["engine-status"], status["2"]["engine-status"] = (
        status["2"]["engine-status"], status["1"]["engine-status"],
    )  # fmt: skip
    (world.folder / "vm-status").write_text(json.dumps(status))
    with pytest.raises(StepFailed, match="cannot be confirmed"):
        carry_out(plan, context)
    assert world.engine.calls == []


def test_agents_that_tell_nothing_are_named(world):
    (world.folder / "vm-status").write_text("You must run deploy first\n")
    with pytest.raises(StepFailed, match=r"No engine host tells.*h2\.practice"):
        plan_of(world, given())


def test_without_a_failover_host_the_engine_is_not_asked_at_all(world):
    def gone():
        raise AssertionError("the engine was asked")

    world.engine.hosts = gone
    back_up(world, failover="none")
    assert world.engine.calls == []
    assert world.on_server() == ON_SERVER


def test_a_host_that_was_in_maintenance_before_is_left_so_unless_told_otherwise(world):
    for afterwards, status in (("as-before", "maintenance"), ("activate", "up")):
        world.engine.all_machines["vm_web"] = world.engine.all_machines["vm_off"]
        world.engine._status("h1", "maintenance")
        world.engine.calls.clear()
        back_up(world, afterwards=afterwards, file_name=f"{afterwards}.backup")
        assert "maintain h1" not in world.engine.calls
        assert world.status("hosted_engine_1") == status


@pytest.mark.parametrize("refuses", ["", "Cannot switch Host to Maintenance: vm_web is pinned."])
def test_a_machine_that_does_not_move_is_asked_about_by_name_and_can_be_shut_down(world, refuses):
    world.engine.pinned.add("vm_web")
    world.engine.refuses = refuses

    class Answers(dict):
        def __getitem__(self, name):
            world.engine.refuses = ""
            return "shut-down:vm_web"

    asked = given()
    plan, context = plan_of(world, asked), context_of(world, asked)
    context.answers = Answers()
    carry_out(plan, context)
    (prompt,) = context.asked
    assert "vm_web (up)" in prompt.text
    assert refuses in prompt.text
    assert world.engine.calls.count("shut down vm_web") == 1
    assert world.engine.calls[-2:] == ["activate h1", "start vm_web"]
    assert world.engine.all_machines["vm_web"].status == "up"
    assert world.on_server() == ON_SERVER


def test_a_stuck_machine_can_be_waited_on(world):
    world.engine.pinned.add("vm_web")
    asked = given()
    plan, context = plan_of(world, asked), context_of(world, asked)

    class Answers(dict):
        def __getitem__(self, name):
            world.engine.pinned.clear()
            return "wait"

    context.answers = Answers()
    carry_out(plan, context)
    assert world.on_server() == ON_SERVER


def test_going_on_without_maintenance_brings_the_host_back_first_and_says_what_it_means(world):
    world.engine.pinned.add("vm_web")
    plan, context = back_up(world, replies={"failover_stuck_1": "without"})
    assert world.engine.calls == ["maintain h1", "activate h1"]
    verdict = step_of(plan, "failover.maintain").verify(context)
    assert "only new hardware can" in verdict.evidence
    record = Record.from_text((world.server / f"{NAME}.json").read_text())
    assert record.summary.failover == ""


def test_giving_up_brings_the_host_back_and_backs_nothing_up(world):
    world.engine.pinned.add("vm_web")
    with pytest.raises(StepFailed, match="it is in service again"):
        back_up(world, replies={"failover_stuck_1": "give-up"})
    assert world.status("hosted_engine_1") == "up"
    assert world.called() == []


def test_a_machine_that_still_shuts_down_when_it_is_given_up_is_started_again(world):
    world.engine.pinned.add("vm_web")
    machines, looks = world.engine.all_machines, []

    def slowly(id):
        world.engine.calls.append(f"shut down {id}")
        machines[id] = replace(machines[id], status="powering_down")

    def seen(id):
        looks.append(id)
        if len(looks) == 3:
            machines[id] = replace(machines[id], status="down", host="")
        return machines[id]

    world.engine.shut_down_machine, world.engine.machine = slowly, seen
    asked = given()
    plan, context = plan_of(world, asked), context_of(world, asked)
    replies = ["shut-down:vm_web", "give-up"]

    class Answers(dict):
        def __getitem__(self, name):
            return replies.pop(0)

    context.answers = Answers()
    with pytest.raises(StepFailed, match="it is in service again"):
        carry_out(plan, context)
    assert world.engine.calls[-2:] == ["activate h1", "start vm_web"]


def stuck_and_shut_down(world):
    """A plan and context in which vm_web is shut down for the failover host to become empty."""
    world.engine.pinned.add("vm_web")
    asked = given()
    return plan_of(world, asked), context_of(world, asked, failover_stuck_1="shut-down:vm_web")


def becomes(world, monkeypatch, status):
    """The failover host goes to that state, and no further, where it is activated."""
    monkeypatch.setattr(step_failover, "UP_SECONDS", 0.0)
    monkeypatch.setattr(world.engine, "activate_host", lambda id: world.engine._status(id, status))


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("maintenance", "hosted_engine_1 IS STILL IN MAINTENANCE"),
        ("non_operational", "hosted_engine_1 IS NON OPERATIONAL, NOT UP"),
    ],
)
def test_a_failover_host_that_does_not_come_up_is_told_and_what_was_shut_down_runs_again(
    world, monkeypatch, status, told
):
    plan, context = stuck_and_shut_down(world)
    becomes(world, monkeypatch, status)
    with pytest.raises(StepFailed, match=told) as failed:
        carry_out(plan, context)
    assert "activate hosted_engine_1 in the administration portal" in failed.value.remedy
    assert world.engine.all_machines["vm_web"].status == "up"
    assert "vm_web" not in f"{failed.value}"
    with pytest.raises(StepFailed, match=told):
        take_back(plan, context)


def test_what_no_other_host_can_carry_is_named_with_the_reason_and_what_to_do(world, monkeypatch):
    plan, context = stuck_and_shut_down(world)
    becomes(world, monkeypatch, "maintenance")

    def pinned(_id):
        raise Refused("vm_web is pinned to hosted_engine_1.")

    monkeypatch.setattr(world.engine, "start_machine", pinned)
    with pytest.raises(StepFailed, match="IS STILL IN MAINTENANCE") as failed:
        carry_out(plan, context)
    assert "not running again: vm_web (vm_web is pinned to hosted_engine_1.)" in (
        failed.value.message
    )
    assert "Start there, on any host that can carry them: vm_web." in failed.value.remedy


def test_what_was_shut_down_is_named_where_the_engine_tells_nothing_any_more(world, monkeypatch):
    plan, context = stuck_and_shut_down(world)
    carry_out(plan, context, until="failover.activate")
    monkeypatch.setattr(step_failover, "OFF_SECONDS", 0.0)

    def gone(_id):
        raise Unreachable("The engine does not answer.")

    monkeypatch.setattr(world.engine, "host", gone)
    monkeypatch.setattr(world.engine, "machine", gone)
    with pytest.raises(StepFailed, match="IS NOT KNOWN TO BE IN SERVICE") as failed:
        step_of(plan, "failover.activate").apply(context)
    assert "vm_web (The engine does not answer.)" in failed.value.message


def test_after_an_undo_the_space_is_looked_at_again(world):
    world.mode("torn")
    asked = given()
    plan, context = plan_of(world, asked), context_of(world, asked)
    with pytest.raises(StepFailed):
        carry_out(plan, context)
    take_back(plan, context)

    class Full(LocalShell):
        def free_space(self, path):
            return 1000

    world.shells["backup.practice"] = Full("backup.practice")
    assert step_of(plan, "space.check").verify(context).outcome is Outcome.NOT_DONE


def test_the_engines_own_machine_is_never_offered_for_shutting_down(world):
    world.engine.pinned.add("HostedEngine")
    asked = given(failover="hosted_engine_2")
    plan, context = plan_of(world, asked), context_of(world, asked, failover_stuck_1="give-up")
    with pytest.raises(StepFailed):
        carry_out(plan, context)
    assert [c.value for c in context.asked[0].choices] == ["wait", "without", "give-up"]


# -- where it is kept ------------------------------------------------------------------------


class Corrupting(LocalShell):
    """A server whose disk changes a byte."""

    def put(self, local, remote, progress=None):
        digest = super().put(local, remote, progress)
        if remote.endswith(".log"):
            return digest
        with open(remote, "r+b") as file:
            file.seek(100)
            byte = file.read(1)
            file.seek(100)
            file.write(bytes([byte[0] ^ 1]))
        return digest


def test_a_copy_that_is_not_the_same_is_never_called_done_nor_listed(world):
    world.shells["backup.practice"] = Corrupting("backup.practice")
    asked = given()
    plan, context = plan_of(world, asked), context_of(world, asked)
    with pytest.raises(AssertionError, match="is another file"):
        carry_out(plan, context)
    assert "SHA256SUMS" not in world.on_server()
    with pytest.raises(StepFailed, match="is another file"):
        step_of(plan, "server.archive").apply(context)


def test_another_file_of_that_name_is_never_overwritten(world):
    world.server.mkdir(parents=True)
    (world.server / NAME).write_text("precious")
    with pytest.raises(StepFailed, match="not overwritten"):
        back_up(world)
    assert (world.server / NAME).read_text() == "precious"


def test_a_server_without_room_is_told_before_anything_is_done(world):
    class Full(LocalShell):
        def free_space(self, path):
            return 1000

    world.shells["backup.practice"] = Full("backup.practice")
    with pytest.raises(StepFailed, match=r"too little space.*backup\.practice"):
        back_up(world)
    assert world.engine.calls == []


class Roomy(LocalShell):
    """A host with so much room everywhere."""

    def __init__(self, name, free):
        super().__init__(name)
        self.free = free

    def free_space(self, path):
        return self.free


def test_what_lies_on_one_file_system_is_added_up(world, tmp_path, monkeypatch):
    monkeypatch.setattr(step_space, "TEMPORARY", str(tmp_path / "temporary"))
    asked, needed = given(), survey.SMALLEST
    plan, context = plan_of(world, asked), context_of(world, asked)
    # The work folder, the temporary one for twice as much, the server's and the run's own: all
    # of this world is one host and one file system.
    for free, outcome in ((5 * needed, Outcome.DONE), (5 * needed - 1, Outcome.NOT_DONE)):
        for name in world.shells:
            world.shells[name] = Roomy(name, free)
        verdict = step_of(plan, "space.check").verify(context)
        assert verdict.outcome is outcome, verdict.evidence
        assert f"about {size_text(5 * needed)} needed" in verdict.evidence
        assert "/temporary on engine.practice and" in verdict.evidence
    with pytest.raises(StepFailed, match=f"about {size_text(5 * needed)} needed"):
        step_of(plan, "space.check").apply(context)
    found = PROCEDURE.probes["engine-machine"](ProbeInput(world.site, asked, WorldTargets(world)))
    assert f"about {size_text(3 * needed)} needed" in found.findings[-1].text


def test_other_file_systems_and_hosts_have_a_room_of_their_own(world, tmp_path):
    shells = [LocalShell("a"), LocalShell("b")]
    for shell in shells:
        shell.run = lambda command, **_more: Completed("", 1, "", "no stat here")
    one, other = (step_space.Place(shell, str(tmp_path), 1) for shell in shells)
    assert [room.needed for room in step_space.rooms([one, other])] == [1, 1]
    here = LocalShell("h")
    shared = step_space.Place(here, "/proc/x", 1), step_space.Place(here, str(tmp_path), 2)
    assert [room.needed for room in step_space.rooms(shared)] == [1, 2]


def test_the_oldest_go_once_the_new_one_is_complete_and_only_of_this_engine(world, monkeypatch):
    monkeypatch.setattr(survey, "engine_name", lambda _shell: FQDN)
    for number in range(3):
        back_up(world, file_name=f"e{number}.backup")
    stranger = world.server / "stranger.backup"
    stranger.write_bytes(b"x")
    text = (world.server / "e0.backup.json").read_text().replace(FQDN, "other.example.com")
    text = text.replace('"file": "e0.backup"', '"file": "stranger.backup"')
    (world.server / "stranger.backup.json").write_text(text)
    (world.server / "notes.txt").write_text("mine")
    plan, _context = back_up(world, file_name="e3.backup", retention=2)
    gone = [value for title, value in plan.settings if title == "Goes afterwards"]
    kept = {"e3.backup", "stranger.backup"}
    names = {name for name in world.on_server() if name.endswith(".backup")}
    assert len(gone) == 2
    assert names == kept | {f"e{n}.backup" for n in range(3)} - {*gone}
    assert "notes.txt" in world.on_server()
    assert checked_by_sha256sum(world.server).returncode == 0


def test_of_two_engines_in_one_folder_none_goes_where_the_machine_does_not_tell_its_own(world):
    existing(world, "ours.backup", 5)
    existing(world, "theirs.backup", 4, engine="other.example.com")
    assert going(world, retention=1) == []
    assert "does not tell" in dict(plan_of(world, given(retention=1)).settings)["Keep"]


def test_nothing_old_goes_where_the_new_one_was_damaged_meanwhile(world):
    back_up(world, file_name="e0.backup")
    asked = given(file_name="e1.backup", retention=1)
    plan, context = plan_of(world, asked), context_of(world, asked)
    carry_out(plan, context, until="server.old")
    (world.server / "e1.backup").write_bytes(b"damaged")
    with pytest.raises(StepFailed, match="nothing older was removed"):
        carry_out(plan, context)
    assert "e0.backup" in world.on_server()


def existing(world, name, days_ago, **changes):
    """A backup that lies on the server already."""
    world.server.mkdir(parents=True, exist_ok=True)
    made = (datetime.now(UTC) - timedelta(days=days_ago)).isoformat()
    summary = Summary(
        name, "0" * 64, 4, made, FQDN, "4.5.7", ("files", "db"), "hosted_engine_1", "r"
    )
    data = asdict(replace(summary, **changes))
    data.pop("whole")
    (world.server / name).write_text("tape")
    (world.server / f"{name}.json").write_text(json.dumps(data)[:-1] + ',\n"inspection": {}}')


def going(world, **answers):
    """What the plan says goes afterwards."""
    plan = plan_of(world, given(**answers))
    return [value for title, value in plan.settings if title == "Goes afterwards"]


def test_a_copy_of_a_record_is_no_second_backup(world):
    existing(world, "b.backup", 2)
    existing(world, "a.backup", 1)
    (world.server / "copy.json").write_bytes((world.server / "a.backup.json").read_bytes())
    assert going(world, retention=3) == []


def test_an_archive_that_is_gone_or_cut_off_does_not_count_among_those_that_are_kept(world):
    for days, name in enumerate(("a.backup", "b.backup", "c.backup", "d.backup")):
        existing(world, name, days)
    (world.server / "a.backup").unlink()
    (world.server / "b.backup").write_text("ta")
    assert going(world, retention=2) == ["d.backup"]


def test_what_brings_an_engine_back_never_goes_for_a_part_of_one(world):
    existing(world, "whole.backup", 9)
    existing(world, "part.backup", 1, scopes=("db",))
    assert going(world, retention=1, scope=("db",)) == ["part.backup"]
    assert going(world, retention=1, scope=("files", "db")) == ["part.backup", "whole.backup"]


def test_the_last_one_with_a_failover_host_never_goes_for_one_without(world):
    existing(world, "new.backup", 1, failover="")
    existing(world, "ready.backup", 5)
    existing(world, "old.backup", 9)
    assert going(world, retention=1, failover="none") == ["new.backup", "old.backup"]
    assert len(going(world, retention=1)) == 3


def test_the_oldest_go_by_their_time_in_whatever_zone_it_is_written(world):
    existing(world, "early.backup", 0, made="2026-11-27T03:30:00+02:00")
    existing(world, "late.backup", 0, made="2026-11-27T02:00:00Z")
    existing(world, "never.backup", 0, made="")
    assert going(world, retention=2) == ["early.backup", "never.backup"]


def test_nothing_old_goes_for_a_backup_that_went_without_maintenance_after_all(world):
    existing(world, "ready.backup", 5)
    world.engine.pinned.add("vm_web")
    asked = given(retention=1)
    plan, context = plan_of(world, asked), context_of(world, asked, failover_stuck_1="without")
    carry_out(plan, context, until="server.old")
    with pytest.raises(PutOff, match="no failover host"):
        step_of(plan, "server.old").apply(context)
    assert "ready.backup" in world.on_server()


def test_nothing_old_goes_for_a_backup_whose_rehearsal_failed(world):
    existing(world, "good.backup", 5)
    asked = given(retention=1)
    plan, context = plan_of(world, asked), context_of(world, asked)
    carry_out(plan, context, until="server.old")
    failed = Rehearsal(NAME, "0" * 64, "2026-11-28T02:00:00Z", "15", 1.0, ())
    (world.folder / "run" / "keep" / "rehearsal.json").write_text(json.dumps(failed.to_data()))
    with pytest.raises(PutOff, match=r"rehearsal of engine\.backup failed"):
        step_of(plan, "server.old").apply(context)
    assert "good.backup" in world.on_server()


def test_what_has_lost_its_record_meanwhile_is_not_removed(world):
    existing(world, "mine.backup", 5)
    asked = given(retention=1)
    plan, context = plan_of(world, asked), context_of(world, asked)
    carry_out(plan, context, until="server.old")
    (world.server / "mine.backup.json").unlink()
    with pytest.raises(StepFailed, match="no record of ours any more"):
        step_of(plan, "server.old").apply(context)
    assert "mine.backup" in world.on_server()


def test_a_copy_that_stays_on_the_machine_is_kept_by_the_same_number(world):
    for number in range(3):
        back_up(world, file_name=f"e{number}.backup", machine_copy="keep", retention=2)
    kept = [one.file for one in kept_backups(LocalShell(), str(world.work / "engine-backups"))]
    assert len(kept) == 2
    assert "e2.backup" in kept
    assert [n for n in world.on_machine() if n.startswith("backup-")] == []


def test_whatever_else_lies_in_the_folder_is_no_backup(world, tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    for name, text in {
        "a.json": "{}", "b.json": "x" * 9000, "c.json": '{"file": "../../etc/passwd", "size": 1',
        "d.json": "", "e.json": '["file"]',
    }.items():  # fmt: skip
        (folder / name).write_text(text)
    assert kept_backups(LocalShell(), str(folder)) == ()
    assert kept_backups(LocalShell(), str(tmp_path / "nowhere")) == ()


# -- answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", "-x", "SHA256SUMS", "x.json", "a b"])
def test_a_name_that_would_reach_elsewhere_is_refused(name):
    question = BACKUP.question("file_name")
    assert question is not None
    with pytest.raises(InvalidInput):
        question.check(name, {})


def test_the_stamp_is_the_time_of_the_plan_in_utc(world):
    plan = plan_of(world, given(file_name="engine-STAMP.backup"))
    assert re.fullmatch(r"engine-\d{8}T\d{6}Z\.backup", dict(plan.settings)["Archive"])


@pytest.mark.parametrize(
    ("version", "has", "lacks"),
    [
        ("3.3.5", {"all"}, {"files", "dwhdb"}),
        ("3.6.7", {"reportsdb", "dwhdb"}, {"keycloakdb"}),
        ("4.3.11.4", {"cinderlibdb"}, {"reportsdb", "grafanadb"}),
        ("4.5.7", {"keycloakdb", "grafanadb"}, {"reportsdb"}),
    ],
)
def test_offered_is_what_the_version_knows(version, has, lacks):
    offered = {scope for scope, _title in offered_scopes(parsed(version))}
    assert has <= offered
    assert not lacks & offered


def test_what_a_version_does_not_know_is_refused_and_not_left_to_the_tool():
    with pytest.raises(InvalidInput, match="knows no scope 'grafanadb'"):
        options(("grafanadb",), Form(), parsed("4.3.11"))
    with pytest.raises(InvalidInput, match="plain SQL"):
        options(("all",), Form("custom"), parsed("3.5.8"))
    assert options(("all",), Form("small-size"), parsed("4.5.7")) == ("--scope=all", "--small-size")
    assert "--keycloak-db-dump-format=custom" in options(("all",), Form("custom"), parsed("4.5.7"))
    assert "--keycloak-db-dump-format=custom" not in options(
        ("all",), Form("custom"), parsed("4.4.10")
    )


def test_a_connection_that_is_lost_while_engine_backup_runs_loses_nothing(world):
    lost = iter(range(100))

    class Flaky(LocalShell):
        def run(self, command, **named):
            if world.called() and next(lost) in (1, 2, 5):
                raise Unreachable("The connection to the engine's machine was lost.")
            return super().run(command, **named)

    world.shells["engine.practice"] = Flaky("engine.practice")
    hold = world.folder / "hold"
    hold.touch()
    asked = given(failover="none")
    plan = plan_of(world, asked)

    class Context(type(context_of(world, asked))):
        def checkpoint(self):
            if next(lost) > 8:
                hold.unlink(missing_ok=True)

    context = Context(WorldTargets(world), asked, world.folder / "run")
    carry_out(plan, context)
    assert world.on_server() == ON_SERVER
    assert len(world.called()) == 1
