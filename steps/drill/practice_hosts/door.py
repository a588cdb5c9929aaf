"""One host's way in, and its power, as the world has them."""

from __future__ import annotations

import shutil
import time

from config.errors import StepFailed
from steps.drill.practice_engine.database import silent_addresses
from steps.drill.practice_engine.machine_disk import fill_machine
from steps.drill.practice_hosts import engine_machine
from steps.drill.practice_hosts.enter import spaces, start_host
from steps.drill.practice_hosts.first_world import MACHINE
from steps.drill.practice_hosts.host_command import is_up
from steps.drill.practice_hosts.host_tree import lay_out
from steps.drill.practice_hosts.keys import host_key, make_key
from steps.drill.practice_hosts.places import HostPlaces
from steps.drill.practice_hosts.site import stop_host
from steps.drill.practice_hosts.ssh_server import Entrance, HostServer
from steps.drill.practice_hosts.world import DROP, Facts, computer
from steps.drill.processes import recorded_number

READY_SECONDS = 60.0


class Door:
    """Opens while its host is up in the world; the engine's machine may come back as another."""

    def __init__(self, places: HostPlaces, name: str, port: int, entrance: Entrance) -> None:
        self.name = name
        self._places, self._port, self._entrance = places, port, entrance
        self._server: HostServer | None = None
        self._boot = 0

    def wanted(self, facts: Facts) -> bool:
        """Whether it answers now."""
        host = computer(facts, self.name)
        if host.get("kind") == MACHINE:
            return engine_machine.has_way_in(facts, self._places.world.now(facts))
        return host["address"] not in silent_addresses(facts)

    def follow(self, facts: Facts) -> None:
        """Open or close, as the world has it now; cut connections where that is asked for."""
        boot = self._boot_of(facts)
        if self._server is not None and (not self.wanted(facts) or boot != self._boot):
            self.close()
            stop_host(self._places, self.name)
        if self._server is None and self.wanted(facts):
            self._open(facts)
            self._boot = boot
        mark = self._places.world.folder / f"{DROP}.{self.name}"
        if mark.exists():
            if self._server is not None:
                self._server.drop()
            mark.unlink(missing_ok=True)

    def close(self) -> None:
        """Nobody comes in any more; the host goes on."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _boot_of(self, facts: Facts) -> int:
        is_machine = computer(facts, self.name).get("kind") == MACHINE
        return int(facts["engine"]["boot"]) if is_machine else 0

    def _open(self, facts: Facts) -> None:
        self._renew(facts)
        if not is_up(self._places.agent(self.name)):
            start_host(self._places, self.name, spaces())
            await_host(self._places, self.name)
        key = host_key(self._places, self.name)
        self._server = HostServer(self._places.agent(self.name), key, self._entrance, self._port)

    def _renew(self, facts: Facts) -> None:
        """Another machine of that name: what was on the old one is gone, and its keys."""
        if computer(facts, self.name).get("kind") != MACHINE:
            return
        mark, disk = self._places.disk_file(self.name), int(facts["engine"]["disk"])
        if recorded_number(mark) == disk:
            return
        stop_host(self._places, self.name)
        shutil.rmtree(self._places.root(self.name))
        lay_out(self._places, self.name, facts)
        if facts["engine"]["set_up"]:
            fill_machine(self._places.folder, self._places.root(self.name))
        make_key(self._places.host_key(self.name))
        mark.write_text(f"{disk}\n")


def await_host(places: HostPlaces, name: str) -> None:
    """Until it takes commands. Raises StepFailed where it does not start."""
    until = time.monotonic() + READY_SECONDS
    while not is_up(places.agent(name)):
        if time.monotonic() > until:
            raise StepFailed(f"The practice host {name} does not start.", "Look at server.log.")
        time.sleep(0.02)
