"""The practice engine in a process of its own: `python -P -m steps.drill.practice_engine.serve`.

Its web server is there while the engine's machine runs in the world, and refuses while it does not.
"""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

from steps.drill.own_server import say_ready
from steps.drill.practice_engine.places import EnginePlaces
from steps.drill.practice_engine.server import PracticeServer
from steps.drill.practice_hosts import engine_machine
from steps.drill.processes import recorded_number

LOOK_SECONDS = 0.05


def serve(places: EnginePlaces, ended: threading.Event) -> None:
    """Serve until told to end."""
    port = recorded_number(places.port_file)
    server = _standing(places, port, None)
    say_ready(places.server_file)
    while not ended.wait(LOOK_SECONDS):
        server = _standing(places, port, server)
    if server is not None:
        server.close()


def _standing(
    places: EnginePlaces, port: int, server: PracticeServer | None
) -> PracticeServer | None:
    facts = places.world.read()
    now = places.world.now(facts)
    up = engine_machine.is_up(facts, now) or engine_machine.engine_answers(facts, now)
    if up and server is None:
        return PracticeServer(places, port)
    if not up and server is not None:
        server.close()
        return None
    return server


def main(folder: Path) -> int:
    """The process's life."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    serve(EnginePlaces(folder), ended)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
