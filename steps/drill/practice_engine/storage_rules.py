"""What the practice engine does with storage domains."""

from __future__ import annotations

from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.database import Record, refused
from steps.drill.practice_engine.host_rules import Moment

ACTIVATION_SECONDS = 10.0
MAINTENANCE_SECONDS = 15.0


def activate(moment: Moment, domain: Record) -> None:
    """From maintenance or inactive, through activating."""
    if domain["status"] not in ("maintenance", "inactive", "unknown"):
        raise refused(f"Cannot activate Storage. The Storage is in status {domain['status']}.")
    center = db.find(moment.database, "data_centers", domain["data_center"])
    if not any(host["spm"] == "spm" for host in moment.database["hosts"]):
        raise refused(
            f"Cannot activate Storage. Data Center {center['name']} has no Storage Pool Manager."
        )
    domain["status"] = "activating"
    db.later(domain, moment.now + ACTIVATION_SECONDS, status="active")
    moment.note(f"Storage Domain {domain['name']} is being activated.")


def deactivate(moment: Moment, domain: Record) -> None:
    """Into maintenance; the master goes last."""
    no = "Cannot deactivate Storage."
    if domain["status"] not in ("active", "inactive", "unknown"):
        raise refused(f"{no} The Storage is in status {domain['status']}.")
    others = [other for other in moment.database["storage"] if other is not domain]
    if domain["master"] and any(other["status"] == "active" for other in others):
        raise refused(f"{no} The master domain can be deactivated when it is the last one only.")
    domain["status"] = "preparing_for_maintenance"
    db.later(domain, moment.now + MAINTENANCE_SECONDS, status="maintenance")
    moment.note(f"Storage Domain {domain['name']} is being moved to Maintenance.")


def detach(moment: Moment, domain: Record) -> None:
    """Out of its data centre; only from maintenance."""
    if domain["status"] != "maintenance":
        raise refused(f"Cannot detach Storage. The Storage is in status {domain['status']}.")
    domain.update(data_center="", status="unattached", master=False)
    moment.note(f"Storage Domain {domain['name']} was detached.")


def destroy(moment: Moment, domain: Record) -> None:
    """Out of the database; what is on the storage stays."""
    if domain["status"] == "active":
        raise refused("Cannot destroy Storage. The Storage is in status active.")
    moment.database["storage"].remove(domain)
    moment.note(f"Storage Domain {domain['name']} was forcibly removed.", "warning")
