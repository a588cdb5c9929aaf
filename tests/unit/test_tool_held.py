"""The classic tool is held where it waits, other work is done, and it is continued."""

from __future__ import annotations

import os
import signal
from types import SimpleNamespace

import pytest

from steps.hosted_engine import step_hold, step_tool
from steps.hosted_engine.detached_tool import Standing, ToolState
from steps.procedure import Outcome
from steps.run.events import Finish
from tests.crash import toy_hold
from tests.crash.toy_hold import make_run
from tests.unit.deploy_support import Deploying, Folder, an_engine, end_all_tools
from tests.unit.scripted_tool_support import wait_until
from tests.unit.test_deploy import iter_tools

INSTALLED = {"menu.OVEHOSTED_INSTALLING_OS.1": "continue"}
ALL = [["DEPLOY_PROCEED", "Yes"], ["OVEHOSTED_INSTALLING_OS", "1"], ["OVEHOSTED_ENGINE_UP", "1"]]


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
def hold(tmp_path, engine):
    def started(**more):
        run = make_run(tmp_path, fqdn=engine.fqdn, prompts=INSTALLED, **more)
        return Deploying(run, procedure=toy_hold.PROCEDURE).start(), Folder(tmp_path)

    return started


def test_the_engine_is_restored_while_the_tool_waits_and_nobody_is_asked_to_go_on(hold):
    deploying, folder = hold()
    assert deploying.end().finish is Finish.DONE
    assert folder.received() == ALL
    assert folder.on_host() == []
    assert "expected when the engine is restored" in deploying.log("tool.continue")
    assert "the tool waits at its menu" in deploying.session.run.journal_file.read_text()


def test_it_is_not_continued_before_the_engine_is_up(hold, engine, monkeypatch):
    monkeypatch.setattr("steps.hosted_engine.waiting_menus.POLL_SECONDS", 0.05)
    engine.up = False
    deploying, folder = hold()
    wait_until(lambda: "waiting for the engine" in deploying.log("tool.continue"))
    assert folder.received() == ALL[:2]
    engine.up = True
    assert deploying.end().finish is Finish.DONE
    assert folder.received() == ALL


def test_an_engine_that_does_not_come_up_in_time_is_asked_about(hold, engine, monkeypatch):
    monkeypatch.setattr("steps.hosted_engine.waiting_menus.POLL_SECONDS", 0.05)
    monkeypatch.setattr(step_hold, "ENGINE_SECONDS", 0.2)
    engine.up = False
    deploying, folder = hold()
    question = deploying.question("menu.OVEHOSTED_ENGINE_UP.1")
    assert [c.value for c in question.choices if not c.refused][:3] == [
        "restart", "abort", "destroy",
    ]  # fmt: skip
    engine.up = True
    deploying.answer("menu.OVEHOSTED_ENGINE_UP.1", "wait")
    assert deploying.end().finish is Finish.DONE
    assert folder.received() == ALL


def test_a_tool_that_asks_once_more_is_answered_by_the_operator(hold, tmp_path):
    deploying, folder = hold(script=toy_hold.acts(tmp_path, again=True))
    deploying.answer("menu.OVEHOSTED_ENGINE_UP.2", "continue")
    assert deploying.end().finish is Finish.DONE
    assert folder.received() == [*ALL, ALL[-1]]


def test_a_second_menu_is_the_operators_for_a_later_runner_too(hold, tmp_path):
    deploying, folder = hold(script=toy_hold.acts(tmp_path, again=True))
    deploying.question("menu.OVEHOSTED_ENGINE_UP.2")
    deploying.switches.abort("tester")
    assert deploying.end().finish is Finish.ABORTED
    again = Deploying(deploying.session.run, procedure=toy_hold.PROCEDURE).start()
    again.answer("tool.reattach", "go-on")
    again.question("menu.OVEHOSTED_ENGINE_UP.2")
    assert folder.received() == ALL
    again.answer("menu.OVEHOSTED_ENGINE_UP.2", "continue")
    assert again.end().finish is Finish.DONE
    assert folder.received() == [*ALL, ALL[-1]]


def test_a_tool_that_died_while_it_waited_is_told_and_never_started_again(hold, tmp_path):
    (tmp_path / "wait").touch()
    deploying, folder = hold()
    wait_until(lambda: (tmp_path / "waiting").exists())
    (tool,) = iter_tools(deploying)
    os.kill(tool.state().pid, signal.SIGKILL)
    (tmp_path / "wait").unlink()
    question = deploying.question("step-failed")
    assert "killed by signal 9" in question.text
    assert "clean the host up, and restore anew" in question.detail
    deploying.answer("step-failed", "retry")
    assert "not there any more" in deploying.question("step-failed").text
    deploying.answer("step-failed", "stop")
    assert deploying.end().finish is Finish.FAILED
    assert folder.received() == ALL[:2]
    assert len(list(iter_tools(deploying))) == 1


def test_a_tool_that_ends_before_its_menu_restores_nothing(hold, tmp_path):
    script = [*toy_hold.acts(tmp_path)[:3], {"stages": ["Clean up", "Termination"]}]
    deploying, folder = hold(script=script)
    question = deploying.question("step-failed")
    assert "without waiting for an engine" in question.text
    deploying.answer("step-failed", "stop")
    assert deploying.end().finish is Finish.FAILED
    assert not (folder.path / "engine").exists()


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (ToolState(Standing.RUNNING), Outcome.DONE),
        (ToolState(Standing.GONE), Outcome.NOT_DONE),
        (ToolState(Standing.NONE), Outcome.NOT_DONE),
        (ToolState(Standing.ENDED, 137), Outcome.NOT_DONE),
    ],
)
@pytest.mark.parametrize("kind", [step_hold.HoldAtMenu, step_hold.ContinueTool])
def test_a_tool_that_has_died_unheard_does_not_count_as_waiting(kind, state, outcome, monkeypatch):
    tool = SimpleNamespace(state=lambda: state)
    attempt = SimpleNamespace(
        folder="/f", tool=tool, begun=False, end=lambda: None, held=lambda _place: True
    )
    here = lambda _job, _context: attempt  # noqa: E731
    monkeypatch.setattr(step_hold, "current_attempt", here)
    monkeypatch.setattr(step_tool, "current_attempt", here)
    step = kind(SimpleNamespace(depends_on=()))
    assert step.verify(None).outcome is outcome
