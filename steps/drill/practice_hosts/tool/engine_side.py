"""The tool as the engine's client: it adds its host, and waits until the engine has taken it in.

Where a site has no engine that answers (the world knows no database) nobody is asked.
"""

from __future__ import annotations

from typing import Final

from steps.drill.practice_engine import database as db
from steps.drill.practice_engine import host_rules, machine_rules
from steps.drill.practice_engine.database import Record
from steps.drill.practice_engine.host_rules import Moment
from steps.drill.practice_hosts.engine_machine import server_of
from steps.drill.practice_hosts.tool.session import Session
from steps.drill.practice_hosts.world import Facts

ENGINE_NAME: Final = "HostedEngine"


def has_engine(facts: Facts) -> bool:
    """Whether the site has an engine of its own, that must be set up by somebody."""
    return server_of(facts) is not None


def clusters(session: Session) -> tuple[str, ...]:
    """The clusters that the engine knows."""
    facts = session.world.read()
    if not has_engine(facts):
        return ("Default",)
    return tuple(cluster["name"] for cluster in facts[db.KEY]["clusters"])


def add_host(session: Session, name: str, cluster: str) -> str:
    """Add this host to the engine, which the tool lets in; returns its id there.

    Raises Fault with the engine's own words.
    """
    with session.world.change() as facts:
        moment = _moment(session, facts)
        found = next((c for c in moment.database["clusters"] if c["name"] == cluster), None)
        if found is None:
            raise db.Fault(404, f"Cluster '{cluster}' was not found")
        asked = {"name": name, "address": session.name, "cluster": found["id"]}
        hardware = host_rules.check_new(moment, asked)
        return str(host_rules.enlist(moment, asked, hardware, deploy=False)["id"])


def host_record(session: Session, id: str) -> Record | None:
    """The host as the engine has it now; None where somebody has removed it."""
    with session.world.change() as facts:
        moment = _moment(session, facts)
        host_rules.go_on(moment)
        hosts = moment.database["hosts"]
        return next((dict(host) for host in hosts if host["id"] == id), None)


def _moment(session: Session, facts: Facts) -> Moment:
    now = session.world.now(facts)
    db.settle(facts[db.KEY], now)
    return Moment(facts, now)


def name_engine_parts(session: Session, path: str) -> None:
    """What the engine knows of itself after the newer tool: its machine and its storage domain."""
    with session.world.change() as facts:
        database = facts[db.KEY]
        host = next(h for h in database["hosts"] if h["address"] == session.name)
        if not any(machine["name"] == ENGINE_NAME for machine in database["machines"]):
            database["machines"].append(
                db.machine_record(
                    ENGINE_NAME, host["cluster"], host["id"], origin=machine_rules.ENGINE_ORIGIN
                )
            )
        center = db.center_of(database, host)
        if path and not any(domain["name"] == db.HOSTED_STORAGE for domain in database["storage"]):
            first = not any(domain["master"] for domain in database["storage"])
            database["storage"].append(
                db.domain_record(center["id"], db.HOSTED_STORAGE, path, master=first)
            )
