"""What the practice engine does when it starts, above all on a database that was restored."""

from __future__ import annotations

import json

from steps.drill.practice_engine import database as db
from steps.drill.practice_engine import host_rules, machine_rules
from steps.drill.practice_engine.database import Record
from steps.drill.practice_engine.host_rules import Moment
from steps.drill.practice_hosts.world import Facts

FENCE_DELAY = 300.0
"""DisableFenceAtStartupInSec: so long after its start the engine fences nobody by itself."""


def start(moment: Moment) -> None:
    """Reach for every host: one in maintenance stays so, one that is dead becomes known as such."""
    database = moment.database
    database["tokens"].clear()
    database["started_at"] = moment.now
    for record in db.everything(database):
        db.settled(record)
    for center in database["data_centers"]:
        center["status"] = "not_operational"
    database["missed"] = _missed(moment)
    for host in database["hosts"]:
        kept = host["spm"] if moment.strikes(db.SPM_NOT_RELEASED, host) else "none"
        host.update(spm=kept, emptying=False, fenced=False)
        if host["status"] != "maintenance":
            _reach(moment, host)
    moment.note("oVirt Engine started.")


def _missed(moment: Moment) -> str:
    """The id of the backup's Storage Pool Manager, if it is gone."""
    hosts = moment.database["hosts"]
    gone = (h["id"] for h in hosts if h["spm"] == "spm" and h["status"] != "maintenance"
            and not db.is_alive(moment.facts, h))  # fmt: skip
    return next(gone, "")


def take_up(
    facts: Facts, now: float, restored: Record | None, version: str, *, new: bool = False
) -> None:
    """The engine starts after engine-setup: on a backup's database, a new one, or its own."""
    account = str(facts.get(db.KEY, {}).get("account", "admin@internal"))
    if restored is not None:
        facts[db.KEY] = json.loads(json.dumps(restored)) | {"version": version}
    elif new or db.KEY not in facts:
        facts[db.KEY] = db.first_database(facts) | {"account": account, "version": version}
    start(Moment(facts, now))


def _reach(moment: Moment, host: Record) -> None:
    if not db.is_alive(moment.facts, host):
        host_rules.miss(moment, host)
        return
    host["status"] = "unassigned"
    host_rules.come_up(moment, host, moment.now)
    # Whatever the backup says of its machines: those that run there are seen once it is up.
    running = db.running(moment.facts, host["address"])
    for machine in moment.database["machines"]:
        if machine["id"] in running:
            db.later(machine, moment.now + 2 * host_rules.STEP_SECONDS, status="up",
                     host=host["id"])  # fmt: skip


def fence_by_itself(moment: Moment) -> None:
    """Power management restarts hosts that do not answer, once the engine has run for a while."""
    database = moment.database
    delay = float(database.get("fence_delay", FENCE_DELAY))
    if "started_at" not in database or moment.now < database["started_at"] + delay:
        return
    for host in database["hosts"]:
        if host["status"] == "non_responsive" and host["power_management"] and not host["fenced"]:
            _restart(moment, host)


def _restart(moment: Moment, host: Record) -> None:
    host.update(status="reboot", fenced=True)
    moment.note(f"Host {host['name']} was restarted by its power management.", "warning")
    for machine in db.machines_on(moment.database, host["id"]):
        machine_rules.let_go(moment, machine)
    host_rules.come_up(moment, host, moment.now)
