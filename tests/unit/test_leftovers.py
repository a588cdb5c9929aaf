"""Cleaning a host up where there is no program for it, and telling what is left."""

from __future__ import annotations

import pytest

from config.errors import StepFailed
from steps.hosted_engine import leftovers
from steps.hosted_engine.leftovers import CleanUp
from steps.targets.local import LocalShell


class Context:
    """Takes log lines only."""

    def __init__(self):
        self.lines = []

    def log(self, line):
        self.lines.append(line)


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host with configuration files, and programs that write down how they were called."""
    programs, files = tmp_path / "bin", tmp_path / "etc"
    programs.mkdir()
    files.mkdir()
    for name in ("hosted-engine", "service", "sanlock"):
        program = programs / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {tmp_path}/calls\n')
        program.chmod(0o755)
    configuration = (f"{files}/hosted-engine.conf", f"{files}/answers.conf")
    (files / "hosted-engine.conf").write_text("vmid=1\n")
    monkeypatch.setattr(leftovers, "CONFIGURATION", configuration)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return CleanUp(Context(), LocalShell(), ("hosted-engine",)), files, tmp_path / "calls"


def test_without_the_program_the_services_are_stopped_and_configuration_is_renamed_aside(host):
    clean_up, files, calls = host
    assert not clean_up.has_program()
    assert "renames the configuration aside" in clean_up.how()
    assert f"left behind: file {files}/hosted-engine.conf" in clean_up.left_behind()
    clean_up.carry_out()
    assert [path.name for path in files.iterdir()] == ["hosted-engine.conf.before-clean-up-1"]
    called = calls.read_text().splitlines()
    assert called[0] == "hosted-engine --vm-poweroff"
    assert "service vdsmd stop" in called


def test_an_earlier_file_set_aside_is_never_replaced(host):
    clean_up, files, _calls = host
    (files / "hosted-engine.conf.before-clean-up-1").write_text("older\n")
    clean_up.carry_out()
    assert (files / "hosted-engine.conf.before-clean-up-1").read_text() == "older\n"
    assert (files / "hosted-engine.conf.before-clean-up-2").read_text() == "vmid=1\n"


def test_a_program_that_leaves_the_configuration_is_not_taken_at_its_word(host, tmp_path):
    clean_up, _files, _calls = host
    program = tmp_path / "bin/ovirt-hosted-engine-cleanup"
    program.write_text("#!/bin/sh\necho cleaning\n")
    program.chmod(0o755)
    assert "ovirt-hosted-engine-cleanup -q" in clean_up.how()
    with pytest.raises(StepFailed, match="is still there"):
        clean_up.carry_out()
    assert "cleaning" in clean_up.context.lines
