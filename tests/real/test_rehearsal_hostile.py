"""Dumps that were made to do harm: nothing of them runs on this machine, and nothing is left."""

import os
import resource
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from config.errors import Refused, StepFailed
from steps.hosted_engine.rehearsal import scratch_server, wire
from steps.hosted_engine.rehearsal.rehearse import rehearse
from steps.hosted_engine.rehearsal.scratch_folder import PREFIX
from steps.targets.os_errors import NoSpaceLeft
from tests.real.rehearsal_support import (
    archive,
    dumps,
    leftovers,
    one,
    plain_with,
    scratch,
    servers,
)
from tests.screens.terminal import python

__all__ = ["dumps", "plain_with", "scratch"]


@pytest.fixture
def touched():
    """A file that a hostile dump is to make, where the server's account may write."""
    path = Path("/var/tmp") / f"rk-touched-{os.getpid()}-{os.urandom(3).hex()}"
    yield path
    assert not path.exists()


@pytest.mark.parametrize(
    "line",
    [
        "\\! touch {path}",
        "\\copy public.network from program 'touch {path}'",
        "\\o |touch {path}",
        "SELECT 1 \\g |touch {path}",
        "SELECT 'touch {path}' \\gexec",
        "\\set x `touch {path}`",
        "\\connect \"host=/somewhere\"",
        "\\restrict x`touch {path}`",
    ],
)  # fmt: skip
def test_a_command_for_psql_is_refused_and_never_run(tmp_path, plain_with, scratch, touched, line):
    data = plain_with(line.format(path=touched))
    with pytest.raises(Refused, match="command for psql") as caught:
        rehearse(archive(tmp_path, data), folder=scratch)
    assert "Do not restore this archive" in caught.value.remedy


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO PROGRAM 'touch {path}'",
        "COPY public.network FROM PROGRAM 'touch {path}'",
        "COPY (SELECT 1) TO '{path}'",
        "SELECT lo_export(lo_from_bytea(0, 'x'), '{path}')",
        "SELECT pg_read_file('/etc/hostname')",
        "ALTER SYSTEM SET archive_command = 'touch {path}'",
        "SET SESSION AUTHORIZATION rekindle",
        "SET ROLE rekindle",
        "GRANT pg_execute_server_program TO rekindle_loader",
        "ALTER ROLE rekindle_loader SUPERUSER",
        "CREATE EXTENSION adminpack",
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE c AS 'libc.so.6', 'getpid'",
    ],
)
def test_the_server_itself_lets_no_dump_out(tmp_path, plain_with, scratch, touched, sql):
    found = one(archive(tmp_path, plain_with(sql.format(path=touched) + ";")), scratch)
    assert [error.times for error in found.errors] == [1]
    # `language c` alone is in every old dump, and leads nowhere.
    assert found.passed is ("LANGUAGE c" in sql)


@pytest.mark.parametrize("role", ["rekindle", "pg_execute_server_program", 'x"; DROP ROLE y; --'])
def test_a_forged_message_gives_the_loader_nothing(tmp_path, plain_with, scratch, touched, role):
    data = plain_with(
        f"DO $x$ BEGIN RAISE EXCEPTION 'role \"{role}\" does not exist'; END $x$;\n"
        "SET ROLE rekindle;\n"
        f"COPY (SELECT 1) TO PROGRAM 'touch {touched}';"
    )
    found = one(archive(tmp_path, data), scratch)
    assert any(
        "pg_execute_server_program" in e.message or "superuser" in e.message for e in found.errors
    )
    assert not found.passed


def test_rows_without_end_from_the_server_cost_no_memory(tmp_path, plain_with, scratch):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    data = plain_with("SELECT repeat('x', 1000000) FROM generate_series(1, 300);")
    assert one(archive(tmp_path, data), scratch).passed
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_a_trigger_that_shouts_does_not_stall_the_rows(tmp_path, plain_with, scratch):
    data = plain_with(
        "SET client_min_messages = notice;\nCREATE TABLE public.loud (a text);\n"
        "CREATE FUNCTION public.shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE NOTICE '%', repeat('x', 10000); RETURN NEW; END $$;\n"
        "CREATE TRIGGER t BEFORE INSERT ON public.loud FOR EACH ROW\n"
        "  EXECUTE FUNCTION public.shout();\n"
        "COPY public.loud (a) FROM stdin;\n" + "row\n" * 20000 + "\\.\n"
    )
    found = one(archive(tmp_path, data), scratch)
    assert found.passed
    assert found.rows > 20000


def test_a_dump_that_takes_all_memory_gets_an_error(tmp_path, plain_with, scratch, monkeypatch):
    monkeypatch.setattr(scratch_server, "MEMORY", 200 << 20)
    rows = "SELECT array_agg(repeat('x', 1000000)) a FROM generate_series(1, {})"
    sql = f"SELECT count(a) FROM ({rows}) t;"
    found = one(archive(tmp_path, plain_with(sql.format(20) + sql.format(1000))), scratch)
    assert [error.message for error in found.errors] == ["out of memory"]


def test_a_statement_without_end_is_given_up(tmp_path, plain_with, scratch, monkeypatch):
    monkeypatch.setattr(wire, "SILENT_SECONDS", 2.0)
    with pytest.raises(StepFailed, match="at one statement for 2 s"):
        rehearse(archive(tmp_path, plain_with("SELECT pg_sleep(600);")), folder=scratch)


# -- a full disk ------------------------------------------------------------------------------


@contextmanager
def small_disk(folder, size):
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "small", folder], check=True
    )
    try:
        yield
        assert servers(folder) == []
        assert leftovers(folder) == []
    finally:
        # A server that has ended may hold it for another instant.
        until(lambda: subprocess.run(["umount", folder]).returncode == 0)


def test_a_file_system_that_is_too_small_is_told_before(tmp_path, dumps, scratch):
    with small_disk(scratch, "100m"), pytest.raises(NoSpaceLeft, match=r"100\.0 MiB are free"):
        rehearse(archive(tmp_path, dumps("--format=custom")), folder=scratch)


def test_a_dump_that_grows_without_end_is_stopped_before_the_disk_is_full(
    tmp_path, plain_with, scratch
):
    sql = (
        "CREATE TABLE public.big AS SELECT repeat(md5(n::text), 50) FROM "
        "generate_series(1, 100000000) n;"
    )
    with small_disk(scratch, "300m"), pytest.raises(NoSpaceLeft) as caught:
        rehearse(archive(tmp_path, plain_with(sql)), folder=scratch)
    assert "Free some space" in caught.value.remedy


# -- killed -----------------------------------------------------------------------------------

CHILD = """
import sys, time
from pathlib import Path
from steps.hosted_engine.rehearsal.rehearse import rehearse
def tell(stage):
    if stage.doing.startswith("counting"):
        print("here", flush=True)
        time.sleep(600)
rehearse(Path(sys.argv[1]), folder=Path(sys.argv[2]), progress=tell)
"""


@contextmanager
def rehearsing(path, scratch):
    """A process in the middle of a rehearsal."""
    command = [*python("-c", CHILD), str(path), str(scratch)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "here\n"
        try:
            yield child
        finally:
            child.kill()


def until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_after_kill_9_the_server_ends_and_its_folder_goes(tmp_path, dumps, scratch):
    with rehearsing(archive(tmp_path, dumps("--format=custom")), scratch) as child:
        assert servers(scratch)
        child.kill()
    until(lambda: not servers(scratch) and not leftovers(scratch))


def test_what_a_power_cut_left_is_removed_by_the_next_and_only_that(tmp_path, dumps, scratch):
    path = archive(tmp_path, dumps("--format=custom"))
    foreign = [scratch / f"{PREFIX}foreign", scratch / "rekindle-other"]
    for folder in foreign:
        folder.mkdir()
    foreign[0].chmod(0o755)
    link = scratch / f"{PREFIX}link"
    link.symlink_to(tmp_path)
    with rehearsing(path, scratch) as alive, rehearsing(path, scratch) as child:
        found = [f for f in leftovers(scratch) if f not in (foreign[0], link)]
        held, left = sorted(found, key=lambda folder: str(folder) not in _open_files(alive))
        for guard in _guards(left):
            os.kill(guard, signal.SIGKILL)
        child.kill()
        child.wait()
        assert servers(left)
        assert one(path, scratch).passed
        assert not left.exists()
        assert servers(left) == []
        assert held.exists()
        assert servers(held)
    until(lambda: not servers(scratch))
    until(lambda: not held.exists())
    link.unlink()
    for folder in foreign:
        folder.rmdir()


def _open_files(child):
    found = []
    for link in Path(f"/proc/{child.pid}/fd").iterdir():
        with suppress(OSError):  # closed just now
            found.append(os.readlink(link))
    return " ".join(found)


def _guards(folder):
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if command[0] == b"/bin/sh" and os.fsencode(folder) in command:
            yield int(process.name)
