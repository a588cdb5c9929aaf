"""Practice hosts of a test's own, and a deployment on them with the interview's answers."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from config.questions import Given
from config.site_file import load_site
from steps.drill.practice_hosts import first_world as world
from steps.drill.practice_hosts.answers import HOSTS
from steps.drill.practice_hosts.host_tree import write_names
from steps.drill.practice_hosts.places import HostPlaces
from steps.drill.practice_hosts.site import build_hosts, start_servers, stop_all
from steps.hosted_engine.deploy import PROCEDURE
from steps.run.directory import create_run
from steps.targets.ssh import SshShell
from tests.unit.deploy_support import Deploying

SPEED = 4000.0
SECRETS = {"admin_password": "s3cret-5", "root_password": "r00t-pass"}
MENUS = {
    "menu.OVEHOSTED_INSTALLING_OS.1": "continue", "menu.OVEHOSTED_ENGINE_UP.1": "wait",
    "menu.1-2-3-4-1.1": "continue", "menu.1-2-3-4-1.2": "wait",
}  # fmt: skip


class Hosts:
    """Practice hosts that stand."""

    def __init__(self, folder: Path) -> None:
        self.places = HostPlaces(folder)

    @property
    def site(self):
        return load_site(self.places.site_file)

    def shell(self, name: str) -> SshShell:
        return SshShell(self.site.engine_host(name).shell, name)

    def begin(self, *faults: str, speed: float = SPEED, **settings: str) -> None:
        """The world as it was at first, with these faults."""
        facts = world.practice_world(HOSTS, speed)
        facts["faults"] = {name: "yes" for name in faults} | {
            name.replace("_", "-"): value for name, value in settings.items()
        }
        self.places.world.write(facts)
        for name in HOSTS:
            write_names(self.places, name, facts)
            root = self.places.root(name)
            for left in ("etc/ovirt-hosted-engine", "var/lib", "var/log", "mnt"):
                shutil.rmtree(root / left)
                (root / left).mkdir()

    def deploying(self, folder: Path, given: Given, prompts=None, **changes) -> Deploying:
        """A run's life on these hosts, by the steps that a real deployment runs."""
        answers = {**given, **changes}
        wanted = MENUS | (prompts or {})
        runs = folder / "runs"
        run = create_run(self.site, PROCEDURE.name, answers, {}, {}, wanted, folder=runs)
        return Deploying(run, SECRETS, procedure=PROCEDURE)


@contextmanager
def practice_hosts():
    with tempfile.TemporaryDirectory(prefix="rekindle-practice-") as folder:
        places = HostPlaces(Path(folder) / "site")
        build_hosts(places, HOSTS, SPEED)
        try:
            start_servers(places)
            yield Hosts(places.folder)
        finally:
            stop_all(places)
