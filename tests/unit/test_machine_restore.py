"""The restore on the engine's machine, by a scripted engine-backup: what is looked at, asked,
run once, and believed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from config.errors import StepFailed
from steps.hosted_engine.archive.engine_files import EngineFiles
from steps.hosted_engine.detached_tool import Channel, DetachedTool
from steps.hosted_engine.machine_restore.backup_tool import BackupTool
from steps.hosted_engine.machine_restore.databases import manual
from steps.hosted_engine.machine_restore.job import ArchiveSource, ExpectedRows
from steps.hosted_engine.machine_restore.phases import machine_phases
from steps.hosted_engine.machine_restore.restore_command import ArchiveHolds, RestoreChoice
from steps.hosted_engine.machine_restore.step_archive import ArchiveBrought, ArchiveFits
from steps.hosted_engine.machine_restore.step_engine_up import MachineTidied
from steps.hosted_engine.machine_restore.step_fit import MachineFit, MachineNamed
from steps.hosted_engine.machine_restore.step_restore import BackupRestored
from steps.run.events import Finish
from steps.run.report_data import gather
from steps.targets.local import LocalShell
from steps.targets.partial import partial_paths
from tests.engine_archives import MODERN, build
from tests.unit.machine_support import MACHINE, SERVER, Machine, written
from tests.unit.scripted_tool_support import wait_until

PASSWORD = "pw-of-engine-7"
MARK = "etc/setup.conf.d/20-setup-ovirt-post.conf"
SECRETS = {"database password engine": PASSWORD}
ENGINE_BACKUP = """
echo "$@" >> @FOLDER@/started
for option in "$@"; do case $option in
  --db-passfile=*) file=${option#*=}; { stat -c %a "$file"; cat "$file"; } > @FOLDER@/passfile;;
esac; done
act=$(cat @FOLDER@/act)
echo "Preparing to restore:"; echo "- Unpacking file 'F'"
if [ "$act" = early ]; then echo "FATAL: Backup was created by version" >&2; exit 1; fi
echo "Restoring:"; echo "- Files"
mkdir -p @FOLDER@/etc/setup.conf.d @FOLDER@/etc/engine.conf.d
: > @FOLDER@/etc/setup.conf.d/20-setup-ovirt-post.conf
cat > @FOLDER@/etc/engine.conf.d/10-setup-database.conf <<'END'
ENGINE_DB_HOST="localhost"
ENGINE_DB_PORT="5432"
ENGINE_DB_USER="engine"
ENGINE_DB_PASSWORD="hush\\"hush"
ENGINE_DB_DATABASE="engine"
END
while [ -e @FOLDER@/hold ]; do sleep 0.05; done
if [ "$act" = late ]; then echo "FATAL: Errors while restoring database engine" >&2; exit 1; fi
echo "- Engine database 'engine'"
if [ "$act" != lies ]; then
  mkdir -p @FOLDER@/db; cd @FOLDER@/db
  echo 200 > tables; echo 2 > hosts; echo 3 > machines; echo 1 > mark
fi
echo "You should now run engine-setup."
[ "$act" = mute ] || echo "Done."
"""
ENGINE_CLEANUP = """
echo '**%QStart: OVESETUP_ENGINE_REMOVE'
echo '### Do you want to remove all components? (Yes, No) [Yes]:'
echo '**%QDefault: Yes'
echo '**%QValidValues: Yes|No'
echo '**%QHidden: FALSE'
echo '***Q:STRING OVESETUP_ENGINE_REMOVE'
echo '**%QEnd: OVESETUP_ENGINE_REMOVE'
read -r answer
[ "$answer" = Yes ] && rm -rf @FOLDER@/etc @FOLDER@/db
echo '***L:INFO Stage: Termination'
echo '***TERMINATE'
"""
PSQL = """
case "$*" in *"-h localhost -p 5432 -U engine -d engine"*) ;; *) echo "$*" >&2; exit 2;; esac
cat "$PGPASSFILE" >> @FOLDER@/pgpass
sql=$(cat)
case $sql in
  *pg_tables*) file=tables;; *vds_static*) file=hosts;; *vm_static*) file=machines;;
  *DbJustRestored*) file=mark;; *) exit 3;;
esac
if [ -e @FOLDER@/db/$file ]; then cat @FOLDER@/db/$file; elif [ $file = tables ]; then echo 0
else echo "ERROR: relation does not exist" >&2; exit 3; fi
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    made = Machine(tmp_path / "m", monkeypatch)
    made.program("engine-backup", ENGINE_BACKUP)
    made.program("psql", PSQL)
    made.write("act", "ok")
    yield made
    (made.folder / "hold").unlink(missing_ok=True)
    for folder in (made.folder / "work").glob("restore-*/engine-backup-*"):
        tool = DetachedTool(LocalShell(), str(folder), Channel.PIPES)
        wait_until(lambda tool=tool: tool.state().over)


def starts(machine) -> list[str]:
    path = machine.folder / "started"
    return path.read_text().splitlines() if path.exists() else []


def restoring(machine, **changes):
    return BackupRestored(machine.job(expected=ExpectedRows(2, 3), **changes))


# -- looking ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("name", "other.example.com\n", "calls itself other.example.com"),
        ("hosts", "", "does not resolve"),
        ("hosts", "10.0.0.9 engine.example.com\n", "10.0.0.9, which is no address of this machine"),
        ("hosts", "10.0.0.7 engine.example.com\n10.0.0.7 old.example.com\n", None),
        ("hosts", "127.0.0.1 engine.example.com\n", "hosts cannot use that"),
    ],
)  # fmt: skip
def test_a_name_that_does_not_lead_to_the_machine_stops_it(machine, name, text, says):
    machine.write(name, text)
    running = machine.run(MachineNamed(machine.job())).start()
    if says is None:
        assert running.end().finish is Finish.DONE
        return
    assert says in running.question("step-failed").text
    running.answer("step-failed", "stop")
    running.end()


def test_an_address_that_leads_back_to_another_name_stops_it(machine):
    machine.write("hosts", "10.0.0.7 engine.example.com\n")
    machine.program(
        "getent", "case $1 in ahosts) echo 10.0.0.7 STREAM;; hosts) echo 10.0.0.7 x;; esac"
    )
    running = machine.run(MachineNamed(machine.job())).start()
    assert "10.0.0.7 resolves back to x" in running.question("step-failed").text
    running.answer("step-failed", "stop")
    running.end()


def test_a_new_machine_is_fit(machine):
    assert machine.run(MachineFit(machine.job())).start().end().finish is Finish.DONE


def test_an_engine_that_runs_on_a_machine_without_set_up_is_stopped_where_the_operator_says_so(
    machine,
):
    machine.unit("ovirt-engine")
    running = machine.run(MachineFit(machine.job())).start()
    running.answer("machine.stop-engine", "stop-service")
    assert running.end().finish is Finish.DONE
    assert "stop ovirt-engine" in (machine.folder / "systemctl.log").read_text()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda m: m.write("installed", "4.5.6\n"), "does not take it back"),
        (lambda m: (m.folder / "installed").unlink(), "not installed"),
        (lambda m: m.write(MARK, ""), "engine-setup has run"),
        (lambda m: m.program("engine-backup", "").unlink(), "engine-backup is not installed"),
    ],
)  # fmt: skip
def test_what_makes_a_machine_unfit_is_said_before_anything_is_touched(machine, spoil, says):
    spoil(machine)
    running = machine.run(MachineFit(machine.job())).start()
    assert says in running.question("step-failed").text
    running.answer("step-failed", "stop")
    running.end()
    assert starts(machine) == []


# -- the archive -----------------------------------------------------------------------------


def bringing(machine, archive, **changes):
    source = ArchiveSource(str(archive), changes.pop("server", SERVER), changes.pop("sha256", ""))
    job = machine.job(archive=source, **changes)
    return ArchiveBrought(job), ArchiveFits(job)


@pytest.fixture
def sound(tmp_path):
    """An archive that is whole: without a database there is nothing in it that must be read."""
    return build(tmp_path / "sound", MODERN.but(dumps={"grafana.db": b"SQLite format 3"}))


HOLDS = ArchiveHolds("4.5.7", ("files", "grafanadb"))


@pytest.mark.parametrize("server", [SERVER, ""], ids=["server", "here"])
def test_the_archive_is_the_same_at_both_ends_private_and_left_nowhere_on_the_way(
    machine, sound, server
):
    steps = bringing(
        machine, sound, server=server, holds=HOLDS, choice=RestoreChoice((), ("files",))
    )
    running = machine.run(*steps).start()
    finish = running.end().finish
    assert finish is Finish.DONE
    (copy,) = (machine.folder / "work").rglob("archive")
    assert copy.read_bytes() == sound.read_bytes()
    assert copy.stat().st_mode & 0o777 == 0o600
    assert copy.parent.stat().st_mode & 0o777 == 0o700
    digest = hashlib.sha256(sound.read_bytes()).hexdigest()
    assert running.view.facts["archive.sha256"] == digest
    assert json.loads(running.view.facts["archive.databases"])["db"][0] == "localhost"
    assert not (running.session.run.path / "archive-on-its-way").exists()


@pytest.mark.parametrize("end", ["unfit", "torn", "undone", "tidied"])
def test_the_report_of_a_run_that_stops_half_way_says_where_a_copy_of_the_archive_is(
    machine, sound, end
):
    bring, fits = bringing(
        machine, sound, server=SERVER, holds=HOLDS, choice=RestoreChoice((), ("files",)),
        **({"sha256": "0" * 64} if end == "torn" else {}),
    )  # fmt: skip
    if end in ("unfit", "undone"):
        machine.write("installed", "4.5.6\n")
    steps = (bring, fits, MachineTidied(machine.job())) if end == "tidied" else (bring, fits)
    running = machine.run(*steps).start()
    procedure = running.session.procedure
    if end != "tidied":
        running.answer("step-failed", "stop")
    running.end()
    run = running.session.run
    folder = machine.folder / "work" / f"restore-{run.id}"
    if end == "undone":
        spool = run.path / "archive-on-its-way"
        for path in (spool, folder / "archive"):
            Path(partial_paths(str(path))[0]).write_bytes(b"what a killed runner left")
        spool.write_bytes(b"likewise")
        assert machine.run(*steps, folder=run).start(undo=True).end().finish is Finish.UNDONE
        assert not folder.exists()
        assert not [path for path in run.path.iterdir() if "on-its-way" in path.name]
    told = [line for line in gather(run, procedure)["next"] if str(folder) in line]
    words = {"unfit": "archive is on", "torn": "part of it, may be on"}
    assert len(told) == (end in words)
    assert all(words[end] in line and f"ssh {MACHINE} rm -rf {folder}" in line for line in told)


@pytest.mark.parametrize(
    ("spoil", "changes", "says"),
    [
        (lambda path: None, {"sha256": "0" * 64}, "noted beside it was"),
        (lambda path: path.write_bytes(path.read_bytes()[:-200]), {}, "cut off"),
        (lambda path: path.write_bytes(b""), {}, "empty"),
        (lambda path: None, {"holds": ArchiveHolds("4.5.6", ("files", "grafanadb"))},
         "not the archive that was looked at"),
        (lambda path: path.unlink(), {}, "There is no"),
    ],
    ids=["checksum", "truncated", "empty", "another", "gone"],
)  # fmt: skip
def test_a_wrong_archive_never_reaches_the_machine(machine, sound, spoil, changes, says):
    spoil(sound)
    facts = {"holds": HOLDS, "choice": RestoreChoice((), ("files",)), **changes}
    running = machine.run(bringing(machine, sound, **facts)[0]).start()
    assert says in running.question("step-failed").text
    running.answer("step-failed", "stop")
    running.end()
    assert list((machine.folder / "work").rglob("archive")) == []


# -- the restore -----------------------------------------------------------------------------


def test_a_restore_is_judged_by_exit_last_line_files_and_rows(machine):
    running = machine.run(restoring(machine)).start()
    assert running.end().finish is Finish.DONE
    (line,) = starts(machine)
    assert "--mode=restore --scope=all" in line
    assert line.endswith("--provision-db --restore-permissions")
    evidence = running.view.steps["restore.run"].evidence
    assert "2 hosts and 3 machines" in evidence
    assert "marked as just restored" in evidence
    log = (running.session.run.path / "log" / "restore.run.log").read_text()
    assert "- Engine database 'engine'" in log
    assert 'hush"hush' not in written(running.session.run)
    assert (machine.folder / "pgpass").read_text().startswith('localhost:5432:engine:engine:hush"')


def test_a_manual_restore_hands_the_password_over_in_a_file_that_is_gone_afterwards(machine):
    step = restoring(machine, choice=RestoreChoice((manual("db", server=MACHINE),)))
    running = machine.run(step, secrets=SECRETS).start()
    assert running.end().finish is Finish.DONE
    assert (machine.folder / "passfile").read_text() == f"600\n{PASSWORD}\n"
    (line,) = starts(machine)
    assert PASSWORD not in line
    assert list((machine.folder / "work").rglob("password-*")) == []
    assert PASSWORD not in written(running.session.run)
    assert line.endswith("--no-restore-permissions")


def test_a_password_file_goes_with_the_tool_also_where_the_operator_has_left(machine):
    machine.write("hold", "")
    step = restoring(machine, choice=RestoreChoice((manual("db", server=MACHINE),)))
    running = machine.run(step, secrets=SECRETS).start()
    wait_until(lambda: starts(machine))
    running.switches.abort("tester")
    running.end()
    assert len(list((machine.folder / "work").rglob("password-*"))) == 1
    (machine.folder / "hold").unlink()
    wait_until(lambda: not list((machine.folder / "work").rglob("password-*")))
    again = machine.run(step, secrets=SECRETS, folder=running.session.run).start()
    assert again.end().finish is Finish.DONE
    assert len(starts(machine)) == 1


def test_a_password_file_goes_where_the_tool_never_started(machine, monkeypatch):
    def vain(*_more):
        raise StepFailed("engine-backup did not start.", "Retry.")

    monkeypatch.setattr(BackupTool, "start", vain)
    step = restoring(machine, choice=RestoreChoice((manual("db", server=MACHINE),)))
    running = machine.run(step, secrets=SECRETS).start()
    running.question("step-failed")
    assert list((machine.folder / "work").rglob("password-*")) == []
    running.answer("step-failed", "stop")
    running.end()


def test_nothing_is_restored_into_a_database_that_cannot_be_looked_into(machine):
    machine.program("psql", "echo 'password authentication failed' >&2; exit 2")
    step = restoring(machine, choice=RestoreChoice((manual("db", server=MACHINE),)))
    running = machine.run(step, secrets=SECRETS).start()
    question = running.question("step-failed")
    assert "What a database holds cannot be seen" in question.text
    assert "password authentication failed" in question.text
    assert starts(machine) == []
    machine.program("psql", PSQL)
    running.answer("step-failed", "retry")
    assert running.end().finish is Finish.DONE
    assert len(starts(machine)) == 1


def test_rows_that_cannot_be_asked_for_are_told_with_the_reason(machine):
    machine.program("psql", PSQL.replace("*vds_static*) file=hosts", "*vds_static*) file=gone"))
    running = machine.run(restoring(machine)).start()
    assert "the db database cannot be asked" in running.question("step-failed").text
    assert "relation does not exist" in running.question("step-failed").text
    running.answer("step-failed", "stop")
    running.end()


def test_what_another_run_has_restored_is_not_taken_for_this_one_s(machine):
    first = machine.run(restoring(machine)).start()
    assert first.end().finish is Finish.DONE
    second = machine.run(restoring(machine)).start()
    question = second.question("restore.half-restored")
    assert "This run has restored nothing yet" in question.detail
    second.answer(question.name, "stop")
    second.answer("step-failed", "stop")
    second.end()
    assert len(starts(machine)) == 1


@pytest.mark.parametrize(
    ("act", "says", "remedy"),
    [
        ("early", "FATAL: Backup was created", "Nothing was overwritten"),
        ("late", "Errors while restoring", "engine-cleanup"),
        ("mute", "its last line was 'You should now run engine-setup.'", "engine-cleanup"),
        ("lies", "the db database has no tables", "Look at its log"),
    ],
)
def test_a_restore_that_failed_is_called_so_with_what_to_do(machine, act, says, remedy):
    machine.write("act", act)
    running = machine.run(restoring(machine)).start()
    question = running.question("step-failed")
    assert says in question.text
    assert remedy in question.detail
    running.answer("step-failed", "stop")
    running.end()
    assert len(starts(machine)) == 1


def test_rows_that_are_not_the_archive_s_are_no_success(machine):
    running = machine.run(BackupRestored(machine.job(expected=ExpectedRows(5, 3)))).start()
    assert "the database has 2 hosts, the archive 5" in running.question("step-failed").text
    running.answer("step-failed", "stop")
    running.end()


def test_a_half_restored_machine_is_never_restored_again_blindly(machine):
    machine.write("act", "late")
    running = machine.run(restoring(machine)).start()
    running.answer("step-failed", "retry")
    question = running.question("restore.half-restored")
    assert "files are there" in question.text
    assert "engine-cleanup" in question.detail
    running.answer(question.name, "stop")
    assert "half restored" in running.question("step-failed").text
    machine.write("db/tables", "7")
    running.answer("step-failed", "retry")
    question = running.question("restore.half-restored")
    refused = {choice.value: choice.refused for choice in question.choices}
    assert "not empty" in refused["again"]
    assert "not ours to rename" in refused["rename-aside"]
    assert "not installed" in refused["clean-up"]
    running.answer(question.name, "stop")
    running.question("step-failed")
    # Somebody cleans the machine.
    (machine.folder / "db/tables").unlink()
    for left in (machine.folder / "etc").rglob("*.conf"):
        left.unlink()
    machine.write("act", "ok")
    running.answer("step-failed", "retry")
    assert running.end().finish is Finish.DONE
    assert len(starts(machine)) == 2


def test_engine_cleanup_is_driven_from_here_and_its_questions_are_the_operator_s(machine):
    machine.write("act", "late")
    machine.program("engine-cleanup", ENGINE_CLEANUP)
    running = machine.run(restoring(machine)).start()
    running.answer("step-failed", "retry")
    running.answer("restore.half-restored", "clean-up")
    question = running.question("tool.OVESETUP_ENGINE_REMOVE.1")
    assert "remove all components" in question.text
    machine.write("act", "ok")
    running.answer(question.name, "Yes")
    assert running.end().finish is Finish.DONE
    assert len(starts(machine)) == 2


def test_a_runner_that_comes_back_follows_the_restore_that_runs(machine):
    machine.write("hold", "")
    running = machine.run(restoring(machine)).start()
    wait_until(lambda: starts(machine))
    running.switches.abort("tester")
    running.end()
    again = machine.run(restoring(machine), folder=running.session.run).start()
    (machine.folder / "hold").unlink()
    assert again.end().finish is Finish.DONE
    assert len(starts(machine)) == 1


def test_the_whole_plan_says_each_step_as_an_operator_would_type_it_and_no_secret(machine):
    place = manual("db", host="db.example.com", server="db-01")
    job = replace(machine.job(), choice=RestoreChoice((place,)))
    steps = [step for phase in machine_phases(job) for step in phase.steps]
    assert len({step.name for step in steps}) == len(steps)
    lines = [line for step in steps for line in step.commands()]
    assert any("engine-backup --mode=restore" in line for line in lines)
    assert all(step.title and step.reason for step in steps)
    assert job.secrets == {"database password engine": "Password of the database user engine"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b'ENGINE_DB_HOST="db"\nENGINE_DB_PORT="5433"\nENGINE_DB_SECURED="True"\n',
         ("db", 5433, True)),
        (b"ENGINE_DB_PORT=\xb2\nENGINE_DB_SECURED=False\n", (None, None, False)),
        (b"", (None, None, None)),
    ],
)  # fmt: skip
def test_where_the_archive_s_own_files_say_that_its_database_was(text, found):
    files = EngineFiles()
    files.take("etc/ovirt-engine/engine.conf.d/10-setup-database.conf", text)
    assert files.database("db") == found
    assert files.database("dwhdb") == (None, None, None)
