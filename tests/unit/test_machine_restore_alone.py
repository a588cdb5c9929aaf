"""One database restored alone, onto a machine whose files are there and stay as they are."""

from __future__ import annotations

import pytest

from steps.hosted_engine.machine_restore.databases import automatic, manual
from steps.hosted_engine.machine_restore.job import ExpectedRows
from steps.hosted_engine.machine_restore.phases import machine_phases
from steps.hosted_engine.machine_restore.restore_command import ArchiveHolds, RestoreChoice
from steps.hosted_engine.machine_restore.step_fit import MachineFit
from steps.hosted_engine.machine_restore.step_restore import BackupRestored
from steps.hosted_engine.machine_restore.step_stop import EngineStopped
from steps.run.events import Finish
from tests.unit.machine_support import MACHINE, Machine
from tests.unit.test_machine_restore import ENGINE_BACKUP, MARK, PSQL, SECRETS, starts

CONF = "etc/engine.conf.d/10-setup-database.conf"
SETTINGS = """\
ENGINE_DB_HOST="@HOST@"
ENGINE_DB_PORT="5432"
ENGINE_DB_USER="engine"
ENGINE_DB_PASSWORD="of the machine"
ENGINE_DB_DATABASE="engine"
ENGINE_DB_SECURED="False"
"""
WHOLE = ArchiveHolds("4.5.7", ("files", "db", "dwhdb"))
AT_HOME = manual("db", server=MACHINE)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """One that was set up, and whose database is gone."""
    made = Machine(tmp_path / "m", monkeypatch)
    made.program("engine-backup", ENGINE_BACKUP)
    made.program("psql", f"[ -e @FOLDER@/answers ] || {{ echo refused >&2; exit 2; }}\n{PSQL}")
    made.write("act", "ok")
    made.write(MARK, "")
    made.write(CONF, SETTINGS.replace("@HOST@", "localhost"))
    return made


def alone(machine, place=AT_HOME, **changes):
    choice = RestoreChoice((place,), (place.scope,))
    return machine.job(**({"holds": WHOLE, "choice": choice} | changes))


@pytest.mark.parametrize("place", [AT_HOME, automatic("db")], ids=["made here", "automatic"])
def test_a_machine_with_its_files_takes_a_database_alone_while_its_engine_runs(machine, place):
    machine.unit("ovirt-engine")
    running = machine.run(MachineFit(alone(machine, place))).start()
    assert running.end().finish is Finish.DONE


def test_a_machine_whose_files_were_never_restored_takes_no_database_alone(machine):
    (machine.folder / MARK).unlink()
    (machine.folder / CONF).unlink()
    running = machine.run(MachineFit(alone(machine))).start()
    text = running.question("step-failed").text
    assert "its files were never restored" in text
    assert "does not say where the db database is" in text
    running.answer("step-failed", "stop")
    running.end()


def test_engine_backup_is_not_asked_to_make_a_database_that_is_there(machine):
    machine.write("answers", "")
    running = machine.run(MachineFit(alone(machine, automatic("db")))).start()
    assert "the database engine is there already" in running.question("step-failed").text
    running.answer("step-failed", "stop")
    running.end()


def test_what_the_machine_s_own_files_say_decides_whether_a_database_can_be_made(machine):
    machine.write(CONF, SETTINGS.replace("@HOST@", "db.example.org"))
    running = machine.run(MachineFit(alone(machine, automatic("db")))).start()
    assert "it was on db.example.org" in running.question("step-failed").text
    running.answer("step-failed", "stop")
    running.end()


def test_the_engine_and_the_warehouse_are_stopped_where_the_operator_says_so_and_come_back(machine):
    machine.unit("ovirt-engine")
    machine.unit("ovirt-engine-dwhd")
    step = EngineStopped(alone(machine))
    running = machine.run(step).start()
    assert "ovirt-engine and ovirt-engine-dwhd" in running.question("machine.stop-services").text
    running.answer("machine.stop-services", "leave")
    assert "was not stopped" in running.question("step-failed").text
    running.answer("step-failed", "retry")
    running.answer("machine.stop-services", "stop-services")
    assert running.end().finish is Finish.DONE
    assert not list((machine.folder / "units").glob("*.active"))
    undone = machine.run(step, folder=running.session.run).start(undo=True)
    assert undone.end().finish is Finish.UNDONE
    assert len(list((machine.folder / "units").glob("*.active"))) == 2


def test_only_the_database_is_restored_and_the_files_that_are_there_prove_nothing(machine):
    machine.write("answers", "")
    step = BackupRestored(alone(machine, expected=ExpectedRows(2, 3)))
    running = machine.run(step, secrets=SECRETS).start()
    assert running.end().finish is Finish.DONE
    (line,) = starts(machine)
    assert "--scope=db --file=" in line
    assert "--change-db-credentials" in line
    evidence = running.view.steps["restore.run"].evidence
    assert "2 hosts and 3 machines" in evidence
    assert "files" not in evidence


def test_a_restore_that_failed_is_never_cleaned_up_with_the_files_that_were_there(machine):
    machine.write("answers", "")
    machine.write("act", "late")
    machine.program("engine-cleanup", "exit 9")
    running = machine.run(BackupRestored(alone(machine)), secrets=SECRETS).start()
    question = running.question("step-failed")
    assert "engine-cleanup" not in question.detail
    machine.write("db/tables", "7")
    running.answer("step-failed", "retry")
    question = running.question("restore.half-restored")
    refused = {choice.value: choice.refused for choice in question.choices}
    assert "takes the machine's files away" in refused["clean-up"]
    assert refused["rename-aside"] == ""
    running.answer(question.name, "stop")
    running.answer("step-failed", "stop")
    running.end()


def test_the_engine_is_stopped_after_the_archive_was_checked_and_only_where_files_stay(machine):
    names = [step.name for phase in machine_phases(alone(machine)) for step in phase.steps]
    assert names.index("archive.fits") + 1 == names.index("machine.stop")
    assert names.index("machine.stop") < names.index("database.make.db")
    whole = [step.name for phase in machine_phases(machine.job()) for step in phase.steps]
    assert "machine.stop" not in whole
