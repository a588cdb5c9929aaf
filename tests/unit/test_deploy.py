"""Whole deployments by a scripted tool that really speaks otopi's dialects, driven by the steps."""

from __future__ import annotations

import json
import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from steps.hosted_engine.detached_tool import Standing
from steps.hosted_engine.dialog import machine
from steps.run.events import Finish
from steps.run.journal import read_journal
from steps.targets.local import LocalShell
from tests.crash import toy_deploy
from tests.crash.toy_deploy import make_run
from tests.unit.deploy_support import Deploying, Folder, an_engine, end_all_tools
from tests.unit.hosted_engine_transcripts import FATAL, GUIDE_MENU, LATER_MENU, LUNS
from tests.unit.scripted_tool_support import YES_NO, ask, end, wait_until

PROCEED = ask("DEPLOY_PROCEED", "Are you sure you want to continue? (Yes, No)[Yes]: ", **YES_NO)
STORAGE = ask(
    "OVEHOSTED_STORAGE_DOMAIN_TYPE",
    "Please specify the storage you would like to use (glusterfs, iscsi, fc, nfs)[nfs]: ",
    valid=["glusterfs", "iscsi", "fc", "nfs"], default="nfs", case_sensitive=True,
)  # fmt: skip
PASSWORDS = [
    ask("ENGINE_ADMIN_PASSWORD", "Enter engine admin password: ", hidden=True),
    ask("ENGINE_ADMIN_PASSWORD", "Confirm engine admin password: ", hidden=True),
]
SUCCESS = [
    {"stages": ["Misc configuration", "Closing up", "Clean up", "Termination"]},
    {"log": ["INFO", "Hosted Engine successfully deployed"]},
]
ACTS = [
    {"stages": ["Initializing", "Environment customization"]}, PROCEED, STORAGE, *PASSWORDS,
    *SUCCESS,
]  # fmt: skip
KNOWN = {
    "DEPLOY_PROCEED": "Yes",
    "OVEHOSTED_STORAGE_DOMAIN_TYPE": "NFS",
    "ENGINE_ADMIN_PASSWORD": "secret:admin",
    # The same in the human dialect, where only the words are there.
    "Are you sure you want to continue?": "Yes",
    "specify the storage": "nfs",
    "engine admin password": "secret:admin",
}
SECRETS = {"admin": "s3cret-99"}
ALL_ANSWERS = ["Yes", "nfs", "s3cret-99", "s3cret-99"]


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    yield
    end_all_tools(tmp_path)


@pytest.fixture
def engine():
    with an_engine() as page:
        yield page


@pytest.fixture
def deploy(tmp_path, engine):
    def started(acts=ACTS, known=KNOWN, secrets=SECRETS, **more):
        more.setdefault("fqdn", engine.fqdn)
        run = make_run(tmp_path, acts, known, **more)
        return Deploying(run, secrets).start(), Folder(tmp_path)

    return started


def facts_of(deploying):
    return deploying.session.view.facts


@pytest.mark.parametrize(
    "first", [{}, {"generation": "old"}, {"only": "human"}], ids=["framed", "old", "human"]
)
def test_each_generation_is_answered_to_its_end(deploy, first):
    deploying, folder = deploy([first, *ACTS] if first else ACTS)
    assert deploying.end().finish is Finish.DONE
    assert folder.answers() == ALL_ANSWERS
    assert folder.on_host() == []
    journal = deploying.session.run.journal_file.read_text()
    for path in deploying.session.run.path.rglob("*"):
        if path.is_file():
            assert "s3cret-99" not in path.read_text(errors="replace"), path
    assert "machine up, health good" in journal


def command_lines():
    """Of every process that does not end just now."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield path.read_bytes()


def test_the_answer_file_is_private_goes_to_the_tool_and_is_gone_afterwards(deploy, tmp_path):
    slow = [*ACTS[:-2], ask("X", "And now? "), *SUCCESS]
    deploying, folder = deploy(slow, answer_file="[environment:default]\nA=str:b\n")
    deploying.question("tool.X.1")
    (conf,) = (tmp_path / "work").glob("*.conf")
    assert conf.stat().st_mode & 0o777 == 0o600
    assert conf.read_text().endswith("A=str:b\n")
    assert any(f"--config-append={conf}".encode() in line for line in command_lines())
    deploying.answer("tool.X.1", "ok")
    assert deploying.end().finish is Finish.DONE
    assert folder.on_host() == []


def test_a_question_nobody_foresaw_is_asked_as_it_is_and_offered_next_time(deploy, tmp_path):
    unknown = ask(
        "NEW_IN_THIS_BUILD", "Something new.\nSecond line of it.\nWhich colour? (red, blue)[red]: ",
        valid=["red", "blue"], default="red",
    )  # fmt: skip
    deploying, folder = deploy([PROCEED, unknown, *SUCCESS])
    question = deploying.question("tool.NEW_IN_THIS_BUILD.1")
    assert question.text == "Which colour? (red, blue)[red]:"
    assert [choice.value for choice in question.choices] == ["red", "blue"]
    assert question.default == "red"
    assert "Second line of it." in question.detail
    deploying.answer("tool.NEW_IN_THIS_BUILD.1", "blue")
    assert deploying.end().finish is Finish.DONE
    assert folder.answers() == ["Yes", "blue"]
    assert "blue" in deploying.session.run.journal_file.read_text()

    again, _ = deploy([PROCEED, unknown, *SUCCESS])
    assert again.question("tool.NEW_IN_THIS_BUILD.1").default == "blue"
    again.answer("tool.NEW_IN_THIS_BUILD.1", "red")
    again.end()


def test_a_hidden_question_nobody_foresaw_is_asked_as_a_secret_and_written_nowhere(
    deploy, tmp_path
):
    deploying, folder = deploy([PROCEED, ask("TOKEN", "Token password: ", hidden=True), *SUCCESS])
    question = wait_until(lambda: deploying.switches.question)
    assert question.secret
    assert "Token password" in question.name + question.text
    deploying.switches.answer(question.id, "t0ken-77", "tester")
    assert deploying.end().finish is Finish.DONE
    assert folder.answers() == ["Yes", "t0ken-77"]
    for path in (tmp_path / "home", deploying.session.run.path):
        for file in path.rglob("*"):
            assert not file.is_file() or "t0ken-77" not in file.read_text(errors="replace"), file


def test_a_prepared_answer_that_does_not_fit_is_not_sent_and_asked_about(deploy):
    deploying, folder = deploy(known=KNOWN | {"OVEHOSTED_STORAGE_DOMAIN_TYPE": "tape"})
    question = deploying.question("tool.OVEHOSTED_STORAGE_DOMAIN_TYPE.1")
    assert "'tape' is no answer" in question.detail
    assert "glusterfs, iscsi, fc, nfs" in question.detail
    deploying.answer("tool.OVEHOSTED_STORAGE_DOMAIN_TYPE.1", "fc")
    assert deploying.end().finish is Finish.DONE
    assert folder.answers()[1] == "fc"


def test_a_question_that_comes_again_is_not_answered_the_same_way_without_end(deploy):
    again = ask("CPUS", "Number of virtual CPUs [4]: ", default="4", again="2",
                complaint="Invalid number of cpus: 4, the host has 2")  # fmt: skip
    deploying, folder = deploy([PROCEED, again, *SUCCESS], known=KNOWN | {"CPUS": "4"})
    question = deploying.question("tool.CPUS.2")
    assert "asks this again" in question.detail
    assert "the host has 2" in question.detail
    deploying.answer("tool.CPUS.2", "2")
    assert deploying.end().finish is Finish.DONE
    assert folder.answers() == ["Yes", "4", "2"]


def test_an_empty_line_without_a_default_is_sent_only_when_it_is_meant(deploy):
    deploying, folder = deploy([PROCEED, ask("KEY", "SSH public key []: ", default=""), *SUCCESS])
    deploying.answer("tool.KEY.1", "")
    deploying.answer("tool.KEY.1.empty.1", "again")
    assert "no default" in deploying.question("tool.KEY.1.2").detail
    deploying.answer("tool.KEY.1.2", "")
    deploying.answer("tool.KEY.1.empty.2", "empty")
    assert deploying.end().finish is Finish.DONE
    assert folder.answers() == ["Yes", ""]


def test_the_tools_advice_to_use_tmux_is_answered_by_the_fact_that_it_runs_detached(deploy):
    tmux = ask("TMUX_PROCEED", "Do you want to continue anyway? (Yes, No)[No]: ",
               valid=["Yes", "No"], default="No")  # fmt: skip
    deploying, folder = deploy([PROCEED, tmux, *SUCCESS])
    assert deploying.end().finish is Finish.DONE
    assert folder.answers() == ["Yes", "Yes"]


def test_an_entry_of_a_list_is_chosen_by_its_words(deploy):
    lun = ask("OVEHOSTED_STORAGE_BLOCKD_LUN", LUNS, valid=["1", "2"], default="1")
    known = KNOWN | {"OVEHOSTED_STORAGE_BLOCKD_LUN": {"entry": "3514f0c5447600352"}}
    deploying, folder = deploy([PROCEED, lun, *SUCCESS], known=known)
    assert deploying.end().finish is Finish.DONE
    assert folder.answers() == ["Yes", "2"]


CONSOLE = {
    "note": "You can now connect to the VM with the following command:\n"
    "\t/usr/bin/remote-viewer vnc://localhost:5900\n"
    'Use temporary password "3477XXAM" to connect to vnc console.'
}


@pytest.mark.parametrize(
    ("text", "number"), [(GUIDE_MENU, "2"), (LATER_MENU, "3")], ids=["guide", "1.3.1"]
)
@pytest.mark.parametrize("generation", ["old", "new"])
def test_a_waiting_menu_is_answered_by_what_its_options_say(deploy, text, number, generation):
    menu = ask("OVEHOSTED_INSTALLING_OS", text, valid=["1", "2", "3", "4"], default="1")
    head = [{"generation": "old"}] if generation == "old" else []
    deploying, folder = deploy([*head, PROCEED, CONSOLE, menu, *SUCCESS], era="classic")
    question = deploying.question("menu.OVEHOSTED_INSTALLING_OS.1")
    assert [choice.value for choice in question.choices] == [
        "continue", "restart", "abort", "destroy",
    ]  # fmt: skip
    assert "remote-viewer vnc://localhost:5900" in question.detail
    deploying.answer("menu.OVEHOSTED_INSTALLING_OS.1", "restart")
    assert deploying.end().finish is Finish.DONE
    assert folder.answers() == ["Yes", number]


def test_the_consoles_password_is_shown_to_who_is_there_and_written_nowhere(deploy):
    menu = ask("OVEHOSTED_INSTALLING_OS", GUIDE_MENU, valid=["1", "2", "3", "4"], default="1")
    deploying, _folder = deploy([PROCEED, CONSOLE, menu, *SUCCESS], era="classic")
    deploying.question("menu.OVEHOSTED_INSTALLING_OS.1")
    assert "3477XXAM" in deploying.switches.private
    deploying.answer("menu.OVEHOSTED_INSTALLING_OS.1", "continue")
    deploying.end()
    assert deploying.switches.private == ""
    for path in deploying.session.run.path.rglob("*"):
        assert not path.is_file() or "3477XXAM" not in path.read_text(errors="replace"), path


ENGINE_MENU = """\
Please install and setup the engine in the VM.
To continue make a selection from the options below:
  (1) Continue setup - engine installation is complete
  (2) Power off and restart the VM
  (3) Abort setup
  (4) Destroy VM and abort setup

  (1, 2, 3, 4)[1]: """


def test_continue_is_offered_only_once_the_engine_is_up(deploy, engine):
    engine.up = False
    menu = ask("OVEHOSTED_ENGINE_UP", ENGINE_MENU, valid=["1", "2", "3", "4"], default="1")
    deploying, folder = deploy([PROCEED, menu, *SUCCESS], era="classic")
    question = deploying.question("menu.OVEHOSTED_ENGINE_UP.1")
    (first, *_rest) = question.choices
    assert first.value == "continue"
    assert "503" in first.refused
    assert question.default == "wait"
    engine.up = True
    deploying.answer("menu.OVEHOSTED_ENGINE_UP.1", "look")
    ready = deploying.question("menu.OVEHOSTED_ENGINE_UP.1.2").choices[0]
    assert not ready.refused
    assert "DB Up" in ready.note
    deploying.answer("menu.OVEHOSTED_ENGINE_UP.1.2", "continue")
    assert deploying.end().finish is Finish.DONE
    assert folder.answers() == ["Yes", "1"]


def test_waiting_for_the_engine_goes_on_by_itself_once_it_is_up(deploy, engine, monkeypatch):
    monkeypatch.setattr("steps.hosted_engine.waiting_menus.POLL_SECONDS", 0.1)
    engine.up = False
    menu = ask("OVEHOSTED_ENGINE_UP", ENGINE_MENU, valid=["1", "2", "3", "4"], default="1")
    deploying, folder = deploy(
        [PROCEED, menu, *SUCCESS], era="classic", prompts={"menu.OVEHOSTED_ENGINE_UP.1": "wait"}
    )
    wait_until(lambda: "waiting for the engine" in deploying.log())
    engine.up = True
    assert deploying.end().finish is Finish.DONE
    assert folder.answers() == ["Yes", "1"]


def pausing(lock):
    task = f"TASK [ovirt.ovirt.hosted_engine_setup : Pause execution until {lock} is removed,"
    return [
        {"log": ["INFO", f"{task} delete it once ready to proceed]"]},
        {"until_gone": lock},
    ]


@pytest.fixture
def lock():
    path = Path(f"/tmp/ansible.test{os.getpid()}_he_setup_lock")
    path.touch()
    yield path
    path.unlink(missing_ok=True)


def test_a_pause_becomes_a_question_with_the_engines_address_and_resume_removes_the_lock(
    deploy, lock
):
    deploying, _folder = deploy([PROCEED, *pausing(str(lock)), *SUCCESS])
    question = deploying.question("pause")
    assert f"https://{toy_deploy.HOST}:6900/ovirt-engine/" in question.detail
    deploying.answer("pause", "resume")
    assert deploying.end().finish is Finish.DONE
    assert not lock.exists()


def test_a_pause_that_somebody_has_ended_goes_on(deploy, lock):
    deploying, _folder = deploy([PROCEED, *pausing(str(lock)), *SUCCESS])
    deploying.question("pause")
    lock.unlink()
    deploying.answer("pause", "look")
    assert deploying.end().finish is Finish.DONE


TIME_OUT = [
    {"log": ["ERROR", "Timed out while waiting for host to start. Please check the logs."]},
    {"log": ["ERROR", "Unable to add hosted_engine_2 to the manager"]},
    {"note": "Please shutdown the VM allowing the system to launch it as a monitored service."},
]


def test_the_time_out_of_a_restore_is_told_as_expected_and_only_there(deploy):
    deploying, _folder = deploy([PROCEED, *TIME_OUT, *SUCCESS], era="classic", restores=True)
    assert deploying.end().finish is Finish.DONE
    assert "This time-out is expected" in deploying.log()
    assert "Shut the engine machine down now" in deploying.log()
    other, _folder = deploy([PROCEED, *TIME_OUT, *SUCCESS], era="classic")
    assert other.end().finish is Finish.DONE
    assert "expected" not in other.log()


FAILS = [
    PROCEED,
    {"stages": ["Closing up"]},
    {"log": ["INFO", "Log file: /var/log/ovirt-hosted-engine-setup/x.log"]},
    {"log": ["ERROR", FATAL]},
    {"log": ["ERROR", "Failed to execute stage 'Closing up': Failed executing ansible-playbook"]},
    {"log": ["ERROR", "Hosted Engine deployment failed: please check the logs for the issue, fix"
             " accordingly or re-deploy from scratch."]},
    {"exit": 1},
]  # fmt: skip


def rewrite(deploying, acts):
    host = deploying.session.site.engine_hosts[0]
    Path(host.command[2]).write_text(json.dumps(acts))


def test_a_failure_after_changes_says_so_and_offers_to_clean_up_and_deploy_again(
    deploy, monkeypatch, tmp_path
):
    programs = tmp_path / "bin"
    programs.mkdir()
    cleanup = programs / "ovirt-hosted-engine-cleanup"
    cleanup.write_text(f"#!/bin/sh\necho '-=== cleaning ===- '$1\ntouch {tmp_path}/cleaned\n")
    cleanup.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    deploying, folder = deploy(FAILS)
    question = deploying.question("step-failed")
    assert "Failed executing ansible-playbook" in question.text
    assert "had begun to change the host" in question.detail
    assert "Cannot add Storage Connection" in question.detail
    assert "/var/log/ovirt-hosted-engine-setup/x.log" in question.detail
    rewrite(deploying, ACTS)
    deploying.answer("step-failed", "retry")
    again = deploying.question("tool.again.1")
    assert "ovirt-hosted-engine-cleanup -q" in again.choices[0].note
    deploying.answer("tool.again.1", "clean-up")
    assert deploying.end().finish is Finish.DONE
    assert (tmp_path / "cleaned").exists()
    assert "-=== cleaning ===-" in deploying.log()
    assert folder.answers() == ["Yes", *ALL_ANSWERS]
    assert folder.on_host() == []


def test_a_failure_before_any_change_is_tried_again_without_a_question(deploy):
    bad = [{"stages": ["Environment customization"]}, PROCEED,
           {"log": ["ERROR", "Failed to execute stage 'Environment customization': no"]},
           {"log": ["ERROR", "Hosted Engine deployment failed"]}, {"exit": 1}]  # fmt: skip
    deploying, _folder = deploy(bad)
    question = deploying.question("step-failed")
    assert "Nothing was changed" in question.detail
    rewrite(deploying, ACTS)
    deploying.answer("step-failed", "retry")
    assert deploying.end().finish is Finish.DONE


def test_an_ansible_error_is_logged_as_its_message_with_the_whole_kept(deploy):
    deploying, _folder = deploy([PROCEED, {"log": ["ERROR", FATAL]}, *SUCCESS])
    assert deploying.end().finish is Finish.DONE
    assert 'ERROR: Fault reason is "Operation Failed".' in deploying.log()
    assert f"in full: {FATAL}" in deploying.log()


def test_a_tool_that_is_killed_is_told_with_the_stage_it_was_in(deploy):
    deploying, _folder = deploy([PROCEED, {"stages": ["Closing up"]}, {"sleep": 600}, *SUCCESS])
    wait_until(lambda: "Stage: Closing up" in deploying.log())
    tool = next(iter_tools(deploying))
    os.kill(tool.state().pid, signal.SIGKILL)
    question = deploying.question("step-failed")
    assert "killed by signal 9 in the stage 'Closing up'" in question.text
    deploying.answer("step-failed", "stop")
    assert deploying.end().finish is Finish.FAILED


def iter_tools(deploying):
    from steps.hosted_engine.detached_tool import Channel, DetachedTool

    work = deploying.session.site.engine_hosts[0].work_folder
    for path in sorted(Path(work).glob("deploy-*")):
        if path.is_dir():
            yield DetachedTool(LocalShell(), str(path), Channel.PIPES)


def test_aborted_the_tool_goes_on_and_a_later_life_finds_it_and_asks(deploy, engine):
    deploying, folder = deploy([PROCEED, ask("X", "And now? "), *SUCCESS])
    deploying.question("tool.X.1")
    deploying.switches.abort("tester")
    assert deploying.end().finish is Finish.ABORTED
    (tool,) = iter_tools(deploying)
    assert not tool.state().over
    later = Deploying(deploying.session.run).start()
    assert "still runs" in later.question("tool.reattach").text
    later.answer("tool.reattach", "go-on")
    later.answer("tool.X.1", "fine")
    assert later.end().finish is Finish.DONE
    assert folder.answers() == ["Yes", "fine"]


def test_aborted_the_tool_can_be_stopped_by_a_later_life(deploy):
    deploying, _folder = deploy([PROCEED, ask("X", "And now? "), *SUCCESS])
    deploying.question("tool.X.1")
    deploying.switches.abort("tester")
    deploying.end()
    later = Deploying(deploying.session.run).start()
    later.answer("tool.reattach", "stop")
    assert "SIG15" in later.question("step-failed").text
    later.answer("step-failed", "stop")
    later.end()


def test_before_its_first_answer_the_start_can_be_undone_and_the_tool_is_gone(deploy, monkeypatch):
    from steps.hosted_engine.detached_tool import DetachedTool

    is_starting, is_stopped = threading.Event(), threading.Event()

    def start_while_somebody_stops(tool, command, really=DetachedTool.start):
        is_starting.set()
        assert is_stopped.wait(240)
        return really(tool, command)

    monkeypatch.setattr(DetachedTool, "start", start_while_somebody_stops)
    deploying, folder = deploy([PROCEED, *SUCCESS])
    assert is_starting.wait(240)
    deploying.switches.stop("tester")
    is_stopped.set()
    assert deploying.end().finish is Finish.STOPPED
    (tool,) = iter_tools(deploying)
    assert not tool.state().over
    later = Deploying(deploying.session.run).start(undo=True)
    assert later.end().finish is Finish.UNDONE
    assert tool.state().over
    assert folder.answers() == []
    assert folder.on_host() == []


def test_a_start_that_was_cut_off_is_undone_without_waiting_for_it(deploy):
    deploying, folder = deploy([{"sleep": 0.5}, PROCEED, *SUCCESS])
    wait_until(lambda: "deploy.1.channel" in facts_of(deploying))
    deploying.switches.stop("tester")
    deploying.end()
    (tool,) = iter_tools(deploying)
    end(tool)
    for name in ("ended", "supervisor", "tool"):
        (Path(tool.folder) / name).unlink(missing_ok=True)
    (Path(tool.folder) / "claimed").rmdir()
    assert tool.state().standing is Standing.STARTING
    later = Deploying(deploying.session.run).start(undo=True)
    assert later.end().finish is Finish.UNDONE
    assert folder.on_host() == []


def test_a_program_that_is_not_there_is_said_before_anything_is_started(tmp_path, engine):
    site_host = toy_deploy.EngineHost(
        toy_deploy.HOST, toy_deploy.ShellAccess(), ("/no/such/tool",), str(tmp_path / "work")
    )
    run = toy_deploy.create_run(
        toy_deploy.Site("toys", engine_hosts=(site_host,)), toy_deploy.NAME,
        {"known": "{}", "era": "4.5", "fqdn": ""}, {}, {}, {}, folder=tmp_path / "runs",
    )  # fmt: skip
    deploying = Deploying(run).start()
    assert "/no/such/tool is not installed" in deploying.question("step-failed").text
    deploying.answer("step-failed", "stop")
    deploying.end()
    assert not (tmp_path / "work").exists()


def test_two_runs_never_deploy_on_one_host_at_once(deploy, engine, tmp_path):
    deploying, _folder = deploy([PROCEED, ask("X", "And now? "), *SUCCESS])
    deploying.question("tool.X.1")
    second = Deploying(make_run(tmp_path, ACTS, KNOWN, fqdn=engine.fqdn)).start()
    assert "Another run deploys" in second.question("step-failed").text
    second.answer("step-failed", "stop")
    second.end()
    deploying.answer("tool.X.1", "ok")
    deploying.end()


def test_an_engine_that_does_not_come_up_fails_the_proof(deploy, engine, tmp_path, monkeypatch):
    monkeypatch.setattr("steps.hosted_engine.step_prove.UP_SECONDS", 0.2)
    monkeypatch.setattr("steps.hosted_engine.step_prove.POLL_SECONDS", 0.05)
    deploying, _folder = deploy([PROCEED, ask("X", "And now? "), *SUCCESS])
    bad = {"1": toy_deploy.UP["1"] | {"engine-status": {"vm": "up", "health": "bad"}}}
    (tmp_path / "status").write_text(json.dumps(bad))
    deploying.answer("tool.X.1", "ok")
    question = deploying.question("step-failed")
    assert "machine up, health bad" in question.detail
    (tmp_path / "status").write_text(json.dumps(toy_deploy.UP))
    deploying.answer("step-failed", "retry")
    assert deploying.end().finish is Finish.DONE


def test_the_phases_and_their_times_are_remembered_for_the_report(deploy):
    deploying, _folder = deploy()
    deploying.end()
    phases = json.loads(facts_of(deploying)["deploy.phases"])
    assert list(phases) == ["start", "questions", "end"]
    assert all(
        event["event"] != "ask" for event in read_journal(deploying.session.run.journal_file)
    )


def test_what_a_program_would_answer_is_no_question_to_an_operator(deploy):
    typed = ask("TYPED", "Please give a number of paths:\n", kind="VALUE")
    deploying, folder = deploy([PROCEED, typed, *SUCCESS])
    question = deploying.question("tool.TYPED.1")
    assert question.text == "Please give a number of paths:"
    assert "Response is" not in question.detail
    assert "str:TEXT" in question.detail
    deploying.answer("tool.TYPED.1", "int:2")
    assert deploying.end().finish is Finish.DONE
    assert folder.answers() == ["Yes", "VALUE TYPED=int:2"]


@pytest.mark.parametrize("first", [{}, {"only": "human"}], ids=["framed", "human"])
def test_a_hidden_question_may_be_left_empty_where_that_is_meant(deploy, first):
    chap = ask("CHAP", "Please specify the CHAP password: ", hidden=True, default="")
    deploying, folder = deploy([first, {"stages": ["Initializing"]}, PROCEED, chap, *SUCCESS])
    secret = wait_until(lambda: deploying.switches.question)
    deploying.switches.answer(secret.id, "", "tester")
    empty = wait_until(lambda: (q := deploying.switches.question) and q is not secret and q)
    assert empty.name.endswith(".empty.1")
    deploying.answer(empty.name, "empty")
    assert deploying.end().finish is Finish.DONE
    assert folder.answers() == ["Yes", ""]


def test_a_tool_that_only_knows_people_may_ask_before_it_says_anything(deploy, monkeypatch):
    monkeypatch.setattr(machine, "FOREIGN_SILENCE", (0.5, 600.0))
    deploying, folder = deploy([{"only": "human"}, PROCEED, *SUCCESS])
    assert deploying.end().finish is Finish.DONE
    assert folder.answers() == ["Yes"]
    assert "started in a terminal" in deploying.log("tool.start")
