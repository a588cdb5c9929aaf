"""engine-setup on the restored machine, by a scripted tool that speaks otopi's dialects."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.hosted_engine.detached_tool import Channel, DetachedTool
from steps.hosted_engine.machine_restore.phases import put_back_phase
from steps.hosted_engine.machine_restore.preview import Preview
from steps.hosted_engine.machine_restore.step_engine_up import EngineUp, MachineTidied
from steps.hosted_engine.machine_restore.step_fence import FenceHeldOff, FencePutBack
from steps.hosted_engine.machine_restore.step_setup import SetupFollowed, SetupStarted
from steps.run.events import Finish
from steps.targets.local import LocalShell
from tests.unit import scripted_tool
from tests.unit.machine_support import FQDN, Machine, written
from tests.unit.scripted_tool_support import YES_NO, ask, end
from tests.unit.test_machine_restore import PSQL

OK_CANCEL = {"valid": ["OK", "Cancel"], "default": "OK"}
FIREWALL = ask(
    "OVESETUP_UPDATE_FIREWALL",
    "Setup can automatically configure the firewall on this system.\n"
    "Do you want Setup to configure the firewall? (Yes, No) [Yes]: ", **YES_NO,
)  # fmt: skip
RENEW = ask(
    "OVESETUP_RENEW_PKI", "One or more of the certificates should be renewed.\n"
    "Renew certificates? (Yes, No): ", valid=["Yes", "No"],
)  # fmt: skip
SKIP = ask(
    "OVESETUP_SKIP_RENEW_PKI_CONFIRM",
    "Are you really sure that you want to skip the PKI renewal process? (Yes, No): ",
    valid=["Yes", "No"],
)  # fmt: skip
STOP_ENGINE = ask(
    "OVESETUP_CORE_ENGINE_STOP",
    "During execution engine service will be stopped (OK, Cancel) [OK]: ", **OK_CANCEL,
)  # fmt: skip
CONFIRM = ask(
    "OVESETUP_DIALOG_CONFIRM_SETTINGS",
    "Please confirm installation settings (OK, Cancel) [OK]: ", **OK_CANCEL,
)  # fmt: skip
TASKS = ask(
    "OVESETUP_WAIT_RUNNING_TASKS", "Would you like to wait until they are done? (Yes, No) [No]: ",
    valid=["Yes", "No"], default="No",
)  # fmt: skip


def preview(name=FQDN, key="Host FQDN"):
    rows = f"{'Update Firewall':<40}: True\n{key:<40}: {name}\n{'Engine database port':<40}: 5432"
    return {"note": f"\n--== CONFIGURATION PREVIEW ==--\n\n{rows}\n"}


START = {"stages": ["Initializing", "Environment customization"]}
WELL = [
    {"stages": ["Misc configuration", "Closing up"]},
    {"mark": "@UP@"},
    {"stages": ["Clean up", "Termination"]},
    {"log": ["INFO", "Execution of setup completed successfully"]},
]
PREPARED = {"setup.preview": "OK"}


@pytest.fixture
def machine(tmp_path, monkeypatch):
    made = Machine(tmp_path / "m", monkeypatch)
    made.program("psql", PSQL)
    made.program("curl", "if [ -e @FOLDER@/up ]; then echo 'DB Up!Welcome to Health Status!'; else"
                         " echo 'refused' >&2; exit 7; fi")  # fmt: skip
    made.program(
        "engine-config",
        """
case $1 in
  -g) echo "$2: $(cat @FOLDER@/delay) version: general";;
  -s) [ -e @FOLDER@/stuck ] || echo "${2#*=}" > @FOLDER@/delay;;
esac
""",
    )
    made.write("delay", "300\n")
    yield made
    for folder in (made.folder / "work").glob("setup-*"):
        end(DetachedTool(LocalShell(), str(folder), Channel.PIPES))


def scripted(machine, acts) -> None:
    text = json.dumps(acts).replace("@UP@", str(machine.folder / "up"))
    script = machine.write("script.json", text)
    machine.program(
        "engine-setup",
        f'echo "$@" >> @FOLDER@/options\nexec {sys.executable} {scripted_tool.__file__}'
        f' {script} @FOLDER@/received "$@"\n',
    )


def answers(machine) -> list[list[str]]:
    path = machine.folder / "received"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def setting_up(machine, **changes):
    job = machine.job(**changes)
    return SetupStarted(job), SetupFollowed(job)


ALL = [START, STOP_ENGINE, FIREWALL, RENEW, preview(), CONFIRM, *WELL]


@pytest.mark.parametrize(
    "first", [{}, {"generation": "old"}, {"only": "human"}], ids=["framed", "old", "human"]
)
def test_what_is_foreseen_is_answered_in_each_dialect_and_the_preview_is_shown(machine, first):
    scripted(machine, [first, *ALL] if first else ALL)
    running = machine.run(*setting_up(machine)).start()
    question = running.question("setup.preview")
    assert FQDN in question.text
    assert "Update Firewall      : True" in question.detail
    running.answer("setup.preview", "OK")
    assert running.end().finish is Finish.DONE
    assert [answer for _name, answer in answers(machine)] == ["OK", "", "Yes", "OK"]
    assert "--offline" in (machine.folder / "options").read_text()
    shown = json.loads(running.view.facts["setup.preview"])
    assert ["Host FQDN", FQDN] in shown


def test_certificates_are_kept_where_the_operator_chose_so(machine):
    scripted(machine, [START, RENEW, SKIP, preview(), CONFIRM, *WELL])
    running = machine.run(*setting_up(machine, renew_pki=False), prompts=PREPARED).start()
    assert running.end().finish is Finish.DONE
    assert [answer for _name, answer in answers(machine)] == ["No", "Yes", "OK"]


@pytest.mark.parametrize("shown", [preview("other.example.com"), {"note": "nothing"}])
def test_a_preview_of_another_name_is_another_question_that_nobody_prepared(machine, shown):
    scripted(machine, [START, shown, CONFIRM, *WELL])
    running = machine.run(*setting_up(machine), prompts=PREPARED).start()
    question = running.question("setup.preview.other-name")
    assert question.default == "Cancel"
    assert f"the backup is of {FQDN}" in question.text
    running.answer(question.name, "Cancel")
    running.end()
    assert answers(machine)[-1] == ["OVESETUP_DIALOG_CONFIRM_SETTINGS", "Cancel"]


def test_what_nobody_foresaw_goes_to_the_operator_as_it_is(machine):
    scripted(machine, [START, TASKS, preview(), CONFIRM, *WELL])
    running = machine.run(*setting_up(machine), prompts=PREPARED).start()
    question = running.question("tool.OVESETUP_WAIT_RUNNING_TASKS.1")
    assert [choice.value for choice in question.choices] == ["Yes", "No"]
    running.answer(question.name, "Yes")
    assert running.end().finish is Finish.DONE


def test_a_set_up_that_failed_says_why_and_may_be_started_again(machine):
    fails = [START, {"stages": ["Misc configuration"]}, {"log": ["ERROR", "schema refresh failed"]},
             {"exit": 1}]  # fmt: skip
    scripted(machine, [START, FIREWALL, *fails[1:]])
    running = machine.run(*setting_up(machine), prompts=PREPARED).start()
    question = running.question("step-failed")
    assert "The set-up by engine-setup failed" in question.text
    assert "schema refresh failed" in question.text
    assert "may be started again" in question.detail
    scripted(machine, ALL)
    running.answer("step-failed", "retry")
    assert running.end().finish is Finish.DONE
    assert len((machine.folder / "options").read_text().splitlines()) == 2


def test_the_engine_is_up_when_service_page_and_mark_say_so(machine):
    up = EngineUp(machine.job(), wait_seconds=0.1)
    machine.write("etc/engine.conf.d/10-setup-database.conf",
                  'ENGINE_DB_HOST="localhost"\nENGINE_DB_PORT="5432"\nENGINE_DB_USER="engine"\n'
                  'ENGINE_DB_PASSWORD="x"\nENGINE_DB_DATABASE="engine"\n')  # fmt: skip
    machine.write("db/mark", "1\n")
    running = machine.run(up).start()
    for seen, change in (
        ("service ovirt-engine does not run", lambda: machine.unit("ovirt-engine")),
        ("refused", lambda: machine.write("up", "")),
        ("still marked as just restored", lambda: machine.write("db/mark", "0\n")),
    ):
        assert seen in running.question("step-failed").text
        change()
        running.answer("step-failed", "retry")
        running.question("step-failed") if seen != "still marked as just restored" else None
    assert running.end().finish is Finish.DONE


@pytest.mark.parametrize(
    ("settings", "says"),
    [("ENGINE_DB_HOST=broken", "nothing there tells how"), (None, "cannot be asked: no server")],
)
def test_an_engine_whose_database_cannot_be_asked_is_not_called_proved(machine, settings, says):
    machine.unit("ovirt-engine")
    machine.write("up", "")
    machine.program("psql", "echo 'no server' >&2; exit 2")
    whole = "\n".join(
        f'ENGINE_DB_{name}="{value}"'
        for name, value in (("HOST", "localhost"), ("PORT", 5432), ("USER", "engine"),
                            ("DATABASE", "engine"), ("PASSWORD", "x"))
    )  # fmt: skip
    machine.write("etc/engine.conf.d/10-setup-database.conf", f"{settings or whole}\n")
    running = machine.run(EngineUp(machine.job(), wait_seconds=0.1)).start()
    question = "step-unknown" if settings else "step-failed"
    asked = running.question(question)
    assert says in asked.text + asked.detail
    running.answer(question, "stop")
    assert running.end().finish is Finish.FAILED


def test_fencing_is_held_off_and_put_back_to_what_it_was(machine):
    machine.write("delay", "450\n")
    job = machine.job()
    running = machine.run(FenceHeldOff(job)).start()
    assert running.end().finish is Finish.DONE
    assert (machine.folder / "delay").read_text() == "86400\n"
    undone = machine.run(FenceHeldOff(job), folder=running.session.run).start(undo=True)
    assert undone.end().finish is Finish.UNDONE
    assert (machine.folder / "delay").read_text() == "450\n"
    both = machine.run(FenceHeldOff(job), FencePutBack(job)).start()
    assert both.end().finish is Finish.DONE
    assert (machine.folder / "delay").read_text() == "450\n"


def test_a_delay_that_was_high_in_the_backup_stays_so(machine):
    machine.write("delay", "100000\n")
    job = machine.job()
    assert machine.run(FenceHeldOff(job), FencePutBack(job)).start().end().finish is Finish.DONE
    assert (machine.folder / "delay").read_text() == "100000\n"


def test_without_a_word_of_engine_config_nothing_is_changed(machine):
    machine.program("engine-config", "exit 1")
    running = machine.run(FenceHeldOff(machine.job())).start()
    running.answer("step-unknown", "apply")
    assert "may be fenced" in running.question("step-failed").detail
    running.answer("step-failed", "stop")
    running.end()


def test_a_delay_that_engine_config_does_not_take_is_a_failure(machine):
    machine.write("stuck", "")
    running = machine.run(FenceHeldOff(machine.job())).start()
    assert "was told DisableFenceAtStartupInSec=86400 and says 300" in (
        running.question("step-failed").text
    )
    running.answer("step-failed", "stop")
    running.end()


def test_the_last_phase_removes_what_the_restore_needed(machine):
    scripted(machine, ALL)
    job = machine.job()
    assert [step.name for step in put_back_phase(job).steps] == [
        "setup.fence-delay-back", "machine.tidy",
    ]  # fmt: skip
    steps = (*setting_up(machine), MachineTidied(job))
    running = machine.run(*steps, prompts=PREPARED).start()
    assert running.end().finish is Finish.DONE
    assert list((machine.folder / "work").iterdir()) == []
    assert "machine.tidy" in written(running.session.run)


@given(st.lists(st.text("ab: -=\n\t|é", max_size=40), max_size=30))
def test_any_lines_make_a_preview_of_bounded_size(lines):
    seen = Preview()
    for line in ("--== CONFIGURATION PREVIEW ==--", *lines * 20):
        seen.line(line)
    assert len(seen.rows) <= 200
    assert all(key.strip() == key and key for key, _value in seen.rows)


def test_a_preview_of_any_age_tells_the_name():
    for width, key in ((35, "Host FQDN"), (40, "Engine Host FQDN")):
        seen = Preview()
        for line in ("          --== CONFIGURATION PREVIEW ==--", "",
                     f"          {key:<{width}}: {FQDN}", "  --== END ==--", "a : b"):  # fmt: skip
            seen.line(line)
        assert seen.fqdn == FQDN
        assert seen.rows == [(key, FQDN)]
