"""A whole practice site of a self-hosted engine for tests: hosts, engine, its machine, backups."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from config.errors import Unreachable
from config.site_file import load_site
from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.machine_disk import BROUGHT
from steps.drill.practice_engine.standing import (
    ANSIBLE_HOSTS,
    MEMBERS,
    EngineSite,
    build_site,
    start_site,
    stop_site,
)
from steps.drill.practice_hosts import engine_machine
from steps.drill.practice_hosts import first_world as world
from steps.drill.practice_hosts.keys import host_key
from steps.drill.processes import recorded_number
from steps.targets.ssh import SshShell

SPEED = 600.0


class Standing:
    """A site that stands, and ways to look at it."""

    def __init__(self, site: EngineSite) -> None:
        self.built = site
        self.hosts = site.hosts
        self.world = site.hosts.world
        self._first = self.world.read()

    @property
    def site(self):
        return load_site(self.built.file)

    def shell(self, name: str) -> SshShell:
        return SshShell(self.site.shells[name], name)

    @property
    def machine(self) -> SshShell:
        return self.shell(world.ENGINE)

    def trust_anew(self) -> None:
        """As an operator who has looked: the machine's new key is the right one."""
        known = self.hosts.known_hosts
        port = f"[127.0.0.1]:{self.hosts.ports()[world.ENGINE]} "
        own = host_key(self.hosts, world.ENGINE)
        key = f"{own.get_name()} {own.get_base64()}"
        lines = [x for x in known.read_text().splitlines() if not x.startswith(port)]
        known.write_text("\n".join([*lines, f"{port}{key}"]) + "\n")

    def facts(self) -> dict:
        return self.world.read()

    def has(self, kind: str, name: str) -> dict | None:
        return next((r for r in self.facts()[db.KEY][kind] if r["name"] == name), None)

    def until(self, true: Callable[[], object], seconds: float = 120.0) -> None:
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, self.facts()["engine"]
            time.sleep(0.02)

    def begin(self, speed: float = SPEED, **faults: str) -> None:
        """Everything as it was at first, on a machine that is set up, with these faults."""
        with self.world.change() as facts:
            engine = facts["engine"]
            numbers = {name: engine[name] + 1 for name in ("disk", "boot")}
            facts.clear()
            facts |= json.loads(json.dumps(self._first))
            facts["engine"] |= numbers
            facts["faults"] = {name.replace("_", "-"): text for name, text in faults.items()}
            facts |= {"speed": speed, "started": time.time() - 1000 / speed}
        (self.world.folder / BROUGHT).unlink(missing_ok=True)
        for name in facts["hosts"]:
            for file in (self.hosts.root(name) / "root").glob("*.backup"):
                file.unlink()
            if name not in MEMBERS:
                shutil.rmtree(self.hosts.root(name) / "etc/ovirt-hosted-engine", ignore_errors=True)
        self.new_machine()

    def new_machine(self) -> None:
        """Until it answers; its key is trusted."""
        disk = self.facts()["engine"]["disk"]
        self.until(lambda: recorded_number(self.hosts.disk_file(world.ENGINE)) == disk)
        self.trust_anew()
        self.until(self.answers)

    def answers(self) -> bool:
        """Whether the machine lets its administrator in."""
        shell = self.machine
        try:
            return shell.run(["true"]).code == 0
        except Unreachable:
            return False
        finally:
            shell.close()

    def fresh_machine(self, host: str, *, system: bool = True) -> None:
        """Another machine under the same name, as a new deployment leaves it."""
        engine_machine.new_disk(self.world)
        if system:
            engine_machine.installed(self.world)
        engine_machine.start(self.world, host, healthy_in=None)
        if system:
            self.new_machine()


@contextmanager
def standing_site(speed: float = SPEED, hosts=ANSIBLE_HOSTS) -> Iterator[Standing]:
    with tempfile.TemporaryDirectory(prefix="rekindle-practice-") as folder:
        site = build_site(Path(folder) / "site", hosts, speed)
        try:
            start_site(site)
            yield Standing(site)
        finally:
            stop_site(site)
