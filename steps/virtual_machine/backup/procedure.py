"""The procedure that backs up virtual machines: one, many, all."""

from __future__ import annotations

from config.interviews.virtual_machine_backup import BACKUP
from steps.procedure import Procedure
from steps.virtual_machine.backup.plan import NAME, backup_plan
from steps.virtual_machine.backup.probes import PROBES
from steps.virtual_machine.backup.survey import survey

PROCEDURE = Procedure(
    name=NAME,
    system="Virtual machines (KVM)",
    title="Back up machines",
    description="Takes a snapshot of every chosen machine, as close together as can be, merges its"
    " disks back to one image each, and brings the set to the backup, proved and with a manifest.",
    needs="hypervisors, their directory",
    undo="until a machine's disks are merged",
    interview=BACKUP,
    probes=PROBES,
    survey=survey,
    plan=backup_plan,
)
