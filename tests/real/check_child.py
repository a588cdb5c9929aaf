"""A check's trial in a process that a test can kill: `python -m tests.real.check_child FOLDER RUN`.

It does what a runner does, with a context whose facts are in a file: what was remembered outlives
it, nothing else.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from config.questions import Given
from config.secrets import Secret
from config.site_file import load_site
from steps.drill.places import Places
from steps.procedure import Plan, ProbeInput
from steps.targets.open import open_targets
from steps.virtual_machine.check.procedure import PROCEDURE
from tests.unit.restore_world import MemoryContext, carry_out


@pytest.fixture
def check_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One home for all checks of a worker: libvirt's first look at QEMU takes seconds."""
    folder = tmp_path_factory.getbasetemp() / "check-home"
    monkeypatch.setenv("REKINDLE_HOME", str(folder))
    return folder


class FileContext(MemoryContext):
    """Facts in a file, as the journal keeps them."""

    def __init__(self, targets: object, given: Given, folder: Path) -> None:
        super().__init__(targets, given, folder)
        self._file = folder / "facts.json"
        if self._file.exists():
            self.facts = json.loads(self._file.read_text())

    def remember(self, name: str, value: str) -> None:
        super().remember(name, value)
        temporary = self._file.with_suffix(".new")
        temporary.write_text(json.dumps(self.facts))
        temporary.replace(self._file)


def check(folder: Path, run: Path, given: Given) -> tuple[Plan, FileContext]:
    """Survey, plan and carry out a check of that practice site."""
    places = Places(folder)
    site = load_site(places.site_file)
    password = Secret(places.password_file.read_text().strip())
    targets = open_targets(site, {"directory password": password})
    try:
        survey = json.loads(json.dumps(PROCEDURE.survey(ProbeInput(site, given, targets))))
        plan = PROCEDURE.plan(site, given, {}, survey)
        run.mkdir(exist_ok=True)
        context = FileContext(targets, given, run)
        carry_out(plan, context)
        return plan, context
    finally:
        targets.close()


if __name__ == "__main__":
    check(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]))
