"""A restore on a libvirt daemon that is killed at one of its steps, and then resumed.

`session_world.py FOLDER` in a user namespace without root: there `qemu:///session` starts a daemon
of its own. Prints one JSON line: how each hurt run ended.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from steps.run.events import Event, Finish
from steps.run.journal import read_journal
from tests.crash.restore_world import RestoreWorld, view_of

CONFIGURATION = 'stdio_handler = "file"\nsecurity_driver = "none"\n'


class SessionWorld(RestoreWorld):
    """Its daemon's files lie in the site's folder, so that they are put back with it."""

    @property
    def runtime(self):
        return self.places.hypervisor / "run"

    @property
    def daemon(self):
        return self.runtime / "libvirt" / "libvirtd.pid"

    def prepare_daemon(self):
        for name in ("config", "run"):
            (self.places.hypervisor / name / "libvirt").mkdir(parents=True, mode=0o700)
        (self.places.hypervisor / "config" / "libvirt" / "qemu.conf").write_text(CONFIGURATION)
        os.environ["XDG_CONFIG_HOME"] = str(self.places.hypervisor / "config")
        os.environ["XDG_RUNTIME_DIR"] = str(self.runtime)
        os.environ["XDG_CACHE_HOME"] = str(self.folder.parent / "cache")

    def _stop(self):
        super()._stop()
        guests = (self.runtime / "libvirt" / "qemu" / "run").glob("*.pid")
        for file in (self.daemon, *guests):
            kill(file)


def kill(file):
    try:
        os.kill(int(file.read_text()), signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return


def run_hurt(world, number):
    world.reset()
    run = world.prepare()
    code = world.run(run, harm_at=number, action=f"kill:{world.daemon}")
    stopped = view_of(run).outcome is not Finish.DONE
    resumed = world.run(run) if stopped else code
    wrong = [check.name for check in world.score(run) if not check.passed]
    same = world.directory_text(), sorted(world.files(run))
    return {"stopped": stopped, "resumed": resumed, "wrong": wrong, "end": same}


def hurt_all(world):
    world.reset()
    whole = world.prepare()
    assert world.run(whole) == 0
    events = [e for e in read_journal(whole.journal_file) if e["event"] != Event.PROGRESS]
    yield "undisturbed", {"end": (world.directory_text(), sorted(world.files(whole)))}
    for number, event in enumerate(events, start=1):
        step = str(event.get("step", ""))
        asks_libvirt = step.startswith("machine.") or step in ("xml.verdict", "live.keep")
        if event["event"] == Event.STEP_STARTED and asks_libvirt:
            yield step, run_hurt(world, number)


def main(folder):
    os.environ["REKINDLE_HOME"] = str(folder / "home")
    world = SessionWorld(folder / "site", folder / "template", uri="qemu:///session")
    world.prepare_daemon()
    try:
        world.build()
        print(json.dumps(dict(hurt_all(world))))
    finally:
        world._stop()
        shutil.rmtree(world.folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
