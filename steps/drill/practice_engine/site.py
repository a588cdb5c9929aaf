"""Build a practice engine beside practice hosts, start and stop its server, set faults."""

from __future__ import annotations

import json
import secrets
import signal
import string
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from config.errors import InvalidInput, StepFailed
from config.secrets import SecretReference
from config.site import EngineAccess
from config.site_file import load_site, save_site
from steps.drill import own_server
from steps.drill.ports import free_port
from steps.drill.practice_engine import database as db
from steps.drill.practice_engine import host_rules, startup
from steps.drill.practice_engine.certificates import make_identity, write_identity
from steps.drill.practice_engine.host_rules import Moment
from steps.drill.practice_engine.places import ACCOUNT, EnginePlaces
from steps.drill.practice_hosts import engine_machine, first_world
from steps.drill.processes import command_line, end_process, recorded_number
from steps.targets.engine_ca import keep_ca, kept_ca, trust_file

SERVER = "steps.drill.practice_engine.serve"
END_SECONDS = 60.0


def build_engine(places: EnginePlaces, hosts: Sequence[str], account: str = ACCOUNT) -> None:
    """An engine that manages these hosts of the world, and runs on the first of them.

    `account` is its only one: admin@internal, or with Keycloak admin@ovirt@internalsso.

    The world must be there. Raises InvalidInput where an engine is there already.
    """
    if places.engine.exists():
        raise InvalidInput(f"{places.folder} has a practice engine already.", "Take it down first.")
    places.engine.mkdir(mode=0o700)
    renew_identity(places)
    letters = string.ascii_letters + string.digits
    places.password_file.touch(mode=0o600)
    places.password_file.write_text("".join(secrets.choice(letters) for _ in range(20)) + "\n")
    places.port_file.write_text(f"{free_port()}\n")
    with places.world.change() as facts:
        facts[db.KEY] = db.first_database(facts, tuple(hosts)) | {"account": account}
        for name in hosts:
            facts["hosts"][name]["ha"].update(joined=True, score=host_rules.FULL_SCORE)
    if hosts:
        engine_machine.start(places.world, hosts[0], healthy_in=0.0)


def renew_identity(places: EnginePlaces) -> None:
    """A new CA and certificate, as an engine that was set up anew has; counts at the next start."""
    identity = make_identity([first_world.ENGINE, "localhost", "127.0.0.1"])
    write_identity(identity, places.ca, places.identity)


def engine_access(places: EnginePlaces) -> EngineAccess:
    """How a site file addresses it."""
    return EngineAccess(
        url=f"https://127.0.0.1:{recorded_number(places.port_file)}",
        user=str(places.world.read()[db.KEY]["account"]),
        password=SecretReference("file", str(places.password_file)),
        known_cas=places.known_cas,
    )


def start_server(places: EnginePlaces) -> None:
    """Start the server. Raises StepFailed with what it said."""
    own_server.start_server(
        SERVER, places.folder, places.server_file, places.server_log, "The practice engine"
    )


def stop_server(places: EnginePlaces) -> None:
    """End the server; what the engine knows stays. One that is not there is fine."""
    pid = recorded_number(places.server_file)
    sign = (SERVER.encode(), str(places.folder).encode())
    if pid and not end_process(
        pid, lambda found: all(word in command_line(found) for word in sign),
        signal.SIGTERM, END_SECONDS,
    ):  # fmt: skip
        raise StepFailed(f"The process {pid} of {places.folder} does not end.")
    places.server_file.unlink(missing_ok=True)


def set_fault(places: EnginePlaces, name: str, value: str) -> None:
    """Have something go wrong: one of `database.FAULTS`, with a host or a version; empty mends it.

    Raises InvalidInput for a fault that is not known.
    """
    if name not in db.FAULTS:
        raise InvalidInput(f"There is no fault {name!r}.", f"Known are {', '.join(db.FAULTS)}.")
    with places.world.change() as facts:
        facts["faults"][name] = value


def lose_host(places: EnginePlaces, name: str) -> None:
    """A host of the engine dies; the engine finds out in its own time."""
    with places.world.change() as facts:
        moment = Moment(facts, places.world.now(facts))
        db.settle(moment.database, moment.now)
        for host in moment.database["hosts"]:
            if host["name"] == name:
                host_rules.lose(moment, host)
                return
    raise InvalidInput(f"The practice engine has no host {name!r}.")


def name_engine(places: EnginePlaces, site_file: Path) -> None:
    """Add the engine to the practice site's file, and its CA to those that are known."""
    site = load_site(site_file)
    access = engine_access(places)
    keep_ca(trust_file(access), kept_ca(places.ca))
    save_site(site_file, replace(site, engine=access))


def saved_database(places: EnginePlaces) -> db.Record:
    """What the engine knows now, as a backup takes it along."""
    with places.world.change() as facts:
        db.settle(facts[db.KEY], places.world.now(facts))
        saved: db.Record = json.loads(json.dumps(facts[db.KEY]))
    return saved


def restore_database(places: EnginePlaces, saved: db.Record, fence_delay: float = 300.0) -> None:
    """Have the engine start with what a backup knew; the world itself has gone on meanwhile.

    `fence_delay`: seconds of the world until it fences by itself (DisableFenceAtStartupInSec).
    """
    with places.world.change() as facts:
        restored = {**saved, "fence_delay": fence_delay}
        startup.take_up(facts, places.world.now(facts), restored, saved["version"])
