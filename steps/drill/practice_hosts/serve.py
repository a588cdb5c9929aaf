"""The servers of a practice site's hosts, in a process of their own.

`python -P -m steps.drill.practice_hosts.serve FOLDER`. It starts the hosts that are down, and
leaves them running when it is stopped: what runs on a host outlives the way to it.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from pathlib import Path

import paramiko

from config.errors import RekindleError, StepFailed
from steps.drill.own_server import say_ready
from steps.drill.practice_hosts.enter import spaces, start_host
from steps.drill.practice_hosts.host_command import is_up
from steps.drill.practice_hosts.places import HostPlaces
from steps.drill.practice_hosts.ssh_server import Entrance, HostServer
from steps.drill.practice_hosts.world import DROP

READY_SECONDS = 20.0
LOOK_SECONDS = 0.02


def serve(places: HostPlaces, ended: threading.Event) -> None:
    """Serve every host until told to end."""
    _start_hosts(places)
    key = paramiko.Ed25519Key.from_private_key_file(str(places.user_key))
    entrance = Entrance(key, places.password_file.read_text().strip())
    servers = {
        name: HostServer(places.agent(name), _host_key(places, name), entrance, port)
        for name, port in places.ports().items()
    }
    say_ready(places.server_file)
    while not ended.wait(LOOK_SECONDS):
        for name, server in servers.items():
            mark = places.world.folder / f"{DROP}.{name}"
            if mark.exists():
                server.drop()
                mark.unlink(missing_ok=True)
    for server in servers.values():
        server.close()


def _host_key(places: HostPlaces, name: str) -> paramiko.PKey:
    return paramiko.Ed25519Key.from_private_key_file(str(places.host_key(name)))


def _start_hosts(places: HostPlaces) -> None:
    down = [name for name in places.ports() if not is_up(places.agent(name))]
    how = spaces() if down else ()
    for name in down:
        start_host(places, name, how)
    until = time.monotonic() + READY_SECONDS
    while down := [name for name in down if not is_up(places.agent(name))]:
        if time.monotonic() > until:
            raise StepFailed(f"The practice host {down[0]} does not start.", "Look at server.log.")
        time.sleep(0.02)


def main(folder: Path) -> int:
    """The process's life; what goes wrong is in server.log."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    try:
        serve(HostPlaces(folder), ended)
    except RekindleError as error:
        print(f"{error.message} {error.remedy}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
