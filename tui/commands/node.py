"""The daemon of a node: does what the directory orders for the machines on it.

It follows the directory, claims orders by compare-and-set, carries them out, and reports. Start it
by systemd: `rekindle node --systemd-unit` prints the unit.

Exit code 0 after a stop, with --once 1 where an order failed; 2 and 3 where it cannot begin.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import InvalidInput
from config.paths import state_folder
from config.site import Site
from config.site_file import require_site
from config.site_secrets import resolve_site_secrets, site_references
from tui.typed_secret import ask_secret

if TYPE_CHECKING:
    from steps.virtual_machine.node.worker import Result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rekindle node`."""
    parser.add_argument("--node", default="", metavar="FQDN", help="the node, as sstNode names it")
    parser.add_argument("--once", action="store_true", help="do what is ordered now, then end")
    parser.add_argument("--state", type=Path, metavar="FOLDER", help="where its state is kept")
    parser.add_argument(
        "--at-once", type=_count, default=4, metavar="N",
        help="how many machines it works on at a time (default: 4)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="with --once: the results as JSON")
    parser.add_argument(
        "--systemd-unit", action="store_true", help="print the unit that starts it, and end"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the unit, or be the daemon until SIGTERM."""
    from steps.virtual_machine.node.assembly import default_state, node_of_site

    site = require_site(arguments.site)
    node = node_of_site(site, arguments.node)
    if arguments.systemd_unit:
        print(_unit(site, node), end="")
        return 0
    folder = arguments.state or default_state(site.name, node, state_folder())
    return _daemon(site, node, folder, arguments)


def _unit(site: Site, node: str) -> str:
    from steps.virtual_machine.node.unit import unit

    assert site.file is not None
    _refuse_typed(site)
    return unit(_program(), node, site.file)


def _program() -> tuple[str, ...]:
    """How this program is started: its console script, else its module."""
    script = Path(sys.executable).parent / "rekindle"
    if script.is_file():
        return (str(script),)
    return (sys.executable, "-P", "-m", "tui.main")


def _daemon(site: Site, node: str, folder: Path, arguments: argparse.Namespace) -> int:
    from steps.virtual_machine.node.assembly import make_daemon
    from steps.virtual_machine.node.daemon import Rhythm
    from steps.virtual_machine.node.keeping import StateFolder
    from steps.virtual_machine.node.machine_work import MachineWork
    from steps.virtual_machine.node.worker import Ending

    secrets = resolve_site_secrets(site, ask_secret)
    kept = StateFolder(folder)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        daemon = make_daemon(
            site, node, kept, secrets, MachineWork(site), Rhythm(at_once=arguments.at_once), _say
        )
        for number in before:
            signal.signal(number, lambda *_: _in_thread(daemon.stop))
        _say(f"The daemon of {node} begins, as {daemon.owner}; its state is in {folder}.")
        daemon.run(once=arguments.once)
        _say("The daemon has ended.")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        kept.close()
    if arguments.json:
        print(json.dumps([_told(result) for result in daemon.results], indent=2))
    failed = any(result.ending is Ending.FAILED for result in daemon.results)
    return 1 if arguments.once and failed else 0


def _refuse_typed(site: Site) -> None:
    for name, reference in site_references(site).items():
        if reference.source == "prompt":
            raise InvalidInput(
                f"The {name} of the site is typed by an operator, and a service has none.",
                "Let the reference name a file that only root reads: file:/PATH.",
            )


def _in_thread(stop: Callable[[], None]) -> None:
    """A signal interrupts the main thread anywhere: what takes a lock is done by another."""
    threading.Thread(target=stop, name="stop").start()


def _say(line: str) -> None:
    """To the journal of systemd, which adds time and name."""
    print(line, file=sys.stderr, flush=True)


def _told(result: Result) -> dict[str, object]:
    leaf = result.order.leaf
    return {
        "machine": leaf.machine, "leaf": leaf.name, "task": result.order.task.order,
        "ending": result.ending, "seconds": round(result.seconds, 3),
        "return_value": result.return_value, "message": result.message,
    }  # fmt: skip


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 64")
    return int(text)
