"""Timetables put on a node: real files of this host; systemd itself is pretended where it acts."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess

import pytest

from config.errors import InvalidInput, Refused
from steps.procedure import Outcome
from steps.targets.ldif_directory import LdifDirectory
from steps.targets.local import LocalShell
from steps.targets.shell import Completed
from steps.virtual_machine.plans.lookup import ruled
from steps.virtual_machine.plans.plan_survey import files_of
from steps.virtual_machine.plans.procedure import PROCEDURE
from tests.real.plan_support import NODE, Office, PlanTargets
from tests.real.slapd_support import MACHINE, SERVICES, World, write_ldif_folder
from tests.unit.restore_world import carry_out, take_back

BASE = "dc=stoney-cloud,dc=org"


class PretendedSystemd(LocalShell):
    """This host with a systemd that keeps its word: it knows what it has read of which file."""

    def __init__(self) -> None:
        super().__init__()
        self.enabled: set[str] = set()
        self.active: dict[str, str] = {}
        self.read_files: dict[str, str] = {}
        self.folder = ""

    def status(self, path):
        return super().status("/" if path == "/run/systemd/system" else path)

    def run(self, command, **named):
        if command[0] != "systemctl":
            return super().run(command, **named)
        words = [word for word in command[1:] if not word.startswith("-")]
        return Completed(" ".join(command), 0, self._systemctl(list(command), words), "")

    def _systemctl(self, command, words):
        unit = words[-1]
        match words[0]:
            case "daemon-reload":
                self.read_files = {unit: self._on_disk(unit) for unit in os.listdir(self.folder)}
            case "is-enabled":
                return "enabled\n" if unit in self.enabled else "disabled\n"
            case "is-active":
                return "active\n" if unit in self.active else "inactive\n"
            case "show":
                stale = self.read_files.get(unit, "") != self._on_disk(unit)
                return f"NeedDaemonReload={'yes' if stale else 'no'}\n"
            case "enable":
                self.enabled.add(unit)
                if "--now" in command:
                    self.active[unit] = self.read_files[unit]
            case "restart":
                self.active[unit] = self.read_files[unit]
            case "disable":
                self.enabled.discard(unit)
                self.active.pop(unit, None)
        return ""

    def _on_disk(self, unit):
        path = os.path.join(self.folder, unit)
        if not os.path.exists(path):
            return ""
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()


@pytest.fixture
def office(tmp_path):
    directory = LdifDirectory(write_ldif_folder(tmp_path / "ldif"), BASE)
    made = Office(World(directory, directory, ""), tmp_path / "office", PROCEDURE)
    (tmp_path / "units").mkdir()
    (tmp_path / "night.yaml").write_text("answers: {}\n")
    return made


@pytest.fixture
def systemd(office, tmp_path):
    shell = PretendedSystemd()
    shell.folder = str(tmp_path / "units")
    office.targets = PlanTargets(office.world.directory, shell)
    return shell


def asked(tmp_path, install, **more):
    return {
        "scope": "site", "what": "schedule", "install": install, "node": NODE,
        "program": "/bin/true", "answers_file": str(tmp_path / "night.yaml"),
        "folder": str(tmp_path / "units"), **more,
    }  # fmt: skip


def files(tmp_path):
    return {path.name: path.read_text() for path in (tmp_path / "units").iterdir()}


def do(office, **answers):
    plan, context = office.plan(**answers), office.context()
    carry_out(plan, context)
    return lambda: take_back(plan, context)


def test_a_crontab_line_is_written_kept_aside_and_taken_back(office, tmp_path):
    undo_first = do(office, **asked(tmp_path, "cron"))
    line = files(tmp_path)["rekindle-backup"].splitlines()[-1]
    assert line == (
        f"0 3 * * * root /bin/true run virtual_machine.backup --all --answers {tmp_path}/night.yaml"
        " --yes"
    )
    before = files(tmp_path)
    undo = do(office, **asked(tmp_path, "cron", hour="5"))
    after = files(tmp_path)
    assert after["rekindle-backup"].splitlines()[-1].startswith("0 5 * * * root ")
    assert after["rekindle-backup.before-1128-0300~"] == before["rekindle-backup"]
    undo()
    assert files(tmp_path) == before
    undo_first()
    assert files(tmp_path) == {}


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_a_file_that_is_put_back_has_the_permissions_it_had(office, tmp_path, mode):
    do(office, **asked(tmp_path, "cron"))
    file = tmp_path / "units" / "rekindle-backup"
    file.chmod(mode)
    undo = do(office, **asked(tmp_path, "cron", hour="5"))
    aside = file.with_name("rekindle-backup.before-1128-0300~")
    assert [path.stat().st_mode & 0o777 for path in (file, aside)] == [0o644, mode]
    undo()
    assert file.stat().st_mode & 0o777 == mode


def test_the_hour_in_the_directory_goes_with_the_one_on_the_node(office, tmp_path):
    whole = f"ou=backup,ou=configuration,{SERVICES}"
    undo = do(office, **asked(tmp_path, "cron", hour="5"))
    assert office.world.other.get(whole).text("sstCronHour") == "5"
    undo()
    assert office.world.other.get(whole).text("sstCronHour") == "3"


def test_a_timer_is_enabled_and_follows_a_changed_file(office, systemd, tmp_path):
    undo_first = do(office, **asked(tmp_path, "timer"))
    assert systemd.enabled == {"rekindle-backup.timer"}
    first = systemd.active["rekindle-backup.timer"]
    undo = do(office, **asked(tmp_path, "timer", hour="5"))
    assert systemd.active["rekindle-backup.timer"] != first
    assert "OnCalendar=*-*-* 05:00:00" in files(tmp_path)["rekindle-backup.timer"]
    undo()
    assert systemd.active["rekindle-backup.timer"] == first
    undo_first()
    assert (systemd.enabled, systemd.active, files(tmp_path)) == (set(), {}, {})


def test_taking_a_timer_away_stops_it_first_and_undo_starts_it_again(office, systemd, tmp_path):
    do(office, **asked(tmp_path, "timer"))
    before = files(tmp_path)
    undo = do(office, **asked(tmp_path, "uninstall"))
    assert (systemd.enabled, systemd.active) == (set(), {})
    assert set(files(tmp_path)) == {
        "rekindle-backup.service.before-1128-0300~", "rekindle-backup.timer.before-1128-0300~"
    }  # fmt: skip
    undo()
    assert (set(systemd.active), files(tmp_path)) == ({"rekindle-backup.timer"}, before)


def test_a_timer_in_the_place_of_a_crontab_line_takes_the_line_away(office, systemd, tmp_path):
    do(office, **asked(tmp_path, "cron"))
    do(office, **asked(tmp_path, "timer"))
    assert "rekindle-backup" not in files(tmp_path)
    assert "rekindle-backup.timer" in files(tmp_path)


def test_real_systemd_takes_the_units(office, systemd, tmp_path):
    do(office, **asked(tmp_path, "timer", minute="*/20", day="1", weekday="fri"))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "units" / "rekindle-backup.timer")],
        capture_output=True, text=True, env={"SYSTEMD_UNIT_PATH": f"{tmp_path / 'units'}:"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_the_check_of_backups_has_its_own_timetable_and_leaves_the_directory_alone(
    office, tmp_path
):
    plan = office.plan(**asked(tmp_path, "cron", job="check", hour="12"))
    assert [phase.name for phase in plan.phases] == ["node"]
    carry_out(plan, office.context())
    line = files(tmp_path)["rekindle-check"].splitlines()[-1]
    assert line.startswith("0 12 * * * root /bin/true run virtual_machine.check --answers ")


def test_one_machines_timetable_does_not_run_all_machines(office, tmp_path):
    do(office, **asked(tmp_path, "cron", scope="machine", machine=MACHINE, hour="5"))
    name = f"rekindle-backup-{MACHINE}"
    assert "--all" not in files(tmp_path)[name]


def test_where_systemd_does_not_run_review_says_that_nothing_is_started(office, tmp_path):
    plan = office.plan(**asked(tmp_path, "timer"))
    assert [step.name for step in plan.steps if step.name == "schedule.timer"] == []
    assert any(title == "Not started" for title, _ in plan.settings)


def test_review_shows_the_next_runs_by_both_clocks(office, tmp_path):
    plan = office.plan(**asked(tmp_path, "cron", hour="5"))
    runs = [value for title, value in plan.settings if title == "Next run"]
    assert len(runs) == 3
    assert all(" UTC)" in run for run in runs)


def test_a_file_that_somebody_changed_meanwhile_is_not_replaced(office, tmp_path):
    do(office, **asked(tmp_path, "cron"))
    plan, context = office.plan(**asked(tmp_path, "cron", hour="5")), office.context("later")
    (tmp_path / "units" / "rekindle-backup").write_text("mine\n")
    step = plan.steps[-1]
    assert step.verify(context).outcome is Outcome.UNKNOWN


def test_a_second_time_there_is_nothing_to_do(office, tmp_path):
    do(office, **asked(tmp_path, "cron"))
    with pytest.raises(Refused, match="Nothing would change"):
        office.plan(**asked(tmp_path, "cron"))


def test_a_folder_in_the_place_of_the_file_is_refused(office, tmp_path):
    (tmp_path / "units" / "rekindle-backup").mkdir()
    with pytest.raises(InvalidInput, match="not a small file"):
        office.plan(**asked(tmp_path, "cron"))


def test_a_program_or_answer_file_that_is_not_there_is_found_before(office, tmp_path):
    given = {"node": NODE, "program": "/no/such", "answers_file": str(tmp_path / "night.yaml")}
    assert office.probe("on-node", **given).findings[0].level == "error"
    assert office.probe("on-node-answers", **given).findings[0].level == "ok"


def test_in_the_usual_folders_the_other_kind_of_file_is_looked_for_where_it_would_be(office):
    found = ruled(office.world.directory, "site", "")
    units = [f"/etc/systemd/system/rekindle-backup.{kind}" for kind in ("service", "timer")]
    for install in ("timer", "cron", "uninstall"):
        given = office.given(scope="site", what="schedule", install=install, node=NODE)
        assert files_of(given, found) == (*units, "/etc/cron.d/rekindle-backup")


def test_the_survey_goes_through_json(office, tmp_path):
    given = office.given(**asked(tmp_path, "cron"))
    assert json.loads(json.dumps(office.survey(given)))["node"]["systemd"] is False
