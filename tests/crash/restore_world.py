"""A practice site that can be put back to its first moment in a second, and a killable runner.

The site is built once. Its machine and its slapd are then stopped and the folder is copied; putting
it back copies the folder to the same place and starts both again.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from config.questions import Value
from config.secrets import Secret
from config.site_file import load_site
from steps.drill.child import ask_child
from steps.drill.embedded import end_guests
from steps.drill.fault import Scene
from steps.drill.faults import mount_small_disk
from steps.drill.operator import Operator
from steps.drill.places import Places
from steps.drill.scenario import RESTORE_MACHINE
from steps.drill.score import Check
from steps.drill.slapd import ensure_running, stop_slapd
from steps.drill.truth import Truth
from steps.run.directory import FrozenPlan, RunDirectory, create_run
from steps.run.journal import Follower
from steps.run.view import RunView
from steps.targets.open import open_targets

RUNNER = Path(__file__).with_name("restore_runner.py")
VOLATILE = ("sstProvisioningState", "sstProvisioningExecutionTime")


def _copy(source: Path, target: Path) -> None:
    # cp knows what to do with the sockets that QEMU leaves.
    target.mkdir(exist_ok=True)
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True)


def _forget_guests(root: Path) -> None:
    """What libvirt noted of the guests that ran: by the time it reads that in a copy, a pid in it
    may be somebody else's, and it would wait for him."""
    for note in [*(root / "run").rglob("*.xml"), *(root / "run").rglob("*.pid")]:
        note.unlink()


def _clear(folder: Path) -> None:
    """Empty it; a file system mounted in it stays mounted and is emptied too."""
    for path in folder.iterdir():
        if path.is_mount():
            _clear(path)
        elif path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _quiet(_line: str) -> None:
    pass


@dataclass(slots=True)
class RestoreWorld:
    """One site in `folder`, its first moment in `template`, runs below `home`."""

    folder: Path
    template: Path
    decided: FrozenPlan | None = None
    uri: str = ""

    @property
    def places(self) -> Places:
        return Places(self.folder)

    def build(self, *, small_disk: bool = False) -> None:
        if small_disk:
            mount_small_disk(self.places)
        ask_child("steps.drill.build", [str(self.folder), self.uri], _quiet)
        self._stop()
        _forget_guests(self.places.hypervisor)
        _copy(self.folder, self.template)

    def reset(self) -> None:
        """Back to the moment when the operator sits down."""
        self._stop()
        _clear(self.folder)
        _copy(self.template, self.folder)
        ensure_running(self.places.directory)
        ask_child("tests.crash.restore_start", [str(self.folder)], _quiet)

    def _stop(self) -> None:
        end_guests(self.places.hypervisor)
        stop_slapd(self.places.directory)

    def remove(self) -> None:
        ask_child("steps.drill.take_down", [str(self.folder)], _quiet)

    def operator(self) -> Operator:
        scene = Scene(self.places, Truth.read(self.places.truth))
        return Operator(RESTORE_MACHINE, scene, None, _quiet)

    def prepare(self, **given: Value) -> RunDirectory:
        """A run decided as the drill's script decides but for `given`, not started.

        Looked up once: a site that is put back is the same to the last entryCSN.
        """
        if self.decided is None:
            self.decided = self.operator().prepare().frozen()
        frozen = self.decided
        return create_run(
            frozen.site, frozen.procedure, {**frozen.given, "shutdown_limit": 0, **given},
            frozen.resolutions, frozen.survey, frozen.prompts,
        )  # fmt: skip

    def run(self, run: RunDirectory, *, harm_at: int = 0, action: str = "after", extra=()) -> int:
        """Let a runner carry the run out (or go on with it); negative where a signal ended it."""
        command = [sys.executable, "-P", str(RUNNER), str(harm_at), action, str(run.path), *extra]
        secrets = {name: secret.reveal() for name, secret in self.operator().secrets().items()}
        prompts = {**RESTORE_MACHINE.prompts, "step-failed": "stop"}
        handed = json.dumps({"secrets": secrets, "prompts": prompts})
        done = subprocess.run(
            command, input=handed + "\n", text=True, capture_output=True, timeout=300, check=False
        )
        return done.returncode

    def score(self, run: RunDirectory) -> list[Check]:
        found = ask_child("steps.drill.score", [str(self.folder), str(run.path)], _quiet)
        return [Check(**check) for check in found]

    def directory_text(self) -> str:
        """Every entry of the directory, without what differs from one time to another."""
        site = load_site(self.places.site_file)
        password = Secret(self.places.password_file.read_text().strip())
        targets = open_targets(site, {"directory password": password})
        try:
            entries = targets.directory().subtree("dc=practice")
        finally:
            targets.close()
        out = io.StringIO()
        with redirect_stdout(out):
            for entry in sorted(entries, key=lambda entry: entry.dn.lower()):
                print(entry.dn)
                for name, values in sorted(entry.attributes.items()):
                    if name not in VOLATILE:
                        print(f"  {name}: {sorted(values)}")
        return out.getvalue()

    def files(self, run: RunDirectory) -> set[str]:
        """Every file below images and retain, by name; the run's own name stands as RUN."""
        root = self.places.storage
        found = (str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
        return {name.replace(run.id, "RUN") for name in found}


def view_of(run: RunDirectory) -> RunView:
    return RunView.of(Follower(run.journal_file).poll())
