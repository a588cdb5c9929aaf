"""Plain mode, through real pipes and a real terminal, as a program of its own."""

from __future__ import annotations

import subprocess
import threading

import pytest

from steps.run.directory import list_runs
from steps.run.events import PREPARED, Event
from tests.screens.support import Script, make_run
from tests.screens.terminal import PATIENCE, Terminal, environment, python
from tui.follow_plain import follow_plain

PROGRAM = "tests.screens.plain_program"
ANSWERS = ["", "", "1", "", "none"]
"""Machine, copies, which backup, with memory, password."""
DECISIONS = ["b", "take-live", "e 5920", "d", "ok"]
"""MAC (and its lease), bridge, port, description; then on."""
START = ["web01"]


def walk(folder, *lines: str, procedure: str = "toy.restore", seconds: float = PATIENCE):
    """Run it on these lines; afterwards its input ends."""
    return subprocess.run(
        python("-m", PROGRAM, str(folder), *([procedure] if procedure else [])),
        input="".join(f"{line}\n" for line in lines),
        capture_output=True, text=True, env=environment(TERM="dumb"), timeout=seconds, check=False,
    )  # fmt: skip


def test_the_whole_way_through_a_pipe_conflicts_question_and_report_included(tmp_path):
    done = walk(tmp_path, *ANSWERS, *DECISIONS, *START, "retry")
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = list_runs(tmp_path)
    assert (run.path / "decided.txt").read_text().splitlines() == [
        "bridge=take-live",
        "description=take-live",
        "lease=keep-backup",
        "mac=keep-backup",
        "port=custom:5920",
    ]
    for words in (
        "Machine  (Machine, question 1 of 5)",
        "ok      found the entry of web01",
        "2  1 Nov 04:00   no: disk vdb is missing".replace("   no", "  no"),
        "Conflicts of web01",
        "no: libvirt refuses",
        "-- no way back after this --",
        "Move the live images aside: FAILED. The image is still open.",
        "DONE after",
        "Nothing is left to do.",
    ):
        assert words in done.stdout


def test_nothing_is_written_but_lines(tmp_path):
    done = walk(tmp_path, *ANSWERS, *DECISIONS, *START, "retry")
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
    assert done.stderr == ""
    assert done.stdout.replace("\n", "").isprintable()


@pytest.mark.parametrize("count", range(len(ANSWERS) + len(DECISIONS) + 1))
def test_the_end_of_the_input_before_the_start_leaves_with_130_and_no_run(tmp_path, count):
    done = walk(tmp_path, *[*ANSWERS, *DECISIONS][:count])
    assert done.returncode == 130, done.stdout
    assert "Nothing was started and nothing was changed." in done.stdout
    assert not list_runs(tmp_path)
    assert "Traceback" not in done.stderr


def test_half_a_line_at_the_end_is_no_answer(tmp_path):
    text = "".join(f"{line}\n" for line in [*ANSWERS, *DECISIONS]) + "web01"
    done = subprocess.run(
        python("-m", PROGRAM, str(tmp_path), "toy.restore"), input=text, text=True,
        capture_output=True, env=environment(), timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 130
    assert not list_runs(tmp_path)


def test_the_end_of_the_input_after_the_start_detaches_with_4(tmp_path):
    done = walk(tmp_path, *ANSWERS, *DECISIONS, *START)
    assert done.returncode == 4, done.stdout
    (run,) = list_runs(tmp_path)
    assert f"rekindle attach {run.id}" in done.stdout
    assert "QUESTION" in done.stdout


def test_a_question_that_a_prepared_answer_answers_is_nobody_s_however_long_that_takes(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("tui.follow_plain.GRACE_SECONDS", 0.0)
    ended = []
    with Script(make_run(tmp_path)) as script:
        script.start()
        script.begin("swap.aside")
        script.record(
            Event.ASKED, question=1, step="swap.aside", name="what", text="What now?", detail="",
            choices=[], default="", secret=False,
        )  # fmt: skip
        follower = threading.Thread(
            target=lambda: ended.append(follow_plain(script.run, interactive=False))
        )
        follower.start()
        follower.join(0.5)
        assert ended == []
        script.record(Event.ANSWERED, question=1, value="retry", by=PREPARED)
        script.record(Event.STEP_DONE, step="swap.aside", evidence="there", seconds=1.0)
        script.finish()
        follower.join(PATIENCE)
    assert ended == [0]


def test_back_keeps_answers_and_help_explains(tmp_path):
    done = walk(tmp_path, "db01", "<", "?", "", "", "<", "<", "")
    text = done.stdout
    assert text.count("Machine  (Machine, question 1 of 5)") == 3
    assert "Its name in the directory." in text
    assert "Machine [db01]:" in text


def test_back_before_the_first_question_leaves(tmp_path):
    done = walk(tmp_path, "<")
    assert done.returncode == 130


def test_a_wrong_answer_is_said_and_asked_again(tmp_path):
    done = walk(tmp_path, "web!", "web01", "many", "2", "1101", "7", "31 Oct", "")
    text = done.stdout
    assert "error   'web!' is not a machine name." in text
    assert "is not a whole number" in text
    assert "cannot be taken: disk vdb is missing" in text
    assert "'7' is not one of the choices." in text
    assert "With memory  (Backup, question 4 of 5)" in text


def test_what_cannot_be_is_not_offered_again_where_there_is_a_default(tmp_path):
    text = walk(tmp_path, "web!", "", "many", "<").stdout
    assert "error   'web!' is not a machine name.\nUse letters and digits. (< goes back)" in text
    assert text.count("Machine [web01]:") == 3
    assert "Copies (may be empty) [1]:" in text.split("whole number")[1]


def test_a_question_appears_by_its_condition(tmp_path):
    done = walk(tmp_path, "", "", "1", "no", "a cable broke")
    assert "Reason for a cold start  (Backup, question 5 of 6)" in done.stdout
    assert "Password  (Access, question 6 of 6)" in done.stdout


def test_save_names_the_file(tmp_path):
    done = walk(tmp_path, "!save")
    assert f"The answers are saved: {tmp_path / 'answers.yaml'}" in done.stdout


def test_undo_redo_preview_overview_group_and_help_of_conflicts(tmp_path):
    done = walk(tmp_path, *ANSWERS, "b", "u", "r", "p", "o", "?", "g l", "yes", "2", "", "w")
    text = done.stdout
    assert "MAC of net0: 52:54:00:0a:01:02." in text
    assert "MAC of net0: decide." in text
    assert text.count("MAC of net0: 52:54:00:0a:01:02.") >= 2
    assert "web01.ldif (changed lines begin with *)" in text
    assert "decided  MAC of net0" in text
    assert "open     bridge" in text
    assert "u: undo" in text
    assert "warning XML and directory differ today." in text


def test_what_is_refused_in_conflicts_says_why_and_ok_does_not_go_on_before_all_is_decided(
    tmp_path,
):
    done = walk(tmp_path, *ANSWERS, "l", "nonsense", "e", "b extra", "ok", "b", "l", "b", "ok")
    text = done.stdout
    assert 'no: libvirt refuses: "Target network card mac does not match source"' in text
    assert "'nonsense' is not a choice." in text
    assert "open     MAC of net0" in text
    assert "blocked  port 5903 belongs to mail01. Choose another port." in text
    assert "Review:" not in text


def test_the_memory_can_be_given_up_in_conflicts(tmp_path):
    done = walk(tmp_path, *ANSWERS, "c", "no", "c", "yes")
    assert "The memory of the backup is given up." in done.stdout
    assert "Conflicts of web01" in done.stdout


def test_a_step_of_the_plan_can_be_read_and_the_wrong_name_does_not_start(tmp_path):
    done = walk(tmp_path, *ANSWERS, *DECISIONS, "2", "9", "yes", "<", "<", "<")
    text = done.stdout
    assert "Why move the live images aside." in text
    assert "  toy swap.aside" in text
    assert "'9' is not 'web01'." in text
    assert "'yes' is not 'web01'." in text
    assert not list_runs(tmp_path)


def test_home_lists_procedures_drills_and_runs(tmp_path):
    walk(tmp_path, *ANSWERS, *DECISIONS, *START, "stop")
    done = walk(tmp_path, "quit", procedure="")
    assert done.returncode == 0
    (run,) = list_runs(tmp_path)
    assert "1  Virtual machines (KVM): Restore a machine." in done.stdout
    assert "2  drill: Restore a machine" in done.stdout
    assert f"3  run {run.id}, Restore web01: stopped" in done.stdout


def test_on_a_terminal_a_secret_is_not_echoed_and_ctrl_d_leaves(tmp_path):
    with Terminal(python("-m", PROGRAM, str(tmp_path), "toy.restore")) as terminal:
        for wanted, keys in (
            ("Machine [", "\n"), ("Copies (may", "\n"), ("Which backup [", "1\n"),
            ("With memory [", "\n"), ("Enter to type it", "\n"), ("(not shown)", "hunter2\n"),
        ):  # fmt: skip
            terminal.wait_for(wanted)
            terminal.send(keys)
        terminal.wait_for("Row 1 of 6")
        assert b"hunter2" not in terminal.raw
        told_first = terminal.raw.partition(b"Machine [")[0]
        assert max(map(len, told_first.splitlines())) < 80, "no word is cut at the edge"
        terminal.send("\x04")
        assert terminal.wait() == 130
        assert b"\x1b" not in terminal.raw


def test_a_secret_that_was_not_typed_is_asked_for_again_and_a_kept_one_stays(tmp_path):
    done = walk(tmp_path, "", "", "1", "", "", "", "", "hunter2", "<", "<", "", "", "<")
    text = done.stdout
    assert "Traceback" not in text + done.stderr
    assert "nothing was typed" in text
    assert "Enter keeps what was typed, new types it again" in text
    assert text.count("Conflicts of web01") == 2
