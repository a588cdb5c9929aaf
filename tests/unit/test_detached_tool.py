"""A tool started detached: it outlives whoever started it, and each answer reaches it once."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from config.errors import InvalidInput, StepFailed
from steps.hosted_engine import detached_scripts
from steps.hosted_engine.detached_tool import Channel, DetachedTool, GivenAnswer, Standing
from steps.targets.local import LocalShell
from tests.unit.scripted_tool_support import (
    MACHINE,
    YES_NO,
    Scripted,
    ask,
    end,
    text_of,
    wait_until,
)

ACTS = [
    {"stages": ["Initializing"]},
    ask("DEPLOY_PROCEED", "Are you sure you want to continue? (Yes, No)[Yes]: ", **YES_NO),
    ask("PASSWORD", "Enter engine admin password: ", hidden=True),
    ask("HOST", "Engine FQDN: "),
    {"log": ["INFO", "Hosted Engine successfully deployed"]},
]
CHANNELS = list(Channel)


@pytest.fixture
def start(tmp_path):
    tools = []

    def started(acts=ACTS, channel=Channel.PIPES, command=None):
        scripted = Scripted(tmp_path, acts)
        tool = DetachedTool(LocalShell(), str(tmp_path / "work" / "run"), channel)
        options = [MACHINE] if channel is Channel.PIPES else []
        tool.start([*(command or scripted.command), *options])
        tools.append(tool)
        return tool, scripted

    yield started
    for tool in tools:
        end(tool)


def standing(tool, wanted):
    return wait_until(lambda: (state := tool.state()).standing is wanted and state)


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_whole_dialog_is_heard_answered_and_ends_with_its_code(start, channel):
    tool, scripted = start(channel=channel)
    wait_until(lambda: "continue?" in text_of(tool))
    assert standing(tool, Standing.RUNNING).pid
    assert tool.give(1, "Yes", secret=False) is GivenAnswer.SENT
    wait_until(lambda: "password" in text_of(tool))
    assert tool.give(2, "s3cret wörd", secret=True) is GivenAnswer.SENT
    wait_until(lambda: "FQDN" in text_of(tool))
    assert tool.give(3, "engine.example.org", secret=False) is GivenAnswer.SENT
    assert standing(tool, Standing.ENDED).code == 0
    assert scripted.received() == [
        ["DEPLOY_PROCEED", "Yes"], ["PASSWORD", "s3cret wörd"], ["HOST", "engine.example.org"],
    ]  # fmt: skip
    assert "s3cret" not in text_of(tool)
    assert tool.give(4, "x", secret=False) is GivenAnswer.ENDED


def test_an_answer_with_a_number_is_given_once(start):
    tool, scripted = start()
    wait_until(lambda: "continue?" in text_of(tool))
    assert tool.give(1, "Yes", secret=False) is GivenAnswer.SENT
    assert tool.give(1, "No", secret=False) is GivenAnswer.ALREADY
    wait_until(scripted.received)
    assert scripted.received() == [["DEPLOY_PROCEED", "Yes"]]


def test_an_answer_that_was_begun_and_not_finished_is_unsure_and_not_repeated(start, tmp_path):
    tool, scripted = start()
    wait_until(lambda: "continue?" in text_of(tool))
    (tmp_path / "work/run/given/1").mkdir()
    assert tool.give(1, "Yes", secret=False) is GivenAnswer.UNSURE
    assert scripted.received() == []


def test_half_an_answer_is_no_answer(start):
    tool, scripted = start()
    wait_until(lambda: "continue?" in text_of(tool))
    command = ["/bin/sh", "-c", detached_scripts.GIVE, "sh", tool.folder, "1", "3", ""]
    assert subprocess.run(command, input=b"Ye").returncode == 10
    assert tool.give(1, "Yes", secret=False) is GivenAnswer.SENT
    wait_until(scripted.received)


def test_in_a_terminal_a_secret_never_goes_to_a_question_that_shows_it(start, monkeypatch):
    monkeypatch.setattr(
        detached_scripts, "TERMINAL", detached_scripts.TERMINAL.replace("10.0", "0.3")
    )
    tool, scripted = start(channel=Channel.TERMINAL)
    wait_until(lambda: "continue?" in text_of(tool))
    tool.give(1, "s3cret", secret=True)
    wait_until(lambda: tool.state().refused == 1)
    assert scripted.received() == []
    assert not tool.was_given(1)
    assert tool.give(1, "Yes", secret=False) is GivenAnswer.SENT
    assert tool.was_given(1)
    wait_until(lambda: tool.state().hidden)
    tool.give(2, "not hidden", secret=False)
    wait_until(lambda: tool.state().refused == 2)
    assert scripted.received() == [["DEPLOY_PROCEED", "Yes"]]
    assert "s3cret" not in text_of(tool)


@pytest.mark.parametrize("channel", CHANNELS)
def test_it_knows_nothing_of_our_session_and_its_terminal_is_wide(start, channel, monkeypatch):
    monkeypatch.setenv("SSH_CLIENT", "192.0.2.1 1 22")
    script = (
        'echo "T=$TERM S=${SSH_CLIENT-none} C=${COLUMNS-none}";'
        " if [ -t 0 ]; then stty size; fi; read x"
    )
    tool, _ = start(channel=channel, command=["/bin/sh", "-c", script])
    text = wait_until(lambda: text_of(tool))
    assert "T=screen S=none" in text
    if channel is Channel.TERMINAL:
        assert "C=1000" in text
        wait_until(lambda: "200 1000" in text_of(tool))


def lines_of_all_processes():
    """Arguments and environments of every process that we may look at."""
    for process in os.listdir("/proc"):
        for name in ("cmdline", "environ") if process.isdigit() else ():
            with suppress(OSError):
                yield Path("/proc", process, name).read_bytes()


@pytest.mark.parametrize("channel", CHANNELS)
def test_what_is_typed_stands_in_no_argument_and_no_environment(start, channel, tmp_path):
    tool, _scripted = start(channel=channel)
    wait_until(lambda: "continue?" in text_of(tool))
    tool.give(1, "Yes", secret=False)
    wait_until(lambda: "password" in text_of(tool))
    tool.give(2, "s3cret-42", secret=True)
    wait_until(lambda: "FQDN" in text_of(tool))
    assert not [line for line in lines_of_all_processes() if b"s3cret-42" in line]
    for path in (tmp_path / "work").rglob("*"):
        if path.is_file():
            assert b"s3cret-42" not in path.read_bytes(), path
    assert stat.S_IMODE((tmp_path / "work/run").stat().st_mode) == 0o700


@pytest.mark.parametrize("channel", CHANNELS)
def test_asked_to_stop_it_ends_by_itself_and_says_so(start, channel):
    tool, _scripted = start(channel=channel)
    wait_until(lambda: "continue?" in text_of(tool))
    tool.stop()
    assert standing(tool, Standing.ENDED).code == 1
    assert "SIG15" in text_of(tool)


class EndsBeforeTheSignal(LocalShell):
    """A host where the tool has just ended by itself whenever a signal is to reach it."""

    BEFORE = (
        'kill() { command kill -s KILL "$pid"; while alive tool; do :; done; command kill "$@"; }'
    )

    def run(self, command, **options):
        head, dash, script, *words = command
        return super().run([head, dash, f"{self.BEFORE}\n{script}", *words], **options)


@pytest.mark.parametrize("channel", CHANNELS)
def test_asked_to_stop_just_when_it_ends_by_itself_that_is_no_failure(start, channel):
    tool, _scripted = start(channel=channel)
    wait_until(lambda: "continue?" in text_of(tool))
    DetachedTool(EndsBeforeTheSignal(), tool.folder, channel).stop()
    assert standing(tool, Standing.ENDED).code == 137


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_tool_that_is_killed_is_told_from_one_that_ended(start, channel):
    tool, _scripted = start(channel=channel)
    pid = wait_until(lambda: tool.state().pid)
    os.kill(pid, signal.SIGKILL)
    assert standing(tool, Standing.ENDED).code == 137


def test_when_host_and_supervisor_went_down_it_is_gone_without_a_code(start, tmp_path):
    tool, _scripted = start()
    wait_until(lambda: "continue?" in text_of(tool))
    supervisor = int((tmp_path / "work/run/supervisor").read_text().split()[0])
    pid = tool.state().pid
    os.kill(supervisor, signal.SIGKILL)
    assert tool.state().standing is Standing.RUNNING
    assert tool.give(1, "Yes", secret=False) is GivenAnswer.SENT
    wait_until(lambda: "password" in text_of(tool))
    os.kill(pid, signal.SIGKILL)
    assert standing(tool, Standing.GONE).code is None


def test_a_number_that_another_process_has_now_is_not_taken_for_the_tool(start, tmp_path):
    tool, _scripted = start()
    end(tool)
    folder = tmp_path / "work/run"
    (folder / "ended").unlink()
    for name in ("tool", "supervisor"):
        _pid, _start, boot = (folder / name).read_text().split()
        (folder / name).write_text(f"{os.getpid()} 12345 {boot}\n")
    assert tool.state().standing is Standing.GONE


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_program_that_is_not_there_ends_with_127_and_its_name(start, channel):
    tool, _scripted = start(channel=channel, command=["/no/such/hosted-engine"])
    assert standing(tool, Standing.ENDED).code == 127
    assert "/no/such/hosted-engine" in text_of(tool) + tool.complaints()


def test_a_folder_that_is_there_is_never_used_again(start, tmp_path):
    tool, scripted = start()
    with pytest.raises(StepFailed, match="File exists"):
        tool.start(scripted.command)


def test_a_folder_is_removed_only_once_its_tool_is_over(start, tmp_path):
    tool, _scripted = start()
    wait_until(lambda: "continue?" in text_of(tool))
    with pytest.raises(InvalidInput, match="running"):
        tool.remove()
    end(tool)
    tool.remove()
    assert tool.state().standing is Standing.NONE
    assert not (tmp_path / "work/run").exists()


def test_output_can_be_read_from_any_byte_on(start):
    tool, _scripted = start()
    wait_until(lambda: "continue?" in text_of(tool))
    whole = tool.said(0)
    assert tool.said(5, limit=4) == whole[5:9]
    assert tool.said(len(whole)) == b""


@pytest.fixture
def on_path(tmp_path, monkeypatch):
    """Puts a program of ours first on the path of whoever starts a tool."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def put(name, script):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    put("id", "echo 0")
    return put


LIKE_SYSTEMD_RUN = """
echo "$@" >> {seen}
while [ "$1" != -- ]; do shift; done
shift
IN_SCOPE=yes exec "$@"
"""


@pytest.mark.parametrize("channel", CHANNELS)
def test_root_starts_it_in_a_scope_of_its_own_that_a_logout_does_not_end(
    start, tmp_path, on_path, channel
):
    seen = tmp_path / "seen"
    on_path("systemd-run", LIKE_SYSTEMD_RUN.format(seen=seen))
    tool = DetachedTool(LocalShell(), str(tmp_path / "work/in-scope"), channel)
    how = tool.start(["/bin/sh", "-c", 'echo "scope=$IN_SCOPE"'])
    assert how == "systemd-run --scope"
    assert standing(tool, Standing.ENDED).code == 0
    assert "scope=yes" in text_of(tool)
    assert seen.read_text().splitlines()[-1].startswith("--scope --unit=rekindle-in-scope -- ")


@pytest.mark.parametrize(
    ("name", "script"), [("systemd-run", "exit 1"), ("id", "echo 1000")], ids=["none", "not root"]
)
def test_without_systemd_or_root_it_is_a_session_of_its_own(tmp_path, on_path, name, script):
    on_path("systemd-run", LIKE_SYSTEMD_RUN.format(seen=tmp_path / "seen"))
    on_path(name, script)
    tool = DetachedTool(LocalShell(), str(tmp_path / "work/session"), Channel.PIPES)
    assert tool.start(["/bin/sh", "-c", 'echo "scope=$IN_SCOPE"']) == "setsid"
    assert standing(tool, Standing.ENDED).code == 0
    assert "scope=\n" in text_of(tool)
