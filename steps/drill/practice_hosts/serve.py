"""The servers of a practice site's hosts, in a process of their own.

`python -P -m steps.drill.practice_hosts.serve FOLDER`. It starts the hosts that are down, and
leaves them running when it is stopped: what runs on a host outlives the way to it. A host that is
dead in the world does not answer, and the engine's machine does only while it runs there.
"""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

import paramiko

from config.errors import RekindleError
from steps.drill.own_server import say_ready
from steps.drill.practice_hosts.door import Door, await_host
from steps.drill.practice_hosts.enter import spaces, start_host
from steps.drill.practice_hosts.host_command import is_up
from steps.drill.practice_hosts.places import HostPlaces
from steps.drill.practice_hosts.ssh_server import Entrance
from steps.drill.practice_hosts.world import FILE

LOOK_SECONDS = 0.02


def serve(places: HostPlaces, ended: threading.Event) -> None:
    """Serve every host until told to end."""
    key = paramiko.Ed25519Key.from_private_key_file(str(places.user_key))
    entrance = Entrance(key, places.password_file.read_text().strip())
    doors = [Door(places, name, port, entrance) for name, port in places.ports().items()]
    facts = places.world.read()
    _start_all(places, [door for door in doors if door.wanted(facts)])
    for door in doors:
        door.follow(facts)
    say_ready(places.server_file)
    seen = None
    while not ended.wait(LOOK_SECONDS):
        written = (places.world.folder / FILE).stat()
        if seen != (written.st_ino, written.st_mtime_ns):
            facts, seen = places.world.read(), (written.st_ino, written.st_mtime_ns)
        for door in doors:
            door.follow(facts)
    for door in doors:
        door.close()


def _start_all(places: HostPlaces, doors: list[Door]) -> None:
    """All at once: a host takes a moment to start."""
    down = [door for door in doors if not is_up(places.agent(door.name))]
    how = spaces() if down else ()
    for door in down:
        start_host(places, door.name, how)
    for door in down:
        await_host(places, door.name)


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
