"""Probes asked in a process of their own: answers, errors, time limits, secrets."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import pytest

from config.errors import Interrupted, InvalidInput, StepFailed, Unreachable
from config.paths import log_folder
from config.questions import Choice, Finding
from config.secrets import Secret, SecretReference
from config.site import DirectoryAccess, Site
from steps.probing import ask_probe, ask_survey, probed_from_data, probed_to_data
from steps.procedure import Probed
from tests.unit import probe_toy

COMMAND = (sys.executable, "-P", probe_toy.__file__)
SITE = Site(
    "berne",
    directory=DirectoryAccess("dc=x", ldif_folder=Path("/srv/x")),
)


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path))


def ask(probe: str, timeout=240.0, cancel=None, **given) -> Probed:
    secrets = {"directory password": Secret("sesame")}
    return ask_probe(
        probe_toy.PROCEDURE, probe, SITE, given, secrets, timeout, cancel=cancel, command=COMMAND
    )


def test_findings_and_choices_come_back_whole():
    probed = ask("echo", name="web01", several=("a", "b"))
    assert probed.findings == (Finding("ok", "web01 ('a', 'b')", "none"),)
    assert probed.choices == (Choice("v", "label", "note", "refused"),)


@pytest.mark.parametrize("suggested", [None, "x", 4096, True, ("192.0.2.53", "192.0.2.54")])
def test_a_suggested_default_comes_back_as_it_was(suggested):
    probed = Probed(suggested=suggested)
    assert probed_from_data(json.loads(json.dumps(probed_to_data(probed)))) == probed


def test_site_secrets_and_references_reach_the_probe():
    text = ask("see", password=SecretReference("file", "/etc/x")).findings[0].text
    assert text == "berne /srv/x SecretReference(source='file', place='/etc/x') sesame"


def test_what_libraries_print_does_not_disturb_the_answer_and_is_kept_scrubbed():
    assert ask("noisy").findings == (Finding("ok", "quiet"),)
    log = (log_folder() / "probe.log").read_text()
    assert "libvirt: printed to stdout" in log
    assert "libvirt: printed to stderr (secret)" in log
    assert "sesame" not in log


@pytest.mark.parametrize("kind", [InvalidInput, Unreachable, StepFailed])
def test_an_error_of_the_probe_comes_back_as_itself(kind):
    with pytest.raises(kind) as error:
        ask("raise", kind=kind.__name__)
    assert (error.value.message, error.value.remedy) == ("wrong", "mend it")
    assert getattr(error.value, "seen", "this") == "this"


def test_an_unexpected_error_is_told_without_traceback_and_logged_with_it():
    with pytest.raises(StepFailed, match="ZeroDivisionError") as error:
        ask("bug")
    assert "Traceback" not in str(error.value)
    assert "Traceback" in (log_folder() / "probe.log").read_text()


def test_an_unknown_probe_or_procedure_is_bad_input():
    with pytest.raises(InvalidInput, match="no probe 'nonsense'"):
        ask("nonsense")


def test_a_probe_that_takes_too_long_is_ended_with_all_its_children(tmp_path):
    # On a busy host it has not begun after a second.
    for seconds in (1, 4, 16, 40):
        with pytest.raises(Unreachable, match=f"longer than {seconds} s"):
            ask("sleep", timeout=float(seconds), pids=str(tmp_path / "pids"))
        if (tmp_path / "pids").exists():
            break
    assert_gone(tmp_path / "pids")


def test_a_look_is_given_up_when_the_operator_leaves(tmp_path):
    cancel = threading.Event()

    def leave_once_it_has_begun():
        while not (tmp_path / "pids").exists():
            time.sleep(0.02)
        cancel.set()

    threading.Thread(target=leave_once_it_has_begun, daemon=True).start()
    with pytest.raises(Interrupted):
        ask("sleep", timeout=300.0, cancel=cancel, pids=str(tmp_path / "pids"))
    assert_gone(tmp_path / "pids")


def test_a_probe_process_that_dies_is_told_with_what_it_said():
    with pytest.raises(StepFailed, match="exit code 9") as error:
        ask("die")
    assert "last words" in error.value.seen


def test_a_survey_comes_back_as_data():
    survey = ask_survey(probe_toy.PROCEDURE, SITE, {"a": 1}, {}, command=COMMAND)
    assert survey == {"site": "berne", "given": ["a"]}


def test_a_secret_of_the_environment_is_not_handed_on(monkeypatch):
    monkeypatch.setenv("DIRECTORY_PASSWORD", "sesame")
    monkeypatch.setenv("HARMLESS", "visible")
    names = ask("environment").findings[0].text.split()
    assert "HARMLESS" in names
    assert "DIRECTORY_PASSWORD" not in names


def assert_gone(pids: Path) -> None:
    for pid in map(int, pids.read_text().split()):
        deadline = time.monotonic() + 120
        while alive(pid):
            assert time.monotonic() < deadline, pid
            time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return "Z" not in status.rpartition(")")[2].split()[0]
