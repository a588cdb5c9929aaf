"""`rekindle inspect --rehearse` and the step of a plan, on a real PostgreSQL."""

import json
import os
import signal
import subprocess
import time

import pytest

from config.errors import Interrupted, StepFailed
from steps.drill.practice_engine.dump_writer import CustomDump, copy_block, definition, plain
from steps.hosted_engine.rehearsal.step_rehearse import (
    RehearsalJob,
    RehearseRestore,
    kept_rehearsal,
)
from steps.procedure import Outcome
from tests.real.rehearsal_support import archive, dumps, leftovers, plain_with, scratch, servers
from tests.screens.terminal import python
from tests.unit.restore_world import MemoryContext
from tui.main import main

__all__ = ["dumps", "plain_with", "scratch"]


def run(capsys, *arguments):
    code = main(["inspect", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_it_is_told_after_the_inspection_and_in_json(tmp_path, dumps, scratch, capsys):
    path = archive(tmp_path, dumps("--format=custom"))
    code, out, _err = run(capsys, path, "--rehearse", "--rehearse-in", scratch)
    assert code == 0
    assert out.index("Problems 0") < out.index("every row came back")
    code, out, _err = run(capsys, path, "--rehearse-in", scratch, "--json")
    data = json.loads(out)
    assert code == 0
    assert data["fit_for_restore"]
    assert data["rehearsal"]["passed"]
    assert data["rehearsal"]["databases"][0]["scope"] == "db"


def test_a_database_that_is_not_whole_makes_exit_code_3(tmp_path, plain_with, scratch, capsys):
    path = archive(tmp_path, plain_with("TRUNCATE public.audit_log;"))
    code, out, _err = run(capsys, path, "--rehearse-in", scratch)
    assert code == 3
    assert "NOT whole" in out
    assert "! public.audit_log 0 rows; the backup has 2000" in out


def test_what_cannot_be_rehearsed_is_said_beside_the_inspection(tmp_path, dumps, scratch, capsys):
    path = archive(tmp_path, dumps("--format=custom"))
    code, out, err = run(capsys, path, "--rehearse-in", scratch / "none", "--json")
    assert code == 2
    assert json.loads(out)["rehearsal"] is None
    assert "No such file or directory" in err


def test_a_folder_may_be_named_from_where_one_is(tmp_path, dumps, scratch, capsys, monkeypatch):
    monkeypatch.chdir(scratch)
    path = archive(tmp_path, dumps("--format=custom"))
    assert run(capsys, path, "--rehearse-in", ".")[0] == 0


def test_a_folder_that_the_servers_account_cannot_reach_is_said(tmp_path, dumps, scratch, capsys):
    path = archive(tmp_path, dumps("--format=custom"))
    hidden = scratch / "hidden"
    hidden.mkdir(mode=0o700)
    code, _out, err = run(capsys, path, "--rehearse-in", hidden)
    hidden.rmdir()
    # Without another account, the folder is one's own.
    assert code == (1 if os.geteuid() == 0 else 0)
    assert ("It runs as postgres: name a folder that this account can reach" in err) == bool(code)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_puts_everything_away(tmp_path, plain_with, scratch, number):
    path = archive(tmp_path, plain_with("SELECT pg_sleep(600);"))
    code = "import sys; from tui.main import main; sys.exit(main(sys.argv[1:]))"
    command = [*python("-c", code), "inspect", str(path), "--rehearse-in", str(scratch)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        while not servers(scratch):
            assert child.poll() is None
            time.sleep(0.02)
        os.kill(child.pid, number)
        assert child.wait(240) == 130
        assert b"stopped" in child.stderr.read()
    assert leftovers(scratch) == []


# -- the step ---------------------------------------------------------------------------------


def step_of(path, tmp_path, scratch):
    return RehearseRestore(RehearsalJob(path, tmp_path / "kept.json", folder=scratch))


def test_the_step_is_done_once_its_result_is_kept(tmp_path, dumps, scratch):
    path = archive(tmp_path, dumps("--format=custom"))
    step, context = step_of(path, tmp_path, scratch), MemoryContext(None, {}, tmp_path)
    assert step.verify(context).outcome is Outcome.NOT_DONE
    step.apply(context)
    verdict = step.verify(context)
    assert verdict.outcome is Outcome.DONE
    assert "rows, all as in the backup" in verdict.evidence
    assert step.commands() == (f"rekindle inspect {path} --rehearse-in {scratch}",)
    archive(tmp_path, dumps("--format=custom"), version="4.4.1")
    assert "of another archive" in step.verify(context).evidence


def test_the_step_fails_where_rows_are_missing_and_keeps_what_it_saw(tmp_path, plain_with, scratch):
    path = archive(tmp_path, plain_with("TRUNCATE public.audit_log;"))
    step, context = step_of(path, tmp_path, scratch), MemoryContext(None, {}, tmp_path)
    with pytest.raises(StepFailed) as caught:
        step.apply(context)
    assert "1 tables differ" in caught.value.seen
    verdict = step.verify(context)
    assert verdict.outcome is Outcome.NOT_DONE
    assert "1 tables differ" in verdict.evidence
    assert not kept_rehearsal(step.job.result).passed


def test_the_operators_abort_ends_the_rehearsal(tmp_path, plain_with, scratch):
    path = archive(tmp_path, plain_with("SELECT pg_sleep(600);"))
    context = MemoryContext(None, {}, tmp_path)
    aborted = Interrupted("Aborted by an operator.")

    def checkpoint():
        if servers(scratch):
            raise aborted

    context.checkpoint = checkpoint
    with pytest.raises(Interrupted):
        step_of(path, tmp_path, scratch).apply(context)


@pytest.mark.parametrize("form", ["custom", "plain"])
def test_what_the_practice_engine_dumps_comes_back_whole(tmp_path, scratch, capsys, form):
    tables = {"audit_log": (("id", "message"), [("1", "it's\nso"), ("2", None)])}
    if form == "plain":
        (name, (columns, rows)), *_ = tables.items()
        dump = plain(
            definition(name, columns) + copy_block(f"public.{name} ({', '.join(columns)})", rows)
        )
    else:
        dump = CustomDump(14, "zlib", chunk=4096, restorable=True).dump(tables)
    path = archive(tmp_path, dump)
    _code, out, err = run(capsys, path, "--rehearse-in", scratch, "--json")
    rehearsed = json.loads(out)["rehearsal"]
    assert rehearsed, err
    assert rehearsed["passed"], json.dumps(rehearsed)
