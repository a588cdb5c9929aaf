"""The engine backed up every night: files on a host, its answers looked at, missed nights told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from config.errors import InvalidInput, Refused, StepFailed
from config.interviews.hosted_engine_schedule import SCHEDULE
from config.schedules import HERE
from config.timetable import parse_timetable
from steps.hosted_engine.backup.nightly import standing
from steps.hosted_engine.backup.nightly.procedure import PROCEDURE
from steps.hosted_engine.backup.nightly.standing import Due, what_is_wrong
from steps.hosted_engine.backup.probes import age_of
from steps.hosted_engine.backup.record import Summary
from steps.procedure import ProbeInput
from steps.schedules.next_runs import Follower
from steps.targets.local import LocalShell
from tests.unit.engine_backup_world import BackupWorld, WorldTargets, given, make_world
from tests.unit.engine_backup_world import context_of as backup_context_of
from tests.unit.engine_backup_world import plan_of as backup_plan_of
from tests.unit.restore_world import MemoryContext, carry_out, take_back
from tui.main import main

ANSWERS = """\
rekindle: 1
procedure: hosted_engine.backup
answers: {failover: best, server: backup.practice}
prompts: {step-failed: undo, failover.stuck.1: give-up}
"""


@pytest.fixture
def world(tmp_path, monkeypatch) -> BackupWorld:
    found = make_world(tmp_path / "world", monkeypatch)
    (found.folder / "units").mkdir()
    return found


def answers(world, **more):
    return {
        "install": "cron", "node": HERE, "minute": "30", "hour": "2", "day": "*", "month": "*",
        "weekday": "*", "program": "/usr/local/bin/rekindle", "answers_file": "/etc/a.yaml",
        "folder": str(world.folder / "units"), **more,
    }  # fmt: skip


def plan_of(world, given):
    survey = PROCEDURE.survey(ProbeInput(world.site, given, WorldTargets(world)))
    return PROCEDURE.plan(world.site, given, {}, json.loads(json.dumps(survey)))


def context_of(world, given):
    return MemoryContext(WorldTargets(world), given, world.folder / "run")


def installed(world):
    return {p.name: p.read_text() for p in (world.folder / "units").iterdir()}


def test_a_crontab_line_runs_the_backup_with_its_answers_and_goes_away_again(world):
    given = answers(world)
    plan = plan_of(world, given)
    assert len([value for title, value in plan.settings if title == "Next run"]) == 3
    carry_out(plan, context_of(world, given))
    (line,) = [
        row for row in installed(world)["rekindle-engine-backup"].splitlines() if "root" in row
    ]
    assert line == (
        "30 2 * * * root /usr/local/bin/rekindle run hosted_engine.backup --answers /etc/a.yaml"
        " --yes"
    )
    away = answers(world, install="uninstall")
    carry_out(plan_of(world, away), context_of(world, away))
    assert "rekindle-engine-backup" not in installed(world)


def test_a_timer_names_the_program_and_says_what_changes_it(world):
    given = answers(world, install="timer", site_file="/etc/site.yaml")
    context = context_of(world, given)
    plan = plan_of(world, given)
    steps = [step for step in plan.steps if step.name.startswith("schedule.file")]
    for step in steps:
        step.apply(context)
    files = installed(world)
    service = files["rekindle-engine-backup.service"]
    assert "--site /etc/site.yaml run hosted_engine.backup --answers /etc/a.yaml --yes" in service
    assert "OnCalendar=*-*-* 02:30:00" in files["rekindle-engine-backup.timer"]
    assert "rekindle run hosted_engine.schedule" in files["rekindle-engine-backup.timer"]


def test_undo_brings_the_line_of_before_back(world):
    given = answers(world)
    carry_out(plan_of(world, given), context_of(world, given))
    before = installed(world)
    later = answers(world, hour="4")
    plan, context = plan_of(world, later), context_of(world, later)
    carry_out(plan, context)
    assert installed(world) != before
    take_back(plan, context)
    assert installed(world) == before


def read_by_cronie(name):
    """As its manual and its load_database have it: a dot in the name does not matter there."""
    return not (
        name.startswith((".", "#")) or name.endswith(("~", ".rpmsave", ".rpmorig", ".rpmnew"))
    )


def test_the_line_of_before_that_is_kept_is_run_by_no_cron(world):
    for hour in ("2", "4"):
        given = answers(world, hour=hour)
        carry_out(plan_of(world, given), context_of(world, given))
    assert len(installed(world)) == 2
    assert [name for name in installed(world) if read_by_cronie(name)] == ["rekindle-engine-backup"]


def test_undo_says_so_where_the_line_of_before_is_gone(world):
    given = answers(world)
    carry_out(plan_of(world, given), context_of(world, given))
    later = answers(world, hour="4")
    plan, context = plan_of(world, later), context_of(world, later)
    carry_out(plan, context)
    next((world.folder / "units").glob("*.before-*")).unlink()
    with pytest.raises(StepFailed, match="cannot be put back"):
        take_back(plan, context)


def test_nothing_is_planned_where_nothing_would_change(world):
    given = answers(world)
    carry_out(plan_of(world, given), context_of(world, given))
    with pytest.raises(Refused, match="Nothing would change"):
        plan_of(world, given)


def test_a_field_that_is_no_cron_field_is_refused_at_once():
    question = SCHEDULE.question("hour")
    assert question is not None
    with pytest.raises(InvalidInput):
        question.check("25", {})


def probe(world, name, **given):
    return PROCEDURE.probes[name](
        ProbeInput(world.site, answers(world, **given), WorldTargets(world))
    )


def test_answers_that_are_fit_for_a_night_alone_are_called_so(world, tmp_path):
    file = tmp_path / "night.yaml"
    file.write_text(ANSWERS)
    found = probe(world, "answers-there", answers_file=str(file)).findings
    assert [finding.level for finding in found] == ["ok"], found


@pytest.mark.parametrize(
    ("old", "new", "level", "told"),
    [
        ("failover: best", "failover: hosted_engine_1", "warning", "always hosted_engine_1"),
        ("step-failed: undo, ", "", "warning", "leaves the failover host in maintenance"),
        ("undo, ", "undo, undo-failed: retry, ", "warning", "it waits for somebody"),
        (", failover.stuck.1: give-up", "", "warning", "holds the night up"),
        ("failover: best, ", "", "error", "failover: not answered"),
        ("backup.practice}", "backup.practice, file_name: x.backup}", "error", "same file name"),
        ("hosted_engine.backup", "virtual_machine.backup", "error", "virtual_machine.backup"),
        ("server:", "servant:", "error", "servant"),
    ],
)
def test_what_a_night_would_stumble_over_is_told_beforehand(world, tmp_path, old, new, level, told):
    file = tmp_path / "night.yaml"
    assert old in ANSWERS
    file.write_text(ANSWERS.replace(old, new))
    found = probe(world, "answers-there", answers_file=str(file)).findings
    assert any(f.level == level and told in f.text for f in found), found
    assert not any("/tmp/rekindle-" in f.text for f in found)


def test_the_engines_own_machine_starts_no_backup_of_itself(world):
    choices = {choice.value: choice.refused for choice in probe(world, "schedule-places").choices}
    assert choices["engine.practice"]
    assert not choices[HERE]
    assert not choices["backup.practice"]


def test_a_program_or_file_that_is_not_there_is_told(world):
    (found,) = probe(world, "program-there", program="/nowhere/rekindle").findings
    assert found.level == "error"
    (found,) = probe(world, "answers-there", answers_file="/nowhere/x.yaml").findings
    assert found.level == "error"


@pytest.mark.parametrize(
    ("ages", "level"),
    [([0.5, 30], "ok"), ([3], "warning"), ([], "warning"), ([400, 2.5], "warning")],
)
def test_a_stale_backup_is_told_by_the_age_of_the_newest(ages, level):
    now = datetime(2026, 11, 28, tzinfo=UTC)
    made = [(now - timedelta(days=age)).isoformat() for age in ages]
    assert age_of([*made, "garbage"], now).level == level


# -- how they stand --------------------------------------------------------------------------

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def summary(made: str) -> Summary:
    return Summary("e.backup", "0" * 64, 10, made, "engine", "4.5.7", ("db",), "h", "r")


def due(hours_ago: float) -> Due:
    """A timetable that came round so long ago, and every day before."""
    last = NOW - timedelta(hours=hours_ago)
    owed = last if hours_ago >= 6 else last - timedelta(days=1)
    every_day = parse_timetable("0", "2", "*", "*", "*")
    return Due("h", every_day, Follower.CRON, last, (), owed)


@pytest.mark.parametrize(
    ("made", "came_round", "told"),
    [
        ("2026-11-28T02:10:00+00:00", 10, ""),
        ("2026-11-27T02:10:00+00:00", 10, "due at 28 Nov 2026 02:00 UTC is missing"),
        ("2026-11-27T08:10:00+00:00", 5, ""),
        ("2026-11-25T08:10:00+00:00", 5, "due at 27 Nov 2026 07:00 UTC is missing"),
        ("2026-11-27T02:10:00+00:00", None, ""),
        ("2026-11-20T02:10:00+00:00", None, "8.4 days old, and stale"),
        ("2026-11-20T02:10:00+00:00", 24 * 9, ""),
        ("nonsense", 10, "no backup of the engine"),
    ],
)
def test_a_night_that_was_missed_is_told_once_it_had_time_enough(made, came_round, told):
    found = what_is_wrong((summary(made),), due(came_round) if came_round else None, NOW)
    assert told in found
    assert bool(found) is bool(told)


def test_a_backup_that_was_cut_off_is_none_and_another_engines_does_not_hide_that_ours_is_missing():
    fresh = summary("2026-11-28T02:10:00+00:00")
    assert "no backup" in what_is_wrong((replace(fresh, whole=False),), due(10), NOW)
    ours = replace(fresh, engine="ours", made="2026-11-20T02:10:00+00:00")
    told = what_is_wrong((fresh, ours), due(10), NOW)
    assert told.startswith("ours: the backup that was due at 28 Nov")


def test_this_night_may_still_be_at_work_the_night_before_is_owed(world, monkeypatch):
    monkeypatch.setattr(standing, "SYSTEMD_FOLDER", str(world.folder / "units"))
    monkeypatch.setattr(standing, "CRON_FOLDER", str(world.folder / "units"))
    monkeypatch.setattr(standing, "zone_of", lambda _shell: ZoneInfo("UTC"))
    given = answers(world)
    carry_out(plan_of(world, given), context_of(world, given))
    found = standing.look_for_timetable(LocalShell(HERE), datetime(2026, 11, 28, 7, tzinfo=UTC))
    assert found is not None
    assert (str(found.last), str(found.owed)) == (
        "2026-11-28 02:30:00+00:00", "2026-11-27 02:30:00+00:00",
    )  # fmt: skip


def test_the_timetable_is_read_back_from_what_was_written(world, monkeypatch):
    monkeypatch.setattr(standing, "SYSTEMD_FOLDER", str(world.folder / "units"))
    monkeypatch.setattr(standing, "CRON_FOLDER", str(world.folder / "units"))
    shell = LocalShell(HERE)
    assert standing.look_for_timetable(shell, NOW) is None
    for install, follower in (("cron", Follower.CRON), ("timer", Follower.TIMER)):
        given = answers(world, install=install)
        plan, context = plan_of(world, given), context_of(world, given)
        for step in plan.steps:
            if step.name.startswith("schedule.file"):
                step.apply(context)
        found = standing.look_for_timetable(shell, NOW)
        assert found is not None
        assert (found.follower, str(found.timetable)) == (follower, "30 2 * * *")
        assert len(found.following) == 3
    (world.folder / "units" / "rekindle-engine-backup.timer").write_text("[Timer]\n")
    with pytest.raises(InvalidInput, match="no timetable that is understood"):
        standing.look_for_timetable(shell, NOW)


def test_the_command_lists_what_is_kept_and_says_by_its_exit_code_that_something_is_amiss(
    world, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(standing, "SYSTEMD_FOLDER", str(world.folder / "units"))
    monkeypatch.setattr(standing, "CRON_FOLDER", str(world.folder / "units"))
    site = tmp_path / "site.yaml"
    server = f"[{{name: b, folder: {world.server}, shell: {{kind: local}}}}]"
    site.write_text(f"name: berne\nbackup_servers: {server}\n")
    assert main(["--site", str(site), "backups"]) == 3
    assert "there is no backup of the engine" in capsys.readouterr().out
    asked = given(failover="none", file_name="x.backup")
    carry_out(backup_plan_of(world, asked), backup_context_of(world, asked))
    made = "2025-11-24T16:00:00Z"
    assert main(["--site", str(site), "backups", "--json"]) == 3, "that archive is a year old"
    data = json.loads(capsys.readouterr().out)
    (found,) = data["servers"]
    assert [one["file"] for one in found["backups"]] == ["x.backup"]
    assert "stale" in found["wrong"]
    text = (world.server / "x.backup.json").read_text()
    (world.server / "x.backup.json").write_text(text.replace(made, datetime.now(UTC).isoformat()))
    assert main(["--site", str(site), "backups"]) == 0
    assert "no failover host: x.backup" in capsys.readouterr().out


SITE = """\
name: {name}
backup_servers: [{{name: backup.practice, folder: {folder}, shell: {{kind: local}}}}]
"""


@pytest.fixture
def two_sites(world, tmp_path, monkeypatch):
    """Our site file, and the other one that the nightly backup goes by: it has another folder."""
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(standing, "SYSTEMD_FOLDER", str(world.folder / "usual"))
    monkeypatch.setattr(standing, "CRON_FOLDER", str(world.folder / "usual"))
    ours, theirs = tmp_path / "ours.yaml", tmp_path / "the ir$ 100%.yaml"
    ours.write_text(SITE.format(name="berne", folder=tmp_path / "elsewhere"))
    theirs.write_text(SITE.format(name="there", folder=world.server))
    (tmp_path / "night.yaml").write_text(ANSWERS)
    asked = given(failover="none", file_name="x.backup")
    carry_out(backup_plan_of(world, asked), backup_context_of(world, asked))
    record = world.server / "x.backup.json"
    made = datetime.now(UTC).isoformat()
    record.write_text(record.read_text().replace("2025-11-24T16:00:00Z", made))
    return ours, theirs


def scheduled(world, tmp_path, install, **more):
    """The schedule, written into a folder of its own."""
    given = answers(world, install=install, answers_file=str(tmp_path / "night.yaml"), **more)
    plan, context = plan_of(world, given), context_of(world, given)
    for step in plan.steps:
        if step.name.startswith("schedule.file"):
            step.apply(context)
    return "--timer-folder", str(world.folder / "units")


@pytest.mark.parametrize("install", ["cron", "timer"])
def test_backups_are_looked_for_where_the_schedule_puts_them_by_its_own_site_file(
    two_sites, world, tmp_path, capsys, install
):
    ours, theirs = two_sites
    there = scheduled(world, tmp_path, install, site_file=str(theirs))
    assert main(["--site", str(ours), "backups", *there]) == 0
    told = capsys.readouterr().out
    assert f"kept at     backup.practice:{world.server}" in told
    assert f"backup.practice:{world.server}\n" in told
    assert ": x.backup" in told
    assert f"backup.practice:{tmp_path / 'elsewhere'}\n  nothing, and no night puts" in told
    for one in world.server.glob("x.backup*"):
        one.unlink()
    assert main(["--site", str(ours), "backups", *there, "--json"]) == 3
    servers = json.loads(capsys.readouterr().out)["servers"]
    assert [bool(one["wrong"]) for one in servers] == [False, True]


def test_where_nobody_starts_it_the_folders_that_were_looked_at_are_told(
    two_sites, world, tmp_path, capsys
):
    ours, _theirs = two_sites
    assert main(["--site", str(ours), "backups"]) == 3
    told = capsys.readouterr().out
    assert f"looked in   {world.folder / 'usual'} on {HERE}" in told
    named = f"backup.practice:{world.server}"
    main(["--site", str(ours), "backups", "--folder", named])
    assert ": x.backup" in capsys.readouterr().out
    assert main(["--site", str(ours), "backups", "--folder", "nonsense"]) == 2


def test_a_schedule_whose_answers_cannot_be_read_is_told_and_every_folder_judged(
    two_sites, world, tmp_path, capsys
):
    ours, theirs = two_sites
    there = scheduled(world, tmp_path, "cron", site_file=str(theirs))
    (tmp_path / "night.yaml").unlink()
    assert main(["--site", str(ours), "backups", *there]) == 3
    told = capsys.readouterr().out
    assert "kept at     not known: " in told
    assert "there is no backup of the engine" in told


def test_a_server_that_only_the_schedule_knows_is_named_as_not_looked_at(
    two_sites, world, tmp_path, capsys
):
    ours, theirs = two_sites
    ours.write_text(ours.read_text().replace("backup.practice", "other.practice"))
    there = scheduled(world, tmp_path, "timer", site_file=str(theirs))
    assert main(["--site", str(ours), "backups", *there]) == 3
    assert "the site berne has no backup server backup.practice: not looked at" in (
        capsys.readouterr().out
    )
