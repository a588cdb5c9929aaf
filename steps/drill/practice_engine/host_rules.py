"""What the practice engine does with hosts, and what it refuses.

Statuses and sentences follow the engine's source where the reference quotes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from steps.drill.practice_engine import database as db
from steps.drill.practice_engine import host_access, machine_rules
from steps.drill.practice_engine.database import Record, refused
from steps.drill.practice_hosts.world import Facts
from steps.targets.engine_facts import CLEARS_MACHINES, FENCEABLE, OUT_OF_SERVICE, REMOVABLE

STEP_SECONDS = 10.0
INSTALL_SECONDS = 120.0
DEAD_SECONDS = 60.0
RETURN_SECONDS = 60.0
FULL_SCORE = 3400
_MAINTAINABLE = frozenset({"up", "non_operational", "non_responsive", "error", "down"})
_ACTIVATABLE = frozenset(
    {"maintenance", "non_operational", "preparing_for_maintenance", "error", "install_failed"}
)
_INSTALLABLE = frozenset({"maintenance", "install_failed", "non_operational", "down"})


@dataclass(frozen=True, slots=True)
class Moment:
    """One request: the world's facts, its time, and the mark of the request."""

    facts: Facts
    now: float
    mark: str = ""
    folder: Path | None = None
    """The practice site's folder, where its hosts lie; none where there is only a world."""

    @property
    def database(self) -> Record:
        """What the engine knows."""
        found: Record = self.facts[db.KEY]
        return found

    def note(self, text: str, severity: str = "normal") -> None:
        """A line in the event log, with the mark."""
        db.note(self.database, self.now, text, self.mark, severity=severity)

    def strikes(self, fault: str, host: Record) -> bool:
        """Whether that fault is set for that host."""
        return host["name"] in str(self.facts["faults"].get(fault, "")).split(",")


def deactivate(moment: Moment, host: Record) -> None:
    """Into maintenance, once machines and the role of Storage Pool Manager have gone elsewhere."""
    no = "Cannot switch Host to Maintenance mode."
    if host["status"] in ("maintenance", "preparing_for_maintenance"):
        raise refused(f"{no} Host is already in Maintenance mode.")
    if host["status"] == "non_responsive" and host["spm"] != "none":
        raise refused(f"{no} Host is Storage Pool Manager and is in Non Responsive state.")
    if host["status"] == "non_responsive" and db.machines_on(moment.database, host["id"]):
        raise refused(f"{no} Host still has running VMs on it and is in Non Responsive state.")
    if host["status"] not in _MAINTAINABLE:
        raise refused(f"{no} Host is in status {host['status']}.")
    carries = any(
        machine["origin"] == machine_rules.ENGINE_ORIGIN
        for machine in db.machines_on(moment.database, host["id"])
    )
    if carries and not machine_rules.targets_of_engine(moment, host):
        raise refused(f"{no} There are no available hosts capable of running the engine VM.")
    db.settled(host)
    host["status"] = "preparing_for_maintenance"
    host["due"].append({"at": moment.now + STEP_SECONDS, "changes": {"emptying": True}})
    moment.note(f"Host {host['name']} is being moved to Maintenance mode.")
    machine_rules.migrate_all(moment, host)


def go_on(moment: Moment) -> None:
    """Hosts that are being emptied reach maintenance when nothing holds them any more."""
    machine_rules.follow_engine_machine(moment)
    for host in moment.database["hosts"]:
        if not host.get("emptying") or host["status"] != "preparing_for_maintenance":
            continue
        if db.machines_on(moment.database, host["id"]):
            machine_rules.migrate_all(moment, host)
            continue
        if host["spm"] != "none" and not _released(moment, host):
            continue
        host.update(status="maintenance", emptying=False)
        _set_availability(moment, host, maintenance=True)
        moment.note(f"Host {host['name']} was switched to Maintenance Mode.")


def _released(moment: Moment, host: Record) -> bool:
    if moment.strikes(db.SPM_NOT_RELEASED, host):
        return False
    host["spm"] = "none"
    _elect(moment, host)
    return True


def _elect(moment: Moment, without: Record) -> None:
    """Another host contends for the role, and has it a moment later."""
    center = db.center_of(moment.database, without)
    candidates = db.others_up(moment.database, without)
    if not candidates:
        center["status"] = "not_operational"
        moment.note(f"Data Center {center['name']} has no Storage Pool Manager.", "error")
        return
    candidates[0]["spm"] = "contending"
    db.later(candidates[0], moment.now + STEP_SECONDS, spm="spm")
    center["status"] = "contend"
    db.later(center, moment.now + STEP_SECONDS, status="up")


def activate(moment: Moment, host: Record) -> None:
    """Back into service: unassigned, initializing, up; or what a fault makes of it."""
    if host["status"] not in _ACTIVATABLE:
        raise refused(f"Cannot activate Host. Host in {host['status']} status.")
    db.settled(host)
    host.update(status="unassigned", detail="", emptying=False)
    moment.database["missed"] = ""
    come_up(moment, host, moment.now)
    moment.note(f"Activation of host {host['name']} initiated.")


def manager_missed(moment: Moment) -> bool:
    """Whether the backup's Storage Pool Manager is out of reach, and nobody has decided about it.

    Nobody takes the role then: the old manager may still hold it. An operator decides by activating
    a host, or by saying that the old one was rebooted.
    """
    missed = moment.database.get("missed", "")
    lost = ("connecting", "non_responsive")
    return any(h["id"] == missed and h["status"] in lost for h in moment.database["hosts"])


def come_up(moment: Moment, host: Record, when: float, *, first: bool = False) -> None:
    """What becomes of a host that the engine tries to reach from that time on.

    `first`: it was just installed, and reaches no storage while nobody manages that.
    """
    if not db.is_alive(moment.facts, host):
        db.later(host, when + STEP_SECONDS, status="connecting")
        db.later(host, when + DEAD_SECONDS, status="non_responsive")
        return
    db.later(host, when + STEP_SECONDS, status="initializing")
    if moment.strikes(db.STAYS_NON_OPERATIONAL, host):
        db.later(
            host, when + 2 * STEP_SECONDS, status="non_operational", detail="network_unreachable"
        )
        return
    missed = manager_missed(moment)
    if first and missed:
        unreachable = {"status": "non_operational", "detail": "storage_domain_unreachable"}
        db.later(host, when + 2 * STEP_SECONDS, **unreachable)
        return
    db.later(host, when + 2 * STEP_SECONDS, status="up", detail="")
    _set_availability(moment, host, maintenance=False)
    if not missed and not any(h["spm"] != "none" for h in moment.database["hosts"]):
        db.later(host, when + 3 * STEP_SECONDS, spm="spm")
        center = db.center_of(moment.database, host)
        db.later(center, when + 3 * STEP_SECONDS, status="up")


def _set_availability(moment: Moment, host: Record, *, maintenance: bool) -> None:
    part = availability(moment.facts, host)
    if part is not None and part["joined"]:
        part.update(maintenance=maintenance, score=0 if maintenance else FULL_SCORE)


def availability(facts: Facts, host: Record) -> Record | None:
    """The host's part in carrying the engine, as the world has it."""
    known = facts["hosts"].get(host["address"])
    found: Record | None = known["ha"] if known else None
    return found


def confirm_rebooted(moment: Moment, host: Record) -> None:
    """The word of an operator that a host was rebooted: its machines are let go."""
    no = "Cannot confirm that Host has been rebooted."
    machines = db.machines_on(moment.database, host["id"])
    if host["status"] not in FENCEABLE:
        raise refused(f"{no} Host is in status {host['status']}.")
    if machines and host["status"] not in CLEARS_MACHINES:
        raise refused(f"{no} Host is in status {host['status']} and has running VMs on it.")
    if host["spm"] != "none":
        _take_role(moment, host, no)
    elif moment.database.get("missed") == host["id"]:
        moment.database["missed"] = ""
        _elect(moment, host)
    for machine in machines:
        machine_rules.let_go(moment, machine)
    moment.note(f"Manual fencing of host {host['name']} was confirmed by the user.", "warning")
    if moment.strikes(db.STILL_ALIVE, host):
        _come_back(moment, host, machines)


def _take_role(moment: Moment, host: Record, no: str) -> None:
    center = db.center_of(moment.database, host)
    if center["status"] not in OUT_OF_SERVICE:
        raise refused(f"{no} Host is Storage Pool Manager and Data Center is {center['status']}.")
    if not db.others_up(moment.database, host):
        raise refused(f"{no} There is no other Host that can become Storage Pool Manager.")
    host["spm"] = "none"
    _elect(moment, host)


def _come_back(moment: Moment, host: Record, machines: list[Record]) -> None:
    """It had not been rebooted: what was let go ran on, and is now there twice."""
    moment.facts.setdefault("damage", []).extend(
        f"the disks of {machine['name']} were written by two hosts" for machine in machines
    )
    moment.facts["hosts"][host["address"]]["dead"] = False
    db.settled(host)
    db.later(host, moment.now + RETURN_SECONDS, status="up")


def remove(moment: Moment, host: Record) -> None:
    """Out of the database. Force is known to the API and widens nothing of this."""
    if host["status"] not in REMOVABLE:
        raise refused(
            "Cannot remove Host. Host is operational. Please switch Host to Maintenance mode first."
        )
    machines = db.machines_on(moment.database, host["id"])
    if machines:
        raise refused("Cannot remove Host. One or more VMs are still running on this Host.")
    pinned = [m["name"] for m in moment.database["machines"] if m["pinned"] == host["id"]]
    if pinned:
        names = ",".join(pinned)
        raise refused(f"Cannot remove Host. The following VMs are pinned to this Host: {names}.")
    moment.database["hosts"].remove(host)
    moment.note(f"Host {host['name']} was removed by admin@internal.")


def add(moment: Moment, asked: Record, *, deploy: bool) -> Record:
    """A new host: name, address and hardware must be new, and it must let the engine in."""
    hardware = check_new(moment, asked)
    if not host_access.lets_in(
        moment.folder, asked["address"], asked["password"], by_key=asked["by_key"]
    ):
        raise refused(
            "Cannot add Host. Connecting to host via SSH has failed, verify that the host is"
            " reachable (IP address, routable address etc.) You may refer to the engine.log file"
            " for further details."
        )
    return enlist(moment, asked, hardware, deploy=deploy)


def check_new(moment: Moment, asked: Record) -> str:
    """The hardware of a host that the engine does not know. Raises Fault where it knows it."""
    hosts = moment.database["hosts"]
    db.find(moment.database, "clusters", asked["cluster"])
    if any(host["name"].lower() == asked["name"].lower() for host in hosts):
        raise refused(
            "Cannot add Host. The Host name is already in use, please choose a unique name and try"
            " again."
        )
    if any(host["address"].lower() == asked["address"].lower() for host in hosts):
        raise refused("Cannot add Host. Host with the same address already exists.")
    known = moment.facts["hosts"].get(asked["address"])
    hardware = known["uuid"] if known else ""
    if hardware and any(host["uuid"] == hardware for host in hosts):
        raise refused("Cannot add Host. Host with the same UUID already exists.")
    return str(hardware)


def enlist(moment: Moment, asked: Record, hardware: str, *, deploy: bool) -> Record:
    """Take it into the database and install it."""
    name, address, cluster = asked["name"], asked["address"], asked["cluster"]
    host = db.host_record(name, address, cluster, hardware, "installing")
    host["ssh_port"] = asked.get("ssh_port", 22)
    moment.database["hosts"].append(host)
    moment.note(f"Host {host['name']} was added by admin@internal.")
    _install(moment, host, deploy=deploy, undeploy=False)
    return host


def install(moment: Moment, host: Record, *, deploy: bool, undeploy: bool) -> None:
    """Install it again."""
    if host["status"] not in _INSTALLABLE:
        raise refused("Cannot install Host. Please switch Host to Maintenance mode first.")
    db.settled(host)
    moment.note(f"Host {host['name']} installation in progress.")
    _install(moment, host, deploy=deploy, undeploy=undeploy)


def _install(moment: Moment, host: Record, *, deploy: bool, undeploy: bool) -> None:
    host.update(status="installing", detail="")
    done = moment.now + INSTALL_SECONDS
    part = availability(moment.facts, host)
    if part is None or not db.is_alive(moment.facts, host):
        db.later(host, done, status="install_failed")
        return
    if deploy or undeploy:
        part.update(joined=deploy, maintenance=False, score=FULL_SCORE if deploy else 0)
    if deploy:
        host_access.deployed(moment.folder, moment.facts, host["address"])
    come_up(moment, host, done, first=True)


def lose(moment: Moment, host: Record) -> None:
    """The host is dead; the engine finds out by and by."""
    moment.facts["hosts"][host["address"]]["dead"] = True
    miss(moment, host)


def miss(moment: Moment, host: Record) -> None:
    """The engine does not reach a host any more."""
    db.settled(host)
    host["status"] = "connecting"
    db.later(host, moment.now + DEAD_SECONDS, status="non_responsive")
    for machine in db.machines_on(moment.database, host["id"]):
        db.later(machine, moment.now + DEAD_SECONDS, status="unknown")
    if host["spm"] != "none":
        center = db.center_of(moment.database, host)
        db.later(center, moment.now + DEAD_SECONDS, status="problematic")
    moment.note(f"VDSM {host['name']} command failed: no route to host", "error")
